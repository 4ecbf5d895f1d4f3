"""Branches share the nudges that they have in common, and none changes another's journal."""

import json
import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.store import Progress, lines

ANN = "a" * 22
FAR = Progress(120, 0.25, 0.5, 0.9, ([0, 120], [1.1, 0.5]))
PLACE = st.integers(0, 12)
ROWS = st.lists(st.integers(0, 3), max_size=5)
COMMANDS = st.lists(
    st.one_of(
        st.tuples(st.just("branch"), PLACE, PLACE, ROWS),
        st.tuples(st.just("record"), PLACE, PLACE, ROWS),
        st.tuples(st.just("change"), PLACE, PLACE, ROWS),
        st.tuples(st.just("delete"), PLACE, PLACE, ROWS),
    ),
    max_size=25,
)


def nudges(numbers):
    return [{"step": number, "changes": {}} for number in numbers]


def begin(store, numbers):
    store.add_run("run", ANN, "", {"dataset": "moons"}, {}, "root", nudges(numbers), FAR).result(5)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(commands=COMMANDS)
def test_every_line_has_the_journal_that_was_written_for_it(store, commands):
    store.write(lambda db: db.execute("DELETE FROM runs") and None).result(5)
    known = {"root": [0, 1, 2, 3]}
    begin(store, known["root"])
    for number, (kind, which, place, rows) in enumerate(commands):
        line = list(known)[which % len(known)]
        place = min(place, len(known[line]))
        if kind == "branch":
            known[f"line-{number}"] = known[line][:place] + rows
            writing = store.add_line("run", f"line-{number}", line, 10, nudges(known[f"line-{number}"]), FAR)
        elif kind == "record":
            known[line] = known[line][:place] + rows
            writing = store.record(line, place, nudges(rows), FAR)
        elif kind == "change":
            rows = rows[: len(known[line]) - place]
            known[line][place : place + len(rows)] = rows
            writing = store.record(line, place, nudges(rows), FAR, rest=True)
        else:
            if line == store.find("run").line.id:
                continue
            del known[line]
            writing = store.delete_line("run", line)
        writing.result(5)
        found = {line: [nudge["step"] for nudge in store.journal(line)] for line in known}
        assert found == known


def size(store):
    """Bytes of the file and of what is beside it, once all is in the file."""
    store.write(lambda db: None).result(5)
    store.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    return os.stat(store.path).st_size


def stored(store):
    return store.rows("SELECT count(*) FROM nudges")[0][0]


def test_rewinds_of_a_long_journal_add_next_to_nothing(store, monkeypatch):
    monkeypatch.setattr(lines, "MOST_LINES", 12)
    numbers = list(range(30_000))
    begin(store, numbers)
    before = size(store)
    for i in range(20):
        parent = "root" if i % 2 or not i else f"line-{i - 1}"
        store.add_line("run", f"line-{i}", parent, 10, nudges(numbers[: 29_999 - i]), FAR).result(20)
    assert size(store) - before < 200_000
    assert stored(store) == 30_000
    assert [nudge["step"] for nudge in store.journal("line-19")] == numbers[:29_980]


def test_a_note_on_a_shared_nudge_is_on_its_own_line_and_copies_one_row(store):
    begin(store, range(1000))
    for name in ("one", "two"):
        store.add_line("run", name, "root", 10, nudges(range(900)), FAR).result(5)
    noted = [{"step": 3, "changes": {}, "note": "here"}]
    store.record("root", 3, noted, FAR, rest=True).result(5)
    assert [store.journal(line)[3] for line in ("root", "one", "two")] == [noted[0], *nudges([3, 3])]
    assert stored(store) == 1002


def test_a_deleted_line_leaves_one_copy_to_all_its_branches(store):
    begin(store, range(1000))
    for name in ("one", "two", "three"):
        store.add_line("run", name, "root", 10, nudges([*range(900), 7]), FAR).result(5)
    store.delete_line("run", "root").result(5)
    for name in ("one", "two", "three"):
        assert [nudge["step"] for nudge in store.journal(name)] == [*range(900), 7]
    assert stored(store) < 910
    assert json.dumps(store.journal("two")) == json.dumps(store.journal("three"))
