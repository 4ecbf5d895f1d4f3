"""What "luck or nudge?" costs, and how often it is wrong: `python -m benchmarks.seed_test`, about a minute.

False alarms are counted on nudges that only move the order of the mini-batches by one example, or a setting by nothing
to speak of; power on a learning rate that is plainly too small.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from threadpoolctl import threadpool_limits

from core.runs.run import Run
from core.runs.seed_test import LEVEL, SeedTest, needed, sign_test
from core.settings.table import RunSpec, Settings
from core.training import jit

DATA = ("spiral", "moons", "circles", "blobs", "xor")
RATES = (0.1, 0.3, 1.0)
COSTS = {
    "default, nudged at 1,000 of 2,000": (RunSpec(), 1000, 2000, {"learning_rate": 0.05}),
    "the same, another optimizer": (RunSpec(), 1000, 2000, {"optimizer": "adam", "learning_rate": 0.01}),
    "digits, nudged at 500 of 1,000": (RunSpec(dataset="digits", hidden=(64, 32)), 500, 1000, {"learning_rate": 0.05}),
    "digits, all 1,437 at once, 100 of 200": (
        RunSpec(dataset="digits", hidden=(64, 32)), 100, 200, {"batch_size": 1437}
    ),
    "digits, six layers of 256, 25 of 50": (
        RunSpec(dataset="digits", hidden=(256,) * 6), 25, 50, {"learning_rate": 0.05}
    ),
}  # fmt: skip


@dataclass
class Cost:
    """Seconds of a whole comparison, and the longest between two calls of `should_stop`."""

    seconds: float
    longest: float


def moved_order(run: Run) -> None:
    """Everything after one mini-batch of 65 is the same, one example later."""
    run.nudge(gesture=1, batch_size=65)
    run.advance(1)
    run.nudge(gesture=1, batch_size=64)


def next_to_nothing(run: Run) -> None:
    """Batch norm's epsilon by a ten-thousandth."""
    run.nudge(bn_epsilon=1.0001e-5)


def too_slow(run: Run) -> None:
    """A hundredth of the learning rate."""
    run.nudge(learning_rate=0.001)


def cost(spec: RunSpec, first: int, target: int, changes: dict[str, Any]) -> Cost:
    """Time one comparison."""
    run = Run(spec)
    run.advance(first)
    run.nudge(**changes)
    run.advance(target - first)
    seed_test, longest = SeedTest(run), 0.0
    start = last = time.perf_counter()

    def should_stop() -> bool:
        nonlocal longest, last
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
        return False

    seed_test.advance(should_stop)
    return Cost(time.perf_counter() - start, longest)


def verdicts(count: int, specs: Callable[[int], tuple[RunSpec, Settings]], nudge: Callable[[Run], None]) -> Counter:
    """How often each kind of verdict comes out of `count` runs, each nudged in the same way."""
    kinds: Counter[str] = Counter()
    for i in range(count):
        run = Run(*specs(i))
        run.advance(100 + 10 * (i % 10))
        nudge(run)
        run.advance(400)
        seed_test = SeedTest(run)
        seed_test.advance(lambda: False)
        assert seed_test.verdict
        kinds[seed_test.verdict.kind] += 1
    return kinds


def varied(i: int) -> tuple[RunSpec, Settings]:
    """All generated sets, of other points, seeds and learning rates."""
    spec = RunSpec(dataset=DATA[i % 5], seed=1000 * i, data_seed=i, noise=0.2 + 0.1 * (i % 3), examples=400)
    return spec, Settings(learning_rate=RATES[i % 3])


def spirals(i: int) -> tuple[RunSpec, Settings]:
    """The default run under other seeds."""
    return RunSpec(seed=1000 * i, data_seed=i), Settings()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=40, help="how many runs for each count of verdicts")
    chosen = parser.parse_args()
    jit.wait()
    with threadpool_limits(1):
        for name, row in COSTS.items():
            took = cost(*row)
            print(f"{name}: {took.seconds:.2f} s, at most {1000 * took.longest:.1f} ms between two questions")
        majority = needed(16) or 17
        print(f"{majority} of 16 seeds must agree: {sign_test(majority, 16 - majority):.1%} by chance (<= {LEVEL:.0%})")
        for said, specs, nudge in (
            ("order of mini-batches moved by one example", varied, moved_order),
            ("batch norm's epsilon by a ten-thousandth", varied, next_to_nothing),
            ("learning rate 0.1 to 0.001 on the spiral", spirals, too_slow),
        ):
            print(f"{said}, {chosen.runs} runs: {dict(verdicts(chosen.runs, specs, nudge))}")


if __name__ == "__main__":
    main()
