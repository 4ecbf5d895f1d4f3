"""Tests of a run: the same bits whatever the way there, nudges, rewinding, trouble, settings that do what they say."""

import math
import subprocess
import sys
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.errors import UserError
from core.nn.activations import ACTIVATIONS
from core.nn.optimizers import OPTIMIZERS
from core.nn.schedules import SCHEDULES
from core.runs.journal import Nudge, gestures
from core.runs.run import Run
from core.settings.table import FIELDS, SETTINGS, RunSpec, SettingError, Settings
from tests.core.random_runs import follow, plans, specs, values

ROOT = Path(__file__).resolve().parents[3]
SMALL = RunSpec(examples=90, hidden=(6, 5))  # 67 training examples
BREAKS = RunSpec(
    examples=90, hidden=(32,) * 4, activation="leaky_relu"
)  # breaks at learning rate 10 within a few steps, without batch norm
HOT = Settings(batch_norm=False, optimizer="sgd", learning_rate=10.0)


def bits(run):
    """The arrays of a run's state, to tell that nothing moved."""
    state = run.stack.state
    return np.concatenate([array.ravel() for array in (state.theta, state.m, state.v, state.running)])


def history_of(run):
    """All that the history holds."""
    trace = run.history.losses
    parts = [run.history.steps, *(run.history.column(name) for name in ("train_loss", "dev_accuracy", "gradient_norm"))]
    return [*parts, trace.steps, trace.low, trace.high, trace.average]


def assert_same_history(one, other):
    for a, b in zip(history_of(one), history_of(other), strict=True):
        np.testing.assert_array_equal(a, b)


def test_every_setting_is_nudged_in_the_random_runs():
    assert set(values) == {field.name for field in fields(Settings)}


@given(specs, plans, st.integers(1, 9))
@hypothesis_settings(max_examples=60, deadline=None)
def test_the_same_journal_gives_the_same_bits_however_the_calls_are_divided(spec, plan, cut):
    one, other = follow(Run(spec), plan), follow(Run(spec), plan, cut)
    assert one.fingerprint() == other.fingerprint()
    assert one.journal == other.journal
    assert one.since == other.since
    assert one.trouble == other.trouble
    assert_same_history(one, other)


@given(specs, plans, st.data())
@hypothesis_settings(max_examples=30, deadline=None)
def test_rewinding_and_going_on_is_never_having_rewound(spec, plan, data):
    run = follow(Run(spec), plan)
    step = data.draw(st.integers(0, run.step))
    run.rewind(step)
    straight, journal = Run(spec), [nudge for nudge in run.journal if nudge.step < step]
    for nudge in journal:
        straight.advance(nudge.step - straight.step)
        straight.nudge(**{name: new for name, (_, new) in nudge.changes.items()})
    straight.advance(step - straight.step)
    for _ in range(2):
        assert run.step == straight.step
        assert run.journal == straight.journal == tuple(journal)
        assert run.settings == straight.settings
        assert run.since == straight.since
        assert run.fingerprint() == straight.fingerprint()
        assert_same_history(run, straight)
        run.advance(20)
        straight.advance(20)


FRESH = [
    (
        {"examples": 90, "hidden": (6, 5)},
        [(40, {"batch_norm": False}), (9, {"optimizer": "adam", "learning_rate": 0.01})],
    ),
    (
        {"dataset": "digits", "activation": "tanh", "seed": 7},
        [(30, {"decay": "inverse", "batch_size": 50}), (30, {})],
    ),
]


def test_a_fresh_process_gives_the_same_bits():
    here = [follow(Run(RunSpec(**spec)), plan).fingerprint() for spec, plan in FRESH]
    script = (
        "import sys\n"
        "from core.runs.run import Run\n"
        "from core.settings.table import RunSpec\n"
        f"for spec, plan in {FRESH!r}:\n"
        "    run = Run(RunSpec(**spec))\n"
        "    for steps, nudge in plan:\n"
        "        for _ in range(steps):\n"
        "            run.advance(1)\n"
        "        run.nudge(**nudge)\n"
        "    run.advance(3)\n"
        "    print(run.fingerprint())\n"
    )
    there = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert there.stdout.split() == here


