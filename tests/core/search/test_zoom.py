"""Tests of zooming: regions of the best points by hand, and none that leaves its space."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.errors import UserError
from core.search.sampling import grid_points, random_points
from core.search.space import SEARCHABLE, Range, Space, on_linear_scale
from core.search.zoom import within, zoomed
from core.settings.table import RunSpec, Settings
from tests.core.search.any_space import (
    ALPHA,
    BETA,
    LAYERS,
    OPTIMIZER,
    SWITCH,
    UNITS,
    contains,
    inside,
    seeds,
    space,
    spaces,
)

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


def test_half_way_to_a_power_of_two_is_that_power():
    """The middle of 32 and 128 on a log scale is 64, which must not become 63."""
    space = Space(RunSpec(), Settings(), (SEARCHABLE["batch_size"],))
    points = [{"batch_size": size} for size in (16, 32, 128, 32, 32)]
    found = zoomed(space, points, [9.0, 0.1, 9.0, 0.2, 0.3], share=0.5)
    assert found.ranges[0].high == 64
