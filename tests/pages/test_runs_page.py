"""The page Runs: a person finds, opens, names, copies, compares, deletes and brings back runs, and only their own."""

import re
import time
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs, unquote

import pytest
from streamlit.testing.v1 import AppTest

from core.charts.palette import colour
from core.runs.run import Run
from core.sessions.commands import Nudge, Read, Step
from core.sessions.run_registry import RUN_SESSIONS, run_sessions
from core.settings.table import RunSpec, Settings
from core.store import Progress, key_of, the_store
from pages.common.escape import spoken
from pages.panels.runs.listed import number

FRAME = Path(__file__).parents[2] / "pages" / "_frame.py"
NUMBERS = count()
NASTY = "*a* [b](http://c) <b>d</b> `e` $f$ :red[g]"
SPEC = RunSpec(dataset="moons", examples=60, hidden=(4,))
MOONS = "moons 4, examples 60"  # its name


@pytest.fixture
def owner(monkeypatch):
    """A new person, whose browser keeps the cookie."""
    token = f"owner-of-runs-{next(NUMBERS):08d}"
    monkeypatch.setattr("pages.common.identity._from_cookie", lambda: token)
    return token


@pytest.fixture
def add(owner):
    """Adds a run of this person, trained by some steps, which is left closed."""

    def made(name="", steps=5, spec=SPEC, settings=None, age=0.0, **nudge):
        run = Run(spec, settings)
        run.advance(steps)
        run.nudge(**nudge)
        opened = RUN_SESSIONS.open(run, owner, name)
        RUN_SESSIONS.close(opened.token)
        aged(opened.token, age)
        return opened.token

    return made


def aged(run, seconds):
    query = "UPDATE runs SET changed = changed - ? WHERE id = ?"
    the_store().write(lambda db: db.execute(query, (seconds, run)) and None).result(5)


def page():
    return turn_to(AppTest.from_file(FRAME, default_timeout=30).run())


def turn_to(app):
    """As a click on "Runs" does, after which the address holds nothing else."""
    app.query_params.clear()
    return app.switch_page("runs.py").run()


def names(app):
    """The names in the list, in order, as a person reads them."""
    return [read(link.label) for link in app.page_link]


def read(text):
    """Markdown without its backslashes and word joiners."""
    return text.replace("\\", "").replace("\u2060", "")


def widget(kind, key):
    return next(one for one in kind if one.key == key)


def choose(app, run, action):
    widget(app.menu_button, f"menu-{run}").click(action).run()
    assert not app.exception


def button(app, label):
    return next((one for one in app.button if one.label == label), None)


def starting(app, word):
    """The first button whose label begins with this word."""
    return next((one for one in app.button if one.label.split()[0] == word), None)


def all_words(app):
    return read("\n".join(text.value for text in (*app.markdown, *app.caption)))


# what is listed


def test_an_empty_list_says_what_to_do(owner):
    app = page()
    assert not app.exception
    assert any("No runs yet" in text.value for text in app.markdown)
    assert [link.label for link in app.page_link] == ["Open Panda"]


def test_a_row_says_what_the_run_is_and_how_far_it_came(add):
    run = add("", steps=1200, learning_rate=0.05, age=7300)
    aged(run, 0)
    app = page()
    line = the_store().find(run).line
    assert not app.exception
    assert names(app) == [MOONS]
    words = all_words(app)
    assert "1,200 :gray[steps]" in words
    assert ":gray[2 hours ago]" in words
    assert f"**{line.best:.3g}** :gray[best dev loss]" in words
    assert f"**{100 * line.accuracy:.1f} %** :gray[dev accuracy]" in words
    assert "branches" not in words


def test_a_name_stands_in_place_of_data_and_layers_which_stand_below(add):
    run = add("My first")
    store = the_store()
    line = store.find(run).line
    store.add_line(run, "a-branch-of-it", line.id, 2, [], store_progress(line)).result(5)
    app = page()
    assert names(app) == ["My first"]
    assert f"{MOONS} · 2 branches" in all_words(app)


