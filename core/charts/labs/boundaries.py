"""A plane divided between classes under points that a person moves, with a ring around each that is misplaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.class_picture import picture
from core.charts.layout import axis, key_of, layout
from core.charts.palette import GREY, colour, symbol
from core.labs.boundaries import Divided, edge

RING = {"symbol": "circle-open", "size": 17, "color": GREY, "line": {"width": 2}}


@dataclass(frozen=True)
class Boundaries:
    """The same points divided without a hidden layer, and with some; None where that is not asked for."""

    linear: Divided
    deeper: Divided | None = None


@lru_cache
def _skeleton(name: str, classes: int) -> go.Figure:
    """Empty points; `meta.points` names the trace that a person moves, whose `text` names each point."""
    key = key_of(((colour(k), symbol(k), str(k + 1)) for k in range(classes)), "class")
    plane = {"range": [-edge(), edge()], "fixedrange": True, "showgrid": False, "visible": False}
    marker = {"size": 10, "color": [], "symbol": [], "line": {"width": 1, "color": "#FFFFFF"}}
    traces = [
        go.Scatter(uid="wrong", x=[], y=[], mode="markers", marker=RING, hoverinfo="skip"),
        go.Scatter(uid="points", x=[], y=[], mode="markers", marker=marker, hoverinfo="skip"),
    ]
    more = {"dragmode": False, "hovermode": False, "meta": {"points": "points"}}
    margin = {"l": 6, "r": 6, "t": 26, "b": 6}
    return go.Figure(traces, layout(name, key, left=6) | {"margin": margin} | more | {
        "xaxis": axis(**plane), "yaxis": axis(**plane)
    })  # fmt: skip


def frame(shown: Divided) -> Frame:
    """The plane, the points, and rings around those on another class's side."""
    points, wrong, reach = shown.points, ~shown.right, edge()
    labels = points.labels.tolist()
    return {
        "image": picture(shown.likeliest, shown.confidence, points.classes, [-reach, reach, -reach, reach]),
        "points.x": points.x,
        "points.y": points.y,
        "points.marker.color": [colour(k) for k in labels],
        "points.marker.symbol": [symbol(k) for k in labels],
        "points.text": [f"class {k + 1}" for k in labels],
        "wrong.x": points.x[wrong],
        "wrong.y": points.y[wrong],
    }


def _chart(name: str, title: str, summary: str, part: Callable[[Boundaries], Divided | None]) -> Chart[Boundaries]:
    def shown_part(shown: Boundaries) -> Divided:
        found = part(shown)
        assert found is not None, f"{name} is shown where it was not asked for"
        return found

    return Chart(
        name,
        title,
        f"{summary} A point is moved by dragging it and removed by a click; a click beside the points adds one. The"
        " keyboard does the same.",
        lambda shown: _skeleton(name, shown_part(shown).points.classes),
        lambda shown: frame(shown_part(shown)),
        hint=lambda shown: f"{shown_part(shown).right.sum()} of {shown_part(shown).right.size} right",
    )


LINEAR = _chart(
    "boundaries-linear",
    "No hidden layer",
    "The plane divided between the classes by straight lines.",
    lambda shown: shown.linear,
)
DEEPER = {
    "one": _chart(
        "boundaries-one",
        "One hidden layer",
        "The plane divided by a network with one hidden layer.",
        lambda shown: shown.deeper,
    ),
    "two": _chart(
        "boundaries-two",
        "Two hidden layers",
        "The plane divided by a network with two hidden layers.",
        lambda shown: shown.deeper,
    ),
}
