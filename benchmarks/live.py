"""What the live page does in a browser, for many sessions and in memory, beside what is required of it.

`python benchmarks/live.py` measures everything in about 15 minutes, `--quick` more roughly in a few; parts can be
chosen. Needs requirements-dev.txt and Chromium. All servers and browsers share the machine's cores.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.live_browser import FULL, QUICK, Effort, Watched, chromium, situations, time_to_usable  # noqa: E402
from benchmarks.live_obvious import obvious  # noqa: E402
from benchmarks.live_process import APP, BENCH, Server, clients, server  # noqa: E402
from benchmarks.live_report import (  # noqa: E402
    CHANGE,
    ERRORS,
    FRAMES,
    HEAD,
    RATE,
    USABLE,
    ratios,
    table,
    verdicts,
    watched,
)

CLIENT_SECONDS = 450.0
NETWORK_FRAMES = {"spiral": 20, "digits": 15}  # frames/s required with the picture of the network
NETWORK_CHANGE = 110  # ms, likewise
NOTES = """\
{cores} cores shared by server and browser, {machine}. Chromium without a GPU, 1280 x 800, the four default charts.
Drawn: the live page's event "panda-frame"; the other page's figure has a new title in the DOM. Packets: messages as the
page gets them from its socket. Server time: wall time of a frame in the worker thread, without the training slice."""


def say(*lines: str) -> None:
    """Print at once, for a benchmark takes minutes."""
    print(*lines, sep="\n", flush=True)


def opening(effort: Effort) -> None:
    """The time until the page is usable: for the first visitor of a fresh server, and for later ones."""
    cold, warm = [], []
    with chromium() as browser:
        for _ in range(min(3, effort.visits)):
            with server(APP) as running:
                cold.append(time_to_usable(browser, running.address))
                warm += [time_to_usable(browser, running.address) for _ in range(effort.visits)]
    say(table(HEAD, [USABLE.row("first visitor", median(cold)), USABLE.row("later visitor", median(warm))]))


def in_browser(effort: Effort) -> None:
    """The live page on both data sets, from the first step on and after many."""
    found: dict[str, Watched] = {}
    with chromium() as browser, server(BENCH) as running:
        for dataset in ("spiral", "digits"):
            for start in (0, effort.steps):
                found |= situations(browser, running, effort, dataset, start)
    say(watched(found), table(HEAD, verdicts(found)))


def with_network(effort: Effort) -> None:
    """Two scenes that have the picture of the network among their four charts."""
    rows: list[list[str]] = []
    with chromium() as browser, server(BENCH) as running:
        for dataset, least in NETWORK_FRAMES.items():
            found = situations(browser, running, effort, dataset, 0, network=True)
            say(watched(found))
            rows += verdicts(found, replace(FRAMES, limit=least), replace(CHANGE, limit=NETWORK_CHANGE))
    say(table(HEAD, rows))


def beside_the_obvious(effort: Effort) -> None:
    """The live page and the obvious way, one after the other, on the same run."""
    with chromium() as browser:
        with server(BENCH) as running:
            live = situations(browser, running, effort, "spiral", 0)
        other = obvious(browser, effort)
    both = {"live page": live, "obvious way": other}
    named = {f"{way}: {name}": it for way, found in both.items() for name, it in found.items()}
    say(watched(named), ratios(live, other))


def sessions(effort: Effort) -> None:
    """Many sessions that ask one process for 5 frames/s each, without a browser."""
    head = ["sessions", "frames/s each, least / median", "a frame, 90 %, ms", "errors"]
    rows, judged = [], []
    seconds = 3 * effort.seconds
    with server(BENCH) as running:
        for count in (10, 20, 30, 40):
            seen = clients("steady", running.port, seconds, *open_runs(running, count), seconds=CLIENT_SECONDS)
            rates = [len(it) / seconds for it in seen["latencies"]]
            late = quantiles(sum(seen["latencies"], []), n=10)[-1]
            shown = f"{min(rates):.2f} / {median(rates):.2f}"
            rows.append([str(count), shown, f"{1000 * late:.0f}", str(len(seen["errors"]))])
            if count == 30:
                judged = [RATE.row("30 sessions", min(rates)), ERRORS.row("30 sessions", len(seen["errors"]))]
    say(table(head, rows), table(HEAD, judged))


def memory(effort: Effort) -> None:
    """What the server's memory grows by: one session over many steps, and 30 sessions of 2,000 steps each."""
    rows = []
    with server(BENCH) as running:
        tokens, charts = open_runs(running, 1)
        play_to(running, 100, 0, tokens, charts)
        before = running.memory()
        for step in range(2 * effort.steps // 5, 2 * effort.steps + 1, 2 * effort.steps // 5):
            play_to(running, step, 0, tokens, charts)
            rows.append([f"one session, step {step:,}", f"{running.memory():.0f}", f"{running.memory() - before:+.1f}"])
        before = running.memory()
        play_to(running, 2000, 100, *open_runs(running, 30))
        growth = running.memory() - before
        rows.append(["30 more sessions, 2,000 steps each", f"{running.memory():.0f}", f"{growth:+.1f}"])
    say(table(["memory of the server", "MB", "growth, MB"], rows))


def open_runs(running: Server, count: int) -> tuple[str, str]:
    """Open default runs: their tokens and the charts shown of them first, separated by commas."""
    opened = running.ask(f"bench/open?n={count}")
    return ",".join(opened["tokens"]), ",".join(opened["charts"])


def play_to(running: Server, step: int, speed: int, tokens: str, charts: str) -> None:
    """Train each of the runs to a step."""
    reached = clients("until", running.port, step, speed, tokens, charts, seconds=CLIENT_SECONDS)["step"]
    if reached != step:
        raise SystemExit(f"The run is at step {reached}, not at {step}.")


PARTS = {
    "opening": opening,
    "browser": in_browser,
    "network": with_network,
    "obvious": beside_the_obvious,
    "sessions": sessions,
    "memory": memory,
}


def main() -> None:
    """Measure the chosen parts, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="rougher, and with fewer steps")
    for name, part in PARTS.items():
        parser.add_argument(f"--{name}", action="store_true", help=part.__doc__)
    chosen = vars(parser.parse_args())
    effort = QUICK if chosen["quick"] else FULL
    say(NOTES.format(cores=os.cpu_count(), machine=platform.machine()))
    for name, part in PARTS.items():
        if chosen[name] or not any(chosen[each] for each in PARTS):
            say(f"\n## {name}, load {os.getloadavg()[0]:.1f}")
            part(effort)


if __name__ == "__main__":
    main()
