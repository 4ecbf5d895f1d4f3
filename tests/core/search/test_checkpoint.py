"""Tests of checkpoints: a search goes on from one with the same bits, and what does not fit changes nothing."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.data.safe_load import read_npz, write_npz
from core.errors import UserError
from core.runs.run import Run
from core.search import checkpoint, trials
from core.search.plan import Plan
from core.search.search import Search, origin_of
from core.search.space import Space
from core.training.stack import Stack
from tests.core.search.searches import (
    HOT,
    RATES,
    SEARCHED,
    SPEC,
    check_same,
    finished,
    hot_points,
    rates_plan,
    some_slices,
    spaces,
)


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
