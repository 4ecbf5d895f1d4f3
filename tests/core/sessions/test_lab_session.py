"""Open labs: networks side by side are trained in slices, pushed, started again, and closed when nobody looks."""

import pytest

from core.errors import UserError
from core.labs.side_by_side import LAYERS, MOST_STEPS
from core.sessions.commands import LookAt, More, Pause, Play, Restart
from core.sessions.lab_session import MORE, LabSession, lab_sessions
from core.store import key_of

OWNER = "o" * 22
VIEWER = object()


def trained(opened, seconds=30.0):
    while opened.busy:
        opened.train(VIEWER, seconds)
    return opened.trained


def test_it_trains_in_slices_while_it_plays():
    opened = LabSession()
    opened.train(VIEWER, 0.01)
    assert opened.trained.step == 0
    assert opened.rests_at == 0
    opened.do(Play())
    opened.train(VIEWER, 0.001)
    assert 0 < opened.trained.step < MOST_STEPS
    assert opened.rests_at is None
    opened.do(Pause())
    assert not opened.due_to(VIEWER)


def test_a_few_steps_are_a_few():
    opened = LabSession()
    opened.do(More())
    assert trained(opened).step == MORE
    assert not opened.playing
    opened.do(More())
    assert trained(opened).step == 2 * MORE


def test_asked_for_three_times_at_once_a_few_steps_are_three_times_as_many():
    opened = LabSession()
    for _ in range(3):
        opened.do(More())
    while opened.busy:
        opened.train("me", 1.0)
    assert opened.trained.step == 3 * MORE


def test_the_end_is_told():
    opened = LabSession()
    opened.trained.step = MOST_STEPS
    for command in (Play(), More()):
        with pytest.raises(UserError, match="which is the most"):
            opened.do(command)


def test_it_starts_again_with_another_activation():
    opened = LabSession()
    opened.do(More())
    trained(opened)
    opened.do(Restart("relu"))
    assert (opened.trained.step, opened.trained.spec.activation, opened.playing) == (0, "relu", False)
    opened.do(Restart())
    assert opened.trained.spec.activation == "relu"
    with pytest.raises(UserError, match="There is no activation 'cosine'"):
        opened.do(Restart("cosine"))


def test_a_layer_is_looked_at():
    opened = LabSession()
    for asked, seen in ((3, 3), (0, 2), (99, LAYERS + 1)):
        opened.do(LookAt(asked))
        assert opened.shown.layer == seen


def test_its_owner_drives_it_and_others_watch():
    labs = lab_sessions()
    opened = labs.open(OWNER)
    key = key_of(OWNER, opened.token)
    assert labs.get(key) is labs.get(opened.token) is opened
    assert opened.drives(key)
    assert not opened.drives(opened.token)
    assert labs.get("x" * 22) is None


def test_the_longest_unseen_is_closed_unless_somebody_looks():
    labs = lab_sessions(most=2)
    first, second = labs.open(OWNER), labs.open(OWNER)
    first.listeners.add(lambda: None)
    labs.open(OWNER)
    assert labs.get(first.token) is first
    assert labs.get(second.token) is None
    assert second.closed
    labs = lab_sessions(idle=0.0)
    idle = labs.open(OWNER)
    labs.open(OWNER)
    assert labs.get(idle.token) is None
