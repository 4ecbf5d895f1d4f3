"""Panda on a phone: charts in a row that is swiped, settings in sight below them, and a finger scrolls over a chart."""

import pytest

from tests.browser.conftest import PLAIN, ready

pytestmark = pytest.mark.browser

SCROLLED = """() => [document.querySelector('.panda-charts').scrollLeft,
  document.querySelector('[data-testid=stMain]').scrollTop]"""


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
