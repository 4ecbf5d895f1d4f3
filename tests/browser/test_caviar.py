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


# The figure that has a trace: where its plot is, with the places of 0 and 1 on x; and the numbers of that trace.
FIGURE = "[...document.querySelectorAll('.js-plotly-plot')].find(one => one._fullData?.some(t => t.uid === uid))"
PLOT = f"""(uid) => {{
  const plot = {FIGURE};
  if (!plot) return null;
  plot.scrollIntoView({{ block: 'center' }});
  const box = plot.getBoundingClientRect();
  const {{ xaxis, yaxis }} = plot._fullLayout;
  return [box.x + xaxis._offset, box.y + yaxis._offset, xaxis._length, yaxis._length, xaxis.l2p(0), xaxis.l2p(1)]
}}"""
VALUES = f"""(uid) => {{
  const trace = {FIGURE}?._fullData.find(t => t.uid === uid);
  return trace && {{ x: [...trace.x ?? []], y: [...trace.y ?? []] }};
}}"""

# Where the leftmost and the rightmost point of a trace are in the window, in px.
POINTS = f"""(uid) => {{
  const plot = {FIGURE};
  const box = plot.getBoundingClientRect();
  const {{ xaxis, yaxis }} = plot._fullLayout;
  const {{ x, y }} = plot._fullData.find(t => t.uid === uid);
  const order = [...x.keys()].sort((a, b) => x[a] - x[b]);
  return [order[0], order.at(-1)].map(
    i => [box.x + xaxis._offset + xaxis.l2p(x[i]), box.y + yaxis._offset + yaxis.l2p(y[i])]);
}}"""


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
    page.wait_for_function("document.querySelector('.panda-run-bar dd')?.textContent")
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


def test_try_variants_from_panda_and_continue_with_the_best(page):
    at = play_to(page, 60)
    page.get_by_text("Try variants (Caviar)").click()
    page.wait_for_timeout(500)  # the panel opens with a movement, and a button that moves is missed
    page.get_by_role("button", name="Try variants from here").click()
    page.get_by_text("done", exact=True).wait_for(timeout=60_000)
    page.locator(".panda-leader").first.click()
    page.get_by_role("button", name="Continue the run with it").click()
    in_panda(page)
    page.wait_for_function(f"{STEP} === {at + 300}")
    turn_to(page, "Journal")
    page.get_by_text(f"from step {at:,}: α").first.wait_for()


def plot_with(page, uid):
    """Where the plot of the figure with that trace is: left, top, width, height in px, and on x its 0 and its 1."""
    page.wait_for_function(f"({PLOT})('{uid}') !== null")
    page.wait_for_timeout(500)  # it is drawn once more when it comes to rest, and the page scrolls to it
    return page.evaluate(PLOT, uid)


def drag(page, *spots):
    page.mouse.move(*spots[0])
    page.mouse.down()
    for spot in spots[1:]:
        page.mouse.move(*spot, steps=4)
    page.mouse.up()


def corners(page, uid):
    """The least and greatest x and y of a trace."""
    page.wait_for_function(f"({VALUES})('{uid}')?.x.length > 0")
    xs, ys = (page.evaluate(VALUES, uid)[key] for key in "xy")
    return min(xs), max(xs), min(ys), max(ys)


def test_a_region_is_dragged_in_the_charts_and_searched_inside(caviar):
    page = caviar
    started(page, 24, 60)
    left, top, wide, high, *_ = plot_with(page, "region")
    drag(page, *page.evaluate(POINTS, "tried"))
    page.get_by_role("button", name="Search inside the region").wait_for()
    assert page.get_by_role("button", name="Open in Panda").count() == 0  # a drag from model to model picks none
    drag(page, (left + 0.3 * wide, top + 0.2 * high), (left + 0.8 * wide, top + 0.7 * high))
    page.wait_for_function(f"({VALUES})('region').x[0] > 0.2")
    box = corners(page, "region")
    assert (box[1] - box[0], box[3] - box[2]) == pytest.approx((0.58, 0.58), abs=0.02)  # half of -0.1 to 1.06
    left, top, _, high, first, second = plot_with(page, "bands")
    bands = corners(page, "bands")
    assert bands[2:] == pytest.approx((min(box[0], box[2]), max(box[1], box[3])), abs=1e-5)
    drag(page, (left + second, top + 0.4 * high), (left + second, top + 0.6 * high))
    page.wait_for_function(f"({VALUES})('region').y[2] < {box[3] - 0.05}")
    region = corners(page, "region")
    assert region[:2] == pytest.approx(box[:2], abs=1e-5)
    page.get_by_role("button", name="Search inside the region").click()
    page.get_by_role("button", name="Zoom into the best 10 %").wait_for()
    page.get_by_text("done", exact=True).wait_for(timeout=60_000)
    page.wait_for_function(f"({VALUES})('others')?.x.length === 24")
    inside = corners(page, "tried")
    assert region[0] - 1e-5 <= inside[0] < inside[1] <= region[1] + 1e-5
    assert region[2] - 1e-5 <= inside[2] < inside[3] <= region[3] + 1e-5
    assert corners(page, "seen") == pytest.approx(region, abs=1e-5)
    page.mouse.click(*page.evaluate(POINTS, "tried")[0])
    page.get_by_role("button", name="Open in Panda").wait_for()  # a click picks


