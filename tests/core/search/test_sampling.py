"""Tests of sampling: random points are even on their scale, grids by hand, values tried by each of the two."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.errors import UserError
from core.nn.optimizers import OPTIMIZERS
from core.search.sampling import grid_points, projection, random_points, sides, spread
from core.search.space import SEARCHABLE, Range, on_linear_scale, positions
from tests.core.search.any_space import (
    ALPHA,
    BETA,
    LAYERS,
    MANY,
    NUMBERS,
    OPTIMIZER,
    SWITCH,
    UNITS,
    column,
    inside,
    seeds,
    space,
    spaces,
)

FOUR = Range("optimizer", choices=("sgd", "momentum", "rmsprop", "adam"))

# random points


def furthest_from_even(u):
    """The largest distance of the points' distribution in 0..1 from the even one (Kolmogorov's statistic)."""
    u, n = np.sort(u), u.size
    return max(np.max(np.arange(1, n + 1) / n - u), np.max(u - np.arange(n) / n))


UNEVEN = 1.95 / math.sqrt(MANY)  # Kolmogorov: further in one of a thousand even samples
STRAIGHT = {
    "log": np.log,
    "log_from_0": lambda value: np.log(value + 1e-5),
    "one_minus": lambda value: -np.log(1 - value),
    "linear": lambda value: value,
}


@pytest.mark.parametrize("name", [name for name in NUMBERS if not SEARCHABLE[name].field.integer])
def test_random_numbers_are_even_on_their_scale_and_on_no_other(name):
    for searched in (SEARCHABLE[name], on_linear_scale(SEARCHABLE[name])):
        values = column(random_points(space(searched), MANY, 7), name)
        for scale in (SEARCHABLE[name].scale, "linear"):
            straight = STRAIGHT[scale]
            low, high = straight(searched.low), straight(searched.high)
            far = furthest_from_even((straight(values) - low) / (high - low))
            assert far < UNEVEN if scale == searched.scale else far > 3 * UNEVEN, (searched.scale, scale)


def test_the_courses_own_samplers():
    alpha = column(random_points(space(ALPHA), MANY, 0), "learning_rate")  # r = -4 rand(): a quarter in each decade
    np.testing.assert_allclose(np.histogram(alpha, [1e-4, 1e-3, 1e-2, 1e-1, 1])[0] / MANY, 0.25, atol=0.015)
    alpha = column(
        random_points(space(on_linear_scale(ALPHA)), MANY, 0), "learning_rate"
    )  # nine tenths in the last one
    assert np.mean(alpha > 0.1) == pytest.approx(0.9, abs=0.01)
    beta = column(random_points(space(BETA), MANY, 0), "beta1")  # r in -3..-1: half of them above 0.99
    assert np.mean(beta > 0.99) == pytest.approx(0.5, abs=0.015)
    beta = column(random_points(space(on_linear_scale(BETA)), MANY, 0), "beta1")  # 0.009 of 0.099
    assert np.mean(beta > 0.99) == pytest.approx(1 / 11, abs=0.01)


def bin_of(searched, k):
    """The part of the range that a whole number stands for."""
    low, high = STRAIGHT[searched.scale](searched.low - 0.5), STRAIGHT[searched.scale](searched.high + 0.5)
    return (STRAIGHT[searched.scale](k + 0.5) - STRAIGHT[searched.scale](k - 0.5)) / (high - low)


@pytest.mark.parametrize(
    "searched",
    [
        LAYERS,
        UNITS,
        on_linear_scale(UNITS),
        Range("units", 1, 3, "log"),
        on_linear_scale(SEARCHABLE["batch_size"]),
        Range("batch_size", 5, 7, "log"),
    ],
)
def test_whole_numbers_get_their_share_the_ends_as_well(searched):
    counts = Counter(point[searched.name] for point in random_points(space(searched), MANY, 1))
    values = range(searched.low, searched.high + 1)
    expected = [MANY * bin_of(searched, k) for k in values]
    assert sum(expected) == pytest.approx(MANY)
    off = sum((counts[k] - e) ** 2 / e for k, e in zip(values, expected, strict=True))
    df = len(values) - 1  # chi squared has mean df and variance 2 df
    assert off < df + 4 * math.sqrt(2 * df)
    assert counts[searched.low] == pytest.approx(expected[0], abs=5 * math.sqrt(expected[0]))
    assert counts[searched.high] == pytest.approx(expected[-1], abs=5 * math.sqrt(expected[-1]) + 1)


@pytest.mark.parametrize(
    ("low", "high", "powers"),
    [(8, 256, [8, 16, 32, 64, 128, 256]), (1, 3, [1, 2]), (33, 100, [64]), (64, 64, [64]), (63, 127, [64])],
)
def test_mini_batch_sizes_are_powers_of_two(low, high, powers):
    counts = Counter(
        point["batch_size"] for point in random_points(space(Range("batch_size", low, high, "log")), MANY, 1)
    )
    assert sorted(counts) == powers
    np.testing.assert_allclose(list(counts.values()), MANY / len(powers), atol=5 * math.sqrt(MANY / len(powers)))


class Ends:
    """A generator that draws the least and the greatest number it can."""

    def random(self, n):
        return np.array([0.0, 1 - 2**-53])


@pytest.mark.parametrize("searched", [LAYERS, Range("units", 3, 5, "linear"), Range("units", 3, 5, "log")])
def test_the_rarest_draws_are_inside(monkeypatch, searched):
    monkeypatch.setattr(np.random, "default_rng", lambda seed: Ends())  # 3 - 1/2 would be rounded to 2
    assert column(random_points(space(searched), 2, 0), searched.name).tolist() == [searched.low, searched.high]


@pytest.mark.parametrize("searched", [OPTIMIZER, SWITCH, Range("decay", choices=("none", "sqrt", "inverse"))])
def test_every_choice_is_drawn_as_often(searched):
    counts = Counter(point[searched.name] for point in random_points(space(searched), MANY, 2))
    assert {*counts} == {*searched.choices}
    np.testing.assert_allclose(list(counts.values()), MANY / len(counts), atol=350)  # five deviations of at most 70


def test_settings_are_drawn_on_their_own():
    searched = [SEARCHABLE[name] for name in NUMBERS]
    points = random_points(space(*searched), MANY, 3)
    apart = np.corrcoef([positions(one, points) for one in searched]) - np.eye(len(searched))
    assert np.abs(apart).max() < 5 / math.sqrt(MANY)
    other = random_points(space(*searched), MANY, 4)
    across = np.corrcoef(positions(ALPHA, points), positions(ALPHA, other))[0, 1]
    assert abs(across) < 5 / math.sqrt(MANY)


@given(spaces, seeds, st.integers(0, 40), st.integers(0, 40))
def test_fewer_points_are_the_first_of_more(chosen, seed, n, more):
    points = random_points(chosen, n + more, seed)
    assert len(points) == n + more
    assert random_points(chosen, n, seed) == points[:n]
    assert all(inside(point, chosen) for point in points)


@given(spaces, seeds)
def test_what_else_is_searched_changes_no_draw(chosen, seed):
    points = random_points(chosen, 20, seed)
    for one in chosen.ranges:
        assert column(random_points(space(one), 20, seed), one.name).tolist() == [p[one.name] for p in points]


def test_another_seed_draws_others():
    searched = space(ALPHA, BETA)
    assert spread(random_points(searched, 50, 0) + random_points(searched, 50, 1), "learning_rate") == 100


# grids


@pytest.mark.parametrize(
    ("ranges", "n", "shape"),
    [
        ((ALPHA,), 64, (64,)),
        ((ALPHA, BETA), 4, (2, 2)),
        ((ALPHA, BETA), 6, (3, 2)),
        ((ALPHA, BETA), 7, (3, 2)),  # not 7 by 1
        ((ALPHA, BETA), 8, (4, 2)),
        ((ALPHA, BETA), 9, (3, 3)),
        ((ALPHA, BETA), 15, (5, 3)),  # 4 by 4 would be 16
        ((ALPHA, BETA), 25, (5, 5)),  # the course's
        ((ALPHA, BETA), 64, (8, 8)),
        ((ALPHA, BETA), 1000, (32, 31)),
        ((ALPHA, BETA, UNITS), 64, (4, 4, 4)),
        ((ALPHA, BETA, UNITS), 100, (5, 5, 4)),
        ((ALPHA, LAYERS), 64, (16, 4)),  # there are four numbers of layers
        ((ALPHA, FOUR), 64, (16, 4)),
        ((ALPHA, FOUR, BETA), 70, (4, 4, 4)),
        ((FOUR,), 1000, (4,)),
        ((FOUR, SWITCH), 8, (4, 2)),
        ((OPTIMIZER,), 1000, (len(OPTIMIZERS),)),
        ((Range("layers", 2, 2), ALPHA), 10, (10, 1)),
        ((Range("learning_rate", 0.1, 0.1), BETA), 10, (1, 10)),
    ],
)
def test_grid_shapes_by_hand(ranges, n, shape):
    searched = space(*ranges)
    assert sides(searched, n) == shape
    points = grid_points(searched, n)
    assert len(points) == math.prod(shape)
    assert tuple(spread(points, one.name) for one in searched.ranges) == shape


def test_a_grid_by_hand():
    points = grid_points(space(Range("learning_rate", 1e-3, 0.1, "log"), FOUR), 12)
    assert [point["optimizer"] for point in points] == ["sgd", "momentum", "rmsprop", "adam"] * 3
    alpha = column(points, "learning_rate")
    np.testing.assert_allclose(alpha, np.repeat([1e-3, 1e-2, 1e-1], 4), rtol=1e-12)
    assert alpha[[0, -1]].tolist() == [1e-3, 0.1]
    assert [point["layers"] for point in grid_points(space(LAYERS), 3)] == [1, 2, 4]  # 2.5 is rounded to the even one
    np.testing.assert_allclose(
        column(grid_points(space(on_linear_scale(ALPHA)), 3), "learning_rate"), [1e-4, 0.50005, 1]
    )
    np.testing.assert_allclose(column(grid_points(space(BETA), 3), "beta1"), [0.9, 0.99, 0.999])


def test_whole_numbers_that_crowd_move_apart():
    eight = Range("units", 1, 16, "log")  # 1, 1.5, 2.2, 3.3, 4.9, 7.2, 10.8, 16
    assert column(grid_points(space(eight), 8), "units").tolist() == [1, 2, 3, 4, 5, 7, 11, 16]
    assert column(grid_points(space(eight), 15), "units").tolist() == [
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        9,
        10,
        11,
        12,
        13,
        14,
        16,
    ]
    assert column(grid_points(space(eight), 99), "units").tolist() == list(range(1, 17))


def values_in(one):
    """How many values a range has."""
    if one.choices or one.low == one.high:
        return max(1, len(one.choices))
    return one.high - one.low + 1 if one.field.integer else math.inf


@hypothesis_settings(deadline=None)
@given(spaces, st.integers(1, 300))
def test_a_grid_is_full_fits_and_cannot_grow(chosen, n):
    most = [values_in(one) for one in chosen.ranges]
    least = [m if one.choices else min(2, m) for one, m in zip(chosen.ranges, most, strict=True)]
    if math.prod(least) > n:
        with pytest.raises(UserError, match=f"has {math.prod(least):,} points, and {n} are allowed"):
            grid_points(chosen, n)
        return
    shape = sides(chosen, n)
    assert math.prod(shape) <= n
    for i, side in enumerate(shape):
        assert least[i] <= side <= most[i]
        if side == most[i]:
            continue
        assert math.prod(shape) // side * (side + 1) > n
        for k, longer in enumerate(shape):  # nor can it be more even: a value less of another, one more of this
            if longer > side + 1 and not chosen.ranges[k].choices:
                assert math.prod(shape) // (side * longer) * (side + 1) * (longer - 1) > n
    points = grid_points(chosen, n)
    assert len({tuple(point.values()) for point in points}) == len(points)
    assert all(inside(point, chosen) for point in points)
    assert len(points) == math.prod(spread(points, one.name) for one in chosen.ranges)
    for one, side in zip(chosen.ranges, shape, strict=True):
        tried = {point[one.name] for point in points}
        assert tried == {*one.choices} if one.choices else {one.low, one.high} <= tried
        size = 1 if one.field.scale == "one_minus" else one.high  # 1 - beta is near 1 for all small beta
        wide = one.field.integer or one.choices or one.high - one.low > 1e-3 * size
        assert len(tried) == side or not wide


@pytest.mark.parametrize(
    "narrow", [Range("beta1", 0.0, 2e-122, "one_minus"), Range("learning_rate", 0.1, np.nextafter(0.1, 1), "log")]
)
def test_a_range_too_narrow_for_its_side_repeats_no_point(narrow):
    assert sides(space(narrow), 9) == (9,)
    assert column(grid_points(space(narrow), 9), narrow.name).tolist() == [narrow.low, narrow.high]


def test_a_grid_that_is_too_small_is_a_sentence():
    with pytest.raises(UserError) as caught:
        grid_points(space(ALPHA, FOUR, BETA), 15)
    assert str(caught.value) == (
        "The smallest grid, learning rate (2) by optimizer (4) by momentum β (2), has 16 points, and 15 are allowed: "
        "search fewer settings or choices, allow more models, or search at random."
    )


# random against grid


def test_random_tries_more_values_than_a_grid_of_as_many_points():
    searched = space(ALPHA, BETA)
    grid, points = grid_points(searched, 25), random_points(searched, 25, 0)
    assert len(grid) == len(points) == 25
    assert [spread(grid, one.name) for one in searched.ranges] == [5, 5]
    assert [spread(points, one.name) for one in searched.ranges] == [25, 25]
    assert spread([], "learning_rate") == 0


def test_projections_by_hand():
    at, counts = projection(ALPHA, grid_points(space(ALPHA, BETA), 20))  # 5 by 4
    np.testing.assert_allclose(at, [0, 0.25, 0.5, 0.75, 1], atol=1e-12)
    assert counts.tolist() == [4] * 5
    points = [{"optimizer": name} for name in ("adam", "sgd", "adam", "rmsprop", "adam")]
    at, counts = projection(FOUR, points)
    np.testing.assert_allclose(at, [0, 2 / 3, 1])
    assert counts.tolist() == [1, 1, 3]
    assert [(part.size, part.dtype) for part in projection(ALPHA, [])] == [(0, float), (0, int)]


@given(spaces, seeds, st.integers(1, 30))
def test_a_projection_has_every_point(chosen, seed, n):
    points = random_points(chosen, n, seed)
    for one in chosen.ranges:
        at, counts = projection(one, points)
        assert at.size == counts.size == spread(points, one.name)
        assert counts.sum() == n
        np.testing.assert_array_equal(np.repeat(at, counts), np.sort(positions(one, points)))
