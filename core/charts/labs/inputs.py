"""The cost of two weights as contours and gradient descent's path on it: inputs as they are, and normalized."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.layout import axis, key_of, layout, titled
from core.charts.numbers import X, Y
from core.charts.palette import BLUE, GREY, VERMILLION, faded
from core.labs.inputs import Descent, TwoDescents, ellipse

Array = np.ndarray
REACH = 2.4  # of both axes
SHARES = (4.0, 2.0, 1.0, 0.5, 0.25, 0.1, 0.03, 0.01)  # of the cost at the start, a contour each


def _skeleton(name: str, ink: str) -> go.Figure:
    square = {"range": [-REACH, REACH], "fixedrange": True}
    key = key_of([(GREY, "solid", "equal cost"), (ink, "circle", "steps"), (GREY, "star", "least cost")])
    shape = layout(
        name, key, xaxis=axis(title=titled("w1"), **square), yaxis=axis(title=titled("w2"), scaleanchor="x", **square)
    )
    path = {"mode": "lines+markers", "line": {"color": ink, "width": 1.5}, "marker": {"color": ink, "size": 4}}
    thin = {"color": faded(GREY, 0.6), "width": 1}
    mark = {"mode": "markers", "marker": {"color": GREY, "size": 13, "symbol": "star"}}
    traces = [
        go.Scatter(uid="contours", x=[], y=[], mode="lines", line=thin, hoverinfo="skip"),
        go.Scatter(uid="path", x=[], y=[], hovertemplate=f"({X}, {Y})<extra></extra>", **path),
        go.Scatter(uid="best", x=[], y=[], hovertemplate=f"least cost at ({X}, {Y})<extra></extra>", **mark),
    ]
    return go.Figure(traces, shape)


def _frame(one: Descent) -> Frame:
    gap = np.full((1, 2), np.nan)
    rings = np.concatenate([part for share in SHARES for part in (ellipse(one, share), gap)])
    return {
        "contours.x": rings[:, 0],
        "contours.y": rings[:, 1],
        "path.x": one.path[:, 0],
        "path.y": one.path[:, 1],
        "best.x": one.best[:1],
        "best.y": one.best[1:],
    }


WORDS = "Ellipses of equal cost of two weights, and the steps of gradient descent among them, with inputs {}."
RAW: Chart[TwoDescents] = Chart(
    "inputs-raw",
    "Inputs as they are",
    WORDS.format("as they are"),
    lambda shown: _skeleton("inputs-raw", VERMILLION),
    lambda shown: _frame(shown.raw),
)
NORMALIZED: Chart[TwoDescents] = Chart(
    "inputs-normalized",
    "Inputs normalized",
    WORDS.format("normalized"),
    lambda shown: _skeleton("inputs-normalized", BLUE),
    lambda shown: _frame(shown.normalized),
)
