"""Tests of progress, speed and time left, on a clock that only training moves."""

import numpy as np
import pytest

from core.search import progress, trainer, trials
from core.search.search import Search
from core.training.stack import Stack
from tests.core.search.searches import finished, rates_plan, some_slices


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
