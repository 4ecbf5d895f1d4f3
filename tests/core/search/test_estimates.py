"""Tests of estimates: the steps that are measured, and the work that is ahead."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.runs.run import Run
from core.search.estimates import spaced
from core.search.plan import Origin, Plan
from core.search.search import Search, origin_of
from core.search.space import Space
from core.settings.table import RunSpec, Settings
from tests.core.search.searches import (
    RATES,
    SMALL,
    SPEC,
    finished,
    rates_plan,
)

# what is measured


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


@pytest.mark.parametrize("halving", [False, True])
def test_work_is_estimated_to_the_end(halving):
    search = Search(rates_plan(8, 200, halving=halving))
    ahead = search._clock._total
    finished(search)
    assert search._clock._finished == pytest.approx(ahead)
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
    assert search._clock._finished == pytest.approx(trained)
