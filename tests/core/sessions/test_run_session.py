"""Open runs: one way in for every change, one driver, bounded numbers."""

import re
import threading
import time
from types import SimpleNamespace

import pytest

from core.errors import UserError
from core.runs.run import Run
from core.sessions import pacing
from core.sessions.commands import Epoch, Nudge, Pause, Play, Read, Repair, Rewind, Speed, Step, StopAt
from core.sessions.pacing import FLAT_OUT
from core.sessions.run_registry import run_sessions
from core.sessions.run_session import RunSession
from core.settings.table import RunSpec, SettingError, Settings


@pytest.fixture
def opened():
    return RunSession(Run(RunSpec(examples=60, hidden=(4,))))


def test_a_paused_run_does_not_train(opened):
    assert opened.train("me", 0.01) == 0
    assert opened.run.step == 0


def test_a_turn_at_a_speed_is_that_many_steps(opened):
    opened.do(Speed(10))
    opened.do(Play())
    assert opened.train("me", 5.0) == 10
    assert opened.train("me", 5.0) == 10
    assert opened.run.step == 20


def test_flat_out_fills_its_time_and_ends_measured(opened):
    opened.do(Speed(FLAT_OUT))
    opened.do(Play())
    opened.train("me", 0.05)
    start = time.perf_counter()
    steps = opened.train("me", 0.3)
    assert steps > 20
    assert 0.2 < time.perf_counter() - start < 3
    assert opened.run.history.steps[-1] == opened.run.step


def test_one_step_and_one_epoch_then_stand_still(opened):
    opened.do(Step(1))
    assert opened.train("me", 5.0) == 1
    opened.do(Epoch())
    opened.train("me", 5.0)
    assert (opened.run.epoch, opened.run.stack.state.cursor) == (2 if opened.run.stack.batch >= 48 else 1, 0)
    assert opened.train("me", 5.0) == 0


