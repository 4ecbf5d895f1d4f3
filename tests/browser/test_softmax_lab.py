"""The softmax lab as a person uses it: a dial under the finger, points that are dragged, a phone, and Panda."""

import re

import pytest

from tests.browser.conftest import at_rest

pytestmark = pytest.mark.browser

POINT = """i => {
  const gd = document.querySelector('.panda-movable .js-plotly-plot');
  const { x, y } = gd._fullData.find(trace => trace.uid === 'points');
  const { left, top } = gd.getBoundingClientRect();
  const { xaxis, yaxis } = gd._fullLayout;
  const at = i < 0 ? x.length + i : i;
  return [left + xaxis._offset + xaxis.d2p(x[at]), top + yaxis._offset + yaxis.d2p(y[at])];
}"""
COUNT = "document.querySelector('.panda-movable .js-plotly-plot')._fullData.find(t => t.uid === 'points').x.length"
FORMULAS = "[...document.querySelectorAll('.katex')].map(node => node.textContent).join()"


@pytest.fixture
def lab(context, server):
    """The lab's page; an error in the page's own code fails the test."""
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{server}/softmax")
    yield page
    assert errors == []


def turn_to(page, panel, guess="Just show me"):
    page.get_by_role("tab", name=panel).click()
    at_rest(page)
    page.get_by_text(guess, exact=True).locator("visible=true").click()
    page.locator(".js-plotly-plot .main-svg").locator("visible=true").first.wait_for()
    at_rest(page)


def test_a_dial_moves_formula_and_charts_without_making_them_anew(lab):
    turn_to(lab, "From z to a", "Nothing")
    lab.get_by_text("Yes. The constant cancels").wait_for()
    lab.wait_for_function("document.querySelector('.js-plotly-plot')?._fullData?.length === 2")
    lab.evaluate("document.querySelectorAll('.js-plotly-plot').forEach(node => { node.mine = true; })")
    dial = lab.locator(".panda-dial input[type=range]").first
    before = lab.evaluate(FORMULAS)
    dial.focus()
    for _ in range(30):
        dial.press("ArrowLeft")
    lab.wait_for_function(f"{FORMULAS} !== {before!r}")
    drawn = "document.querySelectorAll('.js-plotly-plot')[1]._fullData.find(t => t.uid === 'a').y"
    lab.wait_for_function(f"Math.abs({drawn}[0] - {drawn}[3]) > 0.3 && {drawn}[3] > 0.6")
    assert lab.evaluate("[...document.querySelectorAll('.js-plotly-plot')].every(node => node.mine)")


def test_points_are_dragged_added_and_removed(lab):
    turn_to(lab, "Boundaries")
    right = lab.locator(".panda-hint").first
    lab.wait_for_function(f"{COUNT} === 56")
    assert right.inner_text() == "56 of 56 right"
    x, y = lab.evaluate(POINT, 0)
    lab.mouse.move(x, y)
    lab.mouse.down()
    for k in range(1, 21):
        lab.mouse.move(x, y + 11 * k)
    lab.mouse.up()
    lab.wait_for_function("document.querySelector('.panda-hint').textContent !== '56 of 56 right'")
    lab.wait_for_timeout(300)
    assert lab.evaluate(POINT, 0) == pytest.approx([x, y + 220], abs=1)
    lab.mouse.click(x - 150, y + 20)
    lab.wait_for_function(f"{COUNT} === 57")
    at_rest(lab)
    assert lab.evaluate(POINT, -1) == pytest.approx([x - 150, y + 20], abs=1)
    lab.mouse.click(x - 150, y + 20)
    lab.wait_for_function(f"{COUNT} === 56")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_a_finger_moves_a_point(chromium, server, scheme):
    context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme, has_touch=True)
    page = context.new_page()
    page.goto(f"{server}/softmax")
    for panel in ("From z to a", "Two classes", "Loss and gradient", "Boundaries"):
        turn_to(page, panel)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for card in page.locator(".panda-card").locator("visible=true").all():
            box = card.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
    page.wait_for_function(f"{COUNT} === 56")
    page.locator(".panda-movable").first.scroll_into_view_if_needed()
    x, y = page.evaluate(POINT, 0)
    cdp = context.new_cdp_session(page)
    cdp.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for k in range(1, 11):
        cdp.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x - 8 * k, "y": y + 5 * k}]})
    cdp.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    at_rest(page)
    assert page.evaluate(POINT, 0) == pytest.approx([x - 80, y + 50], abs=1.5)
    context.close()


