"""The part that brings one's own data, through Streamlit's AppTest: upload a file, look, choose, start a run."""

import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data.safe_load import clean
from core.data.shelf import SHELF, is_table
from core.runs.run import Run
from core.sessions.run_registry import RUN_SESSIONS
from core.settings.table import RunSpec, Settings
from pages.common import identity as owner
from pages.panels.panda import own_data as part

ROWS = 40
PLAIN = "a,b,kind\n" + "".join(f"{i},{i % 7},{'cat' if i % 3 else 'dog'}\n" for i in range(ROWS))


def page():
    """The part on a page of its own, over the run that is in hand."""
    import streamlit as st

    from core.sessions.run_registry import RUN_SESSIONS
    from pages.common.current_run import run_in_hand
    from pages.panels.panda.own_data import own_data

    token = st.session_state.get("of")
    own_data(RUN_SESSIONS.get(token) if token and "tokens" not in st.session_state else run_in_hand())


@pytest.fixture(autouse=True)
def no_cookie(monkeypatch):
    """AppTest has no browser, and so no cookie."""
    monkeypatch.setattr(owner, "_from_cookie", lambda: None, raising=False)


@pytest.fixture
def opened():
    return RUN_SESSIONS.open(Run(RunSpec(seed=5, activation="tanh"), Settings(learning_rate=0.02)))


@pytest.fixture
def app(opened):
    app = AppTest.from_function(page, default_timeout=30)
    app.session_state["of"] = opened.token
    return app.run()


def upload(app, text, name="mine.csv"):
    data = text if isinstance(text, bytes) else text.encode()
    app.file_uploader[0].set_value((name, data, "text/csv")).run()
    assert not app.exception
    return app


def label_input(app):
    return next(box for box in app.selectbox if box.label == "Label column")


def start_button(app):
    return next((button for button in app.button if button.label == "Start a new run with this data"), None)


def shown(element):
    """Markdown as it is shown, without the signs that escape."""
    return element.value.replace("\\", "").replace("\u2060", "")


def held(app):
    return RUN_SESSIONS.get(app.session_state["tokens"][-1])


def test_at_first_there_is_only_the_uploader(app):
    assert not app.exception
    assert len(app.file_uploader) == 1
    assert "csv" in {name.lstrip(".") for name in app.file_uploader[0].allowed_type}
    assert "At most 5 MB, 50,000 rows, 256 columns of numbers and 20 classes" in app.caption[0].value
    assert not app.dataframe
    assert not app.button


def test_a_file_is_shown_with_its_classes_and_how_many(app):
    upload(app, PLAIN)
    frame = app.dataframe[0].value
    assert list(frame.columns) == ["a", "b", "kind"]
    assert list(frame["kind"]) == ["dog", "cat", "cat", "dog", "cat"]
    assert app.caption[0].value == "The first 5 of 40 rows. The first row names the columns."
    assert label_input(app).value == 2
    assert label_input(app).options == ["a", "b", "kind"]
    assert app.text[0].value == "40 rows, 2 features, 2 classes: cat 26, dog 14"


def test_without_a_row_of_names(app):
    upload(app, PLAIN.split("\n", 1)[1])
    assert list(app.dataframe[0].value.columns) == ["column 1", "column 2", "column 3"]
    assert "It has no row of names" in app.caption[0].value


def test_a_run_starts_with_the_data_as_chosen(app, opened):
    upload(app, PLAIN)
    next(slider for slider in app.slider if slider.label == "Dev share").set_value(0.5)
    next(toggle for toggle in app.toggle if toggle.label == "Normalize inputs").set_value(False)
    next(number for number in app.number_input if number.label == "Units 2").set_value(7).run()
    start_button(app).click().run()
    assert not app.exception
    run = held(app).run
    assert is_table(run.spec.dataset)
    assert run.sizes == (2, 16, 7, 2)
    assert run.spec.dev_share == 0.5
    assert run.spec.normalize is False
    assert (run.spec.seed, run.spec.activation) == (5, "tanh")
    assert run.settings == Settings(learning_rate=0.02, batch_size=20)  # no more than there are to train on
    assert run.data.dev.labels.size == 20
    assert run.data.class_names == ("cat", "dog")
    assert np.array_equal(np.sort(np.concatenate([run.data.train.X[0], run.data.dev.X[0]])), np.arange(ROWS))
    run.advance(20)
    assert run.step == 20


