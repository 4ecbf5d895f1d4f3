"""What a long journal costs at each save, and a long replay at the start of a server."""

import threading
import time

import pytest

from core.runs.journal import Nudge
from core.runs.replay import Replay
from core.runs.run import Run
from core.sessions.replay_queue import LONG as LONG_REPLAY
from core.sessions.replay_queue import ReplayQueue
from core.sessions.run_recorder import _shared
from core.settings.table import RunSpec
from core.training import jit


def nudges(count):
    return tuple(Nudge(step, {"learning_rate": (0.1, 0.2)}) for step in range(count))


LONG = nudges(30_000)
CHANGED = (*LONG[:17], Nudge(17, {}, note="a note"), *LONG[18:])


@pytest.mark.parametrize(
    ("old", "new", "alike"),
    [
        ((), (), 0),
        ((), LONG, 0),
        (LONG, LONG[:7], 7),
        (LONG[:7], LONG, 7),
        (LONG, CHANGED, 17),
        (CHANGED, (), 0),
        (LONG, (Nudge(1, {}), *LONG[1:]), 0),
        (LONG[:29_999], (*LONG[:29_998], Nudge(1, {}), LONG[0]), 29_998),
        (nudges(300), LONG, 300),
    ],
)
def test_how_many_nudges_two_journals_begin_with_alike(old, new, alike):
    assert _shared(old, new) == alike


def test_a_long_journal_is_compared_faster_than_it_could_be_walked():
    def seconds(work):
        start = time.thread_time()
        for _ in range(20):
            work()
        return time.thread_time() - start

    walked = seconds(lambda: next((i for i, (a, b) in enumerate(zip(LONG, LONG, strict=False)) if a is not b), None))
    assert seconds(lambda: _shared(LONG[:-1], LONG)) < walked / 2


@pytest.mark.parametrize(("steps", "hurries"), [(LONG_REPLAY, False), (LONG_REPLAY + 1, True)])
def test_a_long_replay_has_the_compiled_step_loaded_at_once(monkeypatch, steps, hurries):
    monkeypatch.setattr(jit, "_at_once", threading.Event())
    run = Run(RunSpec(examples=60, hidden=(4,)))
    ReplayQueue().add(Replay(run, (), steps))
    assert jit._at_once.is_set() == hurries
