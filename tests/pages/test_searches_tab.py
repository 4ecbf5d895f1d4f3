"""The tab Searches of Caviar: a person finds, opens, names, deletes and brings back searches; and takes one away."""

import json
from itertools import count

import pytest
from streamlit.testing.v1 import AppTest

from core.search.plan import Plan
from core.search.search import Search
from core.search.space import SEARCHABLE, Range, Space
from core.sessions.commands import Play
from core.sessions.search_registry import SEARCH_SESSIONS
from core.settings.table import RunSpec, Settings
from core.store import key_of, the_store
from tests.pages.test_runs_page import FRAME, all_words, button, read, widget

NUMBERS = count()
NASTY = "*a* [b](http://c) <b>d</b> `e` $f$ :red[g]"
RANGES = (Range("learning_rate", 1e-3, 1.0, "log"), SEARCHABLE["beta1"])


@pytest.fixture
def owner(monkeypatch):
    """A new person, whose browser keeps the cookie."""
    token = f"owner-of-searches-{next(NUMBERS):08d}"
    monkeypatch.setattr("pages.common.identity._from_cookie", lambda: token)
    return token


@pytest.fixture
def add(owner):
    """Adds a search of this person, which is done and closed."""

    def made(name="", models=4, steps=10, done=True, age=0.0):
        space = Space(RunSpec(dataset="moons", examples=60, hidden=(3,)), Settings(), RANGES)
        opened = SEARCH_SESSIONS.open(Search(Plan(space, "random", models, steps)), owner)
        opened.do(Play())
        while done and opened.busy:
            opened.train(None, 0.1)
        if opened.saving:
            opened.saving.result(5)
        the_store().searches.rename(opened.token, owner, name).result(5)
        query = "UPDATE searches SET changed = changed - ? WHERE id = ?"
        the_store().write(lambda db: db.execute(query, (age, opened.token)) and None).result(5)
        SEARCH_SESSIONS.close(opened.token)
        return opened.token

    return made


def page(search="", tab="Searches"):
    app = AppTest.from_file(FRAME, default_timeout=60).run()
    app.query_params.clear()
    if search:
        app.query_params["search"] = search
    app.session_state["caviar-panel"] = tab
    return app.switch_page("caviar.py").run()


def names(app):
    """The names in the list, in order, as a person reads them."""
    return [read(one.label) for one in app.button if (one.key or "").startswith("search-open-")]


def choose(app, search, action):
    widget(app.menu_button, f"menu-{search}").click(action).run()
    assert not app.exception


def test_without_a_search_it_says_what_to_do(owner):
    app = page()
    assert not app.exception
    assert "No searches yet" in all_words(app)
    assert names(app) == []


def test_a_row_says_what_was_searched_and_how_well(add):
    search = add(age=7300)
    app = page()
    assert not app.exception
    assert names(app) == ["4 at random over learning rate, momentum β on moons"]
    best = the_store().searches.find(search).best
    assert f"best dev loss {best:.3g} · 4 models · 2 hours ago" in all_words(app)


def test_a_click_takes_a_search_in_hand(add):
    one, other = add("one", age=5), add("other")
    app = page(search=other)
    widget(app.button, f"search-open-{one}").click().run()
    assert not app.exception
    assert app.query_params["search"] in (one, [one])
    assert names(app) == ["other", "**one**"]


def test_the_last_changed_comes_first_and_the_open_one_is_marked(add):
    old, new = add("old", age=100), add("new", done=False)
    app = page(search=old)
    assert names(app) == ["new", "**old**"]
    words = all_words(app)
    assert "best dev loss – · 4 models · just now · not finished" in words
    assert "open · best dev loss" in words
    assert app.query_params["search"] in (old, [old])
    assert SEARCH_SESSIONS.get(new)


def test_only_ones_own_are_listed(add, monkeypatch):
    add("mine")
    monkeypatch.setattr("pages.common.identity._from_cookie", lambda: "somebody-else-000000000")
    assert names(page()) == []


def test_a_search_is_renamed_and_its_name_is_plain_text(add):
    search = add()
    app = page()
    choose(app, search, "rename")
    next(one for one in app.text_input if one.label == "Name").set_value(NASTY)
    app.session_state["searches-renaming"] = search  # a browser runs only the dialog again, this client the whole page
    button(app, "Save").click().run()
    assert not app.exception
    assert the_store().searches.find(search).name == NASTY
    assert names(page()) == [NASTY]
    assert NASTY not in [one.label for one in page().button]  # its signs are escaped


