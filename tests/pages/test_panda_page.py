"""The pages through Streamlit's AppTest: change one control, see its effect on the run."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import UserError
from core.runs import run_file
from core.sessions.commands import Nudge, Read, Step
from core.sessions.run_registry import RUN_SESSIONS
from core.settings.table import SETTINGS, SPEC, Settings
from core.store import key_of, the_store
from pages.common.escape import plain
from pages.panels.panda.open_file import opened_from

PAGES = Path(__file__).parents[2] / "pages"
FRAME = PAGES / "_frame.py"


@pytest.fixture
def app():
    app = AppTest.from_file(FRAME, default_timeout=30)
    app.query_params["dataset"] = "spiral"
    return app.run()


def token_of(app, name="run"):
    held = app.query_params[name]
    return held if isinstance(held, str) else held[0]


def opened_of(app):
    return RUN_SESSIONS.get(token_of(app))


def run_of(app):
    return opened_of(app).run


def turn_to(app, panel):
    """Open one of the panels beside the charts."""
    app.session_state["panel"] = panel
    return app.run()


def button(app, label):
    return next((button for button in app.button if button.label == label), None)


def widget(kind, key):
    """The widget with that key, or the one of that setting: its key ends with a number."""
    return next(w for w in kind if w.key and key in (w.key, w.key.rpartition("-")[0]))


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


def test_a_browser_that_has_not_drawn_a_change_yet_makes_no_nudge(app):
    run = run_of(app)
    stale = app._tree.get_widget_states()
    run.nudge(optimizer="adam", batch_norm=not run.settings.batch_norm)
    for _ in range(3):  # as other controls make it run before the browser has the new values
        app._run(stale)
    assert len(run.journal) == 1


def test_a_control_without_effect_says_so(app):
    assert not any("no effect under gradient descent" in caption.value for caption in app.caption)
    widget(app.selectbox, "setting-optimizer").set_value("sgd").run()
    assert any("no effect under gradient descent" in caption.value for caption in app.caption)


def start_new(app):
    button(app, "Start a new run").click().run()


def test_other_data_start_a_new_run_and_the_old_one_is_a_click_away(app):
    turn_to(app, "New run")
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
    turn_to(app, "New run")
    token = token_of(app)
    widget(app.selectbox, f"spec-{token}-dataset").set_value(dataset).run()
    start_new(app)
    assert not app.exception
    run = run_of(app)
    assert run.spec.dataset == dataset
    run.advance(3)


def test_too_many_classes_are_answered_by_a_sentence_and_the_run_stays(app):
    turn_to(app, "New run")
    token = token_of(app)
    widget(app.number_input, f"spec-{token}-classes").set_value(8).run()
    start_new(app)
    assert "2 to 5" in app.error[0].value
    assert token_of(app) == token


def test_an_emptied_number_of_a_new_run_is_the_runs_own_again(app):
    turn_to(app, "New run")
    for name in ("classes", "examples", "seed"):
        field = widget(app.number_input, f"spec-{token_of(app)}-{name}")
        assert field.proto.default == getattr(run_of(app).spec, name)


def test_layers_can_be_added(app):
    turn_to(app, "New run")
    token = token_of(app)
    widget(app.number_input, f"spec-{token}-16-16").set_value(3).run()
    widget(app.number_input, f"spec-{token}-16-16-2").set_value(5).run()
    start_new(app)
    assert run_of(app).sizes == (2, 16, 16, 5, 3)


def test_an_address_of_a_run_that_is_gone_opens_a_new_one_and_says_so():
    app = AppTest.from_file(FRAME, default_timeout=30)
    app.query_params["run"] = "nothing"
    app.run()
    assert "no run at this address" in app.info[0].value
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


def test_the_journal_lists_what_was_nudged_and_what_came_of_it_and_undoes_it(app):
    turn_to(app, "Journal")
    assert button(app, "Undo the last nudge") is None
    run = run_of(app)
    run.advance(30)
    before, loss = run.fingerprint(), run.evaluate("dev").loss
    run.nudge(learning_rate=0.5)
    run.advance(20)
    app.run()
    assert any("learning rate from 0.1 to 0.5" in text.value for text in app.markdown)
    words = f"dev loss {loss:.4g} → {run.evaluate('dev').loss:.4g} at step 50"
    assert any(caption.value == words for caption in app.caption)
    button(app, "Undo the last nudge").click().run()
    assert not app.exception
    assert run_of(app).fingerprint() == before
    assert button(app, "Undo the last nudge") is None


def test_what_an_undo_left_is_a_branch_that_can_be_named_opened_and_deleted(app):
    turn_to(app, "Journal")
    run = run_of(app)
    run.advance(30)
    run.nudge(learning_rate=0.5)
    run.advance(20)
    left = run.fingerprint()
    app.run()
    button(app, "Undo the last nudge").click().run()
    first, second = the_store().lines(token_of(app))
    widget(app.text_input, f"name-{first.id}").set_value("*too* fast").run()
    assert any(r"\*too\* fast" in text.value for text in app.markdown)
    widget(app.button, f"open-{first.id}").click().run()
    assert run_of(app).fingerprint() == left
    widget(app.button, f"delete-{second.id}").click().run()
    assert [line.id for line in the_store().lines(token_of(app))] == [first.id]
    assert not app.exception


def test_a_note_can_be_written_on_a_nudge(app):
    run = run_of(app)
    run.advance(3)
    run.nudge(learning_rate=0.5)
    turn_to(app, "Journal")
    field = next(area for area in app.text_area if area.label == "Note")
    field.set_value("too *fast*?").run()
    assert run_of(app).journal[0].note == "too *fast*?"
    assert any(text.value == "too *fast*?" for text in app.text)
    assert the_store().journal(opened_of(app).recorder.line)[0]["note"] == "too *fast*?"


def test_a_twin_is_kept_unless_it_is_switched_off_which_lasts_for_the_session(app):
    run = run_of(app)
    run.advance(20)
    run.nudge(learning_rate=0.5)
    run.advance(10)
    assert run.twin.fingerprint() == run.make_twin().fingerprint()
    assert the_store().find(token_of(app)).twins
    turn_to(app, "Journal")
    widget(app.toggle, "twins").set_value(False).run()
    assert run_of(app).twin is None
    turn_to(app, "New run")
    button(app, "Start a new run").click().run()
    assert run_of(app) is not run
    assert not run_of(app).twins
    turn_to(app, "Journal")
    widget(app.toggle, "twins").set_value(True).run()
    assert run_of(app).twins


def test_an_undo_says_that_it_paused_and_what_stays(app):
    run = run_of(app)
    run.advance(1200)
    run.nudge(learning_rate=0.5)
    run.advance(20)
    turn_to(app, "Journal")
    assert any("goes back to step 1,200 and pauses" in text.value for text in app.caption)
    button(app, "Undo the last nudge").click().run()
    said = "The run is paused, back at step 1,200; the 20 steps after it stay as a branch."
    assert any(said in toast.value for toast in app.toast)


def test_one_button_resets_all_settings_in_one_nudge(app):
    run = run_of(app)
    for changes in ({"learning_rate": 0.5}, {"batch_norm": not run.settings.batch_norm}, {"batch_size": 8}):
        run.nudge(**changes)
    before = len(run.journal)
    button(app, "Reset all settings").click().run()
    assert not app.exception
    assert run_of(app).settings == Settings()
    assert len(run.journal) == before + 1
    assert run.twin.settings.learning_rate == 0.5


def test_a_new_run_says_what_it_keeps_and_offers_the_defaults(app):
    run_of(app).nudge(**(vars(Settings()) | {"learning_rate": 0.5, "batch_size": 8}))
    turn_to(app, "New run")
    choice = next(one for one in app.radio if one.label == "Settings of the new run")
    assert choice.options == [f"Keep {plain('α 0.5, m 8')}", "All settings at their defaults"]
    button(app, "Start a new run").click().run()
    assert (run_of(app).step, run_of(app).settings.learning_rate) == (0, 0.5)
    choice = next(one for one in app.radio if one.label == "Settings of the new run")
    choice.set_value("defaults").run()
    button(app, "Start a new run").click().run()
    assert run_of(app).settings == Settings()


def test_luck_or_nudge_needs_steps_after_the_nudge(app):
    run = run_of(app)
    run.advance(20)
    run.nudge(learning_rate=0.5)
    turn_to(app, "Journal")
    button(app, "Luck or nudge?").click().run()
    assert not app.exception
    assert run.seed_test is None
    assert "step" in app.toast[0].value
    run.advance(10)
    app.run()
    button(app, "Luck or nudge?").click().run()
    assert run.seed_test.target == 30
    button(app, "Dismiss").click().run()
    assert run.seed_test is None


def test_the_links_lead_to_the_run_and_to_its_settings(app):
    run_of(app).nudge(optimizer="adam", learning_rate=0.003)
    turn_to(app, "Share")
    assert not app.exception
    link, settings = (parse_qs(urlsplit(code.value).query) for code in app.code)
    assert link == {"run": [token_of(app)]}
    other = AppTest.from_file(FRAME, default_timeout=30)
    for name, (value,) in settings.items():
        other.query_params[name] = value
    other.run()
    assert (run_of(other).spec, run_of(other).settings) == (run_of(app).spec, run_of(app).settings)
    assert token_of(other) != token_of(app)


def test_files_are_named_after_the_run(app, monkeypatch):
    files = []
    monkeypatch.setattr("streamlit.download_button", lambda label, make, file, *rest, **more: files.append(file))
    app.session_state["panel"] = "Share"
    app.run()
    assert "spiral-16-16-weights.npz" in files
    run_of(app).advance(1)
    opened_of(app).do(Nudge({"learning_rate": 0.02}))
    owner = app.session_state["owner"]
    the_store().rename(token_of(app), owner, "my best: run").result()
    files.clear()
    app.run()
    assert not app.exception
    assert {"my-best-run-weights.npz", "my-best-run.panda.json"} <= set(files)


def test_an_error_of_a_new_run_is_shown_as_text(app, monkeypatch):
    def refuse(*ignored):
        raise UserError("*no* :material/home: $x$")

    turn_to(app, "New run")
    monkeypatch.setattr("pages.panels.panda.new_run.start", refuse)
    button(app, "Start a new run").click().run()
    assert app.error[0].value == plain("*no* :material/home: $x$")


@pytest.mark.parametrize(
    ("name", "value"),
    [("learning_rate", "NaN"), ("learning_rate", "9" * 5000), ("hidden", "0"), ("dataset", "../etc"), ("seed", "-1")],
)
def test_a_link_with_a_wrong_value_is_answered_by_a_sentence(name, value):
    app = AppTest.from_file(FRAME, default_timeout=30)
    app.query_params[name] = value
    app.run()
    assert not app.exception
    assert "cannot be" in app.error[0].value
    assert run_of(app).step == 0


def test_the_link_shows_the_run_to_others_who_can_only_branch_it(app):
    run = run_of(app)
    run.advance(25)
    run.nudge(learning_rate=0.5)
    guest = AppTest.from_file(FRAME, default_timeout=30)
    guest.query_params["run"] = token_of(app)
    guest.run()
    assert not guest.exception
    assert "somebody else's" in guest.info[0].value
    assert all(w.disabled for w in [*guest.toggle, *guest.selectbox] if w.key.startswith("setting-"))
    turn_to(guest, "Journal")
    assert button(guest, "Undo the last nudge") is None
    button(guest, "Make a branch").click().run()
    assert token_of(guest) != token_of(app)
    assert run_of(guest).fingerprint() == run.fingerprint()
    run_of(guest).advance(5)
    assert run.step == 25
    assert not guest.info


def shown(app):
    """All that is on the page as a person reads it."""
    kinds = ("code", "markdown", "caption", "info", "text_input")
    return "\n".join(str(one.value) for kind in kinds for one in app.get(kind))


def test_without_a_cookie_neither_the_address_nor_the_page_holds_the_key_until_it_is_asked_for(app):
    key = key_of(app.session_state["owner"], token_of(app))
    turn_to(app, "Share")
    assert set(app.query_params) == {"run"}
    assert key not in shown(app)
    assert f"?run={token_of(app)}" in shown(app)
    widget(app.button, "continue-run").click().run()
    assert f"?run={token_of(app)}&key={key}" in app.code[-1].value
    assert set(app.query_params) == {"run"}
    app.run()
    assert key not in shown(app)


def test_the_link_to_continue_elsewhere_drives_and_does_not_stay_in_the_address(app):
    second = AppTest.from_file(FRAME, default_timeout=30)
    second.query_params["run"] = token_of(app)
    second.query_params["key"] = key_of(app.session_state["owner"], token_of(app))
    second.run()
    for _ in range(3):
        assert not second.info
        assert not any(w.disabled for w in second.toggle)
        assert set(second.query_params) == {"run"}
        second.run()
    turn_to(second, "Share")
    assert any("until this page is reloaded" in caption.value for caption in second.caption)


@pytest.mark.parametrize("key", ["", "0" * 32, "x" * 5000, "run", "é"])
def test_a_key_that_is_none_only_watches_and_does_not_stay_in_the_address_either(app, key):
    second = AppTest.from_file(FRAME, default_timeout=30)
    second.query_params["run"], second.query_params["key"] = token_of(app), key
    second.run()
    assert "somebody else's" in second.info[0].value
    assert set(second.query_params) == {"run"}
    turn_to(second, "Share")
    assert not [one for one in second.button if one.key == "continue-run"]


def test_a_run_reopens_after_the_server_has_gone(app):
    opened = opened_of(app)
    opened.do(Step(40))
    while opened.busy:
        opened.train(None, 1.0)
    opened.do(Nudge({"learning_rate": 0.02}))
    RUN_SESSIONS.close(opened.token)
    app.run()
    assert opened_of(app) is not opened
    opened_of(app).do(Read(lambda it: None))
    assert run_of(app).fingerprint() == opened.run.fingerprint()


def test_a_file_opens_as_a_run_and_its_fingerprint_is_checked(app):
    run = run_of(app)
    run.advance(30)
    run.nudge(optimizer="adam")
    run.advance(10)
    data = run_file.dump(run)
    again = opened_from(data, "run.json")
    again.do(Read(lambda it: None))
    assert again.run.fingerprint() == run.fingerprint()
    assert "agrees" in again.said
    changed = json.loads(data) | {"step": 41}
    other = opened_from(json.dumps(changed).encode(), "run.json")
    other.do(Read(lambda it: None))
    assert "differs" in other.said
    elsewhere = opened_from(json.dumps(changed | {"machine": "numpy 2 other"}).encode(), "run.json")
    elsewhere.do(Read(lambda it: None))
    assert elsewhere.said.startswith("This file was made on another kind of processor or with another numpy (numpy 2 ")


def test_no_page_shows_an_error_as_markdown():
    """`str(error)` may quote what a person typed, so it always goes through `plain`."""
    for path in PAGES.rglob("*.py"):
        assert not re.search(r"st\.\w+\(str\(", path.read_text("utf-8")), path.name


def test_a_drag_in_the_journal_has_its_first_and_its_last_step(app):
    opened_of(app).do(Step(20))
    opened_of(app).train("me", 5.0)
    opened_of(app).do(Nudge({"learning_rate": 0.2}, gesture=7))
    opened_of(app).do(Step(3))
    opened_of(app).train("me", 5.0)
    opened_of(app).do(Nudge({"learning_rate": 0.3}, gesture=7))
    turn_to(app, "Journal")
    assert any("**Step 20, moved until 23**" in block.value for block in app.markdown)
