"""What has gone wrong, why, and the repair: from the journal and the settings, and said plainly."""

import pytest

from core.runs import run_file
from core.runs.history import History
from core.runs.replay import Replay, reopening
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


@pytest.mark.parametrize(
    ("at", "settings", "change", "why", "back"),
    [
        (200, {"learning_rate": 3}, {"batch_norm": False}, "batch norm went from on to off", "batch norm on"),
        (50, {"learning_rate": 1, "batch_norm": False}, {"beta1": 0}, "momentum β went from 0.9 to 0", "β 0.9"),
    ],
)
def test_another_change_is_told_as_it_was(at, settings, change, why, back):
    spec = RunSpec(hidden=(32,) * 4) if at == 200 else DEEP
    run = after((at, change), spec=spec, settings=Settings(**settings))
    found, ago = wrong(run), run.trouble.step - at
    assert found.sentence == f"Diverged at step {at + ago}: {ago} steps before, {why}."
    assert found.repair == Repair(at, f"Go back to step {at} with {back}")


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


@pytest.mark.parametrize("change", [{"beta2": 0.9}, {"drop_last": True}])
def test_what_does_not_act_or_cannot_explain_it_is_not_blamed(change):
    run = after((2, change), settings=Settings(batch_norm=False, optimizer="sgd", learning_rate=10))
    assert wrong(run).sentence == f"Diverged at step {run.trouble.step}: a learning rate of 10 was too large."


@pytest.mark.usefixtures("any_loss_is_high")
def test_a_setting_without_effect_is_not_blamed():
    run = Run(SMALL)
    run.nudge(beta2=0.9)
    run.advance(40)
    run.history.column("train_loss")[:20] = -1
    assert "nothing was changed" in wrong(run).sentence


DIVERGED = {
    "nudged": (PLAIN, (60, {"learning_rate": 10})),
    "from the start": (Settings(batch_norm=False, optimizer="sgd", learning_rate=10),),
}


@pytest.mark.parametrize("case", DIVERGED)
def test_a_diverged_run_that_is_opened_again_says_the_same_at_once(case):
    settings, *nudges = DIVERGED[case]
    run = after(*nudges, settings=settings)
    file = run_file.parse(run_file.dump(run))
    a_little = Replay(Run(file.spec, file.settings), file.journal, file.step)
    while not a_little.done:
        a_little.advance(lambda: True)
    again = (
        Run.replay(file.spec, file.settings, file.journal, file.step),
        reopening(Run(DEEP, settings), [], run.journal, run.step).finish(),
        run.branch(run.step),
        a_little.run,
    )
    for one in again:
        assert one.trouble == run.trouble
        assert wrong(one) == wrong(run)
        assert one.fingerprint() == run.fingerprint()


@pytest.fixture
def any_loss_is_high(monkeypatch):
    monkeypatch.setattr(History, "ceiling", lambda self, classes: 0.0)


@pytest.mark.usefixtures("any_loss_is_high")
def test_a_loss_that_exploded_but_is_finite_is_named_and_where_nothing_explains_it_that_is_said():
    run = Run(SMALL)
    run.advance(40)
    found = wrong(run)
    assert found.sentence.startswith("The loss exploded after step 0 and is 0.")
    assert found.sentence.endswith(": nothing was changed before; a smaller learning rate is the usual remedy.")
    assert found.repair == Repair(0, "Go back to step 0 with α 0.01", {"learning_rate": 0.01})


@pytest.mark.usefixtures("any_loss_is_high")
def test_a_change_after_it_began_or_long_before_is_not_blamed():
    run = Run(SMALL)
    run.advance(40)
    run.nudge(learning_rate=5)
    run.advance(10)
    assert "nothing was changed before" in wrong(run).sentence
    run.history.column("train_loss")[:20] = -1  # well up to step 19
    run.nudge(learning_rate=0.1)
    assert "nothing was changed before" in wrong(run).sentence
    old = Run(SMALL)
    old.nudge(beta1=0.8)
    old.advance(1200)
    old.history.column("train_loss")[:-1] = -1
    assert "in the 1,000 steps before" in wrong(old).sentence
    assert old.journal[0].step < wrong(old).repair.step <= 1200


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


def test_lowering_the_learning_rate_is_no_reason():
    settings = Settings(batch_norm=False, optimizer="sgd", learning_rate=10)
    run = Run(DEEP, settings)
    run.advance(2)
    run.nudge(learning_rate=9)
    run.advance(100)
    found = wrong(run)
    assert "a learning rate of 9 was too large" in found.sentence
    assert found.repair.changes == {"learning_rate": 0.9}
