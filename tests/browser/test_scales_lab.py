"""The lab of scales, done by a real browser: dials move charts in place, phones, and the way to Panda."""

import re

import pytest

from tests.browser.conftest import at_rest

pytestmark = pytest.mark.browser

TURN = """([name, value]) => {
  const dial = [...document.querySelectorAll('.panda-dial')]
    .find((one) => one.offsetParent && one.querySelector('.panda-name').textContent === name);
  const range = dial.querySelector('input[type=range]');
  range.value = value;
  range.dispatchEvent(new Event('input', { bubbles: true }));
  range.dispatchEvent(new Event('change', { bubbles: true }));
}"""
MARK = "document.querySelectorAll('.panda-card').forEach((card, i) => { card.mark = i + 1; })"
MARKS = "[...document.querySelectorAll('.panda-card')].map((card) => card.mark ?? 0)"
TRACE = """([chart, uid]) => {
  const plot = document.querySelector(`[data-chart="${chart}"] .js-plotly-plot`);
  const trace = plot?._fullData?.find((one) => one.uid === uid);
  return trace && trace.y ? [...trace.y] : null;
}"""
PANELS = ["Sampling α", "β and its memory", "Two moves of β", "Averages", "Random or grid", "Coarse to fine"]


@pytest.fixture
def lab(context, server):
    """The lab of a new visitor; an error in the page's own code fails the test."""
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{server}/scales")
    page.get_by_role("tab", name=PANELS[0]).wait_for()
    at_rest(page)
    yield page
    assert errors == []


def turn_to(page, panel):
    """The panel, with its question left out."""
    page.get_by_role("tab", name=panel, exact=True).click()
    at_rest(page)
    page.get_by_text("Just show me").locator("visible=true").first.click()
    page.wait_for_function("[...document.querySelectorAll('.js-plotly-plot')].some((plot) => plot._fullData?.length)")
    at_rest(page)


def test_a_dial_moves_formula_and_charts_in_place(lab):
    turn_to(lab, "Averages")
    lab.wait_for_function(f"({TRACE})(['average', 'corrected'])?.length === 400")
    lab.evaluate(MARK)
    before = lab.evaluate(TRACE, ["average", "corrected"])
    for value in range(400, 800, 20):  # a drag
        lab.evaluate(TURN, ["βdecay", value])
        lab.wait_for_timeout(20)
    beta = lab.locator(".panda-dial", has_text="decay").locator("input[type=text]").input_value()
    lab.locator(".katex-html", has_text=f"={beta}⋅").first.wait_for()
    lab.wait_for_function(
        f"([before]) => Math.abs(({TRACE})(['average', 'corrected'])[300] - before) > 1e-6", arg=[before[300]]
    )
    series, shown = (lab.evaluate(TRACE, ["average", uid]) for uid in ("series", "uncorrected"))
    v = 0.0
    for theta in series:
        v = float(beta) * v + (1 - float(beta)) * theta
    assert shown[-1] == pytest.approx(v, rel=1e-4)
    assert lab.evaluate(MARKS) == [1, 2]


def test_points_are_drawn_again_and_counted(lab):
    lab.get_by_text("About 50 %").click()
    lab.get_by_text(re.compile(r"^Not quite\. About 10 %\. Nine tenths")).wait_for()
    lab.wait_for_function(f"({TRACE})(['alpha-log', 'bars'])?.length === 8")
    lab.evaluate(MARK)
    before = lab.evaluate(TRACE, ["alpha-log", "bars"])
    lab.get_by_role("button", name="Draw again").click()
    lab.wait_for_function(f"([before]) => ({TRACE})(['alpha-log', 'bars'])[2] !== before", arg=[before[2]])
    after = lab.evaluate(TRACE, ["alpha-log", "bars"])
    assert sum(after) == pytest.approx(1)
    said = lab.get_by_text(re.compile(r"^Log, up to 0\.1")).inner_text()
    assert float(re.search(r"([\d.]+)%", said)[1]) == pytest.approx(100 * sum(after[:6]), abs=0.06)  # 6 of 8 bars
    assert lab.evaluate(MARKS) == [1, 2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_panel_fits_a_phone(lab, scheme):
    lab.set_viewport_size({"width": 390, "height": 844})
    lab.emulate_media(color_scheme=scheme)
    for panel in PANELS:
        turn_to(lab, panel)
        assert lab.evaluate("document.documentElement.scrollWidth") <= 390
        wide = """[...document.querySelectorAll('.panda-card, .panda-dial, .katex-display, button')]
          .filter((one) => one.offsetParent && one.closest('[role=tabpanel]'))
          .filter((one) => one.getBoundingClientRect().right > 391 || one.scrollWidth > one.clientWidth + 2)
          .map((one) => one.className)"""
        assert lab.evaluate(wide) == []


def test_see_it_in_panda(lab):
    turn_to(lab, "Two moves of β")
    lab.get_by_role("button", name="See it in Panda").click()
    lab.wait_for_url(re.compile(r"\?run="))
    lab.get_by_role("button", name="Play").wait_for()
    lab.wait_for_function("window.__panda.lastSettings?.beta1 === 0.999")
