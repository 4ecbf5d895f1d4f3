"""The means and variances of many mini-batches of one size, and how their spread falls with the size."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.layout import axis, key_of, layout, titled
from core.charts.numbers import X, Y
from core.charts.palette import BLUE, GREEN, GREY, ORANGE
from core.labs.batch_sizes import SIZES, Noise, noise

Array = np.ndarray
BINS = 48
LARGEST = 256
CURVE = np.geomspace(2, LARGEST, 30)


def edges(shown: Noise) -> tuple[Array, Array]:
    """The bins (BINS + 1,) of the means and of the variances: the same whatever the size is."""
    reach = 3.2 * np.sqrt(shown.variance / SIZES[0])
    return np.linspace(shown.mean - reach, shown.mean + reach, BINS + 1), np.linspace(0, 3 * shown.variance, BINS + 1)


def _skeleton(name: str, ink: str, symbol: str, places: Array, all_of_it: float) -> go.Figure:
    key = key_of([(ink, "square", "mini-batches"), (GREY, "dash", "all examples")])
    xaxis = axis(range=[places[0], places[-1]], title=titled(f"{symbol} of the mini-batch"), fixedrange=True)
    shape = layout(name, key, xaxis=xaxis, yaxis=axis(range=[0, 0.4], title=titled("share"), fixedrange=True))
    said = {"hovertemplate": f"%{{y:.1%}} near {X}<extra></extra>"}
    line = {"color": GREY, "dash": "dash", "width": 1.5}
    bars = {"marker": {"color": ink}, "width": 0.92 * (places[1] - places[0])}
    traces = [
        go.Bar(uid="bars", x=(places[:-1] + places[1:]) / 2, y=[], **bars, **said),
        go.Scatter(uid="all", x=[all_of_it] * 2, y=[0, 0.4], mode="lines", line=line, hoverinfo="skip"),
    ]
    return go.Figure(traces, shape)


def shares(values: Array, places: Array) -> Array:
    """The share of `values` in each bin; what lies outside counts at the ends."""
    return np.histogram(np.clip(values, places[0], places[-1]), places)[0] / values.size


def _spread_skeleton(shown: Noise) -> go.Figure:
    key = key_of([(GREY, "solid", "σ/√m"), (BLUE, "circle", "2, 4, 8, 64"), (ORANGE, "diamond", "now")])
    powers = [2, 4, 8, 16, 32, 64, 128, 256]
    ticks = {"tickmode": "array", "tickvals": powers, "ticktext": [str(size) for size in powers]}
    xaxis = axis(type="log", range=[0.2, 2.5], title=titled("mini-batch size m"), fixedrange=True, **ticks)
    yaxis = axis(type="log", title=titled("standard deviation of μ"), nticks=3, range=[-2.2, 0.3], fixedrange=True)
    four = [noise(size).means.std() for size in SIZES]
    said = {"mode": "markers", "hovertemplate": f"{Y} at m = %{{x:,}}<extra></extra>"}
    theory = np.sqrt(shown.variance / CURVE)
    traces = [
        go.Scatter(uid="theory", x=CURVE, y=theory, mode="lines", line={"color": GREY, "width": 1.5}, hoverinfo="skip"),
        go.Scatter(uid="four", x=SIZES, y=four, marker={"color": BLUE, "size": 8}, **said),
        go.Scatter(uid="now", x=[], y=[], marker={"color": ORANGE, "size": 12, "symbol": "diamond"}, **said),
    ]
    return go.Figure(traces, layout("size-spread", key, left=54, xaxis=xaxis, yaxis=yaxis))


MEANS: Chart[Noise] = Chart(
    "size-means",
    "μ of 1,000 mini-batches",
    "A histogram of the means of a thousand mini-batches; a line is at the mean of all examples.",
    lambda shown: _skeleton("size-means", BLUE, "μ", edges(shown)[0], shown.mean),
    lambda shown: {"bars.y": shares(shown.means, edges(shown)[0])},
)
VARIANCES: Chart[Noise] = Chart(
    "size-variances",
    "σ² of 1,000 mini-batches",
    "A histogram of the variances of a thousand mini-batches; a line is at the variance of all examples.",
    lambda shown: _skeleton("size-variances", GREEN, "σ²", edges(shown)[1], shown.variance),
    lambda shown: {"bars.y": shares(shown.variances, edges(shown)[1])},
)


def _spread_frame(shown: Noise) -> Frame:
    return {"now.x": np.array([shown.size]), "now.y": np.array([shown.means.std()])}


SPREAD: Chart[Noise] = Chart(
    "size-spread",
    "How much μ varies",
    "The deviation of the mini-batches' means against their size, on the line sigma over the root of m.",
    _spread_skeleton,
    _spread_frame,
)
