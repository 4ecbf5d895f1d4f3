"""The whole server killed with -9 while it is nudged, in short; and that the benchmark sees what it looks for."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.kill_book import Book, Line, faults_of_reopening, judge, lines_of, lost_play, quick_check
from core.runs.run import Run
from core.sessions.commands import Nudge
from core.sessions.run_registry import run_sessions
from core.settings.table import RunSpec
from core.store import Store

ROOT = Path(__file__).parents[2]


def test_after_two_kills_every_acknowledged_nudge_is_there_once_and_the_run_goes_on():
    command = [sys.executable, "-m", "benchmarks.kill", "2", "5"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    said = dict(re.findall(r"^ *(\S.*?)  +(.+)$", done.stdout, re.MULTILINE))
    assert said["kills of the whole server"] == "2"
    assert int(said["acknowledged by a frame"]) > 5
    assert (said["acknowledged and lost"], said["made twice"], said["out of order, or never sent"]) == ("0", "0", "0")
    assert (said["quick_check"], said["replay of the journal alone"]) == ("ok", "the same fingerprint")


@pytest.fixture
def book():
    """Ten nudges were sent, the first eight acknowledged; the server was then killed."""
    book = Book()
    for _ in range(10):
        book.next_rate()
    book.take(status(book, 7, step=80), 1.0)
    return book


def status(book, number, step, line="first", nudges=10, **more):
    """What a frame says after the nudge of this number."""
    rate = book.rates[number] if number >= 0 else 0.1
    return {
        "step": step,
        "head": step,
        "settings": {"learning_rate": rate},
        "watch": {"line": line, "nudges": nudges},
        "playing": False,
        "looking": False,
        "catching_up": None,
        **more,
    }


def line(book, *numbers, parent=None, step=100):
    return Line(parent, step, tuple((10 * number, book.rates[number]) for number in numbers))


def test_what_was_acknowledged_may_not_be_missing_and_what_was_not_may(book):
    assert judge(book, {"first": line(book, *range(8))}).lost == set()
    assert judge(book, {"first": line(book, *range(10))}).lost == set()
    assert judge(book, {"first": line(book, 0, 1, 2, 4, 5, 6, 8)}).lost == {3, 7}


def test_what_is_made_twice_or_in_another_order_or_by_nobody_is_seen(book):
    twice = judge(book, {"first": line(book, 0, 1, 2, 2, *range(3, 8))})
    assert (twice.doubled, twice.disordered) == ({2}, 1)
    assert judge(book, {"first": line(book, 1, 0, *range(2, 8))}).disordered == 1
    strange = Line(None, 100, ((5, 0.5),))
    assert judge(book, {"first": line(book, *range(8)), "other": strange}).unknown == 1


def test_a_branch_repeats_its_parents_nudges_but_none_of_its_own(book):
    first, branch = line(book, *range(6)), line(book, 0, 1, 6, 7, parent="first")
    verdict = judge(book, {"first": first, "branch": branch})
    assert (verdict.lost, verdict.doubled) == (set(), set())
    again = line(book, 0, 1, 6, 7, 4, parent="first")
    assert judge(book, {"first": first, "branch": again}).doubled == {4}


def test_a_new_life_acknowledges_nothing_of_the_one_before_and_nothing_that_was_refused(book):
    book.new_life()
    for _ in range(3):
        book.next_rate()
    book.refuse("Too many changes at once.", 11)
    book.take(status(book, 12, step=200), 2.0)
    assert book.acknowledged == {*range(8), 10, 12}
    book.refuse("Something went wrong.", None)
    assert book.said == ["Something went wrong."]


def test_a_branch_counts_as_shown_once_the_run_stands_on_it(book):
    book.leaving = "first"
    book.take(status(book, 5, step=70, line="branch", catching_up=50), 2.0)
    assert (book.leaving, book.shown["watch"]["line"]) == ("first", "first")
    book.take(status(book, 5, step=70, line="branch"), 3.0)
    assert (book.leaving, book.shown["watch"]["line"]) == (None, "branch")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, None),
        ({"step": 99}, "before the recorded 100"),
        ({"playing": True}, "plays"),
        ({"watch": {"line": "first", "nudges": 9}}, "has 9 nudges"),
        ({"watch": {"line": "other", "nudges": 1}}, "Another line"),
        ({"settings": {"learning_rate": 0.1}}, "older"),
    ],
)
def test_a_run_that_is_not_found_as_it_was_left_is_seen(book, changes, words):
    lines = {"first": line(book, *range(10)), "other": line(book, 0)}
    faults = faults_of_reopening(book, status(book, 9, step=100) | changes, lines)
    assert words in faults[0] if words else faults == []


def test_steps_that_were_shown_and_are_gone_are_counted_with_their_time(book):
    book.steps = [(1.0, 10), (2.0, 20), (2.5, 30), (3.0, 40)]
    assert lost_play(book, 25) == (15, 0.5)
    assert lost_play(book, 45) == (0, 0.0)
    book.take(status(book, 7, step=15, line="branch"), 4.0)
    book.take(status(book, 7, step=25, line="branch"), 5.0)
    assert lost_play(book, 20) == (5, 0.0)
    book.leaving = "branch"
    assert lost_play(book, 0) == (0, 0.0)


def test_the_file_is_read_as_the_store_wrote_it(tmp_path):
    store = Store(tmp_path / "panda.db")
    opened = run_sessions(lambda: store).open(Run(RunSpec(examples=60, hidden=(4,))))
    opened.do(Nudge({"learning_rate": 0.02}))
    (found,) = lines_of(store.path, opened.token).values()
    assert found == Line(None, 0, ((0, 0.02),))
    assert quick_check(store.path) == "ok"
    store.close()
