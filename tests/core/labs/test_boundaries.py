"""Points that a person moves, and the networks that divide the plane between them."""

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from core.charts.labs import boundaries as charts
from core.errors import UserError
from core.labs import boundaries as plane


def overlapping():
    """Three clouds that no line separates, so that the best softmax regression is one point."""
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 3
    centres = np.array([[-0.3, 0.0], [0.3, 0.0], [0.0, 0.4]])[labels]
    x, y = np.clip(centres + 0.25 * rng.standard_normal((90, 2)), -1, 1).T
    return plane.Points(x, y, labels, 3)


def test_without_hidden_layers_it_is_softmax_regression_trained_to_the_end():
    points = overlapping()
    best = LogisticRegression(C=np.inf, max_iter=5000, tol=1e-10).fit(points.X.T, points.labels)
    P = best.predict_proba(points.X.T)
    cost = -np.log(P[np.arange(90), points.labels]).mean()
    found = plane.divided(points, ())
    assert found.cost == pytest.approx(cost, abs=0.005)
    assert found.accuracy == pytest.approx(best.score(points.X.T, points.labels), abs=0.03)


@pytest.mark.parametrize("classes", [3, 4, 5, 6])
@pytest.mark.parametrize("name", plane.PRESETS)
def test_presets_lie_in_the_plane_and_need_hidden_layers_where_they_should(name, classes):
    points = plane.preset(name, classes)
    assert points.x.size <= plane.MOST / 2
    assert np.abs(points.X).max() <= plane.REACH
    linear, two = plane.divided(points, ()).accuracy, plane.divided(points, plane.LAYERS["two"]).accuracy
    assert two > 0.97
    assert linear > 0.97 if name == "groups" else linear < 0.75


def test_the_same_points_give_the_same_network():
    points = plane.preset("rings", 3)
    first = plane.divided(points, (16,))
    plane._divided.cache_clear()
    assert plane.divided(points, (16,)).cost == first.cost


def test_points_are_moved_added_and_removed():
    points = plane.preset("groups", 3)
    moved = plane.heard(points, {"type": "move", "number": 4, "x": 0.5, "y": -3.0}, 0)
    assert (moved.x[4], moved.y[4]) == (0.5, -plane.REACH)
    assert np.delete(moved.x, 4).tolist() == np.delete(points.x, 4).tolist()
    added = plane.heard(points, {"type": "add", "x": 0.1, "y": 0.2}, 2)
    assert (added.x[-1], added.y[-1], added.labels[-1], added.x.size) == (0.1, 0.2, 2, points.x.size + 1)
    removed = plane.heard(points, {"type": "remove", "number": 0}, 0)
    assert removed.x.tolist() == points.x[1:].tolist()
    assert removed.labels.tolist() == points.labels[1:].tolist()


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"type": "explode"},
        {"type": "add", "x": math.nan, "y": 0},
        {"type": "add", "x": "1", "y": 0},
        {"type": "move", "number": 0, "x": math.inf, "y": 0},
        {"type": "move", "number": 0, "x": True, "y": 0},
        {"type": "add"},
    ],
)
def test_other_messages_are_refused_in_a_sentence(message):
    with pytest.raises(UserError):
        plane.heard(plane.preset("groups", 3), message, 0)


@pytest.mark.parametrize("number", [-1, 10**6, True, "1", None, 1.5])
def test_a_point_that_is_not_there_any_more_changes_nothing(number):
    points = plane.preset("groups", 3)
    assert plane.heard(points, {"type": "remove", "number": number}, 0) is points


def test_there_are_at_most_300_points():
    points = plane.Points(np.zeros(300), np.zeros(300), np.arange(300) % 3, 3)
    with pytest.raises(UserError, match="300 points"):
        plane.heard(points, {"type": "add", "x": 0, "y": 0}, 0)


def test_the_chart_puts_a_ring_around_each_misplaced_point():
    linear = plane.divided(plane.preset("rings", 3), ())
    frame = charts.frame(linear)
    assert frame["wrong.x"].size == round((1 - linear.accuracy) * linear.points.x.size) > 0
    assert frame["image"]["points"].shape == (plane.SIDE, plane.SIDE)
    assert frame["points.text"] == [f"class {k + 1}" for k in linear.points.labels]  # what a screen reader says
    figure = charts.LINEAR.skeleton(charts.Boundaries(linear))
    assert figure.layout.meta["points"] in [trace.uid for trace in figure.data]