def test_a_region_is_typed_and_who_watches_looks_at_another_generation(caviar, chromium):
    page, leader = caviar, "document.querySelector('.panda-leader')?.title"
    started(page, 8, 20)
    page.get_by_text("Type a region", exact=True).click()
    field = page.get_by_role("spinbutton", name="learning rate, from")
    field.fill("0.01")
    field.press("Tab")
    page.get_by_text("Region: α 0.01–1").wait_for()
    page.keyboard.type("0.1")  # the next field has kept the focus
    page.keyboard.press("Enter")
    page.get_by_text("Region: α 0.01–0.1").wait_for()
    page.wait_for_function(f"Math.abs(({VALUES})('region')?.x[1] - 0.75) < 1e-5")
    assert corners(page, "region")[:2] == pytest.approx((0.5, 0.75), abs=1e-5)
    page.get_by_role("button", name="Search inside the region").click()
    page.get_by_role("radio", name="2 random").wait_for()
    page.get_by_text("done", exact=True).wait_for(timeout=60_000)
    at_rest(page)
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    guest = context.new_page()
    guest.goto(page.url)
    here = page.evaluate(leader)
    guest.wait_for_function(f"(here) => {leader} === here", arg=here)
    guest.get_by_role("radio", name="1 random").click()
    guest.wait_for_function(f"(here) => {leader} !== here", arg=here)
    at_rest(guest)
    assert guest.get_by_role("radio", name="1 random").is_checked()
    at_rest(page)
    assert page.get_by_role("radio", name="2 random").is_checked()
    assert page.evaluate(leader) == here
    context.close()


def test_a_band_is_cleared_by_a_click_and_all_by_escape(caviar):
    page = caviar
    left, top, _, high, *lines = plot_with(page, "bands")
    for line in lines:
        drag(page, (left + line, top + 0.3 * high), (left + line, top + 0.6 * high))
    page.wait_for_function(f"({VALUES})('bands').x.length === 11")
    page.mouse.click(left + lines[0], top + 0.9 * high)
    page.wait_for_function(f"({VALUES})('bands').x.length === 5")
    page.keyboard.press("Escape")
    page.wait_for_function(f"({VALUES})('bands').x.length === 0")
    page.get_by_role("button", name="Zoom into the best 10 %").wait_for()


def test_a_box_is_dragged_with_a_finger(chromium, server):
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto(f"{server}/caviar")
    ready(page)
    left, top, wide, high, *_ = plot_with(page, "region")
    before = page.evaluate(PLOT, "region")
    finger = context.new_cdp_session(page)
    for kind, share in (("touchStart", 0.3), ("touchMove", 0.4), ("touchMove", 0.5), ("touchMove", 0.7)):
        spot = {"x": left + share * wide, "y": top + share * high}
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [spot]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.get_by_role("button", name="Clear the selected region").first.wait_for()
    x0, x1, y0, y1 = corners(page, "region")
    assert (x1 - x0, y1 - y0) == pytest.approx((0.46, 0.46), abs=0.03)  # four tenths of -0.1 to 1.06
    assert page.evaluate(PLOT, "region") == before  # the page did not scroll
    context.close()


def test_stop_ends_a_search_that_plays(caviar):
    page = caviar
    stop = page.get_by_role("button", name="Stop", exact=True)
    assert stop.is_disabled()
    turn_to(page, "New search")
    field = page.get_by_role("spinbutton", name="Steps each")
    field.fill("20000")
    field.press("Tab")
    at_rest(page)
    page.get_by_role("button", name="Start this search").click()
    page.wait_for_function("document.querySelector('.panda-search-bar progress').value > 0.005")
    stop.dblclick()
    page.get_by_text("done", exact=True).wait_for(timeout=10_000)
    assert stop.is_disabled()
    turn_to(page, "Best")
    page.get_by_role("button", name="Zoom into the best 10 %").click()
    page.get_by_text("2 random").wait_for()


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
    for label, value in (("Models", 8), ("Seeds", 6)):
        field = page.get_by_role("spinbutton", name=label)
        field.fill(str(value))
        field.press("Tab")
        at_rest(page)
    page.get_by_role("button", name="Start this search").click()
    page.get_by_text("(sign test, p =").wait_for(timeout=60_000)
    page.get_by_text("done", exact=True).wait_for()
    plot = """document.querySelector('[data-chart="contest"] .js-plotly-plot')"""
    page.wait_for_function(f"{plot}._fullData.find(trace => trace.uid === 'grid').y.length === 6")