def test_fingerprints_differ_where_anything_differs():
    runs = [Run(SMALL), Run(replace(SMALL, seed=1)), Run(replace(SMALL, data_seed=1)), Run(SMALL, Settings(beta1=0.8))]
    for run in runs:
        run.advance(5)
    later, nudged = Run(SMALL), Run(SMALL)
    later.advance(6)
    nudged.advance(5)
    nudged.nudge(epsilon=1e-7)  # without any effect under momentum, but it is another run
    prints = {run.fingerprint() for run in (*runs, later, nudged)}
    assert len(prints) == 6
    runs[0].stack.state.v[-1] = 1e-30  # a bit that only the far future would see
    assert runs[0].fingerprint() not in prints


# nudges


def test_a_nudge_says_what_changed_and_since_when():
    run = Run(SMALL)
    run.advance(7)
    nudge = run.nudge(gesture=3, learning_rate=0.05, beta1=0.9)  # beta1 is 0.9 already
    assert nudge == Nudge(7, {"learning_rate": (0.1, 0.05)}, 3)
    assert run.journal == (nudge,)
    assert run.settings == Settings(learning_rate=0.05)
    assert run.since["learning_rate"] == 7
    assert run.since["beta1"] == 0
    assert run.learning_rate == pytest.approx(0.05)


@pytest.mark.parametrize("field", SETTINGS, ids=lambda field: field.name)
@pytest.mark.parametrize("batch_norm", [True, False])
def test_a_nudge_to_the_present_value_changes_no_bit(field, batch_norm):
    settings = Settings(optimizer="adam", batch_norm=batch_norm, decay="inverse")
    run, other = Run(SMALL, settings), Run(SMALL, settings)
    run.advance(30)
    assert run.nudge(**{field.name: getattr(run.settings, field.name)}) is None
    assert run.nudge(**asdict(run.settings)) is None
    assert run.nudge() is None
    assert run.journal == ()
    assert run.since == dict.fromkeys(run.since, 0)
    run.advance(10)
    other.advance(40)
    assert run.fingerprint() == other.fingerprint()
    assert_same_history(run, other)


BAD = [
    ({"learning_rate": 11}, "Learning rate cannot be '11': it takes 1e-06 to 10."),
    ({"learning_rate": 0.0}, "1e-06 to 10"),
    ({"learning_rate": float("nan")}, "1e-06 to 10"),
    ({"learning_rate": float("inf")}, "1e-06 to 10"),
    ({"learning_rate": "0.1"}, "1e-06 to 10"),
    ({"learning_rate": True}, "1e-06 to 10"),
    ({"learning_rate": None}, "1e-06 to 10"),
    ({"beta1": 1.0}, "0 to 0.9999"),
    ({"beta2": 0.4}, "0.5 to 0.99999"),
    ({"batch_size": 0}, "a whole number from 1 to 50,000"),
    ({"batch_size": 2.5}, "a whole number from 1 to 50,000"),
    ({"batch_size": [3]}, "a whole number from 1 to 50,000"),
    ({"optimizer": "adamw"}, "one of sgd, momentum, "),
    ({"batch_norm": 1}, "on or off"),
    ({"bias_correction": "off"}, "on or off"),
    ({"bn_epsilon": 0}, "1e-10 to 1"),
    ({"sped": 1}, "There is no setting called 'sped'"),
    ({"seed": 1}, "There is no setting called 'seed'"),  # of the spec, which is fixed
]


@pytest.mark.parametrize(("change", "words"), BAD)
def test_a_nudge_that_cannot_be_changes_nothing(change, words):
    run = Run(SMALL)
    run.advance(5)
    before = run.fingerprint()
    with pytest.raises(SettingError) as caught:
        run.nudge(decay="inverse", **change)
    assert words in str(caught.value)
    assert run.settings == Settings()
    assert run.journal == ()
    assert run.fingerprint() == before


def test_one_drag_is_one_gesture():
    run = Run(SMALL)
    for value in (0.09, 0.08, 0.07):
        run.nudge(gesture=1, learning_rate=value)
        run.advance(2)
    run.nudge(gesture=2, learning_rate=0.06)
    run.nudge(batch_norm=False)
    run.nudge(batch_norm=True)  # gesture 0 is no drag
    made = gestures(run.journal)
    assert [(one.first, one.step, one.changes) for one in made] == [
        (0, 4, {"learning_rate": (0.1, 0.07)}),
        (6, 6, {"learning_rate": (0.07, 0.06)}),
        (6, 6, {"batch_norm": (True, False)}),
        (6, 6, {"batch_norm": (False, True)}),
    ]
    assert made[0].words == "learning rate from 0.1 to 0.07"
    assert made[2].words == "batch norm from on to off"


