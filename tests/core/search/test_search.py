"""Tests of Caviar: trials have the bits of runs, wherever they stop; slices, halving, measurements, bounds."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.data.safe_load import read_npz, write_npz
from core.errors import UserError
from core.runs.run import Run, fingerprint
from core.search import checkpoint, limits, progress, trainer, trials
from core.search.estimates import spaced
from core.search.plan import Origin, Plan
from core.search.search import Search, origin_of
from core.search.space import SEARCHABLE, Range, Space
from core.settings.table import RunSpec, Settings
from core.training import evaluation as dev_set
from core.training.stack import Stack
from tests.core.random_runs import changes, follow, plans, specs

SPEC = RunSpec(examples=120, hidden=(6, 5), activation="tanh", seed=3)  # 96 to train on, 24 in the dev set
SMALL = Settings(batch_size=16)
RATES = Range("learning_rate", 1e-3, 1.0, "log")
HOT = Space(
    RunSpec(examples=90, hidden=(32,) * 4, activation="leaky_relu"),
    Settings(batch_norm=False, optimizer="sgd"),
    (Range("learning_rate", 1e-3, 10.0, "log"),),
)  # at 10, it breaks within a few steps
SMALLER = {"units": Range("units", 1, 9, "log"), "batch_size": Range("batch_size", 1, 120, "log")}
SMALLER |= {"learning_rate": Range("learning_rate", 1e-4, 10.0, "log"), "layers": Range("layers", 1, 3, "linear")}
SEARCHED = {name: SMALLER.get(name, searched) for name, searched in SEARCHABLE.items()}
LIVE = [name for name in SEARCHED if name not in ("units", "layers", "activation", "initialization")]


def never():
    return False


def rates_plan(models=8, steps=40, **chosen):
    return Plan(Space(SPEC, SMALL, (RATES,)), "random", models, steps, **chosen)


def hot_points(*rates):
    return [{"learning_rate": rate} for rate in rates]


def finished(search):
    search.advance(never)
    assert search.done
    return search


def some_slices(search, count):
    """Advance by so many slices of work."""
    for _ in range(count):
        search.advance(lambda: True)
    return search


def check_bits(search):
    """Every trial, where it stands, against a run of its own."""
    origin = search.plan.origin
    for trial in search.trials:
        if origin:
            alone = search.run(trial.number).finish()
            assert alone.settings == trial.settings
            assert len(alone.journal) - len(origin.journal) in (0, 1)
        else:
            alone = Run.replay(trial.spec, trial.settings, (), trial.step)
        assert alone.step == trial.step
        assert search.fingerprint(trial.number) == alone.fingerprint()
        if trial.state == "diverged":
            alone.advance(1)
            assert alone.trouble
            assert alone.step == trial.step


def spaces(names):
    """Spaces of one to four of the settings `names`, over random specs and settings."""
    ranges = st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True)
    ranges = ranges.map(lambda chosen: tuple(SEARCHED[name] for name in chosen))
    return st.builds(Space, specs, changes.map(lambda found: Settings(**found)), ranges)


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


def check_same(search, other):
    """All that can be seen of two searches, to the bit."""
    np.testing.assert_array_equal(search.losses, other.losses)
    np.testing.assert_array_equal(search.accuracies, other.accuracies)
    assert [repr(trial) for trial in search.trials] == [repr(trial) for trial in other.trials]  # NaN is not NaN
    numbers = range(len(search.trials))
    assert [search.fingerprint(n) for n in numbers] == [other.fingerprint(n) for n in numbers]


@given(spaces(list(SEARCHED)), st.integers(1, 9), st.integers(10, 40), st.booleans(), st.integers(1, 4), st.data())
@hypothesis_settings(max_examples=25, deadline=None)
def test_a_search_goes_on_from_where_it_was_packed_with_the_same_bits(space, models, steps, halving, fit, data):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trials, "members_at_once", lambda sizes, examples: fit)
        plan = Plan(space, "random", models, steps, data.draw(st.integers(0, 9)), halving)
        search = other = Search(plan)
        for _ in range(data.draw(st.integers(1, 3))):  # packed, taken up, and packed again
            some_slices(other, data.draw(st.integers(0, 60)))
            packed, before = checkpoint.pack(other.checkpoint()), other
            other = Search(plan)
            other.restore(packed)
            assert other.moment == before.moment
            for one, kept in zip(before.trials, other.trials, strict=True):
                assert (kept.step, kept.going) == (one.step, one.going)
        check_same(finished(other), finished(search))


@pytest.mark.parametrize("slices", range(0, 60, 4))
def test_a_search_in_which_models_break_goes_on_with_the_same_bits(slices):
    plan = Plan(HOT, "random", 6, 200, halving=True)
    points = hot_points(0.01, 10.0, 0.02, 8.0, 0.03, 0.1)
    search, other = Search(plan, points), Search(plan, points)
    other.restore(checkpoint.pack(some_slices(search, slices).checkpoint()))
    check_same(finished(other), finished(search))
    assert {trial.state for trial in other.trials} == {"done", "stopped", "diverged"}


@pytest.mark.parametrize("trained_again", [False, True])
@pytest.mark.parametrize("slices", [0, 1, 3, 8, 20])
def test_variants_of_a_run_go_on_from_where_they_were_packed(trained_again, slices):
    run = Run(SPEC)
    run.advance(30)
    run.nudge(optimizer="adam", learning_rate=0.01)
    origin = origin_of(run)
    if trained_again:
        origin = replace(origin, state=None)
    plan = Plan(
        Space(SPEC, run.settings, (RATES, SEARCHED["batch_norm"])), "random", 7, 40, halving=True, origin=origin
    )
    search, other = Search(plan), Search(plan)
    other.restore(checkpoint.pack(some_slices(search, slices).checkpoint()))
    check_same(finished(other), finished(search))


def test_what_was_done_is_not_done_again(monkeypatch):
    steps, advance = [], Stack.advance

    def counted(stack, count, *given):
        steps.append(count * stack.members)
        return advance(stack, count, *given)

    monkeypatch.setattr(Stack, "advance", counted)
    search = Search(rates_plan(8, 2000))
    search.advance(lambda: search.progress > 0.5)
    other = Search(search.plan)
    other.restore(checkpoint.pack(search.checkpoint()))
    assert other.progress == pytest.approx(search.progress, abs=0.15)
    left = sum(2000 - trial.step for trial in search.trials)
    assert 0 < left < 12_000
    steps.clear()
    finished(other)
    assert sum(steps) == left
    assert (other.progress, other.left) == (1, 0)


def test_a_pack_has_only_those_that_go_on():
    search = Search(rates_plan(16, 400, halving=True))
    some_slices(search, 1)
    whole = len(checkpoint.pack(search.checkpoint()))
    search.advance(lambda: sum(trial.going for trial in search.trials) <= 2)
    assert len(checkpoint.pack(search.checkpoint())) < whole / 2
    assert search.checkpoint_bytes < len(checkpoint.pack(search.checkpoint())) < search.checkpoint_bytes + 8000


def test_a_pack_of_something_else_or_a_damaged_one_changes_nothing():
    search = some_slices(Search(rates_plan(8, 400)), 5)
    packed = checkpoint.pack(search.checkpoint())
    arrays = read_npz(packed, checkpoint.MOST)
    wrong = [
        b"",
        packed[: len(packed) // 2],
        checkpoint.pack(Search(rates_plan(9, 400)).checkpoint()),
        checkpoint.pack(Search(rates_plan(8, 20_000)).checkpoint()),
    ]
    wrong += [write_npz({name: array for name, array in arrays.items() if name != left}) for left in arrays]
    wrong += [write_npz(arrays | {name: arrays[name][:-1]}) for name in arrays if arrays[name].size]
    wrong += [write_npz(arrays | {name: arrays[name] * 0 + 10**6}) for name in ("column", "due", "stands")]
    other = Search(search.plan)
    for data in wrong:
        with pytest.raises(UserError):
            other.restore(data)
    assert other.progress == 0
    check_same(finished(other), finished(search))


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


@given(st.integers(10, 20_000), st.integers(8, 32))
def test_steps_are_dense_at_first(steps, points):
    found = spaced(steps, points)
    assert (found[0], found[1], found[-1]) == (0, max(1, math.ceil(steps / points**3)), steps)
    assert found.size <= points + 1
    gaps = np.diff(found)
    assert (gaps > 0).all()
    assert (gaps[1:] >= gaps[:-1] - 1).all()
    assert gaps[-1] <= max(1, 1 + 3 * steps / points)


def test_measuring_is_cheap_beside_training():
    for steps, halving in ((1000, False), (20_000, False), (20_000, True)):
        plan = Plan(Space(RunSpec(), Settings(), (RATES,)), "random", 256, steps, halving=halving)
        search = Search(plan)
        (group,) = search._groups
        training = plan.steps * group.step_seconds(256) * (5 / 16 if halving else 1)
        assert 16 <= search.steps.size <= 33 + 3
        assert search.steps.size * group.measuring_seconds(256) < 0.09 * training
    assert Search(rates_plan(8, 10)).steps.size == 10
    assert set(rates_plan(8, 100, halving=True).space.ranges) == {RATES}
    assert {12, 25, 50} <= set(Search(rates_plan(8, 100, halving=True)).steps.tolist())


# slices


def test_slices_ask_often_and_change_nothing():
    whole, sliced = finished(Search(rates_plan(6, 60))), Search(rates_plan(6, 60))
    shares, asked = [sliced.progress], 0

    def enough():
        nonlocal asked
        asked += 1
        return True

    assert sliced.left == sliced._clock._total > 0  # as estimated
    assert sliced.rate == 0
    while not sliced.done:
        before = asked
        sliced.advance(enough)
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
    sliced.advance(enough)  # and no harm after the end
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


class FakeTime:
    """A clock that only training moves: so many seconds a step of a stack."""

    def __init__(self, monkeypatch, a_step):
        self.now, self.a_step, self.steps = 100.0, a_step, []
        for module in (trainer, progress):
            monkeypatch.setattr(module, "perf_counter", lambda: self.now)
        advance = Stack.advance

        def slow(stack, steps, *rest):
            self.now += steps * self.a_step
            self.steps.append(steps)
            return advance(stack, steps, *rest)

        monkeypatch.setattr(Stack, "advance", slow)


@pytest.mark.parametrize(("a_step", "most"), [(0.05, 1), (0.001, 3), (0.00001, 300)])
def test_as_many_steps_at_once_as_fit_into_a_slice(monkeypatch, a_step, most):
    time = FakeTime(monkeypatch, a_step)
    finished(Search(rates_plan(6, 2000)))
    assert max(time.steps[1:]) <= most + 1  # the first ones go by an estimate
    assert np.mean(time.steps[-10:]) > most / 3


def test_rate_and_time_left_are_what_comes_true(monkeypatch):
    """At a steady speed the first forecasts are right, however the estimates are off; a pause is left out."""
    monkeypatch.setattr(trials.Group, "measuring_seconds", lambda group, members: 1e-9)
    time = FakeTime(monkeypatch, 0.00006)
    search = Search(rates_plan(6, 20_000))
    assert search.left == pytest.approx(20_000 * search._groups[0].step_seconds(6), rel=0.01)
    some_slices(search, 200)
    assert search.rate == pytest.approx(6 / 0.00006, rel=0.01)
    start, left, shown = time.now, search.left, search.progress
    assert 0.1 < shown < 0.4
    assert left == pytest.approx(20_000 * 0.00006 * (1 - shown), rel=0.15)
    time.now += 3600
    some_slices(search, 1)
    assert search.rate == pytest.approx(6 / 0.00006, rel=0.01)
    finished(search)
    assert time.now - start - 3600 == pytest.approx(left, rel=0.15)


def test_time_between_slices_counts(monkeypatch):
    time = FakeTime(monkeypatch, 0.002)
    search = Search(rates_plan(6, 5000))
    for _ in range(200):
        search.advance(lambda: len(time.steps) % 5 == 0)
        time.now += 0.01  # somebody else's turn
    alone = 6 / 0.002
    assert 0.3 * alone < search.rate < 0.75 * alone


@pytest.mark.parametrize("halving", [False, True])
def test_work_is_estimated_to_the_end(halving):
    search = Search(rates_plan(8, 200, halving=halving))
    ahead = search._clock._total
    finished(search)
    assert search._clock._did == pytest.approx(ahead)
    assert search._clock._total == pytest.approx(ahead)


def test_work_of_an_origin_is_estimated():
    run = Run(SPEC, SMALL)
    run.advance(300)
    plans = [
        rates_plan(2, 10, origin=origin)
        for origin in (origin_of(run), Origin(SPEC, SMALL, (), 300))
    ]  # fmt: skip
    spared, trained = (Search(plan)._clock._total for plan in plans)
    assert trained > spared + 0.001
    search = finished(Search(plans[1]))
    assert search._clock._did == pytest.approx(trained)


def test_all_curves_grow_together():
    """No trial is two measurements ahead of another, whatever its stack."""
    space = Space(SPEC, SMALL, (RATES, Range("units", 3, 6, "linear"), Range("batch_size", 7, 9, "linear")))
    search = Search(Plan(space, "random", 20, 60))
    assert len(search._groups) > 5
    while not search.done:
        search.advance(lambda: True)
        reached = np.isfinite(search.losses).sum(axis=1)
        assert np.ptp(reached) <= 1
        assert all(trial.step == search.steps[max(0, n - 1)] for trial, n in zip(search.trials, reached, strict=True))
    assert np.isfinite(search.losses).all()


def test_states_on_the_way():
    search = Search(Plan(Space(SPEC, SMALL, (Range("units", 3, 6, "linear"),)), "grid", 4, 20))
    assert {trial.state for trial in search.trials} == {"waiting"}
    some_slices(search, 2)
    assert [trial.state for trial in search.trials] == ["running", "waiting", "waiting", "waiting"]
    some_slices(search, 30)
    assert {trial.state for trial in search.trials} == {"running"}
    assert {trial.state for trial in finished(search).trials} == {"done"}


# divergence


def test_diverged_trials_are_marked_and_cost_nothing_more(monkeypatch):
    trained, advance = Counter(), Stack.advance

    def count(stack, steps, *rest):
        done = advance(stack, steps, *rest)
        trained[stack.members] += done
        return done

    monkeypatch.setattr(Stack, "advance", count)
    search = finished(Search(Plan(HOT, "random", 5, 200), hot_points(0.01, 10.0, 0.02, 3.9, 0.03)))
    rung = int(search.steps[search.steps > 5][0])
    assert trained == {
        5: rung,
        3: 200 - rung,
        1: 1,
    }  # to the rung, from there on, and alone from step 4 to the last one
    assert [trial.state for trial in search.trials] == ["done", "diverged", "done", "diverged", "done"]
    for trial in (search.trials[1], search.trials[3]):
        run = Run(HOT.spec, trial.settings)
        run.advance(200)
        assert trial.step == trial.stopped_at == run.step == run.trouble.step
        assert trial.why == f"Diverged at step {run.step}: the loss is no longer a finite number."
        assert math.isnan(trial.loss)
        assert math.isnan(trial.accuracy)
        measured = search.steps <= run.step
        assert trial.best == np.nanmin(search.losses[trial.number])
        assert np.isfinite(search.losses[trial.number, 0])
        assert np.isnan(search.losses[trial.number, ~measured]).all()
        assert np.isnan(search.accuracies[trial.number, ~measured]).all()
    assert np.isfinite(search.losses[3, search.steps == 4]).all()  # the last one was sound
    assert np.isfinite(search.losses[[0, 2, 4]]).all()
    assert (search.trials[1].step, search.trials[3].step) == (4, 5)
    assert search._clock._total == pytest.approx(search._clock._did)
    check_bits(search)


def test_all_may_diverge():
    search = finished(Search(Plan(HOT, "random", 3, 200, halving=True), hot_points(10.0, 9.0, 10.0)))
    assert {trial.state for trial in search.trials} == {"diverged"}
    assert search.progress == 1
    check_bits(search)


def test_one_alone_may_diverge():
    search = finished(Search(Plan(HOT, "random", 1, 200), hot_points(10.0)))
    assert search.trials[0].state == "diverged"
    check_bits(search)


def test_progress_never_falls_where_trials_diverge():
    search, shares = Search(Plan(HOT, "random", 12, 60, halving=True)), []
    while not search.done:
        search.advance(lambda: True)
        shares.append(search.progress)
    assert shares == sorted(shares)
    assert {trial.state for trial in search.trials} == {"done", "stopped", "diverged"}


# halving


def test_halving_stops_the_worse_half_at_each_rung():
    search = finished(Search(rates_plan(9, 80, halving=True)))
    columns = [search.steps.tolist().index(step) for step in (10, 20, 40)]
    going = set(range(9))
    for column, step, kept in zip(columns, (10, 20, 40), (5, 3, 2), strict=True):
        order = sorted(going, key=lambda n: search.losses[n, column])
        cut = search.losses[order[kept - 1], column]
        for number in order[kept:]:
            trial = search.trials[number]
            assert (trial.state, trial.step, trial.stopped_at) == ("stopped", step, step)
            assert trial.loss == search.losses[number, column]
            assert trial.why == (
                f"Stopped at step {step}, in the worse half of {len(going)}: its dev loss is {trial.loss:.4g}, "
                f"behind {cut:.4g}, the highest that went on."
            )
            assert np.isnan(search.losses[number, column + 1 :]).all()
        going = set(order[:kept])
    assert {trial.number for trial in search.trials if trial.state == "done"} == going
    assert np.isfinite(search.losses[sorted(going)]).all()
    check_bits(search)


def test_halving_goes_by_the_steps_since_the_origin():
    run = Run(SPEC, SMALL)
    run.advance(33)
    search = finished(Search(rates_plan(8, 80, halving=True, origin=origin_of(run))))
    assert Counter(trial.stopped_at for trial in search.trials) == {33 + 10: 4, 33 + 20: 2, 33 + 40: 1, None: 1}


def test_halving_takes_a_loss_that_is_not_finite_for_the_worst():
    search = Search(rates_plan(4, 80, halving=True))
    search._trainer.rung = search.steps.tolist().index(10)
    for trial, loss in zip(search.trials, (0.9, math.nan, 0.3, 0.2), strict=True):
        trial.loss = loss
    search._halve()
    assert [trial.state for trial in search.trials] == ["stopped", "stopped", "waiting", "waiting"]
    assert search.trials[1].why == (
        "Stopped at step 10, in the worse half of 4: its dev loss is not a finite number."
    )  # fmt: skip


def test_without_halving_all_go_on():
    assert {trial.state for trial in finished(Search(rates_plan(9, 80))).trials} == {"done"}


def test_those_that_go_on_close_ranks(monkeypatch):
    """After a halving, the trials left in four stacks fill two; 40 that share a stack of 10 are four of 10."""
    monkeypatch.setattr(trials, "members_at_once", lambda sizes, examples: 10)
    seen, advance = {}, Stack.advance

    def watch(stack, steps, *rest):
        seen.setdefault(stack.state.step, []).append(stack.members)
        return advance(stack, steps, *rest)

    monkeypatch.setattr(Stack, "advance", watch)
    search = finished(Search(rates_plan(40, 160, halving=True)))
    assert (seen[0], seen[20], seen[40], seen[80]) == ([10] * 4, [10] * 2, [10], [5])
    check_bits(search)


def test_stacks_that_nobody_uses_any_more_are_dropped():
    search, kept = Search(rates_plan(9, 80, halving=True)), {}
    while not search.done:
        search.advance(lambda: True)
        kept[search._trainer.rung] = sorted(size for _, size in search._trainer._stacks._kept)
    assert [sizes for sizes in kept.values() if len(sizes) > 1] == [[5, 9], [3, 5], [2, 3]]  # one rung later
    assert kept[search.steps.size - 1] == [2]


# the plan, and bounds before the work


def test_points_are_drawn_as_planned():
    space = Space(SPEC, SMALL, (RATES, SEARCHABLE["beta1"]))
    assert len(Search(Plan(space, "random", 10, 20)).trials) == 10
    grid = Search(Plan(space, "grid", 10, 20))
    assert len(grid.trials) == 9
    assert len({trial.settings.learning_rate for trial in grid.trials}) == 3
    one, other = (Search(Plan(space, "random", 3, 20, seed)) for seed in (0, 1))
    assert one.trials[0].point != other.trials[0].point
    given = Search(Plan(space, "random", 10, 20), [{"learning_rate": 0.5, "beta1": 0.8}])
    assert [(trial.settings.learning_rate, trial.settings.beta1) for trial in given.trials] == [(0.5, 0.8)]


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"kind": "guess"}, "A search is random or grid, not 'guess'."),
        ({"models": 1001}, "A search's models cannot be 1001: it takes a whole number, 1 to 1,000."),
        ({"models": 0}, "cannot be 0"),
        ({"models": True}, "cannot be True"),
        ({"steps": 9}, "A search's steps cannot be 9: it takes a whole number, 10 to 20,000."),
        ({"steps": 20_001}, "cannot be 20001"),
        ({"steps": 10.5}, "cannot be 10.5"),
        ({"seed": -1}, "seed cannot be -1"),
    ],
)
def test_plans_are_checked(chosen, sentence):
    with pytest.raises(UserError) as told:
        Plan(**{"space": Space(SPEC, SMALL, (RATES,)), "kind": "random", "models": 8, "steps": 40} | chosen)
    assert sentence in str(told.value)


@pytest.fixture
def no_work(monkeypatch):
    def refuse(*args):
        raise AssertionError("this is work")

    monkeypatch.setattr(Stack, "__init__", refuse)


@pytest.mark.usefixtures("no_work")
def test_bounds_are_checked_before_the_work():
    wide = replace(SPEC, hidden=(256, 256, 256))
    with pytest.raises(UserError, match=r"have 134,\d{3},\d{3} parameters together, and a search may have 10,000,000"):
        Search(Plan(Space(wide, SMALL, (RATES,)), "random", 1000, 20))
    whole = replace(SMALL, batch_size=1500)
    with pytest.raises(UserError, match=r"would take about 3\.\d hours of work, and 1 is allowed: search fewer"):
        Search(Plan(Space(replace(wide, dataset="digits"), whole, (RATES,)), "random", 60, 20_000))
    with pytest.raises(UserError, match="models cannot be 1001"):
        Search(rates_plan(), hot_points(*[0.1] * 1001))
    with pytest.raises(UserError, match="models cannot be 0"):
        Search(rates_plan(), [])
    Search(Plan(Space(RunSpec(), Settings(), (RATES,)), "random", 1000, 20_000))


@pytest.mark.usefixtures("no_work")
def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(limits, "STACK_BYTES", 2**20)
    plan = Plan(Space(RunSpec(hidden=(256,) * 3), SMALL, (RATES,)), "random", 2, 20)
    with pytest.raises(UserError, match=r"would take about 0\.0 GB of memory to train, and 0\.0 GB are kept for it"):
        Search(plan)
    Search(rates_plan(2))


@pytest.mark.parametrize("name", ["units", "layers", "activation", "initialization"])
def test_a_run_in_hand_keeps_its_network(name):
    origin = origin_of(Run(SPEC, SMALL))
    space = Space(SPEC, SMALL, (SEARCHED[name],))
    with pytest.raises(UserError, match="A run in hand keeps its data and its network: search only settings"):
        Search(Plan(space, "random", 8, 20, origin=origin))
    with pytest.raises(UserError, match="keeps its data"):
        Search(Plan(Space(replace(SPEC, noise=0.5), SMALL, (RATES,)), "random", 8, 20, origin=origin))


def test_a_run_in_hand_that_breaks_says_so():
    hot = replace(HOT.settings, learning_rate=10.0)
    plan = Plan(replace(HOT, settings=hot), "random", 2, 20, origin=Origin(HOT.spec, hot, (), 500))
    search = Search(plan)
    with pytest.raises(UserError, match="The run in hand breaks before step 500: go on from an earlier step"):
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
