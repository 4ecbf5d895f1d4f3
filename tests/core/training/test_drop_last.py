"""Dropping the last partial mini-batch: every mini-batch is whole, compiled or not, also after a nudge in an epoch."""

import numpy as np
import pytest

from core.runs.run import Run
from core.settings.table import RunSpec, Settings
from core.training.stack import Stack

SPEC = RunSpec(examples=60, hidden=(5,))  # 48 training examples


@pytest.fixture(params=["compiled", "numpy"], autouse=True)
def way(request, monkeypatch):
    if request.param == "numpy":
        monkeypatch.setattr(Stack, "compiled", None)


def test_every_mini_batch_is_whole():
    run = Run(SPEC, Settings(batch_size=20, drop_last=True))
    sizes = []
    run.stack.advance(5, np.empty((5, 1), np.float32), lambda stack, work: sizes.append(work.A[0].shape[-1]))
    assert sizes == [20] * 5
    assert (run.epoch, run.stack.state.cursor) == (2, 20)


def test_an_epoch_has_as_many_steps_as_whole_mini_batches():
    for drop, steps in ((True, 2), (False, 3)):
        run = Run(SPEC, Settings(batch_size=20, drop_last=drop))
        run.advance(5 * steps)
        assert (run.epoch, run.stack.state.cursor) == (5, 0)


def test_a_nudge_within_an_epoch_leaves_no_partial_mini_batch():
    run = Run(SPEC, Settings(batch_size=20))
    run.advance(2)
    run.nudge(drop_last=True)
    assert (run.epoch, run.stack.state.cursor) == (1, 0)
    run.nudge(batch_size=50_000)
    run.advance(3)
    assert run.epoch == 4


def test_replayed_it_has_the_same_bits():
    run = Run(SPEC, Settings(batch_size=20, decay="exponential"))
    run.advance(2)
    run.nudge(drop_last=True, decay="inverse")
    run.advance(200)
    again = Run.replay(run.spec, run.start, run.journal, run.step)
    assert again.fingerprint() == run.fingerprint()
    run.rewind(150)
    run.advance(52)
    assert again.fingerprint() == run.fingerprint()
