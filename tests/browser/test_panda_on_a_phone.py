"""Panda on a phone: charts in a row that is swiped and stays in sight above the settings, and nothing that jumps."""

import pytest

from core.scenes.registry import SCENES
from tests.browser.conftest import PLAIN, ready

pytestmark = pytest.mark.browser

SCROLLED = """() => [document.querySelector('.panda-charts').scrollLeft,
  document.querySelector('[data-testid=stMain]').scrollTop]"""
BOX = "(node) => { const { top, bottom } = node.getBoundingClientRect(); return [top, bottom]; }"
UNCOVERED = """(node) => {
  const { left, top, width, height } = node.getBoundingClientRect();
  return node.contains(document.elementFromPoint(left + width / 2, top + height / 2));
}"""


@pytest.fixture
def phone(chromium, server):
    size = {"width": 390, "height": 844}
    context = chromium.new_context(viewport=size, color_scheme="dark", has_touch=True, is_mobile=True)
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(server + PLAIN)
    ready(page)
    page.locator(".panda-card .nsewdrag").first.wait_for()
    yield page
    context.close()


def swipe(page, across, down):
    """A finger that moves by so many pixels from the middle of the first chart, in tenths."""
    touch = page.context.new_cdp_session(page)
    for kind, tenths in (("touchStart", [0]), ("touchMove", range(1, 11)), ("touchEnd", [None])):
        for i in tenths:
            at = [] if i is None else [{"x": 200 + across * i / 10, "y": 330 + down * i / 10}]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})


def test_the_first_setting_is_on_the_first_screen(phone):
    dial = phone.get_by_role("slider", name="learning rate").bounding_box()
    assert dial["y"] + dial["height"] < 844
    assert phone.evaluate("document.scrollingElement.scrollWidth") <= 390


def test_a_finger_on_a_chart_scrolls_the_row_and_the_page(phone):
    assert phone.evaluate(SCROLLED) == [0, 0]
    swipe(phone, -200, 0)
    phone.wait_for_function(f"({SCROLLED})()[0] > 300")
    swipe(phone, 0, -150)
    phone.wait_for_function(f"({SCROLLED})()[1] > 50")


def test_the_charts_stay_in_sight_below_the_bar_while_the_settings_scroll(phone):
    for name in ("learning rate", "momentum β", "mini-batch size"):
        dial = phone.get_by_role("slider", name=name)
        dial.evaluate("(dial) => dial.scrollIntoView({ block: 'start', behavior: 'instant' })")
        bar, charts = (phone.locator(one).evaluate(BOX) for one in (".panda-run-bar", ".panda-charts"))
        assert abs(charts[0] - bar[1]) <= 1, name
        assert charts[1] <= dial.bounding_box()["y"], name
        assert dial.evaluate(UNCOVERED), name
        assert phone.locator(".panda-full").first.evaluate(UNCOVERED), name


def test_a_scenes_text_keeps_its_room_and_the_line_of_a_fault_covers_no_chart(phone, server):
    scene = SCENES["fast"]
    phone.goto(f"{server}/?scene=fast")
    phone.get_by_text(scene.sentence).wait_for()
    ready(phone)
    bar, buttons = phone.locator(".panda-run-bar"), phone.locator(".st-key-scene-next button")
    text = phone.get_by_text(scene.sentence).evaluate(BOX)
    before = [one.evaluate(BOX) for one in (bar, buttons)]
    assert before[1][0] - text[1] < 60
    phone.get_by_role("button", name="Try this").click()
    line = phone.get_by_role("alert").filter(has_text="Diverged at step")
    line.wait_for()
    phone.get_by_text(scene.seen).wait_for()
    assert [one.evaluate(BOX) for one in (bar, buttons)] == before
    assert line.evaluate(BOX)[1] <= 844
    assert line.evaluate(BOX)[0] > phone.locator(".panda-charts").evaluate(BOX)[1]
    for control in phone.locator(".panda-card").first.locator("button, select").all():
        assert control.evaluate(UNCOVERED)


def test_no_buttons_lie_over_the_legends(phone):
    phone.locator(".panda-card").first.tap()
    assert phone.locator(".modebar-btn").count() == 0
