"""Charts that explain themselves, and a run that has gone wrong, in a real browser."""

import re

import pytest

from tests.browser.conftest import at_rest, choose, ready
from tests.browser.test_panda import STEP, alpha, curve, play_to

pytestmark = pytest.mark.browser

BOXES = "() => [...document.querySelectorAll('.panda-card')].map((card) => card.getBoundingClientRect().top)"
FONT = "() => parseFloat(getComputedStyle(document.querySelector('.panda-card .xtick text')).fontSize)"
RANGE = "() => document.querySelector('.js-plotly-plot')._fullLayout.yaxis.range"
START = "() => document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range[0]"


def card(page, title):
    return page.locator(".panda-card").filter(has=page.get_by_role("heading", name=title, exact=True))


def nudge_alpha(page, value):
    alpha(page).fill(str(value))
    alpha(page).press("Enter")
    page.wait_for_function(f"window.__panda.lastSettings.learning_rate === {value}")


def test_the_i_opens_by_click_and_keyboard_closes_by_escape_and_moves_nothing(page):
    before = page.evaluate(BOXES)
    about = page.get_by_role("dialog", name="About: Loss")
    button = page.get_by_role("button", name="About: Loss")
    for press in (button.click, lambda: button.press("Enter")):
        press()
        about.wait_for()
        assert "What to look for" in about.inner_text()
        assert "C19: loss and cost" in about.inner_text()
        box = about.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 1280
        assert page.evaluate(BOXES) == before
        page.keyboard.press("Escape")
        about.wait_for(state="hidden")
    assert page.locator(".panda-i").count() == page.locator(".panda-card").count()


def test_the_i_opens_by_touch_and_fits_a_phone(chromium, server):
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto(server)
    ready(page)
    page.get_by_role("button", name="About: Loss").tap()
    box = page.get_by_role("dialog", name="About: Loss").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    context.close()


def test_a_chart_fills_the_screen_its_text_grows_and_escape_brings_it_back(page):
    play_to(page, 30)
    small, places = page.evaluate(FONT), page.evaluate(BOXES)
    page.get_by_role("button", name="Full screen: Loss").click()
    page.wait_for_timeout(500)
    box = card(page, "Loss").bounding_box()
    assert (box["width"], box["height"]) == (1280, 800)
    assert page.evaluate(FONT) > 1.5 * small
    page.keyboard.press("Escape")
    page.wait_for_timeout(500)
    assert page.evaluate(BOXES) == places
    assert page.evaluate(FONT) == small


def test_since_the_last_nudge_zooms_and_survives_a_reload_as_the_log_scale_does(page):
    at = play_to(page, 200)
    nudge_alpha(page, 0.05)
    play_to(page, at + 100)
    page.get_by_role("button", name="Since the last nudge").click()
    card(page, "Loss").get_by_role("button", name="log", exact=True).click()
    page.wait_for_function(f"({START})() > {at / 2}")
    assert min(step for step in curve_steps(page, "dev")) >= at
    page.reload()
    ready(page)
    page.wait_for_function(f"({START})() > {at / 2}")
    for name in ("Since the last nudge", "log"):
        assert page.get_by_role("button", name=name, exact=True).first.get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Since the last nudge").click()
    page.wait_for_function(f"({START})() <= 0")


def curve_steps(page, uid):
    script = """uid => {
      for (const plot of document.querySelectorAll('.js-plotly-plot'))
        for (const trace of plot._fullData) if (trace.uid === uid) return Array.from(trace.x) }"""
    return page.evaluate(script, uid)


def test_a_divergence_is_cut_off_explained_and_repaired_without_moving_the_page(page):
    page.get_by_role("tab", name="New run").click()
    choose(page, "Activation", "leaky ReLU")
    page.get_by_role("button", name="Start a new run").click()
    page.get_by_role("button", name=re.compile("Back to spiral")).wait_for()
    page.get_by_role("tab", name="Settings").click()
    page.locator("label").get_by_text("Batch norm", exact=True).click()
    page.wait_for_function("window.__panda.lastSettings.batch_norm === false")
    choose(page, "Optimizer", "gradient descent")
    page.wait_for_function("window.__panda.lastSettings.optimizer === 'sgd'")
    at = play_to(page, 60)
    nudge_alpha(page, 10)
    at_rest(page)
    before = page.evaluate(BOXES)
    bar = page.locator(".panda-run-bar").bounding_box()
    assert min(before) - bar["y"] - bar["height"] <= 20  # no row between the bar and the charts
    page.get_by_role("button", name="Play").click()
    line = page.get_by_role("alert").filter(has_text="Diverged at step")
    line.wait_for()
    assert "a learning rate of 10 was too large." in line.inner_text()
    assert page.evaluate(BOXES) == before
    page.wait_for_timeout(1000)
    assert page.evaluate(RANGE)[1] < 5
    assert max(y for y in curve(page, "dev") if y is not None and y == y) < 5
    card(page, "Loss").get_by_text(re.compile("then ∞")).wait_for()
    card(page, "Loss").get_by_role("button", name="log", exact=True).click()
    page.wait_for_timeout(600)
    assert page.evaluate(RANGE)[1] < 1  # of log10
    page.get_by_role("button", name=f"Go back to step {at} with α 0.1").click()
    page.wait_for_function(f"{STEP} === {at} && window.__panda.lastSettings.learning_rate === 0.1")
    line.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.matches('.panda-run-bar .panda-play')")
    assert page.evaluate(BOXES) == before


def test_the_chosen_charts_are_still_there_after_a_reload_and_not_in_another_run(page):
    titles = page.locator(".panda-card h3")
    first = titles.all_inner_texts()
    charts = page.get_by_test_id("stButtonGroup").last
    charts.get_by_role("button", name="Network", exact=True).click()
    card(page, "Network").wait_for()
    charts.get_by_role("button", name="Loss", exact=True).click()
    card(page, "Loss").wait_for(state="detached")
    at_rest(page)
    chosen = titles.all_inner_texts()
    page.reload()
    ready(page)
    card(page, "Network").wait_for()
    assert titles.all_inner_texts() == chosen != first
    page.goto(page.url.split("?")[0] + "?dataset=moons")
    ready(page)
    card(page, "Loss").wait_for()
    assert titles.all_inner_texts() == first