def store_progress(line):
    return Progress(line.step, line.best, line.dev, line.accuracy, line.curve)


def test_a_run_without_any_finite_loss_is_listed(add):
    run = add("broken", learning_rate=0.2)
    empty = "UPDATE lines SET best = NULL, dev = NULL, accuracy = NULL, curve = '[[0, 1], [null, null]]' WHERE run = ?"
    the_store().write(lambda db: db.execute(empty, (run,)) and None).result(5)
    app = page()
    assert not app.exception
    assert "**–** :gray[best dev loss]" in all_words(app)


def test_a_persons_text_is_never_read_as_markdown(add):
    run = add(NASTY)
    app = page()
    assert names(app) == [NASTY]
    shown = markdown_of(app)
    spoken = [one.label for one in app.checkbox]
    choose(app, run, "delete")
    shown += markdown_of(app)
    long_deleted(run)
    shown += markdown_of(app.run())
    nasty = [text for text in shown if r"\*a\*" in text]
    assert len(nasty) == 4  # the link, its menu; the place where it was; the list of the deleted
    assert spoken == ["Compare a b (http //c) b d /b e f red g"]  # its box to tick, in words
    assert not any(
        sign in text for text in (*nasty, *spoken) for sign in ("*a*", "[b](", "<b>", "`e`", "$f$", " :red[")
    )


def markdown_of(app):
    """All that is read as Markdown."""
    labels = [one.label for one in (*app.page_link, *app.checkbox, *app.menu_button)]
    return labels + [text.value for text in (*app.markdown, *app.caption)]


def long_deleted(run):
    """As if it had been deleted a week ago."""
    query, values = "UPDATE runs SET deleted = ? WHERE id = ?", (time.time() - 7 * 86_400, run)
    the_store().write(lambda db: db.execute(query, values) and None).result(5)


def test_own_data_is_called_by_its_title(owner, add):
    name = "table-" + "0" * 32
    run = add("", spec=SPEC)
    store = the_store()
    store.tables.add(name, owner, "flowers.csv", b"").result(5)
    change = f"UPDATE runs SET spec = replace(spec, 'moons', '{name}') WHERE id = ?"
    store.write(lambda db: db.execute(change, (run,)) and None).result(5)
    assert names(page()) == ["flowers.csv 4"]


def test_nobody_elses_runs_are_listed(add, monkeypatch):
    add("mine")
    monkeypatch.setattr("pages.common.identity._from_cookie", lambda: "another-person-0000000")
    assert names(page()) == ["Open Panda"]


def test_without_a_cookie_it_says_so_and_no_link_has_the_key(monkeypatch):
    monkeypatch.setattr("pages.common.identity._from_cookie", lambda: None)
    app = AppTest.from_file(FRAME, default_timeout=30).run()
    token = app.session_state["owner"]
    run = Run(SPEC)
    run.advance(3)
    opened = RUN_SESSIONS.open(run, token, "kept by its link")
    turn_to(app)
    assert any("keeps no cookie" in caption.value for caption in app.caption)
    query = parse_qs(app.page_link[0].proto.query_string)
    assert query == {"run": [opened.token]}


# finding


@pytest.fixture
def four(add):
    adam = Settings(optimizer="adam", learning_rate=0.05)
    return {
        "long": add("Zebra", steps=60, age=3000),
        "best": add("apple", steps=50, settings=adam, age=2000),
        "worst": add("Mango", steps=1, spec=RunSpec(dataset="xor", examples=60, hidden=(8, 3)), age=1000),
        "": add("", steps=20, spec=RunSpec(dataset="breast_cancer", hidden=(4,)), age=10),
    }


