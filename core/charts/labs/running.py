"""Batch norm's statistics against their running averages up to a step, and what one example gets with either."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.layout import axis, key_of, layout, names_axis, panels, titled
from core.charts.names import distinct
from core.charts.numbers import Y
from core.charts.palette import BLUE, GREY, ORANGE, VERMILLION, faded
from core.labs.running import DATA, STEPS, UNIT, Moment, recorded

NAMES = ("mean", "variance")


def _statistics_skeleton(shown: Moment) -> go.Figure:
    key = key_of([(GREY, "circle", "of the mini-batch"), (BLUE, "solid", "running average")])
    shape = panels("running", ["μ", "σ²"], key)
    shape["xaxis"] |= {"range": [0, STEPS], "fixedrange": True}
    del shape["meta"]  # a fixed range from 0 has no logarithm
    traces = []
    for i, name in enumerate(NAMES):
        values = recorded().statistics[:, i, UNIT]
        room = 0.06 * np.ptp(values)
        shape[f"yaxis{2 if i else ''}"] |= {"range": [values.min() - room, values.max() + room], "fixedrange": True}
        common = {"x": [], "y": [], "yaxis": f"y{2 if i else ''}", "hovertemplate": f"{Y} at step %{{x:,}}"}
        marker, bold = {"color": faded(GREY, 0.7), "size": 4}, {"color": BLUE, "width": 2.5}
        traces += [
            go.Scatter(uid=f"{name}-batch", name="mini-batch", mode="markers", marker=marker, **common),
            go.Scatter(uid=f"{name}-running", name="running", mode="lines", line=bold, **common),
        ]
    return go.Figure(traces, shape)


def _statistics_frame(shown: Moment) -> Frame:
    frame: Frame = {}
    steps = np.arange(1, shown.step + 1)
    for i, name in enumerate(NAMES):
        for kind, values in (("batch", shown.batch), ("running", shown.running)):
            frame |= {f"{name}-{kind}.x": steps, f"{name}-{kind}.y": values[i]}
    return frame


def _outputs_skeleton(shown: Moment) -> go.Figure:
    names = distinct(DATA.class_names)
    entries = [
        (VERMILLION, "square", "own statistics"),
        (BLUE, "square", "running"),
        (ORANGE, "star", "true class"),
    ]
    xaxis = names_axis(names, range=[-0.5, len(names) - 0.5])
    shape = layout("alone", key_of(entries), xaxis=xaxis, bottom=24, bargap=0.25)
    shape["yaxis"] = axis(range=[0, 1.16], title=titled("softmax output"), fixedrange=True, tickvals=[0, 0.5, 1])
    places = np.arange(len(names))
    bars = {"textposition": "outside", "cliponaxis": False, "hovertemplate": "%{y:.4f}<extra></extra>"}
    bars |= {"x": places, "y": [], "text": []}
    star = {"color": ORANGE, "size": 13, "symbol": "star"}
    traces = [
        go.Bar(uid="alone", marker={"color": VERMILLION}, **bars),
        go.Bar(uid="tested", marker={"color": BLUE}, **bars),
        go.Scatter(uid="truth", x=[], y=[], mode="markers", marker=star, hoverinfo="skip"),
    ]
    return go.Figure(traces, shape)


def _outputs_frame(shown: Moment) -> Frame:
    frame: Frame = {"truth.x": np.array([shown.truth]), "truth.y": np.array([1.1])}
    for uid, outputs in (("alone", shown.alone), ("tested", shown.tested)):
        frame |= {f"{uid}.y": outputs, f"{uid}.text": [f"{100 * p:.0f} %" for p in outputs]}
    return frame


STATISTICS: Chart[Moment] = Chart(
    "running",
    "Unit 1 of layer 2 while the run trains",
    "Mean and variance of a unit over each mini-batch, and their running averages, against training steps.",
    _statistics_skeleton,
    _statistics_frame,
)
OUTPUTS: Chart[Moment] = Chart(
    "alone",
    "What one example gets",
    "Softmax outputs of one dev example with its own statistics, and with the running ones; a star marks its class.",
    _outputs_skeleton,
    _outputs_frame,
)
