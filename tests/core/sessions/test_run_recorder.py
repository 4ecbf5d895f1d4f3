"""Open runs and the store together: nothing acknowledged is lost, whatever way a run is left and found again."""

import contextlib
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import UserError
from core.runs.journal_json import journal_rows
from core.runs.run import Run
from core.sessions.commands import Annotate, KeepTwins, Look, Nudge, OpenBranch, Play, Read, Repair, Rewind, Step, Undo
from core.sessions.run_registry import run_sessions
from core.settings.table import RunSpec, Settings
from core.store import key_of

SPEC = RunSpec(examples=60, hidden=(4,))
OWNER = "o" * 22
VIEWER = object()


@pytest.fixture
def runs(store):
    return run_sessions(lambda: store)


def reopened(store, opened):
    """The same run as another process would find it, caught up."""
    again = run_sessions(lambda: store).get(opened.token)
    again.do(Read(lambda it: None))
    return again


def train(opened, steps):
    opened.do(Step(steps))
    while opened.busy:
        opened.train(VIEWER, 1.0)


def written(store):
    """Wait until all that was posted is on the disk."""
    store.write(lambda db: None).result()


def test_a_nudge_is_in_the_store_before_it_is_acknowledged(store, runs):
    opened = runs.open(Run(SPEC), OWNER)
    opened.do(Nudge({"learning_rate": 0.02}))
    rows = store.journal(store.find(opened.token).line.id)
    assert [row["changes"] for row in rows] == [{"learning_rate": [0.1, 0.02]}]


def test_a_frame_knows_what_must_be_written_before_it_is_shown(store, runs):
    opened = runs.open(Run(SPEC), OWNER)
    opened.ask(Nudge({"learning_rate": 0.02}))
    opened.answer()
    opened.saving.result(5)
    assert len(store.journal(store.find(opened.token).line.id)) == 1


def test_a_run_is_found_by_its_link_and_by_its_key_and_only_the_key_drives(store, runs):
    opened = runs.open(Run(SPEC), OWNER)
    key = key_of(OWNER, opened.token)
    assert runs.get(opened.token) is runs.get(key) is opened
    assert opened.drives(key)
    assert not opened.drives(opened.token)
    again = reopened(store, opened)
    assert again.drives(key)
    assert not again.drives(key_of("another", opened.token))


def test_it_reopens_where_it_was_left_to_the_bit_and_goes_on_alike(store, runs):
    opened = runs.open(Run(SPEC), OWNER)
    train(opened, 137)
    opened.do(Nudge({"optimizer": "adam", "learning_rate": 0.01}))
    train(opened, 300)
    opened.close()
    written(store)
    again = reopened(store, opened)
    assert again.run.fingerprint() == opened.run.fingerprint()
    assert again.run.journal == opened.run.journal
    assert not again.playing
    opened.run.advance(50)
    train(again, 50)
    assert again.run.fingerprint() == opened.run.fingerprint()


def test_a_repair_is_in_the_store_with_its_nudge(store, runs):
    hot = Settings(batch_norm=False, optimizer="sgd", learning_rate=10.0)
    opened = runs.open(Run(RunSpec(hidden=(16, 16, 16), activation="leaky_relu"), hot), OWNER)
    train(opened, 500)
    assert opened.run.trouble
    opened.do(Repair())
    assert opened.run.settings.learning_rate == 1.0
    again = reopened(store, opened)
    assert again.run.journal == opened.run.journal
    assert again.run.fingerprint() == opened.run.fingerprint()
    assert len(store.lines(store.find(opened.token).id)) == 2


def test_without_any_snapshot_it_is_replayed_from_the_start(store, runs):
    opened = runs.open(Run(SPEC), OWNER)
    train(opened, 200)
    opened.close()
    store.write(lambda db: db.execute("DELETE FROM snapshots") and None).result()
    assert reopened(store, opened).run.fingerprint() == opened.run.fingerprint()


def test_a_snapshot_that_is_broken_or_of_another_run_only_costs_a_replay(store, runs):
    opened = runs.open(Run(SPEC), OWNER)
    train(opened, 200)
    opened.close()
    other = Run(RunSpec(examples=60, hidden=(5,))).pack()[2]
    for data in (b"", b"nonsense", other):
        store.write(lambda db, data=data: db.execute("UPDATE snapshots SET bytes = ?", (data,)) and None).result()
        assert reopened(store, opened).run.fingerprint() == opened.run.fingerprint()