def test_the_points_go_to_panda(lab):
    turn_to(lab, "Boundaries")
    lab.get_by_role("button", name="Rings").click()
    lab.wait_for_function(f"{COUNT} === 96")
    at_rest(lab)
    lab.get_by_role("radio", name="one", exact=True).click()  # Panda's networks have hidden layers
    at_rest(lab)
    lab.get_by_role("button", name="See it in Panda").locator("visible=true").click()
    lab.wait_for_url("**run=**")
    lab.get_by_role("button", name="Play").wait_for()
    lab.get_by_role("heading", name="Decision map").wait_for()


def test_points_are_moved_added_and_removed_by_keyboard(lab):
    turn_to(lab, "Boundaries")
    lab.wait_for_function(f"{COUNT} === 56")
    lab.get_by_role("button", name="Clear").focus()
    lab.get_by_role("radio", name="1", exact=True).last.focus()
    lab.keyboard.press("Tab")  # the chart's full screen
    lab.keyboard.press("Tab")
    point = lab.get_by_role("slider", name="Points of: No hidden layer")
    assert point.evaluate("node => node === document.activeElement")
    lab.keyboard.press("Home")
    lab.keyboard.press("PageDown")
    assert re.match(r"point 2 of 56, class 2, at ", point.get_attribute("aria-valuetext"))
    x, y = lab.evaluate(POINT, 1)
    ring = point.bounding_box()
    assert (ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2) == pytest.approx((x, y), abs=1)
    assert point.evaluate("node => getComputedStyle(node).outlineStyle + getComputedStyle(node).opacity") == "solid1"
    for _ in range(10):
        lab.keyboard.press("ArrowLeft")
    lab.keyboard.press("ArrowUp")
    at_rest(lab)
    wide = lab.evaluate("document.querySelector('.panda-movable .js-plotly-plot')._fullLayout.xaxis._length")
    high = lab.evaluate("document.querySelector('.panda-movable .js-plotly-plot')._fullLayout.yaxis._length")
    lab.wait_for_function(f"Math.abs(({POINT})(1)[0] - {x - wide / 10}) < 1")
    assert lab.evaluate(POINT, 1) == pytest.approx([x - wide / 10, y - high / 100], abs=1)
    lab.keyboard.press("Enter")
    lab.wait_for_function(f"{COUNT} === 57")
    lab.wait_for_function("document.activeElement.getAttribute('aria-valuetext').startsWith('point 57 of 57, class 1')")
    lab.keyboard.press("Delete")
    lab.wait_for_function(f"{COUNT} === 56")
    assert point.evaluate("node => node === document.activeElement")
    assert lab.evaluate(POINT, 1) == pytest.approx([x - wide / 10, y - high / 100], abs=1)


OVERLAPS = """apart => {
 const shown = [...document.querySelectorAll('.js-plotly-plot')].filter(plot => plot.clientWidth);
 return shown.flatMap(plot => {
  const ticks = [...plot.querySelectorAll('.ytick text, .y2tick text')].map(node => node.getBoundingClientRect());
  return [...plot.querySelectorAll('[class$=ytitle], [class$=y2title]')].filter(title => {
    const { right, top, bottom } = title.getBoundingClientRect();
    return ticks.some(tick => tick.left < right + apart && tick.top < bottom && tick.bottom > top);
  }).map(title => title.textContent);
 })
}"""


@pytest.mark.parametrize(("panel", "apart"), [("From z to a", 4), ("Two classes", 0), ("Loss and gradient", 0)])
def test_no_title_lies_over_the_numbers_of_its_axis(lab, panel, apart):
    turn_to(lab, panel)
    lab.wait_for_function("document.querySelectorAll('.js-plotly-plot .xtick').length")
    assert lab.evaluate(OVERLAPS, apart) == []
