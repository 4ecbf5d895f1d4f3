"""Tests of the static comparison of runs, and of the small curve in a list of them."""

import re
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.charts.compare import compare, numbers, wide
from core.charts.palette import BLUE, GLYPHS, colour, symbol
from core.charts.sparkline import sparkline
from core.charts.swatch import swatch

nan = np.nan
floats = st.floats(allow_nan=True, allow_infinity=True)


def many(count, points=300):
    steps = np.arange(points)
    return [(f"run {i}", steps, 1 / (1 + steps + i)) for i in range(count)]


def test_every_run_has_a_line_and_an_end():
    figure = compare([("a", [0, 10, 20], [1.0, 0.5, 0.25]), ("b", [0, 5], [1.0, 0.75])])
    lines = {trace.uid: trace for trace in figure.data}
    assert list(lines["run0"].x) == [0, 10, 20]
    assert list(lines["run1"].y) == [1, 0.75]
    assert (lines["end0"].x, lines["end0"].y) == ((20,), (0.25,))
    assert lines["run0"].line.color != lines["run1"].line.color
    assert lines["run0"].line.dash != lines["run1"].line.dash
    assert lines["end0"].marker.symbol != lines["end1"].marker.symbol
    key = re.sub(r"<[^>]*>", "", figure.layout.annotations[0].text)
    assert key.split() == ["—", "a", "-", "-", "b"]


def test_twelve_runs():
    figure = compare(many(12))
    looks = {(trace.line.color, trace.line.dash) for trace in figure.data if trace.mode == "lines"}
    assert len(looks) == 12
    assert all(trace.x.size <= 129 for trace in figure.data)
    assert figure.data[0].x[-1] == 299


def test_names_are_any_text():
    figure = compare([("<b>x</b>%{y}", [0], [1.0]), ("", [0], [1.0]), ("long " * 99, [0], [1.0])])
    key = figure.layout.annotations[0].text
    assert "&lt;b&gt;x&lt;/b&gt;" in key
    assert "%{" not in key + str([trace.meta for trace in figure.data])
    assert "(blank)" in key
    assert len(key) < 500


def test_the_axis_is_logarithmic_past_two_decades():
    assert compare([("a", [0, 1], [1.0, 0.011])]).layout.yaxis.type is None
    assert compare([("a", [0, 1], [1.0, 1.0]), ("b", [0], [0.009])]).layout.yaxis.type == "log"
    assert compare([("a", [0, 1, 2], [1.0, 0.0, nan])]).layout.yaxis.type is None
    zero = compare([("a", [0, 1, 2], [1.0, 0.001, 0.0])])
    assert zero.layout.yaxis.type == "log"
    assert zero.data[0].y[-1] == 1e-8
    assert not wide(np.array([nan, 0.0]))


def test_what_is_not_finite_is_a_gap():
    figure = compare([("a", [0, 1, 2, 3], [1.0, nan, 0.5, np.inf]), ("none", [], []), ("never", [0], [nan])])
    np.testing.assert_array_equal(figure.data[0].y, [1, nan, 0.5, nan])
    assert (figure.data[1].x, figure.data[1].y) == ((2,), (0.5,))
    assert [trace.x.size for trace in figure.data if trace.uid in ("end1", "end2")] == [0, 0]
    assert compare([]).data == ()


def test_light_and_dark():
    assert compare(many(2)).layout.font.color == "#31333F"
    assert compare(many(2), dark=True).layout.font.color == "#FAFAFA"
    assert not compare(many(2)).layout.shapes


@given(st.lists(st.tuples(st.integers(0, 10**7), floats), max_size=300))
def test_numbers_are_finite_or_a_gap(points):
    steps, losses = [step for step, _ in points], [loss for _, loss in points]
    x, y = numbers(("a", steps, losses))
    assert x.size == y.size <= 129
    assert not np.isinf(y).any()


# the small curve


def drawn(svg):
    """Polylines as arrays (n, 2), and dots (x, y)."""
    root = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    lines = [[point.split(",") for point in line.get("points").split()] for line in root.iter(f"{space}polyline")]
    dots = [(float(dot.get("cx")), float(dot.get("cy"))) for dot in root.iter(f"{space}circle")]
    return [np.array(line, float) for line in lines], dots


def test_a_curve_goes_from_corner_to_corner():
    (line,), (dot,) = drawn(sparkline([0, 5, 10], [3.0, 2.0, 1.0], 100, 20))
    np.testing.assert_allclose(line, [[2.5, 2.5], [50, 10], [97.5, 17.5]])
    assert dot == (97.5, 17.5)


def test_a_wide_curve_is_logarithmic():
    (line,), _ = drawn(sparkline([0, 1, 2], [1000.0, 10.0, 0.1], 100, 20))
    np.testing.assert_allclose(line[:, 1], [2.5, 10, 17.5])


def test_gaps_points_and_nothing():
    lines, dots = drawn(sparkline([0, 1, 2, 3, 4], [1.0, 2.0, nan, np.inf, 1.5]))
    assert [len(line) for line in lines] == [2, 1]
    assert len(dots) == 1
    assert drawn(sparkline([7], [0.5], 100, 20))[1] == [(50, 10)]
    assert drawn(sparkline([], [])) == drawn(sparkline([1, 2], [nan, nan])) == ([], [])
    assert drawn(sparkline([1, 2], [3.0, 3.0], 100, 20))[0][0][:, 1].tolist() == [10, 10]


@pytest.mark.parametrize(("steps", "values"), [([], []), ([1], [1.0]), (range(1000), [1.0] * 1000)])
def test_the_box(steps, values):
    svg = sparkline(steps, values, 90, 30)
    root = ElementTree.fromstring(svg)
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("90", "30", "0 0 90 30")
    assert root.get("role") == "img"
    assert len(svg) < 3000
    assert BLUE in svg or not values


def test_its_title_is_in_words():
    assert "<title>1.23 to 0.5</title>" in sparkline([0, 1], [1.234, 0.5])
    assert "<title>no values yet</title>" in sparkline([], [])


@given(st.lists(st.tuples(st.integers(0, 10**7), floats), max_size=300))
def test_it_stays_in_its_box(points):
    lines, dots = drawn(sparkline([step for step, _ in points], [value for _, value in points]))
    for x, y in [*(place for line in lines for place in line), *dots]:
        assert 2 <= x <= 118
        assert 2 <= y <= 26


@pytest.mark.parametrize("values", [[1.7e308, 1.7e308], [5e-324, 1.7e308], [5e-324, 5e-324]])
def test_the_greatest_and_the_least_numbers_do_not_overflow(values):
    assert sparkline([0, 1], values).startswith("<svg")


def test_nudges_are_ticks_on_their_lines():
    figure = compare([("a", [0, 10, 20], [1.0, 0.5, 0.25]), ("b", [0], [None])], nudges=[[5, 20], [0]])
    traces = {trace.uid: trace for trace in figure.data}
    assert (list(traces["nudges0"].x), list(traces["nudges0"].y)) == ([5, 20], [0.75, 0.25])
    assert traces["nudges0"].marker.color == traces["run0"].line.color
    assert len(traces["nudges1"].x) == 0


def test_a_swatch_has_the_line_s_colour_dash_and_marker():
    pictures = [unquote(swatch(i)) for i in range(8)]
    assert len(set(pictures)) == 8
    for i, picture in enumerate(pictures):
        ElementTree.fromstring(picture.split(",", 1)[1])
        assert colour(i) in picture
        assert GLYPHS[symbol(i)] in picture
