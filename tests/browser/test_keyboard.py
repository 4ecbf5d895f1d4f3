"""Everything on the Panda page by keyboard alone."""

import re

import pytest

from tests.browser.conftest import at_rest

pytestmark = pytest.mark.browser

STEP = "window.__panda.lastStep"
FOCUSED = """() => {
  const one = document.activeElement;
  const label = document.getElementById(one.getAttribute('aria-labelledby') ?? '')?.textContent;
  return label || one.getAttribute('aria-label') || one.textContent.trim();
}"""
RING = """() => {
  const { outlineStyle, outlineWidth, boxShadow, borderColor } = getComputedStyle(document.activeElement);
  return (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2) || boxShadow !== 'none';
}"""


def focused(page):
    return page.evaluate(FOCUSED)


def tab_to(page, name, most):
    """Press Tab until what has the focus has that name; return how often."""
    for pressed in range(1, most + 1):
        page.keyboard.press("Tab")
        if re.search(name, focused(page)):
            assert page.evaluate(RING), f"no focus is seen on {focused(page)}"
            return pressed
    pytest.fail(f"{name} is not within {most} Tabs")


def test_play_nudge_step_look_back_and_choose(page):
    tab_to(page, "^(Play|Pause)$", 30)
    page.keyboard.press("Enter")
    page.wait_for_function(f"{STEP} > 30")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Play").wait_for()
    page.keyboard.press("ArrowRight")
    assert focused(page) == "Step"
    at = page.evaluate(STEP)
    page.keyboard.press("Enter")
    page.wait_for_function(f"{STEP} === {at + 1}")
    page.keyboard.press("Home")
    assert tab_to(page, "learning rate", 6) <= 6
    page.keyboard.press("Control+A")
    page.keyboard.type("0.02")
    page.keyboard.press("Enter")
    page.wait_for_function("window.__panda.lastSettings.learning_rate === 0.02")
    at_rest(page)
    tab_to(page, "^(?!About).*learning rate", 2)  # the slider
    page.keyboard.press("ArrowRight")
    page.wait_for_function("window.__panda.lastSettings.learning_rate > 0.02")
    at_rest(page)
    tab_to(page, "Optimizer", 4)
    tab_to(page, "About: Loss", 40)
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name="About: Loss").wait_for()
    page.keyboard.press("Escape")
    tab_to(page, "^log$", 5)
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelector('.js-plotly-plot')._fullLayout.yaxis.type === 'log'")
    tab_to(page, "Full screen: Loss", 3)
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name="Loss").wait_for()
    page.keyboard.press("Escape")


def test_the_bars_other_controls_and_the_timeline(page):
    tab_to(page, "^Play$", 30)
    names = []
    for _ in range(7):
        page.keyboard.press("ArrowRight")
        names.append(focused(page))
    assert names[0] == "Step"
    assert names[-2:] == ["Restart", "New weights"]
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_function(f"{STEP} === 10")
    tab_to(page, "Step to look at", 2)
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"{STEP} === 9")


def test_the_list_of_keys_presenter_mode_and_the_panels(page):
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    keys.get_by_text("Play or pause").wait_for()
    page.keyboard.press("Escape")
    assert not keys.is_visible()
    tab_to(page, "^Present$", 100)
    page.keyboard.press("Enter")
    page.locator(".panda-stage").wait_for()
    page.keyboard.press("Escape")
    tab_to(page, "^Settings$", 100)
    for panel in ("Journal", "New run", "Share"):
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        page.get_by_role("tab", name=panel, selected=True).wait_for()


def test_each_page_has_a_title(page, server):
    assert page.title() == "Panda"
    for name, title in {"caviar": "Caviar", "batch_norm": "Batch norm", "runs": "Runs", "settings": "Settings"}.items():
        page.goto(f"{server}/{name}")
        page.wait_for_function(f"document.title === '{title} · Panda'")


def test_a_toast_covers_no_number(page):
    page.get_by_role("button", name="New weights").click()
    toast = page.get_by_test_id("stToast")
    toast.wait_for()
    bar = page.locator(".panda-bar").bounding_box()
    assert toast.bounding_box()["y"] > bar["y"] + bar["height"]
