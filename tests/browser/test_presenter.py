"""Presenter mode: one or two charts on the whole screen, readable from the last row, and driven by keys."""

import re
from urllib.parse import urlsplit

import pytest
import segno

from tests.browser.conftest import CHROMIUM, FLAGS, STREAMLIT, ready, serving
from tests.browser.measured import measured

pytestmark = pytest.mark.browser

SIZES = [(1280, 720, "light"), (1920, 1080, "dark")]
STEP = "window.__panda.lastStep"
CARDS = "[...document.querySelectorAll('.panda-card')]"
STAGED = f"{CARDS}.filter((card) => card.offsetParent).map((card) => card.dataset.chart)"
FONT_SIZES = "(all) => all.map((one) => parseFloat(getComputedStyle(one).fontSize))"
HOST = "panda.test"  # a name that is not the machine itself, for the browser


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}-{size[2]}")
def big(chromium, server, request):
    """The Panda page on a screen of that size; an error in the page's own code fails the test."""
    width, height, scheme = request.param
    context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    context.set_default_timeout(20_000)
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(server)
    yield page
    context.close()
    assert errors == []


def enter(page):
    page.keyboard.press("p")
    page.locator(".panda-stage").wait_for()


def still(page):
    """Wait until all charts are drawn once more, at rest."""
    page.wait_for_timeout(900)


def alone(page, number):
    """That chart, from 1, and no other."""
    page.keyboard.press(str(number))
    if len(page.evaluate(STAGED)) == 2:
        page.keyboard.press(str(number))


def nudge_and_train(page):
    page.keyboard.press("Space")
    page.wait_for_function(f"{STEP} > 30")
    page.keyboard.press("Space")
    field = page.get_by_role("textbox", name="learning rate")
    field.fill("0.02")
    field.press("Enter")
    page.wait_for_function("window.__panda.lastSettings.learning_rate === 0.02")
    field.blur()
    before = page.evaluate(STEP)
    page.keyboard.press("Space")
    page.wait_for_function(f"{STEP} > {before + 30}")
    page.keyboard.press("Space")


def assert_readable(page):
    still(page)
    found = measured(page)
    small = [text for text in found["texts"] if text[0] < 20]
    thin = [line for line in found["lines"] if line[0] < 3]
    assert (small, thin, found["cut"], found["overlaps"]) == ([], [], [], [])
    assert found["texts"]


@pytest.mark.parametrize("dataset", ["spiral", "digits"])
def test_text_and_lines_are_large_and_nothing_is_cut_off(big, server, dataset):
    big.goto(f"{server}/?dataset={dataset}")
    ready(big)
    nudge_and_train(big)
    enter(big)
    assert_readable(big)
    for number in range(1, big.locator(".panda-card").count() + 1):
        alone(big, number)
        assert_readable(big)
        big.keyboard.press(str(number % 4 + 1))
        assert len(big.evaluate(STAGED)) == 2
        assert_readable(big)


def test_logarithmic_axes_and_what_is_pointed_at_are_as_large(big):
    ready(big)
    nudge_and_train(big)
    big.locator("[data-chart=loss]").get_by_role("button", name="log", exact=True).click()
    enter(big)
    alone(big, 1)
    assert_readable(big)
    box = big.locator("[data-chart=loss] .nsewdrag").first.bounding_box()
    for height in range(1, 20):  # until it meets the curve
        big.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * height / 20)
        big.wait_for_timeout(100)
        if big.locator(".hovertext text").count():
            break
    sizes = big.locator(".hovertext text").evaluate_all(
        "(all) => all.map((one) => parseFloat(getComputedStyle(one).fontSize))"
    )
    assert sizes
    assert min(sizes) >= 20


def test_the_numbers_are_large_and_true(big):
    ready(big)
    nudge_and_train(big)
    enter(big)
    still(big)
    numbers = big.locator(".panda-stage dd")
    step, loss, nudge = numbers.all_inner_texts()
    assert int(step.replace(",", "")) == big.evaluate(STEP)
    assert float(loss) > 0
    assert re.fullmatch(r"α 0\.02 at step \d+", nudge)
    assert min(numbers.evaluate_all(FONT_SIZES)) >= 36