def test_playing_notes_how_far_it_is_about_every_second(store, runs, monkeypatch):
    opened = runs.open(Run(SPEC), OWNER)
    opened.do(Play())
    start = time.monotonic()
    while time.monotonic() - start < 1.3:
        opened.train(VIEWER, 0.02)
    written(store)
    assert 0 < store.find(opened.token).line.step <= opened.run.step


def test_an_undo_keeps_what_it_left_as_a_branch(store, runs):
    opened = runs.open(Run(SPEC), OWNER)
    train(opened, 50)
    before = opened.run.fingerprint()
    opened.do(Nudge({"learning_rate": 0.01}))
    train(opened, 30)
    left = opened.run.fingerprint()
    opened.do(Undo())
    assert opened.run.fingerprint() == before
    first, second = store.lines(opened.token)
    assert (second.parent, second.forked_at, second.step) == (first.id, 50, 50)
    assert first.step == 80
    opened.do(OpenBranch(first.id))
    assert opened.run.fingerprint() == left
    assert store.find(opened.token).line.id == first.id


def test_a_branch_is_listed_with_what_it_came_to(store, runs):
    opened = runs.open(Run(SPEC), OWNER)
    train(opened, 300)
    opened.do(Rewind(190))
    written(store)
    line = store.lines(opened.token)[1]
    assert line.dev == pytest.approx(opened.run.evaluate("dev").loss, rel=1e-5)
    assert line.curve[0][-1] == line.step == 190


def test_an_undo_with_nothing_after_it_leaves_no_branch(store, runs):
    opened = runs.open(Run(SPEC), OWNER)
    train(opened, 50)
    opened.do(Nudge({"learning_rate": 0.01}))
    opened.do(Undo())
    assert len(store.lines(opened.token)) == 1
    assert store.journal(opened.recorder.line) == []
    assert reopened(store, opened).run.fingerprint() == opened.run.fingerprint()


def test_looking_back_changes_nothing_and_going_on_is_a_branch(store, runs):
    opened = runs.open(Run(SPEC), OWNER)
    train(opened, 200)
    opened.do(Nudge({"learning_rate": 0.01}))
    train(opened, 100)
    head = opened.run.fingerprint()
    opened.do(Look(120))
    assert opened.shown.fingerprint() == Run.replay(SPEC, opened.run.start, (), 120).fingerprint()
    assert opened.run.fingerprint() == head
    opened.do(Look(None))
    assert opened.shown is opened.run
    assert len(store.lines(opened.token)) == 1
    opened.do(Look(120))
    opened.do(Nudge({"beta1": 0.5}))
    assert (opened.timeline.view, opened.run.step, len(opened.run.journal)) == (None, 120, 1)
    first, second = store.lines(opened.token)
    assert (first.step, second.parent, second.forked_at) == (300, first.id, 120)
    assert [row["step"] for row in store.journal(second.id)] == [120]
    assert len(store.journal(first.id)) == 1


def test_a_nudge_to_the_present_value_of_the_past_makes_no_branch(store, runs):
    opened = runs.open(Run(SPEC), OWNER)
    train(opened, 20)
    opened.do(Look(10))
    opened.do(Nudge({"learning_rate": 0.1}))
    assert len(store.lines(opened.token)) == 1
    assert opened.timeline.view is not None


def test_a_branch_in_hand_cannot_be_deleted_another_can(store, runs):
    opened = runs.open(Run(SPEC), OWNER)
    train(opened, 20)
    opened.do(Rewind(10))
    first, second = store.lines(opened.token)
    with pytest.raises(UserError, match="This branch is open"):
        store.delete_line(opened.token, second.id).result()
    store.delete_line(opened.token, first.id).result()
    assert [line.id for line in store.lines(opened.token)] == [second.id]
    with pytest.raises(UserError, match="no such branch"):
        opened.do(OpenBranch(first.id))


def test_notes_are_kept(store, runs):
    opened = runs.open(Run(SPEC), OWNER)
    for rate in (0.02, 0.03):
        opened.do(Nudge({"learning_rate": rate}))
    opened.do(Annotate(0, "too slow"))
    assert [nudge.note for nudge in reopened(store, opened).run.journal] == ["too slow", ""]


def test_a_twin_is_there_again(store, runs):
    opened = runs.open(Run(SPEC), OWNER)
    train(opened, 40)
    opened.do(KeepTwins(True))
    opened.do(Nudge({"learning_rate": 0.01}))
    train(opened, 60)
    twin = opened.run.twin
    assert twin.step == 100
    assert twin.fingerprint() == Run.replay(SPEC, opened.run.start, (), 100).fingerprint()
    opened.close()
    written(store)
    assert reopened(store, opened).run.twin.fingerprint() == twin.fingerprint()


