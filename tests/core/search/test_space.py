"""Tests of search spaces: where samples fall, grids by hand, regions that never leave the space, hostile JSON."""

import copy
import json
import math
from collections import Counter
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.data.safe_load import read_json
from core.errors import UserError
from core.search.sampling import grid_points, projection, random_points, sides, spread
from core.search.space import MOST_POINTS, SEARCHABLE, Range, Space, model_at, on_linear_scale, positions
from core.search.space_json import points_from_json, space_from_json, space_to_json
from core.search.zoom import within, zoomed
from core.settings.table import FIELDS, MAX_LAYERS, RunSpec, SettingError, Settings

SPEC = RunSpec(hidden=(5, 7))
ALPHA, BETA, UNITS, LAYERS = (SEARCHABLE[name] for name in ("learning_rate", "beta1", "units", "layers"))
OPTIMIZER, ACTIVATION, SWITCH = (SEARCHABLE[name] for name in ("optimizer", "activation", "batch_norm"))
NUMBERS = [name for name, one in SEARCHABLE.items() if not one.choices]
MANY = 20_000


def space(*ranges):
    return Space(SPEC, Settings(), ranges)


def column(points, name):
    return np.array([point[name] for point in points])


# any range, any space


def ends_of(field):
    one = st.integers(int(field.low), int(field.high)) if field.integer else st.floats(field.low, field.high)
    return st.tuples(one, one).map(sorted)


def ranges_of(name):
    """Any range of this setting."""
    usual = SEARCHABLE[name]
    if usual.choices:
        some = st.lists(st.sampled_from(usual.choices), min_size=1, unique=True)
        return some.map(lambda choices: Range(name, choices=tuple(choices)))
    scale = st.sampled_from([usual.field.scale, "linear"])
    return st.tuples(ends_of(usual.field), scale).map(lambda drawn: Range(name, *drawn[0], drawn[1]))


spaces = (
    st.lists(st.sampled_from(list(SEARCHABLE)), min_size=1, max_size=4, unique=True)
    .flatmap(lambda names: st.tuples(*map(ranges_of, names)))
    .map(lambda ranges: space(*ranges))
)
seeds = st.integers(0, 2**31 - 1)


def inside(point, outer):
    """Whether every value of a point lies in its range, in the setting's own type."""
    return list(point) == [one.name for one in outer.ranges] and all(
        value in one.choices if one.choices else type(value) is type(one.low) and one.low <= value <= one.high
        for one, value in zip(outer.ranges, point.values(), strict=True)
    )


def contains(outer, inner):
    """Whether a space of the same settings, on the same scales, lies inside another."""
    return (inner.spec, inner.settings) == (outer.spec, outer.settings) and all(
        (a.name, a.scale) == (b.name, b.scale) and a.low <= b.low <= b.high <= a.high and {*b.choices} <= {*a.choices}
        for a, b in zip(outer.ranges, inner.ranges, strict=True)
    )


# what can be searched


def test_all_that_can_be_searched_in_the_courses_order():
    groups = {}
    for name, one in SEARCHABLE.items():
        groups.setdefault(one.field.group, []).append(name)
    assert list(groups.items())[:3] == [
        ("first", ["learning_rate", "optimizer"]),
        ("second", ["beta1", "units", "batch_size", "batch_norm"]),
        ("third", ["layers", "decay", "decay_rate", "decay_every"]),
    ]
    assert [*groups] == ["first", "second", "third", "seldom"]
    live = {field.name for field in fields(Settings)}
    assert {*SEARCHABLE} == (live | {"units", "layers", "activation", "initialization"}) - {"on_switch"}


def test_the_courses_own_ranges():
    assert Range("learning_rate", 1e-4, 1.0, "log") == ALPHA
    assert Range("beta1", 0.9, 0.999, "one_minus") == BETA
    assert Range("units", 4, 128, "log") == UNITS
    assert Range("layers", 1, 4, "linear") == LAYERS


