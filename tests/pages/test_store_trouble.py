"""Whatever is wrong with the store, every page says so in a sentence, and nobody reads a traceback."""

import shutil
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import UserError
from core.sessions.run_registry import RUN_SESSIONS
from core.sessions.search_registry import SEARCH_SESSIONS
from core.store import file, the_store
from pages.common.sentences import said

FRAME = Path(__file__).parents[2] / "pages" / "_frame.py"
PAGES = ["panda.py", "caviar.py", "scales.py", "batch_norm.py", "softmax.py", "runs.py", "settings.py"]
WRITE = ("panda.py", "caviar.py")  # pages that make something new for who comes first
READ = (*WRITE, "runs.py")


@pytest.fixture
def path(tmp_path, monkeypatch):
    """The file of a store of this test's own, whose patience with other programs is short."""
    monkeypatch.setenv("PANDA_DB", str(tmp_path / "panda.db"))
    monkeypatch.setattr(file, "BUSY_SECONDS", 0.2)
    store = the_store()
    yield store.path
    RUN_SESSIONS.close_all()
    SEARCH_SESSIONS.close_all()
    store.close()


def opened(page, **session):
    """A new visitor's page; `session` says which tab is open."""
    app = AppTest.from_file(FRAME, default_timeout=60)
    for key, value in session.items():
        app.session_state[key.replace("_", "-")] = value
    return app.switch_page(str(FRAME.with_name(page))).run() if page != PAGES[0] else app.run()


def click(app, label):
    next(one for one in app.button if one.label == label).click().run()


def errors(app):
    assert not app.exception, [one.value for one in app.exception]
    return [one.value.replace("\\", "") for one in app.error]


@contextmanager
def locked(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def failing(code, reads=False):
    """Every write, and perhaps every read, ends in an error of SQLite's."""

    def broken(*_):
        error = sqlite3.OperationalError("an error of the disk")
        error.sqlite_errorcode = code
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file, "_carried_out", broken)
        if reads:
            patch.setattr(file.File, "_reader", broken)
        yield


def full(path):
    return failing(sqlite3.SQLITE_FULL)


def read_only(path):
    return failing(sqlite3.SQLITE_READONLY)


def broken(path):
    return failing(sqlite3.SQLITE_IOERR, reads=True)


@contextmanager
def gone(path):
    path.rename(path.with_name("moved.db"))
    yield
    path.with_name("moved.db").rename(path)


@contextmanager
def replaced(path):
    shutil.copy(path, path.with_name("copy.db"))
    path.rename(path.with_name("moved.db"))
    path.with_name("copy.db").rename(path)
    yield
    path.with_name("moved.db").rename(path)


WORDS = {
    locked: "Another program has locked",
    full: "The disk is full",
    read_only: "is read-only",
    broken: "The disk fails or is full",
    gone: "is gone",
    replaced: "was replaced",
}
each = pytest.mark.parametrize("fault", WORDS, ids=lambda fault: fault.__name__)


@each
@pytest.mark.parametrize("page", PAGES)
def test_a_new_visitor_reads_a_sentence(path, fault, page):
    with fault(path):
        found = errors(opened(page))
    everywhere = fault in (gone, replaced)
    asked = READ if fault is broken else WRITE
    assert len(found) == (everywhere or page in asked)
    for sentence in found:
        assert str(path) in sentence
        assert WORDS[fault] in sentence


def batch_norm(app):
    return next(one for one in app.toggle if one.key.startswith("setting-batch_norm"))


@each
def test_who_has_a_run_open_reads_a_sentence_at_each_thing_that_is_saved(path, fault):
    app = opened("panda.py")
    run = RUN_SESSIONS.sessions()[-1]
    before = batch_norm(app).value
    with fault(path):
        batch_norm(app).set_value(not before).run()
        said = errors(app) + [one.value.replace("\\", "") for one in app.toast]
        assert any(WORDS[fault] in words for words in said)
        assert run.run.journal == ()
        assert batch_norm(app).value is before
    batch_norm(app).set_value(not before).run()
    assert errors(app) == []
    assert len(run.run.journal) == 1


@each
def test_a_new_run_that_cannot_be_kept_is_a_sentence(path, fault):
    app = opened("panda.py", panel="New run")
    with fault(path):
        click(app, "Start a new run")
        assert any(WORDS[fault] in words for words in errors(app))


@each
def test_a_lab_that_opens_a_run_says_a_sentence(path, fault):
    app = opened("softmax.py")
    app.pills[0].set_value("Just show me").run()
    with fault(path):
        click(app, "See it in Panda")
        assert any(WORDS[fault] in words for words in errors(app))


@each
def test_an_upload_that_cannot_be_kept_is_a_sentence(path, fault):
    store = the_store()
    with fault(path), pytest.raises(UserError, match=WORDS[fault]):
        store.tables.add("table-1", "o" * 22, "mine.csv", b"x" * 100_000).result(5)
    assert store.tables.find("table-1") is None


@each
def test_a_new_search_that_cannot_be_kept_is_a_sentence(path, fault):
    app = opened("caviar.py", caviar_panel="New search")
    assert errors(app) == []
    with fault(path):
        click(app, "Start this search")
        assert any(WORDS[fault] in words for words in errors(app))


def test_what_nobody_caught_is_a_sentence_where_it_is_one():
    assert not said(ValueError("a mistake of ours"))