def test_steps_and_epochs_asked_for_at_once_all_count():
    opened = RunSession(Run(RunSpec(examples=600, hidden=(4,))))
    epoch = -(-opened.run.data.train.labels.size // opened.run.stack.batch)
    assert epoch > 3
    opened.do(Step(1))
    opened.do(Step(1))
    assert opened.train("me", 5.0) == 2
    opened.do(Epoch())
    opened.do(Epoch())
    assert opened.train("me", 5.0) == 2 * epoch - 2
    opened.do(Step(1))
    opened.do(Pause())
    assert opened.train("me", 5.0) == 0


def test_steps_that_are_owed_beyond_the_stopping_step_are_dropped(opened):
    opened.do(StopAt(5))
    for _ in range(8):
        opened.do(Step(1))
    assert opened.train("me", 5.0) == 5
    assert not opened.busy
    opened.do(StopAt(None))
    assert opened.train("me", 5.0) == 0


def test_a_step_from_the_stopping_step_goes_past_it_as_play_does(opened):
    opened.do(StopAt(1))
    opened.do(Step(1))
    assert opened.train("me", 5.0) == 1
    opened.do(Step(1))
    assert opened.train("me", 5.0) == 1
    assert opened.run.step == 2


@pytest.mark.parametrize("command", [Step(1), Epoch(), Play()])
def test_at_the_last_step_that_a_run_may_have_nothing_more_is_trained(opened, monkeypatch, command):
    monkeypatch.setattr(pacing, "MOST_STEPS", 2)
    opened.do(Step(2))
    opened.train("me", 5.0)
    with pytest.raises(UserError, match="2 steps at most"):
        opened.do(command)
    assert not opened.busy


def test_stops_at_the_stopping_step_and_says_so(opened):
    opened.do(StopAt(25))
    opened.do(Speed(10))
    opened.do(Play())
    for _ in range(5):
        opened.train("me", 5.0)
    assert opened.run.step == 25
    assert not opened.playing
    assert opened.pacing.said == "Paused at step 25, the step to stop at."
    opened.do(Play())
    assert opened.pacing.said == ""


@pytest.mark.parametrize("speed", [3, 10, FLAT_OUT])
def test_stops_after_so_many_epochs_whatever_happens_to_the_mini_batch_size(speed):
    opened = RunSession(Run(RunSpec(examples=600, hidden=(4,)), Settings(batch_size=32)))
    opened.do(StopAt(epochs=3))
    opened.do(Speed(speed))
    opened.do(Play())
    opened.train("me", 5.0)
    if opened.playing:
        opened.do(Nudge({"batch_size": 50}))
    for _ in range(40):
        opened.train("me", 5.0)
    assert (opened.run.epoch, opened.run.stack.state.cursor) == (3, 0)
    assert not opened.playing
    assert opened.pacing.said == f"Paused at step {opened.run.step}: 3 epochs are done."
    with pytest.raises(UserError, match="has done 3 epochs already: it can stop after 4"):
        opened.do(StopAt(epochs=3))


@pytest.mark.parametrize("speed", [1, 10, 100, FLAT_OUT])
def test_stops_at_the_first_step_at_which_the_averaged_loss_is_there(speed):
    spec = RunSpec(examples=300, hidden=(8,))
    alone, opened = Run(spec), RunSession(Run(spec))
    while not alone.history.losses.latest <= 0.3:
        alone.advance(1)
    opened.do(StopAt(loss=0.3))
    opened.do(Speed(speed))
    opened.do(Play())
    for _ in range(alone.step + 2):
        opened.train("me", 5.0)
    assert opened.run.step == alone.step > 20
    assert opened.run.fingerprint() == alone.fingerprint()
    assert not opened.playing
    assert re.fullmatch(
        rf"Paused at step {alone.step}: the averaged loss is 0.[23]\d*, down to 0.3.", opened.pacing.said
    )
    with pytest.raises(UserError, match="already: choose a smaller one"):
        opened.do(StopAt(loss=0.3))
    opened.do(Play())
    opened.train("me", 0.05)
    assert opened.run.step > alone.step


def test_a_stopping_step_behind_the_run_is_refused(opened):
    opened.run.advance(5)
    with pytest.raises(UserError, match="takes 6 to"):
        opened.do(StopAt(5))


def test_a_nudge_asked_for_during_a_slice_takes_effect_within_it(opened):
    opened.do(Speed(FLAT_OUT))
    opened.do(Play())
    opened.train("me", 0.02)
    slice_ = threading.Thread(target=opened.train, args=("me", 1.0))
    slice_.start()
    time.sleep(0.2)
    future = opened.ask(Nudge({"learning_rate": 0.02}))
    future.result(timeout=0.5)
    at_answer = opened.run.since["learning_rate"]
    slice_.join()
    assert opened.run.settings.learning_rate == 0.02
    assert 0 < at_answer < opened.run.step


def test_errors_reach_whoever_asked_and_change_nothing(opened):
    before = opened.run.fingerprint()
    with pytest.raises(SettingError, match="1e-06 to 10"):
        opened.do(Nudge({"learning_rate": 99}))
    assert opened.run.fingerprint() == before


def test_a_second_viewer_watches_and_takes_over_when_the_first_is_silent(opened, monkeypatch):
    opened.do(Play())
    opened.train("first", 0.001)
    assert not opened.due_to("second")
    assert opened.due_to("first")
    monkeypatch.setattr("core.sessions.session.DRIVER_SECONDS", 0.0)
    assert opened.due_to("second")


def test_trouble_ends_play_and_play_is_refused_until_one_goes_back():
    opened = RunSession(Run(RunSpec(hidden=(16, 16, 16), activation="leaky_relu")))
    opened.do(Nudge({"batch_norm": False, "optimizer": "sgd", "learning_rate": 10.0}))
    opened.do(Play())
    for _ in range(50):
        opened.train("me", 0.1)
    assert opened.run.trouble
    assert not opened.playing
    with pytest.raises(UserError, match="go back"):
        opened.do(Play())
    opened.do(Rewind(0))
    opened.do(Play())
    assert opened.playing


def broken(settings, nudge=None):
    opened = RunSession(Run(RunSpec(hidden=(16, 16, 16), activation="leaky_relu"), settings))
    if nudge:
        opened.do(Step(40))
        opened.train("me", 1.0)
        opened.do(Nudge(nudge))
    opened.do(Play())
    for _ in range(50):
        opened.train("me", 0.1)
    assert opened.run.trouble
    return opened


CALM = Settings(batch_norm=False, optimizer="sgd")


def test_a_repair_goes_back_to_before_the_nudge_and_pauses():
    opened = broken(CALM, {"learning_rate": 10.0})
    opened.do(Repair())
    assert (opened.run.step, opened.run.settings, opened.playing) == (40, CALM, False)
    opened.do(Step(200))
    opened.train("me", 1.0)
    assert not opened.run.trouble
    with pytest.raises(UserError, match="nothing to repair"):
        opened.do(Repair())


def test_a_repair_where_nothing_was_nudged_is_a_nudge_to_a_tenth():
    opened = broken(Settings(batch_norm=False, optimizer="sgd", learning_rate=10.0))
    opened.do(Repair())
    assert opened.run.step == 0
    assert [nudge.changes for nudge in opened.run.journal] == [{"learning_rate": (10.0, 1.0)}]
    assert opened.run.settings.learning_rate == 1.0


def test_listeners_hear_of_every_change(opened):
    heard = []
    opened.listeners.add(lambda: heard.append(opened.version))
    opened.do(Play())
    opened.train("me", 0.01)
    assert heard == [1, 2]


def test_the_longest_unseen_is_closed_when_there_are_too_many():
    runs = run_sessions(most=2)
    first, second = (runs.open(Run(RunSpec(examples=60, hidden=(4,)))) for _ in range(2))
    second.seen = first.seen - 10
    third = runs.open(first.run)
    assert runs.get(second.token) is None
    assert runs.get(first.token) is first
    assert runs.get(third.token) is third


def test_a_run_that_somebody_looks_at_is_never_closed():
    runs = run_sessions(most=1, idle=0.0)
    first = runs.open(Run(RunSpec(examples=60, hidden=(4,))))
    first.listeners.add(lambda: None)
    runs.open(first.run)
    assert runs.get(first.token) is first


def test_tokens_are_long_and_differ(opened):
    other = RunSession(opened.run)
    assert len(opened.token) >= 22
    assert opened.token != other.token


def test_who_only_watches_never_trains_the_run_even_when_nobody_else_looks(opened):
    watcher = SimpleNamespace(drives=False)
    opened.do(Play())
    assert not opened.due_to(watcher)
    assert opened.due_to(SimpleNamespace(drives=True))


def test_commands_that_come_while_others_are_carried_out_wait_for_the_next_turn():
    session = RunSession(Run(RunSpec(examples=60, hidden=(4,))))
    again = Read(lambda it: it.ask(again))
    session.ask(again)
    for _ in range(3):
        assert not session.answer()
        assert session.waiting == 1


def test_a_turn_ends_when_its_time_is_over_and_says_that_something_is_left():
    session, done = RunSession(Run(RunSpec(examples=60, hidden=(4,)))), []
    for i in range(5):
        session.ask(Read(lambda it, i=i: done.append(i) or time.sleep(0.02)))
    assert session.answer(0.03)
    assert 1 <= len(done) < 5
    while session.answer(0.03):
        pass
    assert (done, session.waiting) == ([0, 1, 2, 3, 4], 0)
