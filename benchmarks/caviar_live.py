"""A search live in the page while somebody else nudges a Panda: `python -m benchmarks.caviar_live`, about two minutes.

256 models of the default kind, 1,000 steps each: how long it takes, how many frames a second it shows, and how late
another session's nudges are drawn meanwhile. Needs requirements-dev.txt and Chromium.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from statistics import median

from playwright.sync_api import Page, expect

from benchmarks.live_browser import chromium, play, set_speed, turn_learning_rate, visitor
from benchmarks.live_process import APP, server
from benchmarks.live_report import table
from core.training import jit

ALONE = 30  # nudges before the search begins
PATIENCE = 20_000  # ms
SETTLED = jit.DELAY + 4  # seconds after which a server's steps are compiled


def start_search(page: Page, models: int, steps: int) -> None:
    """Fill in a new search as a person would, and start it."""
    page.get_by_role("tab", name="New search").click()
    for label, value in (("Models", models), ("Steps each", steps)):
        field = page.get_by_role("spinbutton", name=label)
        field.fill(str(value))
        field.press("Tab")
        expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_attached()
    page.evaluate("() => { __probe.frames.length = 0; }")
    page.get_by_role("button", name="Start this search").click()


def nudged(page: Page) -> float:
    """Milliseconds from a turn of the learning rate to the first drawn frame that has it."""
    page.evaluate("() => { __probe.changes.length = 0; }")
    turn_learning_rate(page)
    page.wait_for_function("() => __probe.changes.length", timeout=PATIENCE)
    page.wait_for_timeout(random.uniform(50, 200))
    return page.evaluate("() => __probe.changes[0]")


def done(page: Page) -> bool:
    """Whether the search's bar says so."""
    return page.evaluate(
        "() => [...document.querySelectorAll('.panda-readouts dd')].some(d => d.textContent === 'done')"
    )


def words(times: list[float]) -> str:
    """Median and 90 %, in milliseconds."""
    return f"{median(times):.0f} / {sorted(times)[int(0.9 * (len(times) - 1))]:.0f} ({len(times)})"


def measure(models: int, steps: int, beside: bool) -> list[str]:
    """One search, alone or beside a Panda that plays and is nudged: a row of the table."""
    with chromium() as browser, server(APP) as running, visitor(browser, running.address) as panda:
        time.sleep(SETTLED)
        alone: list[float] = []
        meanwhile: list[float] = []
        if beside:
            set_speed(panda, 10)
            play(panda)
            alone = [nudged(panda) for _ in range(ALONE)]
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        context.add_init_script(path="benchmarks/live_probe.js")
        caviar = context.new_page()
        caviar.goto(running.address + "caviar")
        caviar.wait_for_function("() => window.__panda && window.__panda.frames > 0", timeout=PATIENCE)
        start_search(caviar, models, steps)
        caviar.wait_for_function("() => __probe.frames.length > 0")
        start = time.perf_counter()
        while not done(caviar):
            if beside:
                meanwhile.append(nudged(panda))
            else:
                caviar.wait_for_timeout(50)
        took = time.perf_counter() - start
        frames = caviar.evaluate("() => __probe.frames.length")
        context.close()
    return [
        f"{models} x {steps:,}" + (", a Panda beside it" if beside else ""),
        f"{took:.1f}",
        f"{frames / took:.1f}",
        f"{1e6 * took / models / steps:.1f}",
        words(alone) if alone else "",
        words(meanwhile) if meanwhile else "",
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, nargs="+", default=[256])
    parser.add_argument("--steps", type=int, default=1000)
    given = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores", flush=True)
    head = ["models x steps", "seconds", "frames/s", "µs a model-step",
            "nudge to frame without a search, median / 90 % ms (nudges)", "the same while it runs"]  # fmt: skip
    rows = [measure(models, given.steps, beside) for models in given.models for beside in (False, True)]
    print(table(head, rows))


if __name__ == "__main__":
    main()
