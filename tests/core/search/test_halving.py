"""Tests of successive halving."""

import math
from collections import Counter

import numpy as np

from core.runs.run import Run
from core.search.search import Search, origin_of
from tests.core.search.searches import (
    SMALL,
    SPEC,
    check_bits,
    finished,
    rates_plan,
)


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
