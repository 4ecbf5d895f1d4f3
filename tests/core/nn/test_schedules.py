"""Tests of learning-rate schedules against the published formulas, with numbers worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.nn.schedules import SCHEDULES

BY_HAND = [  # name, rate, every, factors after 0, 1, 2, 3 epochs
    ("none", 1.0, 1, [1, 1, 1, 1]),
    ("inverse", 1.0, 1, [1, 1 / 2, 1 / 3, 1 / 4]),
    ("exponential", 0.05, 1, [1, 0.95, 0.9025, 0.857375]),
    ("staircase", 0.5, 2, [1, 1, 0.5, 0.5]),
    ("staircase", 0.5, 1, [1, 0.5, 0.25, 0.125]),
    ("sqrt", 1.0, 1, [1, 0.7071067811865475, 0.5773502691896258, 0.5]),
    ("sqrt", 8.0, 1, [1, 1 / 3, 0.24253562503633297, 0.2]),
    ("warmup", 0.25, 2, [0.25, 0.625, 1, 1]),
    ("warmup", 0.1, 4, [0.1, 0.325, 0.55, 0.775]),
    ("cosine", 0.2, 2, [1, 0.6, 0.2, 0.2]),
    ("cosine", 0.1, 3, [1, 0.775, 0.325, 0.1]),
    ("cosine", 0.5, 4, [1, 0.9267766952966369, 0.75, 0.5732233047033631]),
]


@pytest.mark.parametrize(("name", "rate", "every", "expected"), BY_HAND)
def test_factors_by_hand(name, rate, every, expected):
    factor = SCHEDULES[name].factor
    np.testing.assert_allclose([factor(epochs, rate, every) for epochs in range(4)], expected, rtol=1e-12)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_is_worked_by_hand(name):
    assert name in {name for name, *_ in BY_HAND}, (
        f"the schedule {name} has no reference: work its published formula by hand in BY_HAND of this file"
    )


def alphas_of_torch(scheduler, alpha, epochs, **options):
    """The learning rate at 0 to `epochs` epochs of a schedule of PyTorch, which is stepped once an epoch."""
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, dtype=torch.float64, requires_grad=True)], lr=alpha)
    schedule = getattr(torch.optim.lr_scheduler, scheduler)(optimizer, **options)
    found = []
    for _ in range(epochs + 1):
        found += schedule.get_last_lr()
        optimizer.step()
        schedule.step()
    return np.array(found)


@pytest.mark.parametrize(("rate", "every"), [(0.05, 10), (0.001, 200), (0.9, 7), (0.3, 1)])
def test_linear_warmup_is_that_of_torch(rate, every):
    theirs = alphas_of_torch("LinearLR", 0.3, 200, start_factor=rate, total_iters=every)
    np.testing.assert_allclose(0.3 * SCHEDULES["warmup"].factor(np.arange(201), rate, every), theirs, rtol=1e-12)


@pytest.mark.parametrize(("rate", "every"), [(0.05, 10), (0.001, 200), (0.9, 7), (0.3, 1), (0.05, 1000)])
def test_cosine_is_that_of_torch_and_stays_at_its_end(rate, every):
    ours, end = 0.3 * SCHEDULES["cosine"].factor(np.arange(201), rate, every), min(every, 200)
    theirs = alphas_of_torch("CosineAnnealingLR", 0.3, end, T_max=every, eta_min=rate * 0.3)
    np.testing.assert_allclose(ours[: end + 1], theirs, rtol=1e-12)
    np.testing.assert_allclose(ours[end:], theirs[-1], rtol=1e-12)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_uses_what_it_says(name):
    row, epochs = SCHEDULES[name], np.arange(8)
    moved = {
        "rate": (row.factor(epochs, 0.2, 3) != row.factor(epochs, 0.3, 3)).any(),
        "every": (row.factor(epochs, 0.2, 3) != row.factor(epochs, 0.2, 2)).any(),
    }
    assert row.uses == tuple(argument for argument in moved if moved[argument]), (
        f"`uses` of the schedule {name} is {row.uses}; what its factor depends on is another: {moved}"
    )


def test_inverse_gives_the_courses_table():
    # alpha0 = 0.2, decay rate 1 (course C20)
    alpha = 0.2 * SCHEDULES["inverse"].factor(np.arange(4), 1.0, 1)
    np.testing.assert_array_equal(alpha.round(3), [0.2, 0.1, 0.067, 0.05])


@pytest.mark.parametrize("name", SCHEDULES)
@given(st.floats(1e-4, 0.999), st.integers(1, 1000), st.lists(st.integers(0, 5000), min_size=2, max_size=9))
def test_factors_fall_from_one_or_rise_to_one(name, rate, every, epochs):
    factor = SCHEDULES[name].factor
    start, end = factor(0, rate, every), factor(every, rate, every)
    assert 1 in (start, end)
    steps = np.diff(factor(np.array(sorted(epochs)), rate, every))
    assert (steps <= 0).all() if start == 1 else (steps >= 0).all()


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("rate", [1e-4, 0.05, 0.999])
@pytest.mark.parametrize("every", [1, 7, 1000])
def test_factors_lie_between_0_and_1_at_any_epoch(name, rate, every):
    epochs = np.concatenate([np.arange(3000), np.geomspace(3000, 1e6, 1000).astype(int)])
    for chosen in (epochs, epochs.astype(float)):
        factors = SCHEDULES[name].factor(chosen, rate, every)
        assert ((factors >= 0) & (factors <= 1)).all()
    assert np.isfinite([SCHEDULES[name].factor(int(epoch), rate, every) for epoch in epochs[::50]]).all()


@pytest.mark.parametrize("name", SCHEDULES)
def test_vectors_give_what_numbers_give(name):
    factor = SCHEDULES[name].factor
    epochs, rates, every = np.array([0, 3, 7]), np.array([0.1, 0.2, 0.5]), np.array([1, 2, 3])
    numbers = [factor(int(e), float(k), int(n)) for e, k, n in zip(epochs, rates, every, strict=True)]
    np.testing.assert_allclose(factor(epochs, rates, every), numbers, rtol=1e-12)
    assert factor(5, rates, 2).shape == (3,)
    assert all(isinstance(number, float) for number in numbers)


def test_a_staircase_steps_at_whole_multiples():
    factors = SCHEDULES["staircase"].factor(np.arange(31), 0.1, 10)
    assert list(np.flatnonzero(np.diff(factors)) + 1) == [10, 20, 30]


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_formula_is_given(name):
    assert SCHEDULES[name].formula, f"the schedule {name} has no formula, which the page shows"
