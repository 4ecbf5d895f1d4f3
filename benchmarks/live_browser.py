"""What a person in front of the page gets: frames, the age of a change, packets, and the time until the page is usable.

Headless Chromium, driven as a person would; times are taken in the page by `live_probe.js`.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page, TimeoutError, sync_playwright

from benchmarks.live_process import ROOT, Server

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
SCREEN = {"width": 1280, "height": 800}
DEFAULT = "?dataset=spiral"  # the default run, without a scene
PATIENCE = 60_000  # ms
PLACES = (0.72, 0.86)  # of the learning rate's dial, between which it is turned: about 0.016 to 0.15
LOST = 20_000.0  # ms
MOST_SECONDS = 60.0  # for the changes of one situation
SEEN = "() => ({frames: __probe.frames, packets: __probe.packets, drawing: window.__panda?.drawTimes})"
DIGITS_FORM = """() => {
  const fields = [...document.querySelectorAll('input[aria-label="Units 1"]')];
  return fields.length === 1 && fields[0].value === "64";
}"""
CLEAR = "() => { __probe.frames.length = 0; __probe.packets.length = 0; window.__panda?.drawTimes.splice(0); }"


@dataclass(frozen=True)
class Effort:
    """How long to measure."""

    windows: int
    seconds: float
    changes: int
    visits: int
    steps: int


QUICK = Effort(windows=1, seconds=3, changes=8, visits=1, steps=5_000)
FULL = Effort(windows=4, seconds=5, changes=30, visits=5, steps=50_000)


@dataclass(frozen=True)
class Watched:
    """One situation: rates are frames/s, times milliseconds, sizes bytes; medians over windows or over all samples."""

    frames: float
    slowest: tuple[float, str]  # the slowest chart's rate, and which it is
    packets: list[int]
    volume: float  # bytes received for each frame
    drawing: float  # in the page, for each frame
    other: float  # on the server for each frame, beside training
    training: float
    step: int
    changes: list[float]

    @property
    def change(self) -> tuple[float, float]:
        """From a changed control to the first drawn frame that has it: median and 90 %."""
        return median(self.changes), sorted(self.changes)[int(0.9 * (len(self.changes) - 1))]


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def visitor(browser: Browser, address: str) -> Iterator[Page]:
    """A page that somebody with an empty cache has just opened, once it is usable."""
    context = browser.new_context(viewport=SCREEN)
    context.add_init_script(path=ROOT / "benchmarks" / "live_probe.js")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address, wait_until="commit")
    try:
        page.wait_for_function("() => window.__probe?.usable")
        yield page
    finally:
        context.close()


def time_to_usable(browser: Browser, address: str) -> float:
    """Seconds from opening the address until charts are drawn and Play is there; then presses it, and sees it work."""
    with visitor(browser, address) as page:
        seconds = page.evaluate("() => __probe.usable") / 1000
        play(page)
        page.wait_for_function("() => __panda.lastStep > 0")
        play(page)
        return seconds


# what a person does


def play(page: Page) -> None:
    """Press Play, or Pause."""
    page.locator(".panda-controls .panda-play").click()


def set_speed(page: Page, steps: int) -> None:
    """Choose the speed; 0 is flat out."""
    page.get_by_label("Speed", exact=True).select_option(str(steps))


def go_to(page: Page, step: int) -> None:
    """Play flat out to a step with the stop-at-step control, from a run that stands still."""
    set_speed(page, 0)
    field = page.get_by_label("Stop at step")
    if not field.is_visible():
        page.locator(".panda-more").click()
    field.fill(str(step))
    field.press("Enter")
    play(page)
    page.wait_for_function(f"() => __panda.lastStep >= {step}", timeout=5 * PATIENCE)
    page.wait_for_function("() => document.querySelector('.panda-play').textContent === 'Play'")


def choose_digits(page: Page) -> None:
    """Start a run on digits through the tab "New run", and come back."""
    page.get_by_role("tab", name="New run").click()
    page.get_by_role("combobox", name="Data", exact=True).click()
    page.get_by_role("option", name="digits").click()
    page.wait_for_function(DIGITS_FORM)  # the fields of the spiral linger until the form is drawn
    page.get_by_role("button", name="Start a new run").click()
    page.get_by_role("tab", name="Settings").click()
    page.locator('[data-chart="confusion"] .main-svg').first.wait_for(state="attached")


def turn_learning_rate(page: Page) -> None:
    """Turn the first dial somewhere near."""
    page.evaluate("place => __probe.turn(place)", random.uniform(*PLACES))


# what is measured


def watch(page: Page, effort: Effort, meter: Callable[[], dict[str, float]], change: Callable[[Page], None]) -> Watched:
    """A page that plays: a few windows in which it is left alone, then changes of a control."""
    page.wait_for_timeout(1000)
    windows = [window(page, effort.seconds, meter) for _ in range(effort.windows)]
    names = sorted({name for it in windows for name in it["charts"]})
    slowest = min((median(it["charts"][name] / effort.seconds for it in windows), name) for name in names)
    changes = changed(page, effort.changes, change)
    middle = {key: median(it[key] for it in windows) for key in ("frames", "volume", "drawing", "other", "training")}
    packets = [size for it in windows for size in it["packets"]]
    packets += page.evaluate("() => __probe.packets.map(({ bytes }) => bytes).filter(Boolean)")
    return Watched(**middle, slowest=slowest, packets=packets, step=windows[0]["step"], changes=changes)


def window(page: Page, seconds: float, meter: Callable[[], dict[str, float]]) -> dict[str, Any]:
    """What happens within some seconds."""
    page.evaluate(CLEAR)
    before, start = meter(), time.monotonic()
    page.wait_for_timeout(1000 * seconds)
    seen = page.evaluate(SEEN)
    after, took = meter(), time.monotonic() - start
    charts = Counter(name for frame in seen["frames"] for name in frame["charts"])
    count = len(seen["frames"]) if seen["drawing"] else max(charts.values(), default=0)
    made = max(1.0, after["frames"] - before["frames"])
    sizes = [packet["bytes"] for packet in seen["packets"] if packet["bytes"]]
    cost = {name: 1000 * (after[name] - before[name]) / made for name in ("other", "training")}
    if told := [frame["cost"] for frame in seen["frames"] if frame["cost"] is not None]:
        cost["other"] = median(told)
    return {
        "frames": count / took,
        "charts": charts,
        "packets": sizes,
        "volume": sum(sizes) / max(1, count),
        "drawing": median(seen["drawing"] or [float("nan")]),
        "step": seen["frames"][0]["step"] if seen["frames"] else 0,
        **cost,
    }


def changed(page: Page, count: int, change: Callable[[Page], None]) -> list[float]:
    """Milliseconds from each change to the first drawn frame that has it; changes come at random moments of the loop.

    Fewer changes than asked for where they take very long together; one that is not seen in time counts `LOST`.
    """
    found: list[float] = []
    deadline = time.monotonic() + MOST_SECONDS
    while len(found) < count and time.monotonic() < deadline:
        page.evaluate("() => { __probe.changes.length = 0; }")
        change(page)
        with contextlib.suppress(TimeoutError):
            page.wait_for_function("() => __probe.changes.length", timeout=LOST)
        found.append(page.evaluate("() => __probe.changes[0]") or LOST)
        page.wait_for_timeout(random.uniform(150, 400))
    return found


def situations(
    browser: Browser, server: Server, effort: Effort, dataset: str, start: int, network: bool = False
) -> dict[str, Watched]:
    """The default charts of a new run at both speeds, from step `start` on, by the words for it. With `network` they
    are those of the scene with the name of the data set, and the network's picture is one of them."""
    found: dict[str, Watched] = {}
    with visitor(browser, server.address + (f"?scene={dataset}" if network else DEFAULT)) as page:
        if dataset == "digits" and not network:
            choose_digits(page)
        if start:
            go_to(page, start)
        for speed, words in ((10, "10 steps per frame"), (0, "full speed")):
            set_speed(page, speed)
            play(page)
            name = f"{dataset} from step {start:,}, {words}"
            found[name] = watch(page, effort, lambda: server.ask("bench/meter"), turn_learning_rate)
            play(page)
    return found
