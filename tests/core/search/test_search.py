"""Tests of a search: trials have the bits of runs, wherever they stop; slices, halving, measurements, bounds."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.errors import UserError
from core.runs.run import Run, fingerprint
from core.search import trials
from core.search.plan import Origin, Plan
from core.search.search import Search, origin_of
from core.search.space import Space
from core.training import evaluation as dev_set
from core.training.stack import Stack
from tests.core.random_runs import changes, follow, plans, specs
from tests.core.search.searches import (
    HOT,
    LIVE,
    RATES,
    SEARCHED,
    SMALL,
    SPEC,
    check_bits,
    finished,
    hot_points,
    never,
    rates_plan,
    some_slices,
    spaces,
)

# the bits of a run


@given(spaces(list(SEARCHED)), st.integers(1, 9), st.integers(10, 40), st.booleans(), st.integers(1, 4), st.data())
@hypothesis_settings(max_examples=60, deadline=None)
def test_a_trial_has_the_bits_of_its_run_wherever_it_stands(space, models, steps, halving, fit, data):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trials, "members_at_once", lambda sizes, examples: fit)
        patch.setattr(trials, "CACHE_BYTES", data.draw(st.sampled_from([0, 300_000, trials.CACHE_BYTES])))
        search = Search(Plan(space, "random", models, steps, data.draw(st.integers(0, 9)), halving))
        some_slices(search, data.draw(st.integers(0, 60)))
        check_bits(search)
        check_bits(finished(search))


@given(specs, plans, changes, st.lists(st.sampled_from(LIVE), min_size=1, max_size=3, unique=True), st.data())
@hypothesis_settings(max_examples=40, deadline=None)
def test_a_trial_that_goes_on_from_a_run_has_its_bits(spec, plan, nudge, names, data):
    run = follow(Run(spec), plan)
    run.nudge(**nudge)  # a nudge with no step after it
    space = Space(spec, run.settings, tuple(SEARCHED[name] for name in names))
    origin = origin_of(run) if data.draw(st.booleans()) else Origin(spec, run.start, run.journal, run.step)
    plan = Plan(space, "random", data.draw(st.integers(1, 5)), data.draw(st.integers(10, 20)), origin=origin)
    search = Search(replace(plan, halving=data.draw(st.booleans())))
    before = run.fingerprint()
    some_slices(search, data.draw(st.integers(0, 40)))
    check_bits(search)
    check_bits(finished(search))
    assert run.fingerprint() == before
    assert search.steps[0] == run.step
    assert search.steps[-1] == run.step + plan.steps


# from one process to another


@pytest.mark.parametrize("name", LIVE)
@pytest.mark.parametrize("started", [SMALL, replace(SMALL, batch_norm=False, optimizer="adam", decay="inverse")])
def test_each_setting_alone_goes_on_from_a_run(name, started):
    run = Run(SPEC, started)
    run.advance(20)
    run.nudge(batch_norm=not started.batch_norm, optimizer="rmsprop", decay="staircase", batch_size=11)
    run.advance(10)
    points = [{name: value} for value in (*values_of(SEARCHED[name]), getattr(run.settings, name))]
    plan = Plan(Space(SPEC, run.settings, (SEARCHED[name],)), "random", 9, 20, origin=origin_of(run))
    search = finished(Search(plan, points))
    check_bits(search)
    run.advance(20)
    assert search.fingerprint(len(points) - 1) == run.fingerprint()


def values_of(searched):
    return searched.choices or (searched.low, searched.high)


def test_points_without_a_change_go_on_as_the_run_does():
    run = Run(SPEC, SMALL)
    run.advance(30)
    space = Space(SPEC, run.settings, (RATES,))
    search = finished(
        Search(Plan(space, "random", 2, 20, origin=origin_of(run)), hot_points(run.settings.learning_rate, 0.5))
    )
    assert search.run(0).journal == ()
    (nudge,) = search.run(1).journal
    assert (nudge.step, nudge.changes) == (30, {"learning_rate": (0.1, 0.5)})
    run.advance(20)
    assert search.fingerprint(0) == run.fingerprint() != search.fingerprint(1)


def test_an_origin_is_kept_as_it_was():
    run = Run(SPEC, SMALL)
    run.advance(20)
    origin = origin_of(run)
    search = Search(rates_plan(3, origin=origin))
    run.advance(5)
    run.nudge(optimizer="adam")
    check_bits(finished(search))
    assert origin == Origin(SPEC, SMALL, (), 20)
    assert [trial.step for trial in search.trials] == [60] * 3


def test_own_seeds_and_data_are_the_spec_s():
    spec = replace(SPEC, seed=77, data_seed=5)
    search = finished(Search(Plan(Space(spec, SMALL, (RATES,)), "random", 2, 20)))
    check_bits(search)
    assert search.fingerprint(0) != finished(Search(rates_plan(2, 20))).fingerprint(0)


def test_a_fingerprint_tells_specs_apart_that_train_alike():
    search = Search(rates_plan(1))
    state = Run(SPEC, SMALL).stack.state
    prints = {fingerprint(spec, SMALL, state) for spec in (SPEC, replace(SPEC, noise=0.3), replace(SPEC, seed=4))}
    assert len(prints) == 3
    assert search.fingerprint(0) not in prints  # its learning rate is another


def test_a_trial_replays_in_slices():
    search = finished(Search(rates_plan(2, 400)))
    replay, asked = search.run(1), 0
    while not replay.done:
        replay.advance(lambda: True)
        asked += 1
    assert asked > 3
    assert replay.run.fingerprint() == search.fingerprint(1)
    assert replay.run.settings == search.trials[1].settings


# what is measured


def test_measurements_are_those_of_the_runs():
    search = finished(Search(rates_plan(3, 60)))
    assert search.losses.shape == search.accuracies.shape == (3, search.steps.size)
    for trial in search.trials:
        run = Run(trial.spec, trial.settings)
        for column, step in enumerate(search.steps):
            run.advance(int(step) - run.step)
            scores = run.evaluate("dev")
            assert search.losses[trial.number, column] == pytest.approx(scores.loss, rel=1e-5)
            assert search.accuracies[trial.number, column] == pytest.approx(scores.accuracy)
        assert trial.loss == search.losses[trial.number, -1]
        assert trial.accuracy == search.accuracies[trial.number, -1]
        assert trial.best == search.losses[trial.number].min()
        assert (trial.state, trial.step, trial.stopped_at, trial.why) == ("done", 60, None, "")
    assert len(np.unique(search.losses[:, -1])) == 3


def test_dev_losses_are_measured_some_examples_at_a_time(monkeypatch):
    spec = replace(SPEC, examples=900)  # 180 in the dev set
    plan = Plan(Space(spec, SMALL, (RATES,)), "random", 3, 20)
    whole, parts = finished(Search(plan)), Search(plan)
    monkeypatch.setattr(dev_set, "LAYER", 4 * 3 * 6 * 50)  # 50 examples of 3 members with at most 6 units
    sizes, predict = [], Stack.predict
    monkeypatch.setattr(Stack, "predict", lambda stack, X: sizes.append(X.shape[1]) or predict(stack, X))
    finished(parts)
    assert sizes == [50, 50, 50, 30] * parts.steps.size
    np.testing.assert_allclose(parts.losses, whole.losses, rtol=1e-6)
    np.testing.assert_array_equal(parts.accuracies, whole.accuracies)


# slices


def test_slices_ask_often_and_change_nothing():
    whole, sliced = finished(Search(rates_plan(6, 60))), Search(rates_plan(6, 60))
    shares, asked = [sliced.progress], 0

    def should_stop():
        nonlocal asked
        asked += 1
        return True

    assert sliced.left == sliced._clock._total > 0  # as estimated
    assert sliced.rate == 0
    while not sliced.done:
        before = asked
        sliced.advance(should_stop)
        assert asked - before == (not sliced.done)
        shares.append(sliced.progress)
        assert sliced.rate >= 0
        assert sliced.left >= 0
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)
    assert len(shares) > 20
    assert sliced.left == 0
    np.testing.assert_array_equal(sliced.losses, whole.losses)
    assert [sliced.fingerprint(n) for n in range(6)] == [whole.fingerprint(n) for n in range(6)]
    sliced.advance(should_stop)  # and no harm after the end
    assert sliced.done


def test_a_search_at_rest_takes_no_memory_for_training():
    whole, search = finished(Search(rates_plan(6, 60))), Search(rates_plan(6, 60))
    while not search.done:
        search.advance(lambda: True)
        search._trainer.release_memory()
        assert not search._trainer._stacks._kept
    assert not whole._trainer._stacks._kept
    np.testing.assert_array_equal(search.losses, whole.losses)
    assert search.fingerprint(2) == whole.fingerprint(2)


# the plan, and bounds before the work


def test_a_run_in_hand_that_breaks_says_so():
    hot = replace(HOT.settings, learning_rate=10.0)
    plan = Plan(replace(HOT, settings=hot), "random", 2, 20, origin=Origin(HOT.spec, hot, (), 500))
    search = Search(plan)
    with pytest.raises(UserError, match="The run diverges before step 500: go on from an earlier step"):
        search.advance(never)


def test_a_run_in_hand_may_have_stopped_in_trouble():
    hot = replace(HOT.settings, learning_rate=10.0)
    run = Run(HOT.spec, hot)
    run.advance(200)
    assert run.trouble
    plan = Plan(replace(HOT, settings=hot), "random", 2, 20, origin=origin_of(run))
    search = finished(Search(plan, hot_points(1e-3, 10.0)))
    assert [trial.state for trial in search.trials][1] == "diverged"
    assert search.trials[1].step == run.step
    check_bits(search)


@pytest.mark.parametrize("slices", [0, 1, 4, 9])
def test_stopping_by_hand_keeps_the_bits_of_runs_at_the_steps_where_it_ends(slices):
    search = some_slices(Search(rates_plan(8, 400)), slices)
    search.stop()
    assert search.done
    assert search.progress == 1
    assert {trial.state for trial in search.trials} == {"stopped"}
    for trial in search.trials:
        assert trial.stopped_at == trial.step < 400
        assert trial.why == f"Stopped by hand at step {trial.step}."
        assert search.run(trial.number).finish().fingerprint() == search.fingerprint(trial.number)
    steps = [trial.step for trial in search.trials]
    assert finished(search).done
    assert [trial.step for trial in search.trials] == steps


def test_stopping_by_hand_leaves_alone_what_has_diverged_and_what_is_done():
    search = Search(Plan(HOT, "random", 2, 40), hot_points(10.0, 1e-3))
    while search.trials[0].going:
        some_slices(search, 1)
    why = search.trials[0].why
    search.stop()
    assert [trial.state for trial in search.trials] == ["diverged", "stopped"]
    assert search.trials[0].why == why
    search = finished(Search(rates_plan()))
    search.stop()
    assert {trial.state for trial in search.trials} == {"done"}


def test_stopping_by_hand_in_the_middle_of_a_fan_out_keeps_the_bits():
    run = Run(SPEC, SMALL)
    run.advance(25)
    search = some_slices(Search(rates_plan(4, 300, origin=origin_of(run))), 3)
    search.stop()
    for number in range(4):
        assert search.run(number).finish().fingerprint() == search.fingerprint(number)