def test_a_deleted_search_is_undone_in_its_place(add):
    first, _ = add("first", age=10), add("second", age=20)
    app = page()
    assert SEARCH_SESSIONS.get(first)  # it is open, as if somebody looked at it
    choose(app, first, "delete")
    assert names(app) == ["second"]
    assert "Deleted “first”." in all_words(app)
    assert SEARCH_SESSIONS.get(first) is None
    widget(app.button, f"bring-{first}").click().run()
    assert names(app) == ["first", "second"]
    assert SEARCH_SESSIONS.get(first).search.done


def test_one_deleted_a_while_ago_is_brought_back(add, owner):
    search = add("gone")
    the_store().searches.delete(search, owner).result(5)
    query = "UPDATE searches SET deleted = deleted - 3600 WHERE id = ?"
    the_store().write(lambda db: db.execute(query, (search,)) and None).result(5)
    app = page()
    assert names(app) == []
    assert app.expander[0].label == "Deleted in the last 30 days: 1"
    widget(app.button, f"bring-{search}").click().run()
    assert names(app) == ["gone"]


def test_somebody_elses_search_is_not_deleted(add, monkeypatch):
    search = add("mine")
    app = page()
    monkeypatch.setattr("pages.common.identity._from_cookie", lambda: "somebody-else-000000000")
    choose(app, search, "delete")
    assert "not yours" in read(app.toast[0].value)
    assert the_store().searches.find(search)


def test_many_searches_come_in_pages(add, monkeypatch):
    monkeypatch.setattr("pages.panels.runs.searches.PAGE", 2)
    for i in range(3):
        add(f"search {i}", models=1, age=i)
    app = page()
    assert names(app) == ["search 0", "search 1"]
    app.session_state["searches-page"] = 2
    app.run()
    assert names(app) == ["search 2"]


def test_the_same_link_shows_the_search_again_after_it_was_closed(add):
    search = add()  # closed: what is shown comes from the store, as after a restart
    app = page(search=search, tab="Best")
    assert not app.exception
    assert "no search at this address" not in read(" ".join(one.value for one in app.info))
    found = SEARCH_SESSIONS.get(search).search
    assert [trial.state for trial in found.trials] == ["done"] * 4
    assert app.query_params["search"] in (search, [search])


def test_without_a_cookie_the_list_says_so_and_the_key_is_shown_only_when_asked_for(add, owner, monkeypatch):
    search = add()
    monkeypatch.setattr("pages.common.identity._from_cookie", lambda: None)
    app = AppTest.from_file(FRAME, default_timeout=60).run()
    app.session_state["owner"] = owner
    app.session_state["caviar-panel"] = "Searches"
    app.switch_page("caviar.py").run()
    assert "keeps no cookie" in all_words(app)
    widget(app.button, f"search-open-{search}").click().run()
    assert "key" not in app.query_params
    assert not app.code
    widget(app.button, "continue-search").click().run()
    assert f"search={search}&key={key_of(owner, search)}" in app.code[0].value
    app.run()
    assert not app.code


def test_the_link_to_continue_a_search_drives_it_and_does_not_stay_in_the_address(add, owner, monkeypatch):
    search = add()
    monkeypatch.setattr("pages.common.identity._from_cookie", lambda: "somebody-else-000000000")
    app = AppTest.from_file(FRAME, default_timeout=60).run()
    app.query_params["search"], app.query_params["key"] = search, key_of(owner, search)
    app.switch_page("caviar.py").run()
    app.query_params["search"], app.query_params["key"] = search, key_of(owner, search)
    app.run()
    assert "key" not in app.query_params
    app.run()
    bar = next(json.loads(it.proto.json) for it in app.get("bidi_component") if it.proto.id.endswith("-search"))
    assert (bar["watching"], bar["token"]) == (False, key_of(owner, search))


def test_the_generation_that_is_seen_can_be_taken_away(add, monkeypatch):
    search = add()
    monkeypatch.setattr("core.export.optuna_study.find_spec", lambda name: None)
    app = page(search=search, tab="Best")
    assert not app.exception
    buttons = {one.label: one for one in app.get("download_button")}
    assert list(buttons) == ["Models (CSV)", "Search (JSON)", "Optuna study (SQLite)"]
    assert [one.proto.disabled for one in buttons.values()] == [False, False, True]
    assert "requirements-optuna.txt" in all_words(app)