def test_a_twin_of_a_nudge_made_before_is_replayed(store, runs):
    opened = runs.open(Run(SPEC), OWNER)
    train(opened, 40)
    opened.do(Nudge({"learning_rate": 0.01}))
    train(opened, 60)
    opened.do(KeepTwins(True))
    assert opened.run.twin.fingerprint() == Run.replay(SPEC, opened.run.start, (), 100).fingerprint()
    opened.do(KeepTwins(False))
    assert opened.run.twin is None


def test_looking_back_shows_the_twin_as_it_was(store, runs):
    opened = runs.open(Run(SPEC), OWNER)
    train(opened, 40)
    opened.do(KeepTwins(True))
    opened.do(Nudge({"learning_rate": 0.01}))
    train(opened, 60)
    opened.do(Look(70))
    assert opened.shown.twin.fingerprint() == Run.replay(SPEC, opened.run.start, (), 70).fingerprint()
    opened.do(Look(30))
    assert opened.shown.twin is None


def test_a_deleted_run_is_gone(store, runs):
    opened = runs.open(Run(SPEC), OWNER)
    store.delete(opened.token, OWNER).result()
    runs.close(opened.token)
    assert runs.get(opened.token) is None


FULL = "CREATE TRIGGER {0} BEFORE INSERT ON {0} BEGIN SELECT RAISE(ABORT, 'disk is full'); END"


@pytest.mark.parametrize("table", ["nudges", "lines"])
def test_a_store_that_cannot_write_says_so_and_catches_up(store, runs, table):
    opened = runs.open(Run(SPEC), OWNER)
    train(opened, 20)
    store.write(lambda db: db.execute(FULL.format(table)) and None).result()
    with pytest.raises(UserError, match="not being saved: .*disk is full"):
        opened.do(Rewind(10) if table == "lines" else Nudge({"learning_rate": 0.02}))
    assert "not being saved" in opened.recording.state.unsaved
    store.write(lambda db: db.execute(f"DROP TRIGGER {table}") and None).result()
    opened.do(Nudge({"learning_rate": 0.03}))
    assert opened.recording.state.unsaved == ""
    again = reopened(store, opened)
    assert (again.run.journal, again.run.step) == (opened.run.journal, opened.run.step)


def test_a_nudge_that_cannot_be_saved_is_taken_back_with_the_steps_after_it(store, runs):
    opened = runs.open(Run(SPEC), OWNER)
    train(opened, 20)
    before = opened.run.fingerprint()
    gate = threading.Event()
    store.write(lambda db: gate.wait(5) and db.execute(FULL.format("nudges")) and None)
    opened.ask(Nudge({"learning_rate": 0.02}, gesture=1))
    opened.ask(Step(30))
    opened.train(VIEWER, 1.0)  # while the write is under way
    assert opened.run.step == 50
    opened.ask(Nudge({"learning_rate": 0.03}, gesture=1))
    opened.answer()
    assert len(opened.run.journal) == 2
    gate.set()
    opened.settle()
    opened.do(Read(lambda it: None))
    assert (opened.run.journal, opened.run.step, opened.run.fingerprint()) == ((), 20, before)
    assert opened.recording.state.unsaved.startswith("Your last change is not being saved: ")
    store.write(lambda db: db.execute("DROP TRIGGER nudges") and None).result()
    written(store)
    assert reopened(store, opened).run.fingerprint() == before


def test_how_far_a_run_is_that_cannot_be_saved_is_said_until_it_is(store, runs, monkeypatch):
    monkeypatch.setattr("core.sessions.run_recorder.EVERY_SECONDS", 0.0)
    opened = runs.open(Run(SPEC), OWNER)
    store.write(lambda db: db.execute(FULL.format("lines").replace("INSERT", "UPDATE")) and None).result()
    train(opened, 5)
    written(store)
    opened.answer()
    assert opened.run.step == 5
    assert opened.recording.state.unsaved.startswith("How far the run is, is not being saved: ")
    store.write(lambda db: db.execute("DROP TRIGGER lines") and None).result()
    train(opened, 5)
    written(store)
    opened.answer()
    assert opened.recording.state.unsaved == ""