@pytest.mark.parametrize(
    ("sort", "wanted"),
    [
        ("Last changed first", ["breast cancer 4", "Mango", "apple", "Zebra"]),
        ("Most steps first", ["Zebra", "apple", "breast cancer 4", "Mango"]),
        ("By name", ["apple", "breast cancer 4", "Mango", "Zebra"]),
    ],
)
def test_it_is_sorted(four, sort, wanted):
    app = page()
    widget(app.selectbox, "runs-sort").set_value(sort).run()
    assert names(app) == wanted


def test_it_is_sorted_by_the_best_dev_loss_and_runs_without_one_are_last(owner, four):
    the_store().write(lambda db: db.execute("UPDATE lines SET best = NULL WHERE run = ?", (four[""],)) and None).result(
        5
    )
    app = page()
    widget(app.selectbox, "runs-sort").set_value("Lowest dev loss first").run()
    entries = {entry.name: entry.best for entry in the_store().runs_of(owner) if entry.best is not None}
    assert names(app) == [*sorted(entries, key=entries.get), "breast cancer 4"]


@pytest.mark.parametrize(
    ("search", "wanted"),
    [("MANGO", ["Mango"]), ("8-3", ["Mango"]), ("moons", ["apple", "Zebra"]), ("cancer 4", ["breast cancer 4"])],
)
def test_it_is_searched_by_name_data_and_layers(four, search, wanted):
    app = page()
    widget(app.text_input, "runs-search").set_value(search).run()
    assert names(app) == wanted


def test_a_search_without_a_find_says_so(four):
    app = page()
    widget(app.text_input, "runs-search").set_value("no*thing").run()
    assert names(app) == []
    assert any(r"No run has “no\*thing”" in text.value for text in app.markdown)


def test_a_thousand_runs_are_turned_through_by_pages_and_quickly(owner, add):
    run = add("first")
    copy = "INSERT INTO {0} SELECT {1} FROM {0}, n WHERE {2} = ?"
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 998) "
    runs = "id || i, owner, key || i, 'run ' || i, spec, settings, line || i, twins, created, changed - i, NULL"
    lines = "id || i, run || i, NULL, 0, '', step, best, dev, accuracy, curve, created, source, shared"
    for table, columns, column in (("runs", runs, "id"), ("lines", lines, "run")):
        query = numbers + copy.format(table, columns, f"{table}.{column}")
        the_store().write(lambda db, query=query: db.execute(query, (run,)) and None).result(5)
    app = page()
    assert names(app)[:3] == ["first", "run 1", "run 2"]
    assert len(names(app)) == 25
    start = time.perf_counter()
    app.pagination[0].set_value(40).run()
    assert time.perf_counter() - start < 3
    assert names(app)[-1] == "run 998"
    widget(app.text_input, "runs-search").set_value("run 99").run()
    assert names(app) == ["run 99", *(f"run {i}" for i in range(199, 999) if "99" in str(i))]


# opening


def test_a_link_opens_the_run_on_the_page_panda(add):
    run = add("open me", steps=7)
    app = page()
    assert parse_qs(app.page_link[0].proto.query_string) == {"run": [run]}
    app.query_params["run"] = run
    app.run()  # as in a new tab, where the link leads to this page
    assert not app.exception
    held = app.query_params["run"]
    assert (held if isinstance(held, str) else held[0]) == run
    assert "Journal" in [tab.label for tab in app.tabs]
    assert not any(one.key == "runs-search" for one in app.text_input)
    assert RUN_SESSIONS.get(run).run.step == 7


# names


def test_a_run_is_renamed_and_without_a_name_called_by_its_data_again(add):
    run = add("before")
    app = page()
    choose(app, run, "rename")
    field = next(one for one in app.text_input if one.label == "Name")
    assert field.value == "before"
    field.set_value("  after \n all ")
    app.session_state["runs-renaming"] = run  # a browser runs only the dialog again, this client the whole page
    button(app, "Save").click().run()
    assert the_store().find(run).name == "after all"
    assert names(app) == ["after all"]
    the_store().rename(run, owner_of(run), "").result(5)
    assert names(app.run()) == [MOONS]