@pytest.mark.parametrize("name", SEARCHABLE)
def test_every_range_begins_right(name):
    one, field = SEARCHABLE[name], SEARCHABLE[name].field
    assert (one.name, one.scale, field.name) == (name, field.scale, name)
    assert one.choices or (field.low <= one.low < one.high <= field.high)
    assert {*one.choices} == ({True, False} if field.scale == "switch" else {*(field.choices or ())})
    assert field.label
    assert field.help
    assert field.course or name in ("activation", "initialization")


@pytest.mark.parametrize("name", [name for name in SEARCHABLE if name not in ("units", "layers")])
def test_the_right_scale_is_that_of_the_table_of_settings(name):
    assert SEARCHABLE[name].scale == FIELDS[name].scale


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (("seed", 0, 9, "linear"), "'seed' cannot be searched: choose from learning_rate, optimizer"),
        (("on_switch", 0, 0, "choice", ("keep",)), "'on_switch' cannot be searched"),
        (([], 0, 1, "log"), "cannot be searched"),
        (("learning_rate", 0.0, 1.0, "log"), "Learning rate cannot be '0.0': it takes 1e-06 to 10"),
        (("learning_rate", 0.1, math.inf, "log"), "cannot be 'inf'"),
        (("learning_rate", math.nan, 1.0, "log"), "cannot be 'nan'"),
        (("learning_rate", True, 1.0, "log"), "cannot be 'True'"),
        (("learning_rate", "0.1", 1.0, "log"), "Learning rate cannot be '0.1'"),
        (("learning_rate", 1.0, 0.1, "log"), "from 1 down to 0.1: exchange the ends"),
        (("learning_rate", 0.1, 1.0, "one_minus"), "no scale 'one_minus': choose 'log' or 'linear'"),
        (("layers", 1, 4, "log"), "no scale 'log': choose 'linear'"),
        (("learning_rate", 0.1, 1.0, []), "has no scale"),
        (("learning_rate", 0.1, 1.0, "log", (0.1,)), "is a number: give the ends"),
        (("layers", 1, 7, "linear"), "Number of hidden layers cannot be '7': it takes a whole number from 1 to 6"),
        (("units", 4.5, 8, "log"), "Hidden units cannot be '4.5'"),
        (("optimizer",), "at least one optimizer to search: it takes one of sgd"),
        (("optimizer", 0, 1, "linear"), "at least one optimizer"),
        (("optimizer", 0, 0, "choice", "adam"), "at least one optimizer"),
        (("optimizer", 0, 0, "choice", ("sgd", "lion")), "Optimizer cannot be 'lion'"),
        (("optimizer", 0, 0, "choice", ("sgd", [])), "Optimizer cannot be"),
        (("batch_norm", 0, 0, "switch", (1,)), "Batch norm cannot be '1'"),
    ],
)
def test_a_range_that_cannot_be_is_a_sentence(given, sentence):
    with pytest.raises(SettingError) as caught:
        Range(*given)
    assert sentence in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_range_has_one_form():
    assert Range("optimizer", 3, 9, "linear", ["adam", "sgd", "adam"]) == Range("optimizer", choices=("adam", "sgd"))
    units = Range("units", 4.0, 8.0, "log")
    assert (units.low, type(units.low), type(units.high)) == (4, int, int)
    assert type(Range("learning_rate", 1, 1).low) is float


def test_a_space_is_in_the_courses_order():
    assert space(LAYERS, BETA, OPTIMIZER, ALPHA) == space(ALPHA, OPTIMIZER, BETA, LAYERS)
    assert [one.name for one in space(LAYERS, BETA, OPTIMIZER, ALPHA).ranges] == [
        "learning_rate",
        "optimizer",
        "beta1",
        "layers",
    ]


def test_a_space_needs_ranges_that_differ():
    with pytest.raises(UserError, match="choose at least one setting"):
        space()
    with pytest.raises(UserError, match="Learning rate is searched twice"):
        space(ALPHA, BETA, on_linear_scale(ALPHA))


# scales


