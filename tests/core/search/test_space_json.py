"""Tests of spaces and points as JSON: they come back to the bit, and what is hostile is a sentence."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.data.safe_load import read_json
from core.errors import UserError
from core.search.sampling import random_points
from core.search.space import MOST_POINTS, SEARCHABLE, Range, Space
from core.search.space_json import points_from_json, space_from_json, space_to_json
from core.settings.table import Settings
from tests.core.search.any_space import (
    ALPHA,
    OPTIMIZER,
    SPEC,
    SWITCH,
    UNITS,
    inside,
    seeds,
    space,
    spaces,
)


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
