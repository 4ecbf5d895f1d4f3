"""Caviar done by a real browser: search 32, click a curve, land in Panda with that model, train on."""

import pytest

from tests.browser.conftest import at_rest, ready
from tests.browser.test_panda import STEP, play_to, step
from tests.browser.test_runs import turn_to

pytestmark = pytest.mark.browser

END = """() => {
  for (const plot of document.querySelectorAll('.js-plotly-plot')) {
    const trace = plot._fullData.find(trace => trace.uid === 'ends');
    if (!trace || !trace.y.length) continue;
    const least = trace.y.reduce((best, y, i) => (y < trace.y[best] ? i : best), 0);
    const box = plot.getBoundingClientRect();
    const { xaxis, yaxis } = plot._fullLayout;
    return [box.x + xaxis._offset + xaxis.l2p(trace.x[least]), box.y + yaxis._offset + yaxis.d2p(trace.y[least])];
  }
  return null }"""


@pytest.fixture
def caviar(context, server):
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{server}/caviar")
    ready(page)
    yield page
    assert errors == []


def started(page, models, steps):
    turn_to(page, "New search")
    for label, value in (("Models", models), ("Steps each", steps)):
        field = page.get_by_role("spinbutton", name=label)
        field.fill(str(value))
        field.press("Tab")
        at_rest(page)
    page.get_by_role("button", name="Start this search").click()
    page.get_by_text("done", exact=True).wait_for(timeout=60_000)
    turn_to(page, "Best")


def in_panda(page):
    """Wait until Panda is there and has drawn its first frame: both pages have a button Play."""
    page.wait_for_url(lambda url: "run=" in url)
    page.get_by_role("button", name="New weights").wait_for()
    page.wait_for_function("document.querySelector('.panda-transport dd')?.textContent")
    at_rest(page)


def test_search_32_click_a_curve_and_train_on_in_panda(caviar):
    page = caviar
    started(page, 32, 100)
    page.wait_for_function(f"({END})() !== null")
    page.wait_for_timeout(1_000)  # the chart is drawn once more when it comes to rest
    page.mouse.click(*page.evaluate(END))
    page.get_by_role("button", name="Open in Panda").click()
    in_panda(page)
    page.wait_for_function(f"{STEP} === 100")
    play_to(page, 150)
    assert step(page) >= 150


def test_fan_out_from_panda_and_adopt_the_best(page):
    at = play_to(page, 60)
    page.get_by_text("Try many (Caviar)").click()
    page.wait_for_timeout(500)  # the panel opens with a movement, and a button that moves is missed
    page.get_by_role("button", name="Fan out from here").click()
    page.get_by_text("done", exact=True).wait_for(timeout=60_000)
    page.locator(".panda-leader").first.click()
    page.get_by_role("button", name="Adopt it in the run").click()
    in_panda(page)
    page.wait_for_function(f"{STEP} === {at + 300}")
    turn_to(page, "Journal")
    page.get_by_text(f"from step {at:,}: α").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_caviar_is_not_wider_than_a_phone(chromium, server, scheme):
    context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{server}/caviar")
    ready(page)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
    context.close()


def test_random_and_grid_over_many_seeds_end_with_a_verdict(caviar):
    page = caviar
    turn_to(page, "New search")
    page.get_by_role("radio", name="both").click()
    at_rest(page)
    page.get_by_text("Over many seeds").click()
    page.get_by_text("40 searches, about").wait_for()
    for label, value in (("Models", 8), ("Seeds", 5)):
        field = page.get_by_role("spinbutton", name=label)
        field.fill(str(value))
        field.press("Tab")
        at_rest(page)
    page.get_by_role("button", name="Start this search").click()
    page.get_by_text("(sign test, p =").wait_for(timeout=60_000)
    page.get_by_text("done", exact=True).wait_for()
    plot = """document.querySelector('[data-chart="contest"] .js-plotly-plot')"""
    page.wait_for_function(f"{plot}._fullData.find(trace => trace.uid === 'grid').y.length === 5")