def owner_of(run):
    """The token of the person whose run this is, of those that the tests made."""
    tokens = (f"owner-of-runs-{i:08d}" for i in range(1000))
    return next(token for token in tokens if the_store().find(key_of(token, run)))


# copies


def test_a_duplicate_is_the_same_run_and_goes_its_own_way(owner, add):
    run = add("twice", steps=300, learning_rate=0.03)
    store, app = the_store(), page()
    choose(app, run, "duplicate")
    assert names(app) == ["Copy of twice", "twice"]
    copy, original = store.runs_of(owner)
    assert copy.id != original.id
    assert (copy.line.step, copy.best, copy.line.curve) == (300, original.best, original.line.curve)
    fresh = run_sessions(lambda: store)
    one, other = (fresh.get(key_of(owner, entry.id)) for entry in (copy, original))
    for opened in (one, other):
        opened.do(Read(lambda it: None))
    assert one.run.fingerprint() == other.run.fingerprint()
    assert one.run.step == 300
    one.do(Nudge({"learning_rate": 0.5}))
    assert (len(store.journal(copy.line.id)), len(store.journal(original.line.id))) == (2, 1)


def test_a_duplicate_too_many_is_answered_by_a_sentence(add, monkeypatch):
    run = add("last")
    app = page()
    monkeypatch.setattr("core.store.runs.MOST_RUNS", 1)
    choose(app, run, "duplicate")
    assert "You have 1 runs" in read(app.toast[0].value)
    assert names(app) == ["last"]


# deleting


def test_a_deleted_run_is_undone_in_its_place(add):
    runs = [add(name, age=age) for name, age in (("first", 10), ("second", 20), ("third", 30))]
    app = page()
    choose(app, runs[1], "delete")
    assert names(app) == ["first", "third"]
    assert RUN_SESSIONS.get(runs[1]) is None
    assert "Deleted “second”." in [text.value for text in app.markdown]
    starting(app, "Undo").click().run()
    assert names(app) == ["first", "second", "third"]


def test_a_run_that_is_deleted_while_it_is_open_is_closed_and_comes_back_as_it_was(add):
    run = add("open", steps=40)
    opened = RUN_SESSIONS.get(run)
    opened.do(Step(7))
    opened.train("me", 5.0)
    app = page()
    choose(app, run, "delete")
    assert RUN_SESSIONS.get(run) is None
    starting(app, "Undo").click().run()
    again = RUN_SESSIONS.get(run)
    again.do(Read(lambda it: None))
    assert again is not opened
    assert again.run.fingerprint() == opened.run.fingerprint()


def test_what_was_deleted_before_is_brought_back_from_below(add):
    keep, gone = add("keep"), add(NASTY)
    app = page()
    choose(app, gone, "delete")
    assert not app.expander
    long_deleted(gone)
    app.run()
    assert starting(app, "Undo") is None
    assert app.expander[0].label == "Deleted in the last 30 days: 1"
    assert any("deleted 7 days ago" in text.value for text in app.markdown)
    starting(app, "Restore").click().run()
    assert sorted(names(app)) == sorted(["keep", NASTY])
    assert the_store().find(keep)


def test_every_button_that_brings_back_says_what(add):
    runs = [add(name) for name in ("one", "two", NASTY, "four")]
    app = page()
    for run in runs:
        choose(app, run, "delete")
    for run in runs[2:]:
        long_deleted(run)
    app.run()
    labels = [read(one.label) for one in app.button if one.key.startswith("bring-")]
    assert sorted(labels) == sorted(
        ["Undo *deleting one*", "Undo *deleting two*", f"Restore *{NASTY}*", "Restore *four*"]
    )


def test_a_run_that_is_not_there_any_more_is_answered_by_a_sentence(add):
    run = add("mine")
    app = page()
    the_store().write(lambda db: db.execute("DELETE FROM runs WHERE id = ?", (run,)) and None).result(5)
    choose(app, run, "delete")
    assert "not yours" in app.toast[0].value


