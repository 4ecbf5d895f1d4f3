"""What a person does on the Panda page, done by a real browser."""

import re

import pytest

from tests.browser.conftest import choose, ready, serving

pytestmark = pytest.mark.browser

STEP = "window.__panda.lastStep"


def step(page):
    return page.evaluate(STEP)


def play_to(page, at_least):
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(f"{STEP} >= {at_least}")
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Play").wait_for()
    return settled(page)


def settled(page):
    """The step once two looks half a second apart agree."""
    before = -1
    while before != step(page):
        before = step(page)
        page.wait_for_timeout(500)
    return before


def readout(page, label):
    """The number beside a label of the bar."""
    text = page.locator(".panda-run-bar").inner_text()
    return re.search(rf"{label}\s+([\d.,]+)", text).group(1)


def alpha(page):
    return page.get_by_role("spinbutton", name=re.compile("learning rate")).or_(
        page.get_by_role("textbox", name=re.compile("learning rate"))
    )


def curve(page, uid):
    """The y values that plotly draws for a trace."""
    script = """uid => {
      for (const plot of document.querySelectorAll('.js-plotly-plot'))
        for (const trace of plot._fullData) if (trace.uid === uid) return Array.from(trace.y);
      return null }"""
    return page.evaluate(script, uid)


def test_play_trains_the_loss_falls_and_pause_holds(page):
    at = play_to(page, 300)
    assert step(page) == at
    average = [y for y in curve(page, "average") if y is not None]
    assert average[-1] < 0.5 * average[0]
    assert float(readout(page, "dev").replace(",", "")) > 60


def test_a_nudge_is_marked_takes_effect_and_says_since_when(page):
    at = play_to(page, 100)
    alpha(page).fill("0.02")
    alpha(page).press("Enter")
    page.wait_for_function("window.__panda.lastSettings.learning_rate === 0.02")
    page.get_by_text(f"since step {at:,}").first.wait_for()
    page.locator(".js-plotly-plot").first.get_by_text("α 0.02").wait_for()


def test_a_drag_is_felt_while_it_moves(page):
    page.evaluate(
        "window.seen = new Set();"
        "document.addEventListener('panda-frame', e => seen.add(e.detail.settings.learning_rate))"
    )
    page.get_by_role("button", name="Play").click()
    box = page.get_by_role("slider", name=re.compile("learning rate")).bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.7, middle)
    page.mouse.down()
    for i in range(30):
        page.mouse.move(box["x"] + box["width"] * (0.7 - i * 0.01), middle)
        page.wait_for_timeout(40)
    during = page.evaluate("seen.size")
    page.mouse.up()
    assert during >= 5


def test_out_of_range_is_answered_by_a_sentence_with_the_range(page):
    before = page.evaluate("window.__panda.lastSettings.learning_rate")
    alpha(page).fill("99")
    alpha(page).press("Enter")
    sentence = page.get_by_role("alert").filter(has_text="10").first
    sentence.wait_for()
    assert page.evaluate("window.__panda.lastSettings.learning_rate") == before


def test_one_step_and_one_epoch(page):
    page.get_by_role("button", name=re.compile("^(One )?[Ss]tep$")).click()
    page.wait_for_function(f"{STEP} === 1")
    page.get_by_role("button", name=re.compile("[Ee]poch$")).click()
    page.wait_for_function(f"{STEP} === 10")
    assert settled(page) == 10


def test_speed_and_stopping_step(page):
    page.get_by_role("combobox", name=re.compile("[Ss]peed")).select_option(label="full speed")
    stop = page.get_by_label(re.compile("[Ss]top at step"))
    stop.fill("1500")
    stop.press("Enter")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(f"{STEP} === 1500")
    page.get_by_role("button", name="Play").wait_for()
    assert settled(page) == 1500


def test_restart_is_a_new_run_with_the_same_weights_and_new_weights_differ(page):
    first = page.locator(".panda-run-bar").inner_text()
    at = play_to(page, 60)
    page.get_by_role("button", name="Restart").click()
    page.wait_for_function(f"{STEP} === 0")
    assert page.locator(".panda-run-bar").inner_text() == first
    page.get_by_role("button", name="New weights").click()
    page.wait_for_function("n => document.querySelector('.panda-run-bar').innerText !== n", arg=first)
    page.get_by_role("tab", name="New run").click()
    page.get_by_role("button", name=re.compile(f"Back to spiral.* step {at}$")).wait_for()


