"""Eight examples on their way through batch norm: as dots on three lines, and as histograms before and after."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.layout import axis, key_of, layout, names_axis, titled
from core.charts.numbers import X
from core.charts.palette import BLUE, GREY, ORANGE, VERMILLION, faded
from core.labs.one_batch import EXAMPLES, OneBatch

Array = np.ndarray
REACH = 12  # of the axis to both sides
CLOSE = 1.0  # on the axis: nearer numbers would run together on a phone
STAGES = ("z", "z<sub>norm</sub>", "z̃")
COLOURS = (ORANGE, GREY, BLUE)
EDGES = np.arange(-REACH, REACH + 1)


def stages(shown: OneBatch) -> tuple[Array, Array, Array]:
    """z, z_norm and z~, (m,) each."""
    return shown.z, shown.z_norm, shown.out


def histogram(values: Array) -> Array:
    """How many of `values` are in each bin between two of `EDGES`; what lies outside counts at the ends."""
    return np.histogram(np.clip(values, EDGES[0], EDGES[-1]), EDGES)[0]


def labels(values: Array) -> list[str]:
    """The examples' numbers. Where dots lie close together, every second number is a line lower, from left to right."""
    order = np.argsort(values, kind="stable")
    lower = set(order[1::2].tolist()) if np.diff(values[order]).min() < CLOSE else set()
    return [f"<br>{k + 1}" if k in lower else str(k + 1) for k in range(values.size)]


def _dots_skeleton(shown: OneBatch) -> go.Figure:
    key = key_of([(VERMILLION, "solid", "mean ± one deviation"), (GREY, "circle", "one example")])
    xaxis = axis(range=[-REACH, REACH], fixedrange=True)
    yaxis = names_axis(STAGES, range=[2.6, -0.5])
    quiet = {"hoverinfo": "skip", "mode": "lines"}
    dots = {"mode": "markers+text", "textposition": "bottom center", "textfont": {"size": 9}}
    over = {"hovertemplate": f"{X}<extra></extra>", "cliponaxis": False}
    traces = [go.Scatter(uid="ways", x=[], y=[], line={"color": faded(GREY, 0.4), "width": 1}, **quiet)]
    for i, ink in enumerate(COLOURS):
        traces.append(go.Scatter(uid=f"spread{i}", x=[], y=[], line={"color": VERMILLION, "width": 3}, **quiet))
        marker = {"color": ink, "size": 10}
        traces.append(go.Scatter(uid=f"dots{i}", x=[], y=[], text=[], customdata=[], marker=marker, **dots, **over))
    return go.Figure(traces, layout("batch-dots", key, left=52, bottom=24, xaxis=xaxis, yaxis=yaxis))


def _dots_frame(shown: OneBatch) -> Frame:
    rows = np.stack(stages(shown))  # (3, m)
    ways_x = np.concatenate([rows, np.full((1, rows.shape[1]), np.nan)]).T.reshape(-1)
    frame: Frame = {"ways.x": ways_x, "ways.y": np.tile([0, 1, 2, np.nan], rows.shape[1])}
    for i, values in enumerate(rows):
        mean, deviation = values.mean(), values.std()
        frame |= {
            f"spread{i}.x": np.array([mean - deviation, mean + deviation, np.nan, mean, mean]),
            f"spread{i}.y": np.array([i - 0.22, i - 0.22, np.nan, i - 0.32, i - 0.12]),
            f"dots{i}.x": values,
            f"dots{i}.y": np.full(values.size, float(i)),
            f"dots{i}.text": labels(values),
            f"dots{i}.customdata": list(range(values.size)),
        }
    return frame


def _histograms_skeleton(shown: OneBatch) -> go.Figure:
    common = {"range": [0, EXAMPLES + 0.5], "fixedrange": True, "nticks": 3}
    shape = layout("batch-histograms", key_of([(ORANGE, "square", "z"), (BLUE, "square", "z̃")]), left=40, bottom=24)
    shape["xaxis"] = axis(range=[-REACH, REACH], anchor="y2", fixedrange=True)
    shape["yaxis"] = axis(domain=[0.55, 1], title=titled("before"), **common)
    shape["yaxis2"] = axis(domain=[0, 0.45], title=titled("after"), **common)
    centres = (EDGES[:-1] + EDGES[1:]) / 2
    bars = {"x": centres, "y": [], "width": 0.92, "hovertemplate": "%{y} of 8<extra></extra>"}
    traces = [
        go.Bar(uid="before", marker={"color": ORANGE}, **bars),
        go.Bar(uid="after", marker={"color": BLUE}, yaxis="y2", **bars),
    ]
    return go.Figure(traces, shape)


def _histograms_frame(shown: OneBatch) -> Frame:
    return {"before.y": histogram(shown.z), "after.y": histogram(shown.out)}


def _outside(shown: OneBatch) -> str | None:
    far = np.abs(np.concatenate(stages(shown))).max() > REACH
    return f"Some values lie beyond ±{REACH}." if far else None


DOTS: Chart[OneBatch] = Chart(
    "batch-dots",
    "Eight examples, step by step",
    "The z, the normalized z and the scaled and shifted z of eight examples on three lines, with mean and deviation.",
    _dots_skeleton,
    _dots_frame,
    hint=_outside,
)
HISTOGRAMS: Chart[OneBatch] = Chart(
    "batch-histograms",
    "Histograms",
    "How many of the eight examples have a z of that size, before batch norm and after.",
    _histograms_skeleton,
    _histograms_frame,
)
