"""Tests of search spaces: which ranges there can be, and the model at a point."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given

from core.errors import UserError
from core.search.sampling import random_points
from core.search.space import SEARCHABLE, Range, model_at, on_linear_scale, positions
from core.settings.table import FIELDS, MAX_LAYERS, SettingError, Settings
from tests.core.search.any_space import (
    ACTIVATION,
    ALPHA,
    BETA,
    LAYERS,
    OPTIMIZER,
    SPEC,
    SWITCH,
    UNITS,
    seeds,
    space,
    spaces,
)

# what can be searched


def test_all_that_can_be_searched_in_the_courses_order():
    groups = {}
    for name, one in SEARCHABLE.items():
        if one.field.off is not None:
            continue  # it is newer than the course
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
    assert field.course or field.off is not None or name in ("activation", "initialization")


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
