"""How long a browser takes until a page can be used: ours, and beside it a page of Streamlit with one button.

`python -m benchmarks.page_usable [--turns 12] [--also APP] [--log]` starts a server for each, opens both in headless
Chromium in turns, each with an empty cache (first visit) and again (later visit), and prints the medians in seconds
from the navigation on: until Play can be pressed, and until all charts in sight are drawn too. `--also` measures the
app.py of another version under the same load. `--log` prints what a first visit of ours loads, and when.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
from collections import defaultdict
from contextlib import ExitStack
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.live_process import APP, server

BUTTON = "benchmarks/page_button.py"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
VISITS = ("first visit", "later visit")
Times = dict[tuple[str, str], list[tuple[float, float]]]

WATCH = """
window.__usable = {};
(function look() {
  const now = performance.now(), seen = window.__usable;
  const buttons = [...document.querySelectorAll("button")];
  const ready = (button) => {
    const { left, top, width, height } = button.getBoundingClientRect();
    return button.innerText.trim() === "Play" && !button.disabled && width
      && button.contains(document.elementFromPoint(left + width / 2, top + height / 2));
  };
  if (!seen.play && buttons.some(ready)) seen.play = now;
  const drawn = (card) => card.getBoundingClientRect().top > innerHeight || card.querySelector("canvas.panda-network")
    || [...card.querySelectorAll(".js-plotly-plot")].some((plot) => plot._fullData?.some((trace) => trace.y?.length
      || trace.x?.length) || card.querySelector(".panda-picture canvas"));
  const cards = [...document.querySelectorAll(".panda-card")];
  if (seen.play && !seen.charts && (%s || cards.length && cards.every(drawn))) seen.charts = now;
  if (!seen.charts) requestAnimationFrame(look);
})();
"""
LOADED = """performance.getEntriesByType("resource").map(({ name, startTime, responseEnd, transferSize }) =>
  [name.replace(/.*[/]/, "").slice(0, 60), startTime, responseEnd, transferSize])"""


def visit(page: Page, address: str) -> tuple[float, float]:
    """Seconds until Play can be pressed, and until the charts are drawn too."""
    page.goto(address, wait_until="commit")
    page.wait_for_function("window.__usable?.charts", polling=100, timeout=180_000)
    seen = page.evaluate("window.__usable")
    return seen["play"] / 1000, seen["charts"] / 1000


def turn(browser: Browser, name: str, address: str, times: Times, log: bool = False) -> None:
    """A first and a later visit of a new visitor."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(WATCH % ("true" if name == "button" else "false"))
    for kind in VISITS:
        page = context.new_page()
        times[name, kind].append(visit(page, address))
        if log and kind == VISITS[0]:
            show(page.evaluate(LOADED))
        page.close()
    context.close()


def show(loaded: list[Any]) -> None:
    """Print what was loaded: when it was asked for, when it was there, how many bytes came."""
    for name, start, end, size in loaded:
        print(f"{start:8.0f} {end:8.0f} ms {size:10,} bytes  {name}")


def report(times: Times, turns: int) -> None:
    """Print the medians, and ours as multiples of the bare page's."""
    print(f"{f'seconds, median of {turns}':28} {'button':>8} {'Play':>8} {'ratio':>6} {'charts':>8} {'ratio':>6}")
    for name, kind in times:
        bare = statistics.median(play for play, _ in times["button", kind])
        play, charts = (statistics.median(column) for column in zip(*times[name, kind], strict=True))
        print(f"{f'{name}, {kind}':28} {bare:8.3f} {play:8.3f} {play / bare:6.2f} {charts:8.3f} {charts / bare:6.2f}")


def main() -> None:
    """Measure both in turns, after one turn that is not counted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=12)
    parser.add_argument("--also", metavar="APP")
    parser.add_argument("--log", action="store_true")
    chosen = parser.parse_args()
    times: Times = defaultdict(list)
    apps = {"button": BUTTON, "also": chosen.also, "panda": APP}
    with ExitStack() as held, sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        pages = {name: held.enter_context(server(app)).address for name, app in apps.items() if app}
        for name, address in pages.items():
            turn(browser, name, address, defaultdict(list), chosen.log and name == "panda")
        for _ in range(chosen.turns):
            for name, address in pages.items():
                turn(browser, name, address, times)
        browser.close()
    report(times, chosen.turns)


if __name__ == "__main__":
    main()