OTHER = {  # for each setting another value, which is to be seen in 40 steps
    "learning_rate": 0.02, "beta1": 0.5, "batch_size": 20, "optimizer": None, "on_switch": "keep",
    "bias_correction": False, "decay": "exponential", "decay_rate": 0.7, "decay_every": 1, "batch_norm": None,
    "bn_learn": False, "bn_decay": 0.5, "bn_epsilon": 0.1, "beta2": 0.8, "epsilon": 1e-3,
    "dropout": 0.3, "weight_decay": 0.1, "clip_norm": 0.01, "drop_last": True,
}  # fmt: skip


@pytest.mark.parametrize("field", [f for f in SETTINGS if f.name != "on_switch"], ids=lambda field: field.name)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(("decay", "batch_norm"), [("none", True), ("inverse", False), ("staircase", True)])
def test_a_setting_is_called_idle_exactly_where_it_has_no_effect(field, optimizer, decay, batch_norm):
    settings = Settings(
        optimizer=optimizer, decay=decay, batch_norm=batch_norm, learning_rate=0.03, decay_every=2, decay_rate=0.2
    )
    new = OTHER[field.name]
    if field.name == "optimizer":
        new = "sgd" if optimizer == "adam" else "adam"
    if field.name == "batch_norm":
        new = not batch_norm
    left, nudged = Run(SMALL, settings), Run(SMALL, settings)
    nudged.nudge(**{field.name: new})
    left.advance(40)
    nudged.advance(40)
    assert np.array_equal(bits(left), bits(nudged)) == (FIELDS[field.name].idle(settings) is not None)


@pytest.mark.parametrize("name", [name for name in SCHEDULES if name != "none"])
def test_decay_in_a_run(name):
    settings = Settings(learning_rate=0.2, batch_size=50_000, decay_rate=0.5, decay_every=2)
    run = Run(SMALL, settings)
    run.advance(3)
    run.nudge(decay=name)
    found = [run.learning_rate]
    for _ in range(4):
        run.advance(1)
        found.append(run.learning_rate)
    factors = {
        "inverse": [1, 1 / 1.5, 1 / 2, 1 / 2.5, 1 / 3],
        "exponential": [1, 0.5, 0.25, 0.125, 0.0625],
        "staircase": [1, 1, 0.5, 0.5, 0.25],
        "sqrt": [1, 1.5**-0.5, 2**-0.5, 2.5**-0.5, 3**-0.5],
        "warmup": [0.5, 0.75, 1, 1, 1],
        "cosine": [1, 0.75, 0.5, 0.5, 0.5],
    }[name]
    np.testing.assert_allclose(found, 0.2 * np.array(factors), rtol=1e-12)
    assert run.history.column("learning_rate")[-1, 0] == pytest.approx(run.learning_rate)


# batch norm


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_switching_batch_norm_does_not_move_the_outputs(activation, optimizer):
    alpha = 0.1 if optimizer in ("sgd", "momentum") else 0.01
    run = Run(replace(SMALL, activation=activation), Settings(optimizer=optimizer, learning_rate=alpha))
    for steps in (60, 40, 40, 1):
        run.advance(steps)
        before = {split: run.outputs(split).copy() for split in ("train", "dev")}
        assert before["dev"].std() > 0.01  # the outputs say something
        run.nudge(batch_norm=not run.settings.batch_norm)
        for split, outputs in before.items():
            assert np.abs(run.outputs(split) - outputs).max() < 1e-5


def test_outputs_are_those_of_the_settings_that_count_now():
    run = Run(SMALL)
    run.advance(60)
    before = run.outputs("dev").copy()
    run.nudge(bn_epsilon=1.0)  # counts at test time, too
    assert np.abs(run.outputs("dev") - before).max() > 0.01
    np.testing.assert_allclose(run.outputs("dev"), run.predict(run.data.raw(run.data.dev.X)), atol=1e-5)


def test_switching_batch_norm_before_any_step_does_not_move_the_outputs():
    run = Run(SMALL)
    before = run.outputs("dev").copy()
    run.nudge(batch_norm=False)
    np.testing.assert_allclose(run.outputs("dev"), before, atol=1e-6)
    run.nudge(batch_norm=True)
    np.testing.assert_allclose(run.outputs("dev"), before, atol=1e-6)


def test_switching_batch_norm_on_with_another_epsilon_does_not_move_the_outputs():
    run = Run(SMALL, Settings(batch_norm=False))
    run.advance(60)
    before = run.outputs("dev").copy()
    run.nudge(batch_norm=True, bn_epsilon=1.0)
    assert np.abs(run.outputs("dev") - before).max() < 1e-5