# comparing


def test_two_to_eight_runs_are_compared_in_one_chart_with_what_differs(add):
    runs = [add(f"run {i}", settings=Settings(learning_rate=0.01 * (i + 1)), age=i) for i in range(10)]
    app = page()
    assert button(app, "Clear") is None
    for run in runs[:8]:
        widget(app.checkbox, f"tick-{run}").check().run()
        assert (button(app, "Tick another run to compare") is not None) == (run == runs[0])
    assert widget(app.checkbox, f"tick-{runs[8]}").disabled
    assert not widget(app.checkbox, f"tick-{runs[0]}").disabled
    button(app, "Compare 8 runs").click().run()
    assert not app.exception
    assert len(app.get("plotly_chart")) == 1
    table = app.dataframe[0].value
    assert list(table["run"]) == [f"run {i}" for i in range(8)]
    assert list(table["learning rate"]) == [f"{0.01 * (i + 1):g}" for i in range(8)]
    columns = ["line", "run", "steps", "final dev loss", "best dev loss", "nudges", "learning rate"]
    assert list(table.columns) == columns
    assert list(table["nudges"]) == ["none"] * 8
    pictures = [unquote(address) for address in table["line"]]
    assert all(colour(i) in picture for i, picture in enumerate(pictures))


def test_the_comparison_shows_nudges_as_ticks_and_in_words(add):
    run = add("nudged", steps=30, learning_rate=0.05)
    still = add("still", age=1)
    app = page()
    for one in (run, still):
        widget(app.checkbox, f"tick-{one}").check().run()
    button(app, "Compare 2 runs").click().run()
    table = app.dataframe[0].value
    assert list(table["nudges"]) == ["1: α 0.05 at 30", "none"]
    assert list(table["final dev loss"]) == [number(the_store().find(one).line.dev) for one in (run, still)]


def test_runs_of_the_same_name_are_numbered_by_age(add):
    runs = [add("", age=age) for age in (0, 10, 20)]
    add(MOONS, age=30)
    assert sorted(names(page())) == [MOONS, MOONS, f"{MOONS} (2)", f"{MOONS} (3)"]
    assert len(runs) == 3


def test_ticks_outlast_a_search_and_are_cleared_at_once(add):
    runs = [add(name) for name in ("one", "two")]
    app = page()
    widget(app.checkbox, f"tick-{runs[0]}").check().run()
    widget(app.text_input, "runs-search").set_value("two").run()
    widget(app.checkbox, f"tick-{runs[1]}").check().run()
    assert button(app, "Compare 2 runs")
    widget(app.text_input, "runs-search").set_value("").run()
    assert all(widget(app.checkbox, f"tick-{run}").value for run in runs)
    button(app, "Clear").click().run()
    assert not any(widget(app.checkbox, f"tick-{run}").value for run in runs)
    assert button(app, "Clear") is None


def test_a_deleted_run_is_no_longer_compared(add):
    runs = [add(name) for name in ("one", "two", "three")]
    app = page()
    for run in runs:
        widget(app.checkbox, f"tick-{run}").check().run()
    choose(app, runs[0], "delete")
    assert button(app, "Compare 2 runs")
    starting(app, "Undo").click().run()
    assert button(app, "Compare 2 runs")
    long_deleted(runs[1])  # elsewhere
    app.run()
    assert not app.exception
    assert button(app, "Tick another run to compare")


def test_names_that_are_only_spoken_are_words():
    assert spoken("spiral 16-16") == "spiral 16-16"
    assert spoken("**my** [run](x) :material/home: $y$\n2") == "my run (x) material/home y 2"


def test_every_button_of_a_page_has_a_name():
    """An icon alone is read out as its code, such as "more_horiz"."""
    for path in (Path(__file__).parents[2] / "pages").rglob("*.py"):
        assert not re.search(r"\.(popover|button|menu_button|download_button)\(\s*[\"']{2}", path.read_text("utf-8")), (
            path
        )