def test_the_wrong_scale():
    assert on_linear_scale(ALPHA) == Range("learning_rate", 1e-4, 1.0, "linear")
    assert on_linear_scale(on_linear_scale(BETA)) == on_linear_scale(BETA) == Range("beta1", 0.9, 0.999, "linear")
    assert on_linear_scale(OPTIMIZER) == OPTIMIZER
    assert on_linear_scale(LAYERS) == LAYERS


@pytest.mark.parametrize("searched", [ALPHA, on_linear_scale(ALPHA)])
def test_positions_by_hand(searched):
    points = [{"learning_rate": value} for value in (1e-4, 1e-3, 1e-2, 1.0, 7.0, 1e-6)]
    np.testing.assert_allclose(positions(searched, points), [0, 0.25, 0.5, 1, 1, 0], atol=1e-12)


def test_positions_of_choices_and_of_nothing():
    three = Range("optimizer", choices=("adam", "sgd", "momentum"))
    points = [{"optimizer": name} for name in ("momentum", "adam", "sgd")]
    assert positions(three, points).tolist() == [1, 0, 0.5]
    assert positions(SWITCH, [{"batch_norm": False}, {"batch_norm": True}]).tolist() == [1, 0]
    assert positions(Range("optimizer", choices=("sgd",)), [{"optimizer": "sgd"}]).tolist() == [0]
    with pytest.raises(KeyError):
        positions(three, [{"optimizer": "rmsprop"}])
    assert positions(ALPHA, []).shape == positions(OPTIMIZER, []).shape == (0,)


# random points


def furthest_from_even(u):
    """The largest distance of the points' distribution in 0..1 from the even one (Kolmogorov's statistic)."""
    u, n = np.sort(u), u.size
    return max(np.max(np.arange(1, n + 1) / n - u), np.max(u - np.arange(n) / n))


UNEVEN = 1.95 / math.sqrt(MANY)  # Kolmogorov: further in one of a thousand even samples
STRAIGHT = {"log": np.log, "one_minus": lambda value: -np.log(1 - value), "linear": lambda value: value}


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
        ((ALPHA, OPTIMIZER), 64, (16, 4)),
        ((ALPHA, OPTIMIZER, BETA), 70, (4, 4, 4)),
        ((OPTIMIZER,), 1000, (4,)),
        ((OPTIMIZER, SWITCH), 8, (4, 2)),
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
    points = grid_points(space(Range("learning_rate", 1e-3, 0.1, "log"), OPTIMIZER), 12)
    names = ["sgd", "momentum", "rmsprop", "adam"]
    assert [point["optimizer"] for point in points] == names * 3
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
        grid_points(space(ALPHA, OPTIMIZER, BETA), 15)
    assert str(caught.value) == (
        "The smallest grid, learning rate (2) by optimizer (4) by momentum β (2), has 16 points, and 15 are allowed: "
        "search fewer settings or choices, allow more models, or search at random."
    )


# a point's spec and settings


def test_made_by_hand():
    searched = space(ALPHA, OPTIMIZER, UNITS, LAYERS, ACTIVATION)
    point = {"learning_rate": 0.02, "optimizer": "adam", "units": 9, "layers": 3, "activation": "tanh"}
    assert model_at(searched, point) == (
        replace(SPEC, hidden=(9, 9, 9), activation="tanh"),
        Settings(learning_rate=0.02, optimizer="adam"),
    )


@pytest.mark.parametrize(
    ("point", "hidden"),
    [
        ({"units": 9}, (9, 9)),
        ({"layers": 1}, (5,)),
        ({"layers": 2}, (5, 7)),
        ({"layers": 4}, (5, 7, 7, 7)),
        ({"layers": 1, "units": 3}, (3,)),
    ],
)
def test_made_of_units_and_layers(point, hidden):
    searched = space(*(SEARCHABLE[name] for name in point))
    assert model_at(searched, point) == (replace(SPEC, hidden=hidden), Settings())