def test_the_keyboard_plays_pauses_and_turns_a_dial(page):
    page.keyboard.press("Space")
    page.wait_for_function(f"{STEP} > 20")
    page.keyboard.press("Space")
    at = settled(page)
    dial = page.get_by_role("slider", name=re.compile("learning rate"))
    dial.focus()
    dial.press("ArrowLeft")
    page.wait_for_function("window.__panda.lastSettings.learning_rate < 0.1")
    assert page.evaluate("window.__panda.lastSettings.learning_rate") > 0.05
    assert step(page) == at


def test_mini_batches_of_one_under_batch_norm_are_explained(page):
    size = page.get_by_role("spinbutton", name=re.compile("mini-batch")).or_(
        page.get_by_role("textbox", name=re.compile("mini-batch"))
    )
    size.fill("1")
    size.press("Enter")
    page.get_by_text("The hidden weights learn nothing").wait_for()


def test_a_nudge_appears_in_the_journal_and_is_undone_with_one_click(page):
    at = play_to(page, 60)
    page.get_by_role("tab", name="Journal").click()
    page.get_by_text("No nudges yet").wait_for()
    page.get_by_role("tab", name="Settings").click()
    alpha(page).fill("0.02")
    alpha(page).press("Enter")
    page.wait_for_function("window.__panda.lastSettings.learning_rate === 0.02")
    play_to(page, at + 30)
    page.get_by_role("tab", name="Journal").click()
    page.get_by_text("learning rate from 0.1 to 0.02").first.wait_for()
    page.get_by_role("button", name="Undo the last nudge").click()
    page.wait_for_function(f"{STEP} === {at} && window.__panda.lastSettings.learning_rate === 0.1")
    page.get_by_text("No nudges yet").wait_for()


def test_batch_norm_switch_and_optimizer_nudge_the_run(page):
    at = play_to(page, 50)
    page.locator("label").get_by_text("Batch norm", exact=True).click()
    page.wait_for_function("window.__panda.lastSettings.batch_norm === false")
    choose(page, "Optimizer", "Adam")
    page.wait_for_function("window.__panda.lastSettings.optimizer === 'adam'")
    page.get_by_text(f"since step {at:,}").first.wait_for()


