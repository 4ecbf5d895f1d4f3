"""The labs on a phone: the chart that a dial moves stays in sight while it is moved, and covers no dial."""

import pytest

from tests.browser.conftest import at_rest

pytestmark = pytest.mark.browser

HEADER = 60  # pixels of Streamlit's own
PANELS = {
    "scales": [
        "Sampling α",
        "β and its memory",
        "Two moves of β",
        "Averages",
        "Random or grid",
        "Coarse to fine",
    ],
    "batch_norm": ["One mini-batch", "Inputs", "Why it works", "Test time", "Mini-batch size"],
    "softmax": ["From z to a", "Two classes", "Loss and gradient", "Boundaries"],
}
CHART = """(dial) => {
  const { top, bottom } = dial.closest('[class*="-lab-sides"]').querySelector('.panda-stays').getBoundingClientRect();
  return [top, bottom];
}"""
UNCOVERED = """(dial) => {
  const { left, top, width, height } = dial.getBoundingClientRect();
  return [0.1, 0.5, 0.9].every((part) => document.elementFromPoint(left + width * part, top + height / 2) === dial);
}"""


@pytest.fixture
def phone(chromium, server):
    context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark", has_touch=True)
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def turn_to(page, panel):
    """The panel, with its question left out."""
    page.get_by_role("tab", name=panel, exact=True).click()
    at_rest(page)
    page.locator('[role="tabpanel"]:visible').get_by_text("Just show me").first.click()
    page.locator(".js-plotly-plot .main-svg").locator("visible=true").first.wait_for()
    at_rest(page)


@pytest.mark.parametrize("lab", PANELS)
def test_the_chart_is_in_sight_at_every_dial(phone, server, lab):
    phone.goto(f"{server}/{lab}")
    phone.get_by_role("tab", name=PANELS[lab][0]).wait_for()
    at_rest(phone)
    for panel in PANELS[lab]:
        turn_to(phone, panel)
        for dial in phone.locator(".panda-dial:visible input").all():
            dial.focus()
            dial.evaluate(
                "(dial) => dial.scrollIntoView({ block: 'start', behavior: 'instant' })"
            )  # as far up as it goes
            assert dial.evaluate(UNCOVERED), panel
            top, bottom = dial.evaluate(CHART)
            assert HEADER <= top < bottom <= dial.bounding_box()["y"], panel


def test_the_chart_that_the_dial_moves_is_the_one_in_sight(phone, server):
    phone.goto(f"{server}/scales")
    turn_to(phone, "Two moves of β")
    dials = phone.locator(".panda-dial:visible input[type=range]")
    for number, chart in ((0, "move-1"), (3, "move-2"), (1, "move-1")):
        dials.nth(number).press("ArrowLeft")
        phone.locator(f".panda-stays[data-chart={chart}]").wait_for()
        assert phone.locator(".panda-stays").count() == 1
