"""Tests of the binary frame: what goes in comes out, and the header is strict JSON."""

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.charts.packet import TYPES, pack, unpack

shapes = hnp.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=5)
arrays = st.sampled_from([np.float32, np.int32, np.uint8]).flatmap(lambda kind: hnp.arrays(kind, shapes))
names = st.text(min_size=1, max_size=6)
values = st.one_of(
    arrays,
    st.lists(st.text(max_size=5), max_size=4),
    st.integers(-1000, 1000),
    st.floats(allow_nan=False, allow_infinity=False),
)
nested = st.dictionaries(names, values, max_size=3)
frames = st.dictionaries(names, st.dictionaries(names, values | nested, max_size=5), max_size=4)


def header_of(message: bytes) -> dict:
    (length,) = struct.unpack_from("<I", message)
    return json.loads(message[4 : 4 + length], parse_constant=pytest.fail)


def assert_same(given_value, taken):
    if isinstance(given_value, np.ndarray):
        assert taken.dtype == given_value.dtype
        np.testing.assert_array_equal(taken, given_value)
    elif isinstance(given_value, dict):
        assert taken.keys() == given_value.keys()
        for key, value in given_value.items():
            assert_same(value, taken[key])
    else:
        assert taken == given_value


@given(frames, st.dictionaries(names.filter(lambda name: name != "charts"), st.integers() | st.text() | st.none()))
def test_round_trip(charts, header):
    got_header, got = unpack(pack(header, charts))
    assert got_header == header
    assert_same(charts, got)


@given(frames)
def test_blob_is_aligned(charts):
    message = pack({"type": "frame"}, charts)
    (length,) = struct.unpack_from("<I", message)
    assert (4 + length) % 8 == 0

    def described(value):
        if isinstance(value, dict) and value.keys() == {"d", "o", "n"}:
            assert value["o"] % TYPES[value["d"]].itemsize == 0
        elif isinstance(value, dict):
            for inner in value.values():
                described(inner)

    described(header_of(message)["charts"])


def test_numbers_that_are_not_finite():
    y = np.array([1.0, np.nan, np.inf], np.float32)
    message = pack(
        {"loss": float("nan"), "status": {"rate": np.float32("inf"), "list": [1.5, -np.inf]}}, {"a": {"b.y": y}}
    )
    assert header_of(message)["status"] == {"rate": None, "list": [1.5, None]}
    header, got = unpack(message)
    assert header["loss"] is None
    np.testing.assert_array_equal(got["a"]["b.y"], y)


def test_widths_become_those_of_the_message():
    sent = {"f": np.array([0.5]), "i": np.arange(3), "b": np.array([True, False]), "row": np.ones((4, 2)).T[:, ::2]}
    _, got = unpack(pack({}, {"a": sent}))
    assert [got["a"][key].dtype.str[1:] for key in "fib"] == ["f4", "i4", "u1"]
    np.testing.assert_array_equal(got["a"]["row"], np.ones((2, 2)))


def test_the_header_says_what_javascript_reads():
    image = {"classes": np.zeros((2, 3), np.uint8), "extent": [0.0, 1.0, 2.0, 3.0]}
    message = pack({"seq": 3}, {"map": {"image": image, "p.x": np.zeros(2, np.float32), "p.text": ["α"]}})
    assert header_of(message) == {
        "seq": 3,
        "charts": {
            "map": {
                "image": {"classes": {"d": "u1", "o": 0, "n": [2, 3]}, "extent": [0.0, 1.0, 2.0, 3.0]},
                "p.x": {"d": "f4", "o": 8, "n": [2]},
                "p.text": ["α"],
            }
        },
    }


def test_an_array_that_keys_share_is_sent_once():
    steps = np.arange(100, dtype=np.float32)
    frames = {"a": {"p.x": steps, "q.x": steps, "q.y": steps.copy()}, "b": {"p.x": steps}}
    message = pack({}, frames)
    assert 2 * steps.nbytes < len(message) < 3 * steps.nbytes
    for name, arrays in unpack(message)[1].items():
        assert_same(frames[name], arrays)


@pytest.mark.parametrize("bad", [np.zeros((1, 1, 1)), np.array(["text"]), np.zeros(2, complex)])
def test_arrays_that_cannot_travel(bad):
    with pytest.raises(ValueError, match="cannot be packed"):
        pack({}, {"a": {"b.x": bad}})