@given(spaces, seeds)
def test_every_point_of_a_space_can_be_made(chosen, seed):
    for point in random_points(chosen, 5, seed):
        spec, settings = model_at(chosen, point)
        found = vars(spec) | vars(settings) | {"units": spec.hidden[-1], "layers": len(spec.hidden)}
        assert {name: found[name] for name in point} == point
        assert "units" not in point or {*spec.hidden} == {point["units"]}
        for name, value in (vars(SPEC) | vars(Settings())).items():
            assert found[name] == value or name in point or (name == "hidden" and {"units", "layers"} & {*point})


@pytest.mark.parametrize(
    ("point", "sentence"),
    [
        ({}, "it takes learning_rate, layers"),
        ({"learning_rate": 0.1}, "other settings"),
        ({"learning_rate": 0.1, "layers": 1, "beta1": 0.9}, "other settings"),
        ({"learning_rate": 100.0, "layers": 1}, "Learning rate cannot be '100.0'"),
        ({"learning_rate": 0.1, "layers": MAX_LAYERS + 1}, "Number of hidden layers cannot be '7'"),
        ({"learning_rate": 0.1, "layers": 10**12}, "Number of hidden layers cannot be"),
        ({"learning_rate": "fast", "layers": 1}, "Learning rate cannot be 'fast'"),
    ],
)
def test_a_point_that_cannot_be_made_is_a_sentence(point, sentence):
    with pytest.raises(SettingError, match=sentence):
        model_at(space(ALPHA, LAYERS), point)


# coarse to fine


def zoom_one(searched, values, losses, share=0.1):
    points = [{searched.name: value} for value in values]
    return zoomed(space(searched), points, losses, share).ranges[0]


@pytest.mark.parametrize("searched", [ALPHA, on_linear_scale(ALPHA)])
def test_a_region_goes_half_way_to_its_neighbours(searched):
    found = zoom_one(searched, [1e-3, 1.0, 1e-1, 1e-4, 1e-2], [2, 9, 3, 8, 1])
    assert (found.low, found.high) == pytest.approx((10**-3.5, 10**-0.5), rel=1e-12)
    assert found.scale == searched.scale


def test_a_region_without_neighbours_goes_to_the_end():
    found = zoom_one(ALPHA, [0.003, 0.01, 0.03, 0.3], [1, 1, 1, 2])
    assert found.low == 1e-4
    assert found.high == pytest.approx(math.sqrt(0.03 * 0.3))
    assert zoom_one(ALPHA, [0.003, 0.01, 0.03], [3, 1, 2]) == ALPHA
    assert zoom_one(ALPHA, [1e-4, 0.01, 1.0], [3, 1, 2]) == ALPHA


def test_rounding_loses_no_best_point():
    value, ulps = 0.9582455911113915, 4 * 2**-52  # half way down to its neighbour, 10**r is more than the value itself
    found = zoom_one(ALPHA, [value, value, value, value * (1 - ulps), value * (1 + ulps)], [1, 1, 1, 2, 2])
    assert found.low <= value <= found.high


def test_a_region_of_equal_values_is_one_cell_of_the_grid():
    found = zoom_one(ALPHA, [1e-4, 1e-3, 1e-2, 1e-1, 1] * 3, [5, 4, 1, 3, 5] * 3)
    assert (found.low, found.high) == pytest.approx((10**-2.5, 10**-1.5))


def test_a_region_of_whole_numbers():
    assert zoom_one(LAYERS, [1, 2, 3, 4] * 3, [5, 1, 4, 5] * 3) == Range("layers", 2, 2)
    # from 10 half way down to 5 is 7.07 on the log scale, from 20 half way up to 40 is 28.3
    assert zoom_one(UNITS, [5, 10, 20, 15, 40], [9, 1, 1, 1, 9]) == Range("units", 8, 28, "log")


def test_a_region_of_choices():
    found = zoom_one(OPTIMIZER, ["adam", "sgd", "rmsprop", "momentum", "adam"], [1, 3, 9, 8, 2])
    assert found.choices == ("sgd", "adam")
    assert zoom_one(SWITCH, [True, False, False, False], [9, 1, 2, 3]).choices == (False,)


