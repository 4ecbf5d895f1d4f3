"""The rounds of a search from coarse to fine: the points and regions in the whole space, and the best loss so far."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.layout import axis, key_of, layout, line, titled
from core.charts.numbers import Y
from core.charts.palette import BLUE, GREY, VERMILLION, colour, symbol
from core.charts.searches.setting_axes import axis_of
from core.labs.coarse import ROUNDS, SPACE, Coarse

Array = np.ndarray
KEY = [(colour(k), symbol(k), f"round {k + 1}") for k in range(ROUNDS)]


def _space_skeleton(shown: Coarse) -> go.Figure:
    across, up = (axis_of(one) | {"range": [-0.03, 1.03], "fixedrange": True} for one in SPACE.ranges)
    quiet = {"x": [], "y": [], "hoverinfo": "skip"}
    traces = [go.Scatter(uid="optimum", mode="markers", marker=_cross(), **quiet)]
    for k in range(ROUNDS):
        ink = colour(k)
        traces += [
            go.Scatter(uid=f"box{k}", mode="lines", line={"color": ink, "width": 1.5}, **quiet),
            go.Scatter(uid=f"round{k}", mode="markers", marker={"color": ink, "symbol": symbol(k), "size": 6}, **quiet),
        ]
    return go.Figure(traces, layout("coarse", key_of(KEY), left=58, xaxis=across, yaxis=up))


def _cross() -> dict[str, object]:
    return {"symbol": "cross-thin-open", "color": GREY, "size": 15, "line": {"width": 2}}


def _space_frame(shown: Coarse) -> Frame:
    frame: Frame = {"optimum.x": shown.centre[:1], "optimum.y": shown.centre[1:]}
    for k in range(ROUNDS):
        there = k < len(shown.rounds)
        places = shown.rounds[k].places if there else np.empty((0, 2))
        frame |= {f"round{k}.x": _some(places[:, 0]), f"round{k}.y": _some(places[:, 1])}
        corners = _corners(shown.rounds[k].box) if there and k else np.empty((2, 0))
        frame |= {f"box{k}.x": _some(corners[0]), f"box{k}.y": _some(corners[1])}
    return frame


def _some(values: Array) -> Array:
    """A trace without points would vanish, which takes a whole drawing: one that is nowhere keeps it."""
    return values if values.size else np.array([np.nan])


def _corners(box: Array) -> Array:
    (left, right), (low, high) = box
    return np.array([[left, right, right, left, left], [low, low, high, high, low]])


def _paths_skeleton(shown: Coarse) -> go.Figure:
    up = axis(type="log", range=[-7.2, 0.2], fixedrange=True, dtick=2, title=titled("best loss so far"))
    across = axis(title=titled("models trained"), rangemode="tozero", fixedrange=True)
    key = key_of([(BLUE, "solid", "coarse to fine"), (VERMILLION, "dash", "all at once")])
    stairs = {"shape": "hv", "width": 2}
    over: dict[str, Any] = {"hovertemplate": f"{Y} after %{{x:,}}<extra></extra>"}
    traces = [
        line("at_once", "all at once", line=stairs | {"color": VERMILLION, "dash": "dash"}, **over),
        line("rounds", "coarse to fine", line=stairs | {"color": BLUE}, **over),
    ]
    return go.Figure(traces, layout("coarse-paths", key, left=54, xaxis=across, yaxis=up))


def _paths_frame(shown: Coarse) -> Frame:
    models = np.arange(1, shown.path.size + 1)
    return {"rounds.x": models, "rounds.y": shown.path, "at_once.x": models, "at_once.y": shown.at_once}


COARSE = [
    Chart(
        "coarse",
        "The rounds",
        "The points of each round in α and β, and the regions they were drawn in; a cross marks the optimum.",
        _space_skeleton,
        _space_frame,
    ),
    Chart(
        "coarse-paths",
        "Best loss so far",
        "The best loss against the number of models trained, from coarse to fine and with all points drawn at once.",
        _paths_skeleton,
        _paths_frame,
    ),
]
