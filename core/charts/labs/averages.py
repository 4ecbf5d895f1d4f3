"""A noisy series and its exponentially weighted average, with bias correction and without; the first steps enlarged."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.layout import key_of, layout, line, steps_axis, titled
from core.charts.palette import BLUE, GREY, VERMILLION, faded
from core.labs.averages import FIRST, Averaged

KEY = [(GREY, "circle", "mini-batch loss"), (BLUE, "solid", "bias-corrected"), (VERMILLION, "dash", "not corrected")]


def _skeleton(name: str, last: int) -> go.Figure:
    shape = layout(name, key_of(KEY), xaxis=steps_axis(range=[0, last]), yaxis={"title": titled("loss, in nats")})
    traces = [
        go.Scatter(uid="series", x=[], y=[], mode="markers", marker={"color": faded(GREY, 0.7), "size": 4}),
        line("uncorrected", "not corrected", line={"color": VERMILLION, "dash": "dash"}),
        line("corrected", "bias-corrected", line={"color": BLUE}),
    ]
    return go.Figure(traces, shape)


def _frame(shown: Averaged, last: int) -> Frame:
    steps = np.arange(1, min(last, shown.series.size) + 1)
    lines = {"series": shown.series, "uncorrected": shown.uncorrected, "corrected": shown.corrected}
    return {f"{uid}.x": steps for uid in lines} | {f"{uid}.y": values[:last] for uid, values in lines.items()}


WHOLE = Chart(
    "average",
    "The average",
    "Mini-batch losses as dots and their exponentially weighted averages as lines.",
    lambda shown: _skeleton("average", shown.series.size),
    lambda shown: _frame(shown, shown.series.size),
)
START = Chart(
    "average-start",
    f"The first {FIRST} steps",
    f"The first {FIRST} losses and their averages, enlarged: without bias correction the average starts near 0.",
    lambda shown: _skeleton("average-start", FIRST),
    lambda shown: _frame(shown, FIRST),
)
