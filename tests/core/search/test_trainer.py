"""Tests of the trainer: rungs, stacks that close ranks, and models that diverge."""

import math
from collections import Counter

import numpy as np
import pytest

from core.runs.run import Run
from core.search import trials
from core.search.plan import Plan
from core.search.search import Search
from core.search.space import Range, Space
from core.training.stack import Stack
from tests.core.search.searches import (
    HOT,
    RATES,
    SMALL,
    SPEC,
    check_bits,
    finished,
    hot_points,
    rates_plan,
    some_slices,
)

# slices


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
    assert search._clock._total == pytest.approx(search._clock._finished)
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