def test_another_label_column(app):
    upload(app, PLAIN.replace("cat", "1").replace("dog", "0"))
    assert app.text[0].value.endswith("2 classes: 0 14, 1 26")
    label_input(app).set_value(1).run()
    assert app.text[0].value.endswith("7 classes: 0 6, 1 6, 2 6, 3 6, 4 6, 5 5, 6 5")
    start_button(app).click().run()
    assert held(app).run.data.feature_names == ("a", "kind")
    label_input(app).set_value(0).run()
    assert "Column 1 (a) has more than 20 different values" in shown(app.error[0])
    assert start_button(app) is None


def test_another_file_is_looked_at_afresh(app):
    upload(app, PLAIN)
    label_input(app).set_value(1).run()
    upload(app, PLAIN.replace("cat", "fox"))
    assert label_input(app).value == 2
    assert app.text[0].value == "40 rows, 2 features, 2 classes: dog 14, fox 26"


def test_many_features_get_a_larger_network(app):
    upload(app, "".join(f"{','.join(str(i * j % 11) for j in range(40))},{i % 2}\n" for i in range(20)))
    start_button(app).click().run()
    assert held(app).run.sizes == (40, 64, 32, 2)


BAD = {
    "": "is empty",
    "a,b\n1,x\n2\n": "Line 3 has 1 cell where line 1 has 2",
    "a,b\n1,x\nq,y\n1,x\n2,y\n": "Line 3, column 1 (a): 'q' is not a number",
    "a,b\n1,x\n,y\n1,x\n2,y\n": "Line 3, column 1 (a): the value is missing",
    "a,b\n1,x\n2,x\n": "the same value in every row",
    "a,b\n1,x\n": "only one row",
    "a,b\n1,größe\n".encode("latin-1"): "line 2",
    b"a,b\n" * 2_000_000: "larger than 5 MB",
}


@pytest.mark.parametrize("data", BAD, ids=BAD.values())
def test_what_is_wrong_is_one_sentence_and_the_open_run_stays(app, opened, data):
    before, runs = opened.run.fingerprint(), len(RUN_SESSIONS)
    upload(app, data)
    assert len(app.error) == 1
    assert BAD[data] in shown(app.error[0])
    assert start_button(app) is None
    assert opened.run.fingerprint() == before
    assert len(RUN_SESSIONS) == runs


TRICKS = ["[x](http://e.com)", "$a$", ":red[x]", "<b>b</b>", "**b**", "`c`", "![i](http://e.com/x.png)", "# h"]


@pytest.mark.parametrize("trick", TRICKS)
def test_names_and_cells_are_shown_as_they_are(app, trick):
    upload(app, f"a,{trick}\n1,x\n2,{trick}\n3,x\n4,{trick}\n")
    assert list(app.dataframe[0].value.columns) == ["a", trick]
    assert label_input(app).options == ["a", trick]  # a list shows plain text
    assert f"{clean(trick, part.SHOWN_NAME)} 2" in app.text[0].value
    assert not app.markdown
    assert not any(trick in caption.value for caption in app.caption)
    upload(app, f"{trick},k\n1,x\n2,y\n{trick},x\n4,y\n")
    assert trick in shown(app.error[0])
    assert not re.search(r"(?<!\\)[\[\]$:<*`!#]", app.error[0].value)


def test_a_file_is_read_once(app, monkeypatch):
    calls = []

    def counted(name):
        real = getattr(part, name)
        monkeypatch.setattr(part, name, lambda *given: calls.append(name) or real(*given))

    counted("read_csv")
    counted("table_of")
    upload(app, PLAIN)
    app.run()
    next(toggle for toggle in app.toggle if toggle.label == "Normalize inputs").set_value(False).run()
    assert calls == ["read_csv", "table_of"]
    label_input(app).set_value(1).run()
    assert calls == ["read_csv", "table_of", "table_of"]
    upload(app, PLAIN)
    assert calls.count("read_csv") == 2
    upload(app, "")
    app.run()
    assert calls.count("read_csv") == 3


def test_a_file_that_is_taken_away_is_forgotten(app):
    upload(app, PLAIN)
    assert all(name in app.session_state for name in part.KEPT)
    app.file_uploader[0].clear().run()
    assert not app.dataframe
    assert not any(name in app.session_state for name in part.KEPT)


def test_an_error_keeps_nothing_of_the_file(app):
    upload(app, "a,b\n1\n")
    _, error = app.session_state["own-sheet"]
    assert error.__traceback__ is None
    assert error.__context__ is None


def test_the_same_file_twice_is_one_table(app):
    for _ in range(2):
        upload(app, PLAIN)
        start_button(app).click().run()
    first, second = (RUN_SESSIONS.get(token).run for token in app.session_state["tokens"][-2:])
    assert first is not second
    assert first.spec.dataset == second.spec.dataset
    assert first.data is second.data
    assert SHELF.get(first.spec.dataset).counts == {"cat": 26, "dog": 14}
