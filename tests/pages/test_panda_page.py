"""The pages through Streamlit's AppTest: change one control, see its effect on the run."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.open_runs import OPEN_RUNS
from core.settings import SETTINGS, SPEC

PAGES = Path(__file__).parents[2] / "pages"
FRAME = PAGES / "_frame.py"


@pytest.fixture
def app():
    return AppTest.from_file(FRAME, default_timeout=30).run()


def token_of(app):
    held = app.query_params["run"]
    return held if isinstance(held, str) else held[0]


def run_of(app):
    return OPEN_RUNS.get(token_of(app)).run


def widget(kind, key):
    return next(w for w in kind if w.key == key)


def test_it_opens_on_a_spiral_ready_to_play(app):
    assert not app.exception
    run = run_of(app)
    assert (run.spec.dataset, run.sizes, run.step) == ("spiral", (2, 16, 16, 3), 0)


@pytest.mark.parametrize("field", [f for f in SETTINGS if f.scale in ("choice", "switch")], ids=lambda f: f.name)
def test_every_native_control_nudges_its_setting(app, field):
    run = run_of(app)
    before = getattr(run.settings, field.name)
    if field.scale == "switch":
        widget(app.toggle, f"setting-{field.name}").set_value(not before).run()
        wanted = not before
    else:
        wanted = next(choice for choice in field.choices if choice != before)
        widget(app.selectbox, f"setting-{field.name}").set_value(wanted).run()
    assert not app.exception
    assert getattr(run.settings, field.name) == wanted
    assert len(run.journal) == 1


def test_controls_follow_a_nudge_made_elsewhere(app):
    run_of(app).nudge(optimizer="adam", batch_norm=False)
    app.run()
    assert widget(app.selectbox, "setting-optimizer").value == "adam"
    assert widget(app.toggle, "setting-batch_norm").value is False
    assert len(run_of(app).journal) == 1


def test_a_control_without_effect_says_so(app):
    assert not any("no effect under gradient descent" in caption.value for caption in app.caption)
    widget(app.selectbox, "setting-optimizer").set_value("sgd").run()
    assert any("no effect under gradient descent" in caption.value for caption in app.caption)


def start_new(app):
    next(button for button in app.button if button.label == "Start a new run").click().run()


def test_other_data_start_a_new_run_and_the_old_one_is_a_click_away(app):
    old = run_of(app)
    old.advance(7)
    token = token_of(app)
    widget(app.selectbox, f"spec-{token}-dataset").set_value("digits").run()
    start_new(app)
    assert run_of(app).sizes == (64, 64, 32, 10)
    back = next(button for button in app.button if button.label.startswith("Back to spiral"))
    assert "step 7" in back.label
    back.click().run()
    assert run_of(app) is old


@pytest.mark.parametrize("dataset", [*SPEC[0].choices])
def test_every_data_set_opens_with_its_own_network(app, dataset):
    token = token_of(app)
    widget(app.selectbox, f"spec-{token}-dataset").set_value(dataset).run()
    start_new(app)
    assert not app.exception
    run = run_of(app)
    assert run.spec.dataset == dataset
    run.advance(3)


def test_too_many_classes_are_answered_by_a_sentence_and_the_run_stays(app):
    token = token_of(app)
    widget(app.number_input, f"spec-{token}-classes").set_value(8).run()
    start_new(app)
    assert "2 to 5" in app.error[0].value
    assert token_of(app) == token


def test_layers_can_be_added(app):
    token = token_of(app)
    widget(app.number_input, f"spec-{token}-16-16").set_value(3).run()
    widget(app.number_input, f"spec-{token}-16-16-2").set_value(5).run()
    start_new(app)
    assert run_of(app).sizes == (2, 16, 16, 5, 3)


def test_an_address_of_a_run_that_is_gone_opens_a_new_one_and_says_so():
    app = AppTest.from_file(FRAME, default_timeout=30)
    app.query_params["run"] = "nothing"
    app.run()
    assert "no longer open" in app.info[0].value
    assert run_of(app).step == 0


def test_a_second_tab_finds_the_run_as_it_is(app):
    run_of(app).advance(11)
    second = AppTest.from_file(FRAME, default_timeout=30)
    second.query_params["run"] = token_of(app)
    second.run()
    assert run_of(second) is run_of(app)


def test_the_reference_page_lists_every_setting():
    app = AppTest.from_file(PAGES / "settings.py", default_timeout=30).run()
    assert not app.exception
    named = [name for table in app.table for name in table.value["Name in code"]]
    assert named == [field.name for field in (*SETTINGS, *SPEC)]


def undo_button(app):
    return next((button for button in app.button if button.label == "Undo the last nudge"), None)


def test_the_journal_lists_what_was_nudged_and_what_came_of_it_and_undoes_it(app):
    assert undo_button(app) is None
    run = run_of(app)
    run.advance(30)
    before, loss = run.fingerprint(), run.evaluate("dev").loss
    run.nudge(learning_rate=0.5)
    run.advance(20)
    app.run()
    assert any("learning rate from 0.1 to 0.5" in text.value for text in app.markdown)
    words = f"dev loss {loss:.4g} → {run.evaluate('dev').loss:.4g} at step 50"
    assert any(caption.value == words for caption in app.caption)
    undo_button(app).click().run()
    assert not app.exception
    assert run.fingerprint() == before
    assert undo_button(app) is None
