"""Notices: a sentence where training cannot do what one would expect, and none elsewhere."""

import pytest

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


def test_a_small_learning_rate_that_still_moves_something_is_not_named():
    """The shifts begin at 0, where the smallest step counts; and a warm-up raises the rate again."""
    run = Run(SMALL, Settings(learning_rate=0.01, decay="exponential", decay_rate=0.9))
    run.advance(6)
    assert 1e-9 < run.learning_rate < 1e-7
    before = run.stack.state.theta.copy()
    run.advance(1)
    assert (run.stack.state.theta != before).any()
    assert notices(run) == []
    warming = Run(SMALL, Settings(learning_rate=1e-4, decay="warmup", decay_rate=1e-4, decay_every=100))
    assert warming.learning_rate < 1e-7
    assert notices(warming) == []


def with_training_examples(count, **settings):
    run = Run(RunSpec(examples=count + 160), Settings(**settings))
    assert run.data.train.labels.size == count
    return run


@pytest.mark.parametrize(("count", "words"), [(641, "only one example"), (642, "only two examples")])
def test_a_last_mini_batch_of_one_or_two_examples_is_named_from_the_batches_that_occur(count, words):
    run = with_training_examples(count)
    assert words in notices(run)[0]
    assert f"{count} training examples in mini-batches of 64" in notices(run)[0]
    for changes in ({"drop_last": True}, {"batch_norm": False}, {"batch_size": 50}):
        other = run.branch()
        other.nudge(**changes)
        assert notices(other) == []


def test_batch_norm_on_mini_batches_of_two_is_explained():
    assert "turns each z into 1 or -1" in notices(Run(SMALL, Settings(batch_size=2)))[0]


@pytest.mark.parametrize("drop", [False, True])
def test_dropping_it_keeps_the_running_variance_and_the_dev_loss(drop):
    """Else the last mini-batch of one takes the tenth part of the running variance away."""
    run = with_training_examples(641, drop_last=drop)
    run.advance(1000)
    change = []
    for _ in range(22):
        before = run.evaluate("dev").loss
        run.advance(1)
        change.append(run.evaluate("dev").loss / before)
    assert (max(change) > 1.3) != drop