@pytest.mark.parametrize(("n", "share", "count"), [(20, 0.1, 3), (40, 0.1, 4), (64, 0.1, 6), (64, 0.5, 32), (4, 1, 4)])
def test_how_many_are_the_best(n, share, count):
    values = [1e-4 + 0.9 * k / n for k in range(n)]
    found = zoom_one(ALPHA, values, range(n), share)
    assert sum(found.low <= value <= found.high for value in values) == count


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_diverged_models_are_never_the_best(broken):
    values, losses = [1e-4, 1e-3, 1e-2, 1e-1, 1], [3.0, 2.0, 1.0, broken, broken]
    found = zoom_one(ALPHA, values, losses, share=1.0)
    assert (found.low, found.high) == (1e-4, pytest.approx(10**-1.5))
    with pytest.raises(UserError, match="the best 3 models or more, and 2 of 5 have a loss"):
        zoom_one(ALPHA, values, [2.0, 1.0, broken, broken, broken])
    with pytest.raises(UserError, match="0 of 0"):
        zoom_one(ALPHA, [], [])


@hypothesis_settings(deadline=None)
@given(spaces, seeds, st.integers(3, 40), st.floats(0.01, 1), st.sampled_from([random_points, "grid"]))
def test_zooming_never_leaves_the_space_and_never_loses_the_best(chosen, seed, n, share, sampler):
    for generation in range(4):
        try:
            points = grid_points(chosen, n) if sampler == "grid" else sampler(chosen, n, seed)
        except UserError:
            return
        if len(points) < 3:
            return
        losses = np.random.default_rng([seed, generation]).random(len(points))
        smaller = zoomed(chosen, points, losses, share)
        assert contains(chosen, smaller)
        best = np.argsort(losses)[: max(3, round(share * len(points)))]
        assert all(inside(points[k], smaller) for k in best)
        chosen = smaller


# a region by hand


def test_a_region_by_hand_is_cut_to_the_space():
    searched = space(ALPHA, UNITS, OPTIMIZER, BETA)
    box = {"learning_rate": (0.01, 7), "units": (4.5, 9.9), "optimizer": ("adam", "sgd", "lion")}
    assert within(searched, box) == space(
        Range("learning_rate", 0.01, 1.0, "log"),
        Range("units", 5, 9, "log"),
        Range("optimizer", choices=("sgd", "adam")),
        BETA,
    )
    assert within(searched, {}) == searched
    assert within(searched, {"learning_rate": [0.1, 0.01]}).ranges[0] == Range("learning_rate", 0.01, 0.1, "log")
    assert within(searched, {"units": (-math.inf, math.inf), "learning_rate": (-1, 1e9)}) == searched


@pytest.mark.parametrize(
    ("box", "sentence"),
    [
        ({"beta2": (0.9, 0.99)}, "'beta2', which is not searched"),
        ({"learning_rate": (2.0, 3.0)}, "no value of learning rate"),
        ({"learning_rate": (math.inf, math.inf)}, "no value of learning rate"),
        ({"units": (8.2, 8.8)}, "no value of hidden units"),
        ({"units": (math.inf, math.inf)}, "no value of hidden units"),
        ({"optimizer": ()}, "holds no optimizer"),
        ({"optimizer": ("lion", 3, None)}, "holds no optimizer"),
        ({"optimizer": "adam"}, "says 'adam' of optimizer"),
        ({"learning_rate": (0.1,)}, "no two ends for learning rate"),
        ({"learning_rate": (0.1, 0.2, 0.3)}, "no two ends"),
        ({"learning_rate": (0.1, math.nan)}, "no two ends"),
        ({"learning_rate": ("0.1", "0.2")}, "no two ends"),
        ({"learning_rate": 0.1}, "says 0.1 of learning rate"),
        ({"learning_rate": None}, "says None of learning rate"),
    ],
)
def test_a_region_that_cannot_be_is_a_sentence(box, sentence):
    with pytest.raises(UserError, match=sentence):
        within(space(ALPHA, UNITS, OPTIMIZER), box)