def test_zoom_survives_the_next_frames(page):
    play_to(page, 100)
    plot = page.locator(".js-plotly-plot").first
    box = plot.locator(".nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    page.wait_for_timeout(500)
    ranges = "document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range.join()"
    zoomed = page.evaluate(ranges)
    play_to(page, 400)
    assert page.evaluate(ranges) == zoomed


def test_page_left_and_come_back_reload_and_second_tab_find_the_run(page, context):
    at = play_to(page, 100)
    alpha(page).fill("0.03")
    alpha(page).press("Enter")
    page.wait_for_function("window.__panda.lastSettings.learning_rate === 0.03")
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("heading", name="Settings").wait_for()
    page.get_by_role("link", name="Panda").click()
    page.wait_for_url("**/?run=*")
    page.wait_for_function(f"window.__panda.lastStep === {at}")
    page.reload()
    ready(page)
    page.wait_for_function(f"window.__panda.lastStep === {at} && window.__panda.lastSettings.learning_rate === 0.03")
    second = context.new_page()
    second.goto(page.url)
    ready(second)
    assert second.evaluate(STEP) == at
    play_to(second, at + 50)
    page.wait_for_function(f"{STEP} >= {at + 50}")


def test_a_page_left_for_a_moment_shows_what_came_meanwhile(page, context):
    second = context.new_page()
    second.goto(page.url)
    ready(second)
    page.get_by_role("link", name="Settings").click()
    page.locator(".panda-run-bar").wait_for(state="hidden")
    second.get_by_role("button", name="Step", exact=True).click()  # while the first tab's channel is still open
    second.wait_for_function(f"{STEP} === 1")
    page.get_by_role("link", name="Panda").click()
    page.wait_for_function("document.querySelector('.panda-run-bar dd')?.textContent === '1'")


def test_a_nudge_in_another_tab_moves_this_tabs_widgets(page, context):
    second = context.new_page()
    second.goto(page.url)
    ready(second)
    choose(second, "Optimizer", "RMSprop")
    page.bring_to_front()
    page.get_by_role("combobox", name="Optimizer").filter(has_text="RMSprop").or_(
        page.get_by_text("RMSprop", exact=True)
    ).first.wait_for()


def test_digits_in_a_new_run_and_back_to_the_old_one(page):
    at = play_to(page, 60)
    page.get_by_role("tab", name="New run").click()
    choose(page, "Data", "digits")
    page.get_by_label("Units 1").wait_for()
    page.get_by_role("button", name="Start a new run").click()
    page.wait_for_function(f"{STEP} === 0")
    page.get_by_text("Confusion matrix").first.wait_for()
    play_to(page, 200)
    page.get_by_role("tab", name="New run").click()
    page.get_by_role("button", name=re.compile("Back to spiral")).click()
    page.wait_for_function(f"{STEP} === {at}")


@pytest.mark.parametrize(("path", "words"), [("/", "New run"), ("/runs", "Runs"), ("/settings", "momentum β")])
def test_each_address_opened_first_on_a_fresh_server_shows_the_page_in_its_frame(chromium, context, path, words):
    with serving() as address:
        page = context.new_page()
        page.goto(address + path)
        page.get_by_text(words).first.wait_for()
        for name in ("Panda", "Runs", "Settings"):
            page.get_by_role("link", name=name, exact=True).wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_phone(chromium, server, scheme):
    context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    page.goto(server + "/?embed=true")
    ready(page)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
    wide = """() => {
      const over = (inside) => inside.filter((one) => one.getBoundingClientRect().right > 391).length;
      const parts = [...document.querySelectorAll('.panda-part *')].filter((one) => !one.closest('.panda-card'));
      return over(parts) + [...document.querySelectorAll('.panda-card')].reduce((sum, card) => {
        card.scrollIntoView({ inline: 'start', behavior: 'instant' }); // the charts lie in a row
        return sum + over([card, ...card.querySelectorAll('*')]);
      }, 0);
    }"""
    assert page.evaluate(wide) == 0
    context.close()


def show_chart(page, name):
    page.get_by_test_id("stButtonGroup").get_by_role("button", name=name, exact=True).click()


PAINTED = """() => { const canvas = document.querySelector('canvas.panda-network');
  if (!canvas || !canvas.width) return 0;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const inks = new Set();
  for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200) inks.add(data.slice(at, at + 3).join());
  return inks.size }"""


def test_the_network_is_drawn_and_says_the_numbers_of_a_unit_and_of_a_line(page):
    show_chart(page, "Network")
    page.wait_for_function(f"({PAINTED})() > 20")
    play_to(page, 60)
    canvas = page.locator("canvas.panda-network")
    canvas.scroll_into_view_if_needed()
    box, said = canvas.bounding_box(), page.locator(".panda-network-tip")
    assert not said.is_visible()
    line = words_at(page, box, said, r"x\d to layer 1, unit \d+\nweight -?[\d.e-]+$")
    unit = words_at(page, box, said, r"layer 1, unit \d+\nmean [\d.e-]+, deviation [\d.e-]+\nγ [-\d.e]+, β [-\d.e]+")
    assert line != unit
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    said.wait_for(state="hidden")


def test_the_network_is_larger_on_the_whole_screen(page):
    show_chart(page, "Network")
    page.wait_for_function(f"({PAINTED})() > 20")
    scale = "document.querySelector('canvas.panda-network').getContext('2d').getTransform().a"
    assert page.evaluate(scale) == 1
    page.get_by_role("button", name="Full screen: Network").click()
    page.wait_for_function(f"{scale} > 1.5 && ({PAINTED})() > 20")
    page.keyboard.press("Escape")
    page.wait_for_function(f"{scale} === 1")


def words_at(page, box, said, wanted):
    """What is said where a pointer that moves over the picture first meets something with words like `wanted`."""
    for across in range(8, 60):
        page.mouse.move(box["x"] + across / 100 * box["width"], box["y"] + 0.52 * box["height"])
        if said.is_visible() and re.match(wanted, said.inner_text()):
            return said.inner_text()
    raise AssertionError(f"nothing says {wanted!r}")


def test_histograms_move_while_a_run_trains(page):
    show_chart(page, "Histograms of z and a")
    page.locator('[data-chart="histograms"] .main-svg').first.wait_for(state="attached")
    before = curve(page, "z1")
    play_to(page, 100)
    assert len(before) == len(curve(page, "z1")) > 20
    assert curve(page, "z1") != before