@pytest.mark.parametrize(
    ("spec", "accuracy"),
    [(RunSpec(), 0.98), (RunSpec(dataset="digits", hidden=(64, 32)), 0.97)],
    ids=["spiral", "digits"],
)
def test_the_default_run_gets_there_within_2000_steps(spec, accuracy):
    run = Run(spec, Settings(learning_rate=0.1))
    run.advance(2000)
    assert run.history.column("dev_accuracy").max() >= accuracy


def test_an_epoch_of_the_default_run_ends_on_a_whole_mini_batch():
    run = Run()
    assert run.data.train.labels.size % run.settings.batch_size == 0


@pytest.mark.parametrize("batch_norm", [True, False])
def test_training_learns_the_spiral(batch_norm):
    run = Run(settings=Settings(batch_norm=batch_norm))
    run.advance(1500)
    assert run.evaluate("dev").accuracy > 0.97
    assert run.evaluate("dev").loss < 0.15


# what a run shows


def test_predict_takes_raw_inputs():
    run = Run(replace(SMALL, dataset="iris"))
    run.advance(20)
    raw = run.data.raw(run.data.dev.X)
    assert np.abs(raw - run.data.dev.X).max() > 1  # normalized is something else
    np.testing.assert_allclose(run.predict(raw), run.outputs("dev"), atol=1e-5)
    with pytest.raises(UserError, match=r"shape \(2, 5\)"):
        run.predict(np.zeros((2, 5)))
    with pytest.raises(UserError, match="shape"):
        run.predict(np.zeros(4))


def test_evaluate_is_cost_and_accuracy_of_the_outputs():
    run = Run(SMALL)
    run.advance(20)
    for split in ("train", "dev"):
        A, examples = run.outputs(split), getattr(run.data, split)
        scores = run.evaluate(split)
        assert scores.accuracy == (A.argmax(axis=0) == examples.labels).mean()
        true = A[examples.labels, np.arange(A.shape[1])]
        assert scores.loss == pytest.approx(-np.log(true.astype(float)).mean(), rel=1e-6)


def test_looking_changes_no_bit():
    run, other = Run(SMALL), Run(SMALL)
    for _ in range(10):
        run.advance(4)
        run.evaluate("train"), run.evaluate("dev"), run.predict(np.zeros((2, 3))), run.fingerprint()
        run.history.column("z_mean"), run.history.latest("dev_loss")
    other.advance(40)
    assert run.fingerprint() == other.fingerprint()


# going back


def test_rewinding_forgets_the_nudges_at_that_step_and_later():
    run = Run(SMALL)
    for alpha in (0.05, 0.04, 0.03):
        run.advance(10)
        run.nudge(learning_rate=alpha)
    run.rewind(20)
    assert [nudge.step for nudge in run.journal] == [10]
    assert run.settings.learning_rate == 0.05
    assert run.since["learning_rate"] == 10
    run.rewind(0)
    assert run.fingerprint() == Run(SMALL).fingerprint()
    assert run.journal == ()
    assert_same_history(run, Run(SMALL))


@pytest.mark.parametrize("step", [-1, 11, 10**9])
def test_a_step_that_is_not_there_cannot_be_rewound_to(step):
    run = Run(SMALL)
    run.advance(10)
    before = run.fingerprint()
    with pytest.raises(UserError, match="from 0 to 10"):
        run.rewind(step)
    assert run.fingerprint() == before


def test_any_step_of_a_long_run_is_within_reach():
    run, nudges = Run(SMALL), {300: {"optimizer": "adam", "learning_rate": 0.01}, 700: {"batch_norm": False}}
    prints = {}
    for step in range(0, 1300, 50):
        run.advance(step - run.step)
        prints[step] = run.fingerprint()  # as it was reached, before a nudge at it
        run.nudge(**nudges.get(step, {}))
    for step in reversed(range(0, 1300, 50)):
        run.rewind(step)
        assert run.fingerprint() == prints[step]
        assert run.history.steps[-1] == step


def test_the_newest_point_is_the_present_step_after_rewinding_to_a_snapshot():
    run = Run(SMALL)
    run.advance(3)
    run.nudge(learning_rate=0.2)
    run.advance(197)
    run.rewind(128)
    assert run.step == 128
    assert run.history.steps[-1] == 128