@given(spaces, st.floats(), st.floats())
def test_any_region_is_inside_or_a_sentence(chosen, one, other):
    for searched in chosen.ranges:
        try:
            assert contains(chosen, within(chosen, {searched.name: (one, other)}))
        except UserError:
            low, high = sorted((one, other))
            assert searched.choices or not low <= searched.low <= high


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
    at, counts = projection(OPTIMIZER, points)
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


# JSON


def again(value):
    """What has been written as JSON and read as a file is."""
    return read_json(json.dumps({"it": value}, allow_nan=False), 10**7)["it"]


@given(spaces, seeds, st.integers(0, 20))
def test_spaces_and_points_come_back_to_the_bit(chosen, seed, n):
    assert again(space_to_json(chosen)) == space_to_json(chosen)
    back = space_from_json(again(space_to_json(chosen)))
    assert repr(back) == repr(chosen)
    points = random_points(chosen, n, seed)
    assert repr(points_from_json(back, again(points))) == repr(points)


def test_json_by_hand():
    found = space_to_json(Space(SPEC, Settings(learning_rate=0.25), (ALPHA, SWITCH)))
    assert found["ranges"] == [
        {"name": "learning_rate", "low": 1e-4, "high": 1.0, "scale": "log"},
        {"name": "batch_norm", "choices": [True, False]},
    ]
    assert found["spec"]["hidden"] == [5, 7]
    assert found["settings"]["learning_rate"] == 0.25


def test_points_of_another_program_get_their_types():
    searched = space(ALPHA, UNITS)
    (point,) = points_from_json(searched, [{"units": 8.0, "learning_rate": 1}])
    assert repr(point) == "{'learning_rate': 1.0, 'units': 8}"


WHOLE = space_to_json(space(ALPHA, UNITS, OPTIMIZER, SWITCH))


def put(path, value):
    """WHOLE with something else at a place in it."""
    found = copy.deepcopy(WHOLE)
    part = found
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    return found


ALPHA_ROW = WHOLE["ranges"][0]
HOSTILE = {
    "no object": [1, 2],
    "nothing": None,
    "empty": {},
    "a field too many": WHOLE | {"more": 1},
    "a field too few": {"spec": WHOLE["spec"], "settings": WHOLE["settings"]},
    "a spec that is none": put(["spec"], []),
    "an unknown part of the spec": put(["spec", "colour"], 1),
    "a spec out of range": put(["spec", "hidden"], [10**9]),
    "settings out of range": put(["settings", "learning_rate"], -1),
    "unknown settings": put(["settings", "__class__"], 1),
    "ranges that are none": put(["ranges"], {}),
    "ranges that are a number": put(["ranges"], 3),
    "no ranges": put(["ranges"], []),
    "many ranges": put(["ranges"], [ALPHA_ROW] * 1000),
    "two of one": put(["ranges"], [ALPHA_ROW] * 2),
    "a range that is none": put(["ranges", 0], "learning_rate"),
    "a range of nothing": put(["ranges", 0], {}),
    "a range too long": put(["ranges", 0], ALPHA_ROW | {"more": 1}),
    "ends and choices": put(["ranges", 0], ALPHA_ROW | {"choices": []}),
    "choices of a number": put(["ranges", 0], {"name": "learning_rate", "choices": [0.1]}),
    "ends of a choice": put(["ranges", 2], {"name": "optimizer", "low": 0, "high": 1, "scale": "choice"}),
    "no choices": put(["ranges", 2, "choices"], []),
    "choices that are text": put(["ranges", 2, "choices"], "sgd"),
    "choices that are an object": put(["ranges", 2, "choices"], {"sgd": 1}),
    "an unknown choice": put(["ranges", 2, "choices"], ["sgd", "x" * 10_000]),
    "a choice that is a list": put(["ranges", 2, "choices"], [["sgd"]]),
    "a switch that is a number": put(["ranges", 3, "choices"], [1, 0]),
    "an unknown name": put(["ranges", 0, "name"], "__init__"),
    "a name that is a list": put(["ranges", 0, "name"], [[]]),
    "ends exchanged": put(["ranges", 0], ALPHA_ROW | {"low": 1.0, "high": 0.1}),
    "an end out of range": put(["ranges", 0, "high"], 1e300),
    "an end that is text": put(["ranges", 0, "low"], "0.1"),
    "an end that is true": put(["ranges", 0, "high"], True),
    "half a unit": put(["ranges", 1, "low"], 4.5),
    "an unknown scale": put(["ranges", 0, "scale"], "one_minus"),
    "a scale that is an object": put(["ranges", 0, "scale"], {}),
}


