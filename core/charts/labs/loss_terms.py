"""The loss of each example of a small batch, and the gradient of the cost beside its finite differences."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.layout import axis, key_of, layout, names_axis, titled
from core.charts.palette import BLUE, GREY, VERMILLION, faded
from core.labs.loss_terms import LossTerms
from core.settings.digits import in_full

LARGEST = 5.0  # nats that the axis of losses shows
ROOM = 0.5  # nats that a number above its bar takes, where the chart is low
ABOVE = 0.06  # nats between a line and a number above it
KEY = [(BLUE, "square", "engine"), (VERMILLION, "x", "central differences")]


@lru_cache
def _losses_skeleton(m: int) -> go.Figure:
    examples = names_axis([str(i + 1) for i in range(m)], title=titled("example"), range=[-0.6, m - 0.4])
    yaxis = axis(range=[0, LARGEST], title=titled("loss, in nats"), fixedrange=True)
    key = key_of([(GREY, "dash", "their mean, J")])
    mean = {"color": GREY, "dash": "dash", "width": 1.5}
    said = {"mode": "text", "textposition": "top center", "textfont": {"size": 10}, "hoverinfo": "skip"}
    traces = [
        go.Bar(uid="loss", x=[], y=[], width=0.6, marker={"color": faded(BLUE, 0.7)}, hoverinfo="skip"),
        go.Scatter(uid="mean", x=[], y=[], mode="lines", line=mean, hoverinfo="skip"),
        go.Scatter(uid="said", x=[], y=[], text=[], **said),
    ]
    return go.Figure(traces, layout("loss-terms", key, xaxis=examples, yaxis=yaxis))


def _losses(shown: LossTerms) -> Frame:
    m = shown.losses.size
    places, drawn = np.arange(m), np.clip(shown.losses, None, LARGEST)
    crossed = (drawn <= shown.J) & (drawn + ROOM > shown.J)  # by the line of the mean: the number stands above it
    return {
        "loss.x": places,
        "loss.y": drawn,
        "mean.x": np.array([-0.6, m - 0.4]),
        "mean.y": np.full(2, shown.J),
        "said.x": places,
        "said.y": np.clip(np.where(crossed, shown.J + ABOVE, drawn), None, 0.9 * LARGEST),
        "said.text": [in_full(loss, 3) for loss in shown.losses.tolist()],
    }


@lru_cache
def _gradient_skeleton(C: int, m: int) -> go.Figure:
    groups = names_axis([f"example {i + 1}" for i in range(m)], range=[-0.6, m - 0.4])
    if m > 4:
        groups["ticktext"] = [str(i + 1) for i in range(m)]
        groups["title"] = titled("example")
    yaxis = axis(range=[-1.1 / m, 1.1 / m], title=titled("dJ/dz"), zeroline=True, fixedrange=True)
    marker = {"color": VERMILLION, "symbol": "x", "size": 6}
    traces = [
        go.Bar(uid="gradient", x=[], y=[], width=0.7 / C, marker={"color": faded(BLUE, 0.7)}, hoverinfo="skip"),
        go.Scatter(uid="numeric", x=[], y=[], mode="markers", marker=marker, hoverinfo="skip"),
    ]
    return go.Figure(traces, layout("gradient-check", key_of(KEY), left=52, xaxis=groups, yaxis=yaxis))


def _gradient(shown: LossTerms) -> Frame:
    """Example after example, class after class within each."""
    C, m = shown.Z.shape
    places = (np.arange(m)[:, None] + 0.8 * ((np.arange(C) + 0.5) / C - 0.5)).ravel()  # (m C,)
    bars = {"gradient.x": places, "gradient.y": shown.gradient.T.ravel()}
    return bars | {"numeric.x": places, "numeric.y": shown.numeric.T.ravel()}


LOSSES: Chart[LossTerms] = Chart(
    "loss-terms",
    "Loss of each example",
    "A bar for each example: minus the logarithm of the probability of its true class; the dashed line is their mean.",
    lambda shown: _losses_skeleton(shown.losses.size),
    _losses,
)
GRADIENT: Chart[LossTerms] = Chart(
    "gradient-check",
    "Gradient of J, classes 1 to C in each example",
    "The engine's gradient as bars and central finite differences of the cost as crosses in their ends.",
    lambda shown: _gradient_skeleton(*shown.Z.shape),
    _gradient,
)
