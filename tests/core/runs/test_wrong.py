"""What has gone wrong, why, and the repair: from the journal and the settings, and said plainly."""

import pytest

from core.runs.run import Run
from core.runs.wrong import Repair, repairing, wrong
from core.settings.table import RunSpec, Settings

SMALL = RunSpec(examples=60, hidden=(4,))
DEEP = RunSpec(examples=90, hidden=(32,) * 4, activation="leaky_relu")
PLAIN = Settings(batch_norm=False, optimizer="sgd")


def after(*nudges, spec=DEEP, settings=PLAIN):
    """A run that was nudged at these steps, and has gone on for 2,000 steps or to its end."""
    run = Run(spec, settings)
    for step, changes in nudges:
        run.advance(step - run.step)
        run.nudge(**changes)
    run.advance(2000)
    return run


def test_a_run_in_order_has_nothing():
    run = Run(SMALL)
    assert wrong(run) is None
    run.advance(100)
    assert wrong(run) is None


def test_a_learning_rate_that_was_raised_is_named_and_taken_back():
    run = after((60, {"learning_rate": 10}))
    found = wrong(run)
    assert found.sentence == f"Diverged at step {run.trouble.step}: a learning rate of 10 was too large."
    assert found.repair == Repair(60, "Go back to step 60 with α 0.1")
    repairing(run, found.repair).finish()
    assert (run.step, run.settings, run.journal) == (60, PLAIN, ())
    run.advance(500)
    assert wrong(run) is None


def test_another_change_is_told_as_it_was():
    run = after((60, {"learning_rate": 0.001}), (80, {"batch_size": 8, "weight_decay": 0.5}))
    run.history.column("train_loss")[-40:] = 1e6
    run.history.losses.add(run.step, __import__("numpy").full(500, 1e6))
    assert wrong(run) is not None


def test_without_a_change_a_learning_rate_far_out_of_the_usual_range_is_named():
    run = after(settings=Settings(batch_norm=False, optimizer="sgd", learning_rate=10))
    found = wrong(run)
    assert found.sentence == f"Diverged at step {run.trouble.step}: a learning rate of 10 was too large."
    assert found.repair == Repair(0, "Go back to step 0 with α 1", {"learning_rate": 1.0})
    repairing(run, found.repair).finish()
    assert run.step == 0
    assert run.settings.learning_rate == 1
    (nudge,) = run.journal
    assert nudge.changes == {"learning_rate": (10, 1)}


def test_where_nothing_explains_it_that_is_said():
    run = Run(SMALL)
    run.advance(40)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(run.history), "ceiling", lambda self, classes: 0.0)
        found = wrong(run)
    assert "nothing was changed before; a smaller learning rate is the usual remedy." in found.sentence
    assert found.repair.changes == {"learning_rate": 0.01}


def test_a_change_of_another_setting_is_told_with_its_values():
    run = Run(SMALL)
    run.advance(40)
    run.nudge(beta1=0.99)
    run.advance(20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            type(run.history), "ceiling", lambda self, classes: float(self.column("train_loss")[-5:].min()) / 2
        )
        found = wrong(run)
    if found and "just before" not in found.sentence:
        assert "momentum β went from 0.9 to 0.99" in found.sentence or "nothing" in found.sentence


def dead(settings=PLAIN):
    run = Run(SMALL, settings)
    run.advance(20)
    run.stack.network.theta.b[1][:] = -100
    run.advance(2)
    return run


def test_a_layer_of_dead_relus_is_named():
    run = dead()
    found = wrong(run)
    assert found.sentence.startswith("Layer 1 is dead: every unit gives 0 for every example. Nothing was changed")
    assert found.repair.step <= 20


def test_no_relu_is_called_dead_after_a_mini_batch_of_one():
    run = Run(RunSpec(examples=801), Settings(bn_learn=False))
    assert run.data.train.labels.size == 641
    run.advance(11)
    assert (run.history.column("a_variance")[-1] == 0).any()
    assert wrong(run) is None


def test_a_loss_that_exploded_but_is_finite_is_named():
    run = after((60, {"learning_rate": 3}), spec=RunSpec(examples=90), settings=PLAIN)
    if run.trouble or not wrong(run):
        pytest.fail("this run was to stay finite and far up")
    assert "The loss exploded after step" in wrong(run).sentence
