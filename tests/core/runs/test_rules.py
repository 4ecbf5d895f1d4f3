"""Tests of the rules by which runs are trained: new runs have the newest, a run keeps its own."""

import json
import runpy
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from core.export.numpy_script import numpy_script
from core.runs.run import Run
from core.runs.run_file import dump, parse
from core.settings.link import from_query, is_written_by_hand, to_query
from core.settings.plain import as_dict, spec_of
from core.settings.table import FIELDS, RULES, RunSpec, Settings
from core.training.members import get_members, picked
from core.training.stack import Stack
from core.training.state_arrays import state_from_arrays, state_to_arrays

RATE = 0.01


@pytest.fixture(params=["compiled", "numpy"], autouse=True)
def way(request, monkeypatch):
    assert Stack.compiled
    if request.param == "numpy":
        monkeypatch.setattr(Stack, "compiled", None)
    with threadpool_limits(1, "blas"):
        yield request.param


def unfrozen(optimizer="adam", rules=RULES, steps=1000):
    """A run whose γ and β[l] learn from `steps` on."""
    run = Run(RunSpec(rules=rules), Settings(optimizer=optimizer, learning_rate=RATE, bn_learn=False))
    run.advance(steps)
    run.nudge(bn_learn=True)
    return run


def first_move(run):
    """How far γ of the first layer moves in the next step, in learning rates."""
    before = run.stack.network.theta.gamma[1].copy()
    run.advance(1)
    return float(np.abs(run.stack.network.theta.gamma[1] - before).max()) / RATE


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam"])
def test_bias_correction_counts_from_when_a_parameter_began_to_learn(optimizer):
    """A first step of RMSprop and Adam is at most α long, however late it is."""
    run = unfrozen(optimizer)
    before = run.evaluate("dev").loss
    assert first_move(run) < 1.001
    run.advance(20)
    assert run.evaluate("dev").loss < before + 0.02


@pytest.mark.parametrize(("optimizer", "least"), [("rmsprop", 20), ("adam", 2.5)])
def test_under_the_first_rules_it_counts_all_steps(optimizer, least):
    assert first_move(unfrozen(optimizer, rules=1)) > least


def test_steps_in_which_they_rest_are_not_counted():
    run = unfrozen(steps=10)
    run.advance(20)
    run.nudge(bn_learn=False)
    run.advance(30)
    run.nudge(bn_learn=True)
    run.advance(5)
    state = run.stack.state
    assert state.weight1 == pytest.approx(0.9**65)
    assert state.weight1_norm == pytest.approx(0.9**25)
    assert state.weight2_norm == pytest.approx(0.999**25)


def test_members_of_a_stack_have_the_bits_that_they_have_alone():
    run = unfrozen(steps=40)
    run.advance(60)
    others = replace(run.start, beta1=0.5, beta2=0.9)
    stack = Stack(run.spec, run.data, [others, run.start], [1, run.spec.seed])
    for steps, learns in ((40, False), (60, True)):
        stack.set([replace(one, bn_learn=learns) for one in stack.settings])
        stack.advance(steps, np.empty((steps, 2), np.float32))
    alone = picked(stack, [1])
    assert get_members(alone).rows.tobytes() == get_members(run.stack).rows.tobytes()
    assert get_members(alone).weights.tolist() == get_members(run.stack).weights.tolist()


@pytest.mark.parametrize("rules", [1, 2])
def test_a_numpy_script_trains_by_the_rules_of_its_run(rules, tmp_path):
    run = unfrozen(rules=rules, steps=50)
    run.advance(30)
    path = tmp_path / "script.py"
    path.write_text(numpy_script(run), encoding="utf-8")
    training = runpy.run_path(str(path), run_name="script")["main"]()
    np.testing.assert_array_equal(training.state.theta, run.stack.state.theta)


@pytest.mark.parametrize("rules", [1, 2])
def test_files_and_links_keep_them(rules):
    run = Run(RunSpec(rules=rules))
    for kept in (parse(dump(run)).spec, from_query(to_query(run.spec, run.settings))[0], spec_of(as_dict(run.spec))):
        assert kept == run.spec
    assert ("rules" in json.loads(dump(run))["spec"]) == (rules > 1)


def test_new_runs_have_the_newest():
    assert RunSpec().rules == FIELDS["rules"].high == RULES
    whole = to_query(replace(RunSpec(), rules=1), Settings())
    assert not is_written_by_hand(whole)
    assert is_written_by_hand({"dataset": "moons", "optimizer": "adam"})


def test_a_state_from_before_they_were_counted_has_the_products_of_all_others():
    run = unfrozen(rules=1, steps=20)
    run.advance(5)
    arrays = state_to_arrays(run.stack.state)
    old = arrays | {"weights": arrays["weights"][:3]}
    assert state_to_arrays(state_from_arrays(old, run.stack.state))["weights"].tolist() == arrays["weights"].tolist()
