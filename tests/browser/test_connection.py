"""What a person asks for before the live websocket stands is done once it does."""

import re

import pytest

from tests.browser.conftest import PLAIN
from tests.browser.test_panda import STEP, alpha, settled

pytestmark = pytest.mark.browser

# Live sockets connect only once the test says so: `window.connectLive()`.
HELD = """
const Real = window.WebSocket;
const held = [];
let open = false;
window.connectLive = () => { open = true; held.forEach((connect) => connect()); };
window.WebSocket = function (url, protocols) {
  if (!String(url).includes("/live/")) return new Real(url, protocols);
  let real = null;
  const socket = {
    readyState: 0,
    send: (message) => real.send(message),
    close: () => real?.close(),
  };
  const connect = () => {
    real = new Real(url);
    real.binaryType = socket.binaryType;
    real.onopen = (event) => { socket.readyState = 1; socket.onopen(event); };
    real.onmessage = (event) => socket.onmessage(event);
    real.onclose = (event) => { socket.readyState = 3; socket.onclose(event); };
  };
  if (open) queueMicrotask(connect); // once the page has set its listeners
  else held.push(connect);
  return socket;
};
Object.assign(window.WebSocket, { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 });
"""


@pytest.fixture
def held(context, server):
    """The Panda page whose live websocket does not stand yet."""
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script(HELD)
    page.goto(server + PLAIN)
    page.get_by_role("button", name="Play").wait_for()
    yield page
    assert errors == []


def test_play_pressed_before_the_connection_stands_is_carried_out(held):
    held.get_by_role("button", name="Play").click()
    held.get_by_text("Your changes will follow").wait_for()
    held.get_by_role("button", name="Pause").wait_for()
    held.evaluate("connectLive()")
    held.wait_for_function(f"{STEP} > 20")
    held.get_by_text("Your changes will follow").wait_for(state="hidden")
    assert held.get_by_text("Not sent").count() == 0


def test_play_taken_back_before_the_connection_stands_does_not_play(held):
    held.get_by_role("button", name="Play").click()
    held.get_by_role("button", name="Pause").click()
    held.evaluate("connectLive()")
    held.wait_for_function("window.__panda.frames > 0")
    assert settled(held) == 0
    assert held.get_by_role("button", name="Play").is_visible()


def test_a_dial_shows_what_is_kept_and_can_be_taken_back(held):
    alpha(held).wait_for()
    before = alpha(held).input_value()
    alpha(held).fill("0.5")
    alpha(held).press("Enter")
    held.get_by_text("Your changes will follow").wait_for()
    held.locator(".panda-dial.panda-pending").wait_for()
    assert alpha(held).input_value() == "0.5"
    alpha(held).fill(before)
    alpha(held).press("Enter")
    held.evaluate("connectLive()")
    held.locator(".panda-dial.panda-pending").wait_for(state="detached")
    held.wait_for_function("window.__panda.frames > 0")
    assert held.evaluate("window.__panda.lastSettings.learning_rate") == float(before)
    assert alpha(held).input_value() == before


def test_a_stopping_step_can_be_taken_back_before_the_connection_stands(held):
    stop = held.get_by_label(re.compile("[Ss]top at step"))
    for text in ("500", ""):
        stop.fill(text)
        stop.press("Enter")
    held.evaluate("connectLive()")
    held.wait_for_function("window.__panda.frames > 0")
    assert stop.input_value() == ""


def test_a_page_left_and_come_back_to_shows_that_it_will_play(held):
    held.get_by_role("button", name="Play").click()
    held.get_by_role("link", name="Settings").click()
    held.get_by_role("heading", name="Settings").or_(held.get_by_text("momentum β")).first.wait_for()
    held.get_by_role("link", name="Panda").click()
    held.get_by_role("button", name="Pause").wait_for()
    held.evaluate("connectLive()")
    held.wait_for_function(f"{STEP} > 20")


def test_a_dial_and_steps_before_the_connection_stands_count(held):
    alpha(held).wait_for()
    for value in ("0.5", "0.02"):
        alpha(held).fill(value)
        alpha(held).press("Enter")
    step = held.get_by_role("button", name=re.compile("^(One )?[Ss]tep$"))
    step.click()
    step.click()
    held.evaluate("connectLive()")
    held.wait_for_function(f"{STEP} === 2")
    assert held.evaluate("window.__panda.lastSettings.learning_rate") == 0.02
    assert alpha(held).input_value() == "0.02"
    assert settled(held) == 2


def test_what_cannot_be_sent_for_long_is_given_up_in_words(context, server):
    page = context.new_page()
    page.clock.install()
    page.add_init_script(HELD)
    page.goto(server + PLAIN)
    page.clock.run_for(5_000)
    alpha(page).wait_for()
    before = alpha(page).input_value()
    page.get_by_role("button", name="Play").click()
    alpha(page).fill("0.5")
    alpha(page).press("Enter")
    page.clock.run_for(31_000)
    page.get_by_text("Not sent: there is no connection.").first.wait_for()
    assert alpha(page).input_value() == before
    page.get_by_role("button", name="Play").wait_for()
