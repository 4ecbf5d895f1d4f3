"""What a twin costs: a step of a run with its twin beside a step of the run alone, history and snapshots on.

And what it costs while it trains and once it has ended (`TWIN_STEPS`): a frame of ten steps with the default charts.
`python -m benchmarks.twin [--turns 15]`. The two take turns in short bursts, so that a busy machine slows both alike.
"""

from __future__ import annotations

import argparse
import statistics
import time

from threadpoolctl import threadpool_limits

from core.charts import default_charts
from core.runs.run import Run
from core.sessions.commands import Play
from core.sessions.run_session import RunSession
from core.settings.table import RunSpec, Settings
from core.training import jit
from pages.live.server.frames import make_frame

VIEWER = object()
BURST = 400  # steps
CASES = {
    "spiral 2-16-16-3, 64": RunSpec(),
    "spiral 2-32-32-3, 64": RunSpec(hidden=(32, 32)),
    "digits 64-64-32-10, 64": RunSpec(dataset="digits", hidden=(64, 32)),
}


def pair(spec: RunSpec) -> tuple[Run, Run]:
    """A run alone, and the same with a twin, both nudged at step 100."""
    runs = (Run(spec, Settings()), Run(spec, Settings()))
    for run, twins in zip(runs, (False, True), strict=True):
        run.advance(100)
        run.twins = twins
        run.twin_steps = 10**9  # as long as it is measured
        run.nudge(learning_rate=0.05)
        run.advance(2000)  # past the first steps after the nudge, of which every one is measured
    return runs


def microseconds(run: Run) -> float:
    """One step of a burst."""
    start = time.perf_counter()
    run.advance(BURST)
    return (time.perf_counter() - start) / BURST * 1e6


def frame_ms(opened: RunSession) -> float:
    """A frame of ten steps."""
    charts = default_charts(opened.run)
    start = time.perf_counter()
    make_frame(opened, VIEWER, charts, 1, lambda: 1)
    return (time.perf_counter() - start) * 1e3


def frames(turns: int) -> None:
    """Print the median time of a frame without a twin, beside one that trains, and beside one that has ended."""
    sessions = {}
    for name, twins, steps in (("alone", False, 0), ("with twin", True, 10**9), ("twin ended", True, 50)):
        run = Run(RunSpec(), Settings())
        run.advance(100)
        run.twins, run.twin_steps = twins, steps
        run.nudge(learning_rate=0.05)
        run.advance(500)
        sessions[name] = RunSession(run)
        sessions[name].do(Play())
    times = [[frame_ms(opened) for opened in sessions.values()] for _ in range(4 * turns)]
    for name, column in zip(sessions, zip(*times, strict=True), strict=True):
        print(f"a frame of ten steps, {name:10} {statistics.median(column):6.2f} ms")


def main() -> None:
    """Print the median of both, and their ratio; then the frames."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=25)
    turns = parser.parse_args().turns
    print(f"{'layers, mini-batch':24} {'alone':>8} {'with twin':>10} {'ratio':>6}   (µs a step, medians of {turns})")
    jit.wait()
    with threadpool_limits(limits=1):
        for name, spec in CASES.items():
            alone, twinned = pair(spec)
            times = [(microseconds(alone), microseconds(twinned)) for _ in range(turns)]
            one, both = (statistics.median(column) for column in zip(*times, strict=True))
            ratio = statistics.median(b / a for a, b in times)
            print(f"{name:24} {one:8.1f} {both:10.1f} {ratio:6.2f}")
        frames(turns)


if __name__ == "__main__":
    main()