def test_snapshots_stay_few():
    run, counts = Run(RunSpec(examples=60, hidden=(2,)), Settings(batch_size=64)), []
    for _ in range(8):
        run.advance(max(run.step, 128))  # 128, 256, 512, ... 16,384 steps
        counts.append(len(run._snapshots))
    assert run.step == 128 * 2**7
    assert max(np.diff(counts)) <= 4  # a doubling of the run adds a few
    assert counts[-1] <= 30
    gaps = np.diff([*run._snapshots.steps, run.step])
    ages = run.step - np.array(run._snapshots.steps)
    assert (gaps[:-1] <= np.maximum(ages[:-1], 256)).all()  # to go back k steps costs about k steps at most


def test_snapshots_of_a_large_network_stay_within_their_bytes(monkeypatch):
    run = Run(RunSpec(examples=60, hidden=(16,)))
    monkeypatch.setattr("core.runs.snapshots.BYTES", 5 * run._snapshot().bytes)
    monkeypatch.setattr("core.runs.snapshots.EVERY", 8)
    for _ in range(100):
        run.advance(8)
        assert len(run._snapshots) <= 5
    assert run._snapshots.steps[0] == 0
    assert run._snapshots.steps[-1] == 800
    direct = Run(run.spec)
    direct.advance(555)
    run.rewind(555)
    assert run.fingerprint() == direct.fingerprint()


# other ways from here


@given(specs, plans, st.data())
@hypothesis_settings(max_examples=40, deadline=None)
def test_a_replay_has_the_bits_of_the_run(spec, plan, data):
    run = follow(Run(spec), plan)
    step = data.draw(st.integers(run.journal[-1].step if run.journal else 0, run.step))
    replayed = Run.replay(spec, Settings(), run.journal, run.step)
    assert replayed.fingerprint() == run.fingerprint()
    assert replayed.journal == run.journal
    assert_same_history(replayed, run)
    earlier = Run.replay(spec, Settings(), run.journal, step)
    earlier.advance(run.step - step)
    assert earlier.fingerprint() == run.fingerprint()


@given(specs, plans)
@hypothesis_settings(max_examples=30, deadline=None)
def test_undo_goes_to_the_step_before_the_last_nudge_without_it(spec, plan):
    run = follow(Run(spec), plan)
    while run.journal:
        last, kept = run.journal[-1], run.journal[:-1]
        assert run.undo().step == last.step
        assert (run.step, run.journal) == (last.step, kept)
        assert run.fingerprint() == Run.replay(spec, Settings(), kept, last.step).fingerprint()
    with pytest.raises(UserError, match="no nudge to undo"):
        run.undo()


def test_undo_takes_a_whole_drag_and_leaves_another_nudge_at_its_first_step():
    run = Run(SMALL)
    run.advance(10)
    run.nudge(optimizer="adam")
    for rate in (0.05, 0.02):
        run.nudge(gesture=3, learning_rate=rate)
        run.advance(4)
    assert run.undo().changes == {"learning_rate": (0.1, 0.02)}
    assert (run.step, run.settings.learning_rate, run.settings.optimizer) == (10, 0.1, "adam")
    assert len(run.journal) == 1


@given(specs, plans, st.data())
@hypothesis_settings(max_examples=20, deadline=None)
def test_a_branch_has_the_past_of_its_run_and_leaves_it_alone(spec, plan, data):
    run = follow(Run(spec), plan)
    before, journal = run.fingerprint(), run.journal
    step = data.draw(st.integers(0, run.step))
    branch, now = run.branch(step), run.branch()
    assert now.fingerprint() == before
    assert_same_history(now, run)
    now.nudge(learning_rate=0.012345)
    for other in (branch, now):
        other.advance(30)
    assert (run.fingerprint(), run.journal) == (before, journal)
    run.rewind(step)
    run.advance(30)
    assert branch.fingerprint() == run.fingerprint()


def test_a_twin_is_the_run_without_its_last_nudge_on_the_same_mini_batches():
    run = Run(SMALL)
    run.advance(40)
    run.nudge(learning_rate=0.001)
    run.advance(25)
    twin, never = run.make_twin(), Run(SMALL)
    never.advance(65)
    assert twin.fingerprint() == never.fingerprint()
    assert twin.stack.state.cursor == run.stack.state.cursor
    assert run.settings.learning_rate == 0.001


# trouble


