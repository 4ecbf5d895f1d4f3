"""Regions: places on axes as values on the settings' own scales, cut to what is searched; what cannot be is said."""

import math

import pytest

from core.errors import UserError
from core.search.regions import narrowed, selected, stretch_of, typed, values_at
from core.search.space import Range, Space
from core.settings.table import RunSpec, Settings

RATES = Range("learning_rate", 1e-4, 1.0, "log")
MOMENTUM = Range("beta1", 0.9, 0.999, "one_minus")
UNITS = Range("units", 4, 64, "log")
KINDS = Range("activation", choices=("relu", "tanh", "sigmoid"))
SPACE = Space(RunSpec(), Settings(), (RATES, MOMENTUM, UNITS, KINDS))


@pytest.mark.parametrize(
    ("searched", "stretch", "values"),
    [
        (RATES, [0.25, 0.5], (1e-3, 1e-2)),  # 1e-4 to 1 are four tenfolds
        (RATES, [0.5, 0.25], (1e-3, 1e-2)),
        (RATES, [-0.1, 1.06], (1e-4, 1.0)),
        (MOMENTUM, [0.5, 1], (0.99, 0.999)),
        (UNITS, [0.24, 0.51], (8, 16)),  # 7.78 and 16.4
    ],
)
def test_a_stretch_is_values_on_the_settings_own_scale(searched, stretch, values):
    found = values_at(searched, stretch)
    assert found == pytest.approx(values)
    assert all(isinstance(value, int) for value in found) == (searched is UNITS)


def test_a_stretch_of_choices_is_the_choices_in_it():
    assert values_at(KINDS, [-0.05, 0.6]) == ("relu", "tanh")  # they stand at 0, 0.5 and 1
    with pytest.raises(UserError, match=r"The region holds no .*: select a larger one"):
        values_at(KINDS, [0.1, 0.4])


@pytest.mark.parametrize("stretch", [0.5, [0.5], [0.1, "1"], [True, 1], [math.nan, 1], [0, math.inf], {"low": 0}])
def test_what_is_no_stretch_is_said(stretch):
    with pytest.raises(UserError, match="goes from one place on its axis to another"):
        values_at(RATES, stretch)


def test_a_stretch_beside_the_axis_or_between_whole_numbers_holds_nothing():
    for searched, stretch in ((RATES, [1.01, 1.05]), (UNITS, [0.01, 0.02])):
        with pytest.raises(UserError, match="holds no"):
            values_at(searched, stretch)


def test_settings_are_selected_one_after_the_other_and_given_free_again():
    region = selected(SPACE, {}, SPACE, {"learning_rate": [0.25, 0.5], "activation": [0.4, 1]})
    assert region == {"learning_rate": pytest.approx((1e-3, 1e-2)), "activation": ("tanh", "sigmoid")}
    region = selected(SPACE, region, SPACE, {"beta1": [0, 0.5], "activation": None})
    assert list(region) == ["learning_rate", "beta1"]
    assert selected(SPACE, region, SPACE, {"learning_rate": [-1, 2], "beta1": None}) == {}


def test_it_is_cut_to_what_is_searched_whose_axes_may_be_longer():
    inner = Space(RunSpec(), Settings(), (Range("learning_rate", 1e-3, 1e-1, "log"),))
    outer = Space(RunSpec(), Settings(), (RATES,))
    assert selected(inner, {}, outer, {"learning_rate": [0.0, 0.5]})["learning_rate"] == pytest.approx((1e-3, 1e-2))
    with pytest.raises(UserError, match="holds no value of learning rate"):
        selected(inner, {}, outer, {"learning_rate": [0.9, 1.0]})


@pytest.mark.parametrize("name", ["epsilon", "nonsense", ""])
def test_a_setting_that_is_not_searched_is_said(name):
    with pytest.raises(UserError, match="which is not searched"):
        selected(SPACE, {}, SPACE, {name: [0, 1]})


def test_values_lie_where_they_were_selected_and_what_is_one_value_can_be_seen():
    assert stretch_of(RATES, values_at(RATES, [0.3, 0.7])) == pytest.approx((0.3, 0.7))
    low, high = stretch_of(RATES, (0.01, 0.01))
    assert low < 0.5 < high
    low, high = stretch_of(KINDS, ("tanh",))
    assert 0 < low < 0.5 < high < 1


@pytest.mark.parametrize(
    ("now", "end", "value", "found"),
    [
        ((), 0, 0.01, (0.01, 1.0)),
        ((), 1, 0.01, (1e-4, 0.01)),
        ((1e-3, 0.01), 0, 0.005, (0.005, 0.01)),
        ((1e-3, 0.01), 0, None, (1e-4, 0.01)),
        ((1e-3, 0.01), 1, None, (1e-3, 1.0)),
        ((1e-3, 0.01), 0, 0.1, (0.1, 1.0)),  # beyond the other end
        ((1e-3, 0.01), 1, 2e-4, (1e-4, 2e-4)),
        ((1e-3, 0.01), 0, 0.01, (0.01, 0.01)),
    ],
)
def test_an_end_is_typed(now, end, value, found):
    assert typed(RATES, now, end, value) == found


@pytest.mark.parametrize("value", [2.0, 1e-5, -1.0, math.nan, math.inf])
def test_an_end_outside_what_is_searched_is_said(value):
    with pytest.raises(UserError, match="Learning rate is searched from 0.0001 to 1: type a number in between"):
        typed(RATES, (), 0, value)


def test_a_region_is_narrowed_by_values_and_given_free():
    region = narrowed(SPACE, {}, {"units": (8, 16), "activation": ("tanh",)})
    assert region == {"units": (8, 16), "activation": ("tanh",)}
    assert narrowed(SPACE, region, {"units": (4, 64)}) == {"activation": ("tanh",)}
    assert narrowed(SPACE, region, {"units": (), "activation": ()}) == {}
    with pytest.raises(UserError, match="which is not searched"):
        narrowed(SPACE, region, {"decay_rate": (0.1, 0.2)})