def test_everything_else_is_hidden_and_comes_back(page):
    others = {
        "header": page.get_by_test_id("stHeader"),
        "panels": page.get_by_role("tab", name="Settings"),
        "dials": page.locator(".panda-dials").first,
        "bar": page.locator(".panda-bar"),
        "choice": page.get_by_role("button", name="Softmax outputs").first,
    }
    plots = page.evaluate("(window.plots = [...document.querySelectorAll('.js-plotly-plot')]).length")
    page.get_by_role("button", name="Present", exact=True).click()
    page.locator(".panda-stage").wait_for()
    assert [name for name, other in others.items() if other.is_visible()] == []
    assert len(page.evaluate(STAGED)) == 2
    page.keyboard.press("Escape")
    page.locator(".panda-bar").wait_for()
    assert [name for name, other in others.items() if not other.is_visible()] == []
    assert page.evaluate("window.plots.every((plot) => plot.isConnected)")  # no chart was made anew
    assert page.evaluate("document.querySelectorAll('.js-plotly-plot').length") == plots
    still(page)
    height = page.locator(".js-plotly-plot .main-svg").first.bounding_box()["height"]
    assert height < 300


def test_the_keys_drive_it(page):
    enter(page)
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"{STEP} === 1")
    page.keyboard.press("Space")
    page.wait_for_function(f"{STEP} > 20")
    page.keyboard.press("ArrowLeft")  # pauses first
    page.locator(".panda-stage").get_by_role("button", name="Play").wait_for()
    still(page)
    at = page.evaluate(STEP)
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"{STEP} === {at - 1}")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"{STEP} === {at}")
    page.keyboard.press("4")
    assert page.evaluate(STAGED) == ["activations", "decision_map"]
    page.keyboard.press("4")
    assert page.evaluate(STAGED) == ["decision_map"]
    page.keyboard.press("1")
    assert page.evaluate(STAGED) == ["loss", "decision_map"]
    page.keyboard.press("ArrowDown")
    assert page.evaluate(STAGED) == ["activations", "decision_map"]
    page.keyboard.press("9")  # there is no such chart
    assert page.evaluate(STAGED) == ["activations", "decision_map"]
    page.keyboard.press("p")
    page.locator(".panda-bar").wait_for()
    assert "present" not in page.url


def test_it_survives_a_reload_by_its_address(page, server):
    enter(page)
    page.keyboard.press("3")
    page.keyboard.press("3")
    run = re.search("run=([^&]+)", page.url).group(1)
    assert "present=outputs" in page.url
    page.reload()
    page.locator(".panda-stage").wait_for()
    page.wait_for_function(f"JSON.stringify({STAGED}) === '[\"outputs\"]'")
    assert run in page.url
    page.goto(f"{server}/?present=1")
    page.locator(".panda-stage").wait_for()
    page.wait_for_function(f"{STAGED}.length === 2")


def test_a_letter_in_a_field_is_a_letter(page):
    field = page.get_by_role("textbox", name="learning rate")
    field.fill("")
    field.press("p")
    assert not page.locator(".panda-stage").is_visible()
    assert field.input_value() == "p"


def test_a_server_on_this_machine_only_says_so_in_place_of_a_code(page):
    enter(page)
    code = page.locator(".panda-phone")
    assert not code.is_visible()
    page.get_by_role("button", name="QR code").click()
    code.get_by_text("listens on this machine only").wait_for()
    assert code.locator("svg").count() == 0
    assert_readable(page)
    page.keyboard.press("Escape")
    assert not code.is_visible()
    assert page.locator(".panda-stage").is_visible()


@pytest.fixture
def elsewhere(chromium):
    """A page that has another address than the machine itself, as phones have it."""
    program = [*STREAMLIT[:-1], "--server.allowedHosts", HOST, STREAMLIT[-1]]
    rules = [f"--host-resolver-rules=MAP {HOST} 127.0.0.1"]
    with serving(program) as address:
        browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=[*FLAGS, *rules])
        context = browser.new_context(viewport={"width": 1280, "height": 720})
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.goto(f"http://{HOST}:{urlsplit(address).port}")
        yield page
        browser.close()


def test_the_code_opens_this_run_to_watch_and_no_token_can_be_read(elsewhere):
    page = elsewhere
    sockets = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.reload()
    ready(page)
    enter(page)
    page.get_by_role("button", name="QR code").click()
    page.locator(".panda-phone svg").wait_for()
    assert_readable(page)
    reads = re.search("run=([^&]+)", page.url).group(1)
    drives = next(url.rpartition("/")[2] for url in sockets if "/live/" in url)
    assert drives != reads
    expected = segno.make_qr(f"http://{HOST}:{urlsplit(page.url).port}/?run={reads}").matrix
    path = page.locator(".panda-phone path").get_attribute("d")
    dark = {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", path)}
    assert dark == {(x, y) for y, row in enumerate(expected) for x, module in enumerate(row) if module}
    shown = page.evaluate("document.body.innerText")
    assert reads not in shown
    assert drives not in page.content()