@pytest.mark.parametrize("found", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_space_is_a_sentence(found):
    with pytest.raises(UserError) as caught:
        space_from_json(again(found))
    assert str(caught.value).endswith(".")
    assert len(str(caught.value)) < 400


POINTS = random_points(space(ALPHA, UNITS, OPTIMIZER, SWITCH), 3, 0)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ({}, "no list of at most 1,000 points"),
        (None, "no list"),
        (POINTS[:1] * (MOST_POINTS + 1), "no list of at most 1,000"),
        ([*POINTS, 3], "The point in the file is 3"),
        ([{}], "it takes learning_rate, optimizer, units, batch_norm"),
        ([POINTS[0] | {"more": 1}], "and nothing else"),
        ([POINTS[0] | {"learning_rate": 2.0}], "Learning rate 2 lies outside"),
        ([POINTS[0] | {"learning_rate": 1e-5}], "Learning rate 1e-05 lies outside"),
        ([POINTS[0] | {"learning_rate": 1e300}], "Learning rate cannot be"),
        ([POINTS[0] | {"learning_rate": "0.1"}], "Learning rate cannot be"),
        ([POINTS[0] | {"units": 129}], "Hidden units 129 lies outside"),
        ([POINTS[0] | {"units": 8.5}], "Hidden units cannot be"),
        ([POINTS[0] | {"optimizer": []}], "Optimizer cannot be"),
        ([POINTS[0] | {"batch_norm": 1}], "Batch norm cannot be"),
    ],
)
def test_hostile_points_are_a_sentence(found, sentence):
    searched = space(ALPHA, UNITS, OPTIMIZER, SWITCH)
    with pytest.raises(UserError, match=sentence):
        points_from_json(searched, again(found))


def test_a_point_outside_a_narrower_choice_is_a_sentence():
    with pytest.raises(UserError, match="Optimizer Adam lies outside what is searched"):
        points_from_json(space(Range("optimizer", choices=("sgd",))), [{"optimizer": "adam"}])


def test_as_many_points_as_there_may_be():
    searched = space(ALPHA)
    points = random_points(searched, MOST_POINTS, 0)
    assert points_from_json(searched, again(points)) == points


texts = st.text(max_size=8) | st.sampled_from([*SEARCHABLE, "log", "linear", "low", "high", "name", "sgd"])
scalars = st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False) | texts
anything = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4))
places = st.sampled_from(
    [["spec"], ["settings"], ["ranges"], ["ranges", 0], ["ranges", 2]]
    + [["ranges", i, name] for i, row in enumerate(WHOLE["ranges"]) for name in row]
    + [[part, name] for part in ("spec", "settings") for name in WHOLE[part]]
)


def taken(read, *given):
    """What is read, or None where a sentence says what is wrong."""
    try:
        return read(*given)
    except UserError as error:
        sentence = str(error)
    assert sentence.endswith(".")
    return None


@hypothesis_settings(deadline=None)
@given(places, anything)
def test_whatever_stands_in_the_json_is_taken_or_a_sentence(place, value):
    found = taken(space_from_json, put(place, value))
    if found:
        assert repr(space_from_json(again(space_to_json(found)))) == repr(found)
        assert all(inside(point, found) for point in random_points(found, 3, 0))


@given(anything)
def test_whatever_stands_for_points_is_taken_or_a_sentence(value):
    searched = space(ALPHA, UNITS, OPTIMIZER, SWITCH)
    for found in (value, [value], [POINTS[0] | {"units": value}], [POINTS[0] | {"optimizer": value}]):
        points = taken(points_from_json, searched, found)
        assert all(inside(point, searched) for point in points or ())
