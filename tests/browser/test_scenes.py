"""The scenes, done by a real browser: in at most two clicks from the start page something happens that teaches."""

import re

import pytest

from core.scenes.registry import SCENES
from tests.browser.conftest import at_rest, ready

pytestmark = pytest.mark.browser

STEP = "window.__panda.lastStep"


@pytest.fixture
def start(context, server):
    """The start page of a new visitor."""
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(server)
    ready(page)
    yield page
    assert errors == []


def open_scene(page, key):
    """The first click."""
    before = page.url
    page.locator(f".st-key-open-{key} button").click()
    page.wait_for_function("url => location.href !== url", arg=before)
    page.get_by_text(SCENES[key].sentence).wait_for()
    ready(page)


def try_this(page):
    """The second click."""
    page.get_by_role("button", name="Try this").click()


def traces(page):
    """The uids of all traces that are drawn with points."""
    return page.evaluate(
        "[...document.querySelectorAll('.js-plotly-plot')].flatMap(p => p._fullData)"
        ".filter(t => t.y && t.y.length).map(t => t.uid)"
    )


def test_the_start_page_is_the_first_scene_ready_to_play(start):
    start.get_by_text(SCENES["spiral"].sentence).wait_for()
    assert start.evaluate("window.__panda.lastSettings.learning_rate") == 0.03
    assert start.locator(".st-key-scenes button").count() == len(SCENES)
    start.get_by_role("button", name="Play").click()
    start.wait_for_function(f"{STEP} > 30")


def test_every_scene_has_its_picture(start):
    pictures = start.evaluate(
        "[...document.querySelectorAll('.st-key-scenes button')].map(b => getComputedStyle(b).backgroundImage)"
    )
    assert len(set(pictures)) == len(SCENES)
    for picture in pictures:
        answer = start.request.get(re.search(r'url\("(.*)"\)', picture).group(1))
        assert (answer.status, answer.headers["content-type"]) == (200, "image/webp")


def test_alpha_diverges_in_two_clicks(start):
    open_scene(start, "fast")
    try_this(start)
    start.get_by_role("alert").filter(has_text="Diverged at step").wait_for()
    start.get_by_text(SCENES["fast"].seen).wait_for()


def test_what_beta_does_in_two_clicks(start):
    open_scene(start, "momentum")
    start.get_by_text("Path of two weights").first.wait_for()
    try_this(start)
    start.wait_for_function(f"window.__panda.lastSettings.beta1 === 0.9 && {STEP} > 80")
    start.get_by_text(re.compile(r"Dev loss .* than without it")).first.wait_for()
    start.wait_for_function(
        "[...document.querySelectorAll('.js-plotly-plot')].flatMap(p => p._fullData)"
        ".some(t => t.uid === 'twin' && t.y && t.y.length > 1)"
    )
    assert "path" in traces(start)


def test_batch_norm_rescues_in_two_clicks(start):
    open_scene(start, "batch_norm")
    loss = "Number((document.querySelector('.panda-run-bar').innerText.match(/loss\\s+([\\d.]+)/) ?? [])[1])"
    start.wait_for_function(f"{loss} > 1")
    try_this(start)
    start.wait_for_function(f"{STEP} > 400 && {loss} < 0.7")


def test_softmax_while_training_in_two_clicks(start):
    open_scene(start, "digits")
    start.locator(".panda-card").first.get_by_role("heading", name="Softmax outputs").first.wait_for()
    start.get_by_role("button", name="Play").click()
    start.wait_for_function(f"{STEP} > 20")


def test_what_was_tried_is_undone_or_left_for_the_next_scene_and_nothing_jumps(start):
    open_scene(start, "slow")
    bar = start.locator(".panda-run-bar")
    at = bar.bounding_box()["y"]
    try_this(start)
    start.wait_for_function(f"{STEP} > 130")
    assert start.get_by_role("button", name="Try this").count() == 0
    assert bar.bounding_box()["y"] == at
    start.get_by_role("button", name="Undo").click()
    start.wait_for_function(f"{STEP} === 100 && window.__panda.lastSettings.learning_rate === 0.001")
    start.get_by_role("button", name="Try this").wait_for()
    start.locator(".st-key-scene-next button").click()
    start.get_by_text(SCENES["momentum"].sentence).wait_for()
    start.locator(".st-key-scene-back button").click()
    start.get_by_text(SCENES["slow"].sentence).wait_for()


def test_a_scene_has_an_address_and_is_still_there_after_a_reload(context, server):
    page = context.new_page()
    page.goto(server + "/?scene=momentum")
    ready(page)
    page.wait_for_url("**/?run=*")
    page.reload()
    ready(page)
    page.get_by_text(SCENES["momentum"].sentence).wait_for()
    assert page.evaluate(STEP) == SCENES["momentum"].step


def test_the_race_opens_caviar_ready_to_start(start):
    start.locator(".st-key-open-race button").click()
    start.wait_for_url("**/caviar?search=*")
    start.get_by_text(SCENES["race"].sentence).wait_for()
    at_rest(start)
    start.get_by_role("button", name="Play").click()
    start.locator(".panda-bar dd", has_text="done").wait_for()
    try_this(start)
    start.get_by_text(SCENES["race"].seen).wait_for()
    start.locator(".st-key-scene-back button").click()
    start.get_by_text(SCENES["overfitting"].sentence).wait_for()


def test_back_goes_to_the_run_of_the_scene_before_in_one_press(start):
    first = start.url
    for title in ("slow", "momentum"):
        before = start.evaluate("history.length")
        open_scene(start, title)
        start.wait_for_url("**/?run=*")
        assert start.evaluate("history.length") == before + 1
    start.go_back()
    start.get_by_text(SCENES["slow"].sentence).wait_for()
    start.go_back()
    start.get_by_text(SCENES["spiral"].sentence).wait_for()
    ready(start)
    assert start.url == first
