"""The softmax of two classes and the logistic sigmoid: on top of each other, and what is between them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.layout import axis, key_of, layout, line, titled
from core.charts.palette import BLUE, ORANGE, VERMILLION
from core.labs.two_classes import REACH, TwoClasses

KEY = [(BLUE, "solid", "softmax a₁"), (ORANGE, "dash", "sigmoid of z₁ - z₂"), (VERMILLION, "circle", "here")]
ROUNDING = 4e-16  # the axis of the difference goes this far: a few last digits of numbers up to 1


def _differences() -> dict[str, object]:
    return axis(range=[-REACH, REACH], title=titled("z₁ - z₂"), fixedrange=True)


@lru_cache
def _curves_skeleton() -> go.Figure:
    yaxis = axis(range=[-0.03, 1.05], title=titled("probability of class 1"), fixedrange=True)
    over = "%{y:.4f} at %{x:.2f}<extra></extra>"
    marker = {"color": VERMILLION, "size": 11}
    traces = [
        line(
            "softmax",
            "softmax",
            line={"color": BLUE, "width": 6, "simplify": False},
            opacity=0.55,
            hoverinfo="skip",
            hovertemplate=None,
        ),
        line("sigmoid", "sigmoid", line={"color": ORANGE, "dash": "dash", "simplify": False}, hovertemplate=over),
        go.Scatter(uid="here", x=[], y=[], mode="markers", marker=marker, hoverinfo="skip"),
    ]
    return go.Figure(traces, layout("two-classes", key_of(KEY), xaxis=_differences(), yaxis=yaxis))


def _curves(shown: TwoClasses) -> Frame:
    return {
        "softmax.x": shown.differences,
        "softmax.y": shown.softmax,
        "sigmoid.x": shown.differences,
        "sigmoid.y": shown.sigmoid,
        "here.x": np.array([shown.here]),
        "here.y": np.array([shown.softmax_here]),
    }


@lru_cache
def _rest_skeleton() -> go.Figure:
    yaxis = axis(range=[-ROUNDING, ROUNDING], title=titled("softmax - sigmoid"), fixedrange=True, tickformat=".0e")
    trace = go.Scatter(uid="rest", x=[], y=[], mode="markers", marker={"color": BLUE, "size": 4}, hoverinfo="skip")
    return go.Figure([trace], layout("two-classes-rest", left=58, xaxis=_differences(), yaxis=yaxis))


def _rest(shown: TwoClasses) -> Frame:
    return {"rest.x": shown.differences, "rest.y": shown.softmax - shown.sigmoid}


CURVES: Chart[TwoClasses] = Chart(
    "two-classes",
    "Two curves that coincide",
    "The probability of the first class over z₁ - z₂: softmax as a broad line, the sigmoid dashed on it.",
    lambda shown: _curves_skeleton(),
    _curves,
)
REST: Chart[TwoClasses] = Chart(
    "two-classes-rest",
    "Their difference: only rounding",
    "Softmax less sigmoid: nothing but the last digit of float64.",
    lambda shown: _rest_skeleton(),
    _rest,
)