COMMANDS = st.lists(
    st.one_of(
        st.tuples(st.just("train"), st.integers(1, 40)),
        st.tuples(st.just("nudge"), st.sampled_from([0.01, 0.05, 0.2, 0.5])),
        st.tuples(st.just("drag"), st.sampled_from([0.02, 0.03, 0.04])),
        st.tuples(st.just("norm"), st.booleans()),
        st.tuples(st.just("undo"), st.none()),
        st.tuples(st.just("look"), st.integers(0, 100)),
        st.tuples(st.just("rewind"), st.integers(0, 100)),
        st.tuples(st.just("twins"), st.booleans()),
        st.tuples(st.just("line"), st.integers(0, 5)),
        st.tuples(st.just("reopen"), st.none()),
    ),
    max_size=14,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(commands=COMMANDS)
def test_whatever_is_done_the_store_has_the_run_to_the_bit(store, commands):
    opened = run_sessions(lambda: store).open(Run(SPEC), OWNER)
    for kind, value in commands:
        with contextlib.suppress(UserError):
            opened = step_of(store, opened, kind, value)
    opened.do(Look(None))
    fingerprint, journal = opened.run.fingerprint(), opened.run.journal
    assert Run.replay(SPEC, opened.run.start, journal, opened.run.step).fingerprint() == fingerprint
    opened.close()
    written(store)
    again = reopened(store, opened)
    assert again.run.journal == journal
    assert again.run.fingerprint() == fingerprint
    assert again.run.history.steps.tolist() == opened.run.history.steps.tolist()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(commands=COMMANDS, failing=st.sets(st.integers(0, 13)))
def test_what_cannot_be_saved_is_taken_back_and_the_store_has_what_is_shown(store, commands, failing):
    opened = run_sessions(lambda: store).open(Run(SPEC), OWNER)
    for number, (kind, value) in enumerate(commands):
        fails = number in failing and kind != "reopen"
        if fails:
            store.write(lambda db: db.execute(FULL.format("nudges")) and db.execute(FULL.format("lines")) and None)
        with contextlib.suppress(UserError):
            opened = step_of(store, opened, kind, value)
        if fails:
            query = ["DROP TRIGGER nudges", " DROP TRIGGER lines"]
            store.write(lambda db, query=query: [db.execute(one) for one in query] and None).result()
        opened.do(Read(lambda it: None))
        assert store.journal(opened.recorder.line) == journal_rows(opened.run.journal)
        assert store.find(opened.token).line.id == opened.recorder.line
    opened.do(Look(None))
    fingerprint, journal = opened.run.fingerprint(), opened.run.journal
    assert Run.replay(SPEC, opened.run.start, journal, opened.run.step).fingerprint() == fingerprint
    opened.close()
    written(store)
    again = reopened(store, opened)
    assert (again.run.journal, again.run.fingerprint()) == (journal, fingerprint)


def step_of(store, opened, kind, value):
    share = (value or 0) * opened.run.step // 100 if kind in ("look", "rewind") else 0
    lines = store.lines(opened.token)
    {
        "train": lambda: train(opened, value),
        "nudge": lambda: opened.do(Nudge({"learning_rate": value})),
        "drag": lambda: opened.do(Nudge({"learning_rate": value}, gesture=7)),
        "norm": lambda: opened.do(Nudge({"batch_norm": value})),
        "undo": lambda: opened.do(Undo()),
        "look": lambda: opened.do(Look(share)),
        "rewind": lambda: opened.do(Rewind(share)),
        "twins": lambda: opened.do(KeepTwins(value)),
        "line": lambda: opened.do(OpenBranch(lines[value % len(lines)].id)),
        "reopen": lambda: None,
    }[kind]()
    if kind != "reopen":
        return opened
    opened.close()
    written(store)
    return reopened(store, opened)


def test_a_run_that_was_closed_elsewhere_takes_nothing_and_writes_nothing(store, runs):
    opened = runs.open(Run(SPEC), OWNER)
    told = []
    opened.listeners.add(lambda: told.append(opened.closed))
    runs.close(opened.token)
    assert told == [True]
    with pytest.raises(UserError, match="closed or deleted"):
        opened.do(Nudge({"learning_rate": 0.02}))
    again = runs.get(opened.token)
    assert again is not opened
    again.do(Nudge({"learning_rate": 0.03}))
    assert [row["changes"]["learning_rate"][1] for row in store.journal(again.recorder.line)] == [0.03]


def test_a_run_ends_at_the_step_that_a_file_takes(store, runs, monkeypatch):
    monkeypatch.setattr("core.sessions.pacing.MOST_STEPS", 30)
    opened = runs.open(Run(SPEC), OWNER)
    opened.do(Play())
    while opened.busy:
        opened.train(VIEWER, 0.1)
    assert opened.run.step == 30
    with pytest.raises(UserError, match="30 steps at most"):
        opened.do(Play())
