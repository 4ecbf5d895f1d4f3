"""The weights of an exponentially weighted average: the newest as bars, and all of them on two log scales."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.layout import axis, key_of, layout, titled
from core.charts.numbers import Y
from core.charts.palette import BLUE, VERMILLION, faded
from core.labs.kernel import FAR, NEWEST, Kernel

LEAST = 1e-5  # weight that is shown on the log scale
AREA = np.unique(np.rint(np.geomspace(1, FAR, 120)).astype(int))  # counted values that are drawn on the log scale


def _mark(uid: str) -> go.Scatter:
    style = {"color": VERMILLION, "dash": "dash", "width": 2}
    return go.Scatter(uid=uid, x=[], y=[], mode="lines", line=style, hoverinfo="skip")


def _said(uid: str, position: str) -> go.Scatter:
    return go.Scatter(uid=uid, x=[], y=[], text=[], mode="text", textposition=position, hoverinfo="skip",
                      textfont={"color": VERMILLION, "size": 12}, cliponaxis=False)  # fmt: skip


def _bars_skeleton(shown: Kernel) -> go.Figure:
    across = axis(range=[-0.8, NEWEST - 0.4], fixedrange=True, title=titled("k, steps back"), showgrid=False)
    shape = layout(
        "kernel", left=62, xaxis=across, yaxis=axis(rangemode="tozero", title=titled("weight (1-β)βᵏ")), bargap=0.15
    )
    bars = go.Bar(uid="bars", x=[], y=[], marker={"color": faded(BLUE, 0.75)},
                  hovertemplate=f"{Y} at k = %{{x}}<extra></extra>")  # fmt: skip
    return go.Figure([bars, _mark("fallen"), _said("said", "top right")], shape)


def _bars_frame(shown: Kernel) -> Frame:
    top, level = shown.weights[0], shown.weights[0] / np.e
    inside = shown.fallen < NEWEST
    at = min(shown.fallen, NEWEST)
    words = f"1/e at k = {shown.fallen:.2f}" if inside else f"1/e at k = {shown.fallen:,.0f}, far right"
    return {
        "bars.x": np.arange(NEWEST),
        "bars.y": shown.weights[:NEWEST],
        "fallen.x": np.array([-0.8, at, at]),
        "fallen.y": np.array([level, level, 0.0 if inside else level]),
        "said.x": np.array([min(at, 0.52 * NEWEST)]),
        "said.y": np.array([max(level, 0.0) if inside else top]),
        "said.text": [f" {words}"],
    }


def _far_skeleton(shown: Kernel) -> go.Figure:
    logs = {"type": "log", "fixedrange": True, "dtick": 1}
    across = axis(range=[0, np.log10(FAR)], title=titled("values counted back, newest first"), **logs)
    up = axis(range=[np.log10(LEAST), 0.1], title=titled("weight"), **logs)
    key = [(BLUE, "solid", "weights"), (VERMILLION, "dash", "1/(1-β) values of weight 1-β")]
    shape = layout("kernel-far", key_of(key), left=54, xaxis=across, yaxis=up)
    over = {"hovertemplate": f"{Y} at value %{{x:,}}<extra></extra>"}
    filled = {"fill": "tozeroy", "fillcolor": faded(BLUE, 0.2), "line": {"color": BLUE, "width": 2}}
    area = go.Scatter(uid="area", x=[], y=[], mode="lines", **filled, **over)
    return go.Figure([area, _mark("about"), _said("said", "bottom left")], shape)


def _far_frame(shown: Kernel) -> Frame:
    corner = np.array([shown.about]), np.array([shown.weights[0]])
    return {
        "area.x": AREA,
        "area.y": np.maximum(shown.weights[AREA - 1], LEAST / 10),
        "about.x": np.array([1.0, shown.about, shown.about]),
        "about.y": np.array([corner[1][0], corner[1][0], LEAST / 10]),
        "said.x": np.array([shown.about]),
        "said.y": np.array([LEAST * 4]),
        "said.text": [f"{shown.about:,.4g} values "],
    }


NEAR: Chart[Kernel] = Chart(
    "kernel",
    f"Weights of the newest {NEWEST} values",
    f"The exact weights of the newest {NEWEST} values as bars, and where they have fallen to 1/e.",
    _bars_skeleton,
    _bars_frame,
)
WHOLE: Chart[Kernel] = Chart(
    "kernel-far",
    "All weights, both axes logarithmic",
    "The weights of all values against their number, newest first, and the box of 1/(1-β) values of weight 1-β.",
    _far_skeleton,
    _far_frame,
)