@pytest.mark.parametrize("rules", [1, 2])
def test_a_dev_loss_that_is_no_number_is_trouble_though_the_mini_batch_s_is_one(rules):
    """A variance that overflows: batch norm gives beta, which is finite, and the running mean is lost."""
    run = Run(RunSpec(rules=rules), Settings(learning_rate=0.01))
    run.advance(100)
    run.stack.network.theta.W[1][:] *= 1e25
    done = run.advance(50)
    assert math.isfinite(run.history.losses.low[-1])
    assert math.isnan(run.evaluate("dev").loss)
    if rules == 1:
        assert run.trouble is None
        return
    assert done < 50
    assert run.step == run.trouble.step
    assert "the dev loss is no longer a finite number" in run.trouble.sentence
    assert "the running mean and variance of hidden layer 1" in run.trouble.sentence
    assert run.advance(5) == 0
    run.rewind(90)
    assert run.trouble is None
    assert run.advance(5) == 5


def test_a_run_that_breaks_says_where_when_and_after_what():
    run = Run(BREAKS, HOT)
    done = run.advance(200)
    trouble = run.trouble
    assert 0 < done == run.step == trouble.step < 50
    assert trouble.gesture is None
    assert trouble.layer in trouble.sentence
    assert "layer" in trouble.layer
    assert f"step {done}" in trouble.sentence
    assert "with no nudge before it" in trouble.sentence
    before = run.fingerprint()
    assert run.advance(10) == 0
    assert run.step == done
    assert run.fingerprint() == before
    assert len(run.history.losses.steps) == done


def test_a_nudge_that_breaks_a_run_is_named_and_can_be_undone():
    run = Run(BREAKS, replace(HOT, learning_rate=0.1))
    run.advance(50)
    healthy = run.fingerprint()
    nudge = run.nudge(learning_rate=10)
    run.advance(200)
    trouble = run.trouble
    assert 50 < trouble.step < 100
    assert trouble.gesture.step == 50
    assert trouble.gesture.changes == nudge.changes
    assert "after the nudge of learning rate from 0.1 to 10 at step 50" in trouble.sentence
    run.rewind(50)
    assert run.trouble is None
    assert run.journal == ()
    assert run.fingerprint() == healthy
    assert run.advance(100) == 100
    assert run.trouble is None
    straight = Run(BREAKS, replace(HOT, learning_rate=0.1))
    straight.advance(150)
    assert run.fingerprint() == straight.fingerprint()


def test_a_run_that_broke_can_be_rewound_a_little_and_breaks_again_at_the_same_step():
    run = Run(BREAKS, HOT)
    run.advance(200)
    first, sentence = run.step, run.trouble.sentence
    run.rewind(first)  # the step itself was made, the one after it breaks
    assert run.trouble.sentence == sentence
    run.rewind(first - 2)
    assert run.advance(200) == 2
    assert (run.step, run.trouble.sentence) == (first, sentence)


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_the_layer_whose_weights_broke_is_named(layer):
    run = Run(SMALL, HOT)
    run.advance(1)
    run.stack.network.theta.W[layer][0, 0, 0] = np.nan
    assert run.advance(5) == 0
    name = {1: "hidden layer 1", 2: "hidden layer 2", 3: "the output layer"}[layer]
    assert run.trouble.layer == f"the weights of {name}"


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_batch_norm_keeps_the_largest_learning_rate_finite_or_stops(activation, optimizer):
    """No warning, no exception, no infinite loop at the end of every range."""
    run = Run(replace(BREAKS, activation=activation), Settings(optimizer=optimizer, learning_rate=10, beta1=0))
    done = run.advance(60)
    assert (done == 60) == (run.trouble is None)
    assert np.isfinite(run.history.losses.high).all()


def test_an_unusual_number_of_steps_does_nothing():
    run = Run(SMALL)
    assert run.advance(0) == run.advance(-3) == 0
    assert run.step == 0


def test_a_journal_has_an_end(monkeypatch):
    monkeypatch.setattr("core.runs.run.MOST_NUDGES", 2)
    run = Run(SMALL)
    run.nudge(beta1=0.5)
    run.nudge(beta1=0.6)
    with pytest.raises(UserError, match="2 nudges, which is the most"):
        run.nudge(beta1=0.7)
    assert len(run.journal) == 2


@pytest.mark.parametrize("how", ["kept", "made later"])
def test_a_twin_is_measured_as_often_as_the_run_beside_it(how):
    run = Run(SMALL)
    run.advance(700)
    run.twins = how == "kept"
    run.nudge(learning_rate=0.02)
    run.advance(150)
    twin = run.twin or run.make_twin()
    np.testing.assert_array_equal(twin.history.steps, run.history.steps)
