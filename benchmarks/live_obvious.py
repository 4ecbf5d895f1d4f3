"""The page of the obvious way (obvious_app.py), measured in the same browser and by the same probe as the live page."""

from __future__ import annotations

from playwright.sync_api import Browser, Page

from benchmarks.live_browser import Effort, Watched, visitor, watch
from benchmarks.live_process import OBVIOUS, server

NOTHING = {"frames": 0.0, "training": 0.0, "other": 0.0}  # this page says in its titles what it costs


def obvious(browser: Browser, effort: Effort) -> dict[str, Watched]:
    """A new run at both speeds, by the words for it."""
    found: dict[str, Watched] = {}
    with server(OBVIOUS) as running, visitor(browser, running.address) as page:
        for label, words in (("10 steps", "10 steps per frame"), ("flat out", "full speed")):
            page.get_by_text(label, exact=True).click()
            found[f"spiral from step 0, {words}"] = watch(page, effort, lambda: NOTHING, move_slider)
    return found


def move_slider(page: Page) -> None:
    """Press the right arrow on the slider of the learning rate."""
    slider = page.get_by_role("slider")
    slider.focus()
    wanted = round(float(slider.input_value()) + 0.001, 3)
    page.evaluate("alpha => __probe.expect(alpha)", wanted)
    page.keyboard.press("ArrowRight")
