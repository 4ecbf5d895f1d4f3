"""Notices: a sentence where training cannot do what one would expect, and none elsewhere."""

from core.runs.notices import notices
from core.runs.run import Run
from core.settings.table import RunSpec, Settings

SMALL = RunSpec(examples=60, hidden=(4,))


def test_a_run_in_order_has_none():
    assert notices(Run(SMALL)) == []


def test_batch_norm_on_mini_batches_of_one_is_explained():
    run = Run(SMALL, Settings(batch_size=1))
    before = [W.copy() for W in run.stack.network.theta.W[1:2]]
    run.advance(50)
    assert "learn nothing" in notices(run)[0]
    assert (run.stack.network.theta.W[1] == before[0]).all()
    run.nudge(batch_norm=False)
    assert notices(run) == []


def test_a_learning_rate_decayed_to_nothing_is_named():
    run = Run(SMALL, Settings(decay="exponential", decay_rate=0.999))
    run.advance(20)
    assert "too small to change the weights" in notices(run)[0]


def test_a_layer_of_dead_relus_is_named():
    run = Run(SMALL, Settings(batch_norm=False))
    run.advance(1)
    run.stack.network.theta.b[1][:] = -100
    run.advance(1)
    assert "hidden layer 1" in notices(run)[0]
