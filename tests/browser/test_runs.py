"""Runs that can be undone, compared, branched, shared and found again, done by a real browser."""

import re

import pytest

from tests.browser.conftest import at_rest, free_port, ready, started
from tests.browser.test_panda import STEP, alpha, curve, play_to, settled, step

pytestmark = pytest.mark.browser


def nudge(page, value):
    turn_to(page, "Settings")
    alpha(page).fill(str(value))
    alpha(page).press("Enter")
    page.wait_for_function(f"window.__panda.lastSettings.learning_rate === {value}")


def turn_to(page, panel):
    page.get_by_role("tab", name=panel).click()
    at_rest(page)


def look_back(page, pages):
    """Move the timeline's thumb back by so many tenths of the run."""
    thumb = page.get_by_role("slider", name="Step to look at")
    thumb.focus()
    for _ in range(pages):
        thumb.press("PageDown")
    page.get_by_text("The run as it was at step").first.wait_for()
    return settled(page)


def test_twin_undo_rewind_branch_and_all_of_it_after_a_reload(page):
    at = play_to(page, 150)
    turn_to(page, "Journal")
    nudge(page, 0.005)
    play_to(page, at + 150)

    page.wait_for_function("document.querySelector('.js-plotly-plot')._fullData.some(t => t.uid === 'twin_dev')")
    page.wait_for_function(f"{STEP} > {at}")
    twin, dev = curve(page, "twin_dev"), curve(page, "dev")
    assert len(twin) > 10
    assert twin[-1] != dev[-1]
    turn_to(page, "Journal")
    page.get_by_text(re.compile(r"Dev loss .* than without it, after")).wait_for()

    end = step(page)
    page.get_by_role("button", name="Undo the last nudge").click()
    page.wait_for_function(f"{STEP} === {at}")
    page.get_by_text("the original run", exact=True).wait_for()
    drawn = "(trace => trace.uid === 'dev' && trace.y && trace.y.length > 10)"  # anew, without the twin
    page.wait_for_function(f"document.querySelector('.js-plotly-plot')._fullData.some{drawn}")
    page.get_by_text(f"from step {at:,}, without a nudge").first.wait_for()

    play_to(page, at + 100)
    back = look_back(page, 6)
    assert back < at
    nudge(page, 0.3)
    page.get_by_text("The run as it was at step").first.wait_for(state="hidden")
    assert step(page) == back
    turn_to(page, "Journal")
    page.get_by_text(f"from step {back:,}: α 0.3").first.wait_for()

    page.reload()
    ready(page)
    turn_to(page, "Journal")
    for words in ("the original run", f"from step {at:,}, without a nudge", f"from step {back:,}: α 0.3"):
        page.get_by_text(words, exact=words == "the original run").first.wait_for()
    page.get_by_text(f"Step {back:,}", exact=True).wait_for()
    page.get_by_text(re.compile(f"^step {end:,} ")).wait_for()
    assert page.evaluate("window.__panda.lastSettings.learning_rate") == 0.3


def test_luck_or_nudge_comes_to_a_verdict(page):
    play_to(page, 60)
    nudge(page, 0.0001)
    play_to(page, 300)
    turn_to(page, "Journal")
    page.get_by_role("button", name="Luck or nudge?").click()
    page.get_by_text(re.compile(r"^Worse: .* 16 of 16 seeds")).wait_for()
    page.get_by_role("heading", name="Luck or nudge?").wait_for()


def test_the_link_lets_others_watch_and_branch(page, chromium):
    play_to(page, 80)
    address = page.url
    assert "key=" not in address
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    guest = context.new_page()
    guest.goto(address)
    guest.get_by_text("You are watching somebody else's run").wait_for()
    guest.wait_for_function(f"window.__panda && {STEP} === {step(page)}")
    assert not guest.get_by_role("button", name="Play").is_visible()
    page.get_by_role("button", name="Step", exact=True).click()
    page.wait_for_function(f"{STEP} > 80")
    guest.wait_for_function(f"{STEP} === {settled(page)}")
    guest.get_by_role("button", name="Make a branch").click()
    guest.wait_for_url(lambda url: url != address)
    ready(guest)
    at = step(page)
    play_to(guest, at + 50)
    assert step(page) == at
    context.close()


def test_after_a_kill_the_same_link_shows_the_run_paused_with_every_nudge(context, tmp_path):
    port, store = free_port(), tmp_path / "panda.db"
    process = started(port, store)
    try:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}")
        ready(page)
        play_to(page, 120)
        nudge(page, 0.02)
        play_to(page, 240)
        at = step(page)
        process.kill()
        process.wait(10)
        page.get_by_text("Connection lost").wait_for()
        process = started(port, store)
        page.get_by_text("Connection lost").wait_for(state="hidden", timeout=30_000)
        page.wait_for_function(f"{STEP} === {at}")
        page.reload()
        ready(page)
        page.wait_for_function(f"{STEP} === {at}")
        assert page.evaluate("window.__panda.lastSettings.learning_rate") == 0.02
        page.get_by_role("link", name="Runs", exact=True).click()
        page.get_by_text("A spiral", exact=True).first.wait_for()
    finally:
        process.terminate()
        process.wait(10)


def test_a_run_is_saved_as_a_file_and_opened_again(page):
    play_to(page, 90)
    nudge(page, 0.02)
    at = play_to(page, 150)
    turn_to(page, "Share")
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("Run, to open it again")).click()
    file = download.value.path()
    turn_to(page, "New run")
    page.get_by_text("Open a saved run", exact=True).click()
    page.locator("[data-testid=stFileUploaderDropzoneInput]").last.set_input_files(
        {"name": "run.json", "mimeType": "application/json", "buffer": file.read_bytes()}
    )
    page.get_by_role("button", name="Open and replay it").click()
    page.get_by_text(re.compile(f"replayed to step {at}, and its fingerprint agrees")).wait_for()


def test_own_data_are_uploaded_and_learnt(page):
    rows = "\n".join(f"{i % 7},{(i * 3) % 11},{'yes' if i % 7 > 3 else 'no'}" for i in range(200))
    turn_to(page, "New run")
    page.get_by_text("Your own data (CSV)", exact=True).click()
    page.locator("[data-testid=stFileUploaderDropzoneInput]").first.set_input_files(
        {"name": "mine.csv", "mimeType": "text/csv", "buffer": f"a,b,label\n{rows}".encode()}
    )
    page.get_by_role("button", name="Start a new run with this data").click()
    page.get_by_role("button", name=re.compile("Back to spiral")).wait_for()  # the run that is left stands at 0 too
    at_rest(page)
    play_to(page, 150)
    assert min(y for y in curve(page, "dev") if y is not None) < 0.3


def test_a_button_that_brings_a_run_back_shows_one_word_and_says_which(page):
    play_to(page, 60)
    page.get_by_role("link", name="Runs", exact=True).click()
    page.get_by_role("button", name="More about spiral 16-16", exact=True).click()
    page.get_by_text("Delete", exact=True).click()
    undo = page.get_by_role("button", name="Undo deleting spiral 16-16")
    undo.wait_for()
    assert undo.bounding_box()["width"] < 110  # pixels: the name is not shown
    undo.click()
    page.get_by_role("link", name="spiral 16-16").wait_for()
