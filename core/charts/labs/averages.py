"""A noisy series and its exponentially weighted average, with bias correction and without; the first steps enlarged;
and the averages before and after a move of β."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.layout import axis, key_of, layout, line, steps_axis, titled
from core.charts.numbers import Y
from core.charts.palette import BLUE, GREY, VERMILLION, faded
from core.charts.thinning import thinned
from core.labs.averages import FIRST, LONG, SERIES, Averaged, Move

Array = np.ndarray
KEY = [(GREY, "circle", "values"), (BLUE, "solid", "bias-corrected"), (VERMILLION, "dash", "not corrected")]
MOVED = [(GREY, "circle", "values"), (BLUE, "solid", "β before"), (VERMILLION, "dash", "β after")]
DRAWN = 400  # points of a long line
ROOM = 1.05


def _dots() -> go.Scatter:
    style = {"color": faded(GREY, 0.7), "size": 4}
    return go.Scatter(uid="series", x=[], y=[], mode="markers", marker=style, hovertemplate=f"{Y}<extra></extra>")


def _top(series: Array) -> float:
    """The end of an axis for all of the values."""
    return ROOM * float(series.max())


def _skeleton(name: str, shown: Averaged, last: int | None = None) -> go.Figure:
    steps = steps_axis(range=[0, (last or shown.series.size) + 0.5], title=titled("step t"), fixedrange=True)
    up = axis(range=[0, _top(shown.series)], title=titled(SERIES[shown.name].measures), fixedrange=True)
    traces = [
        _dots(),
        line("uncorrected", "not corrected", line={"color": VERMILLION, "dash": "dash", "width": 2}),
        line("corrected", "bias-corrected", line={"color": BLUE, "width": 2}),
        go.Scatter(uid="now", x=[], y=[], mode="markers", hoverinfo="skip",
                   marker={"color": [VERMILLION, BLUE], "size": 10, "symbol": ["diamond", "circle"]}),
    ]  # fmt: skip
    return go.Figure(traces, layout(name, key_of(KEY), xaxis=steps, yaxis=up))


def _frame(shown: Averaged, last: int) -> Frame:
    steps = np.arange(1, min(last, shown.series.size) + 1)
    mended = shown.corrected if shown.correcting else np.full(shown.series.size, np.nan)
    lines = {"series": shown.series, "uncorrected": shown.uncorrected, "corrected": mended}
    marks = np.array([shown.now, mended[shown.t - 1]]) if shown.t <= last else np.full(2, np.nan)
    return (
        {f"{uid}.x": steps for uid in lines}
        | {f"{uid}.y": values[:last] for uid, values in lines.items()}
        | {"now.x": np.array([shown.t, shown.t]), "now.y": marks}
    )


def _move_skeleton(name: str, shown: Move) -> go.Figure:
    steps = steps_axis(range=[0, LONG], title=titled("step"), fixedrange=True)
    up = axis(range=[0, _top(shown.series)], title=titled("loss, in nats"), fixedrange=True)
    traces = [
        _dots(),
        line("before", "before", line={"color": BLUE, "width": 2.5}),
        line("after", "after", line={"color": VERMILLION, "dash": "dash", "width": 2}),
        go.Scatter(uid="said", x=[], y=[], text=[], mode="text", textposition="middle left", hoverinfo="skip",
                   textfont={"size": 14}),
    ]  # fmt: skip
    return go.Figure(traces, layout(name, key_of(MOVED), xaxis=steps, yaxis=up))


def _move_frame(shown: Move) -> Frame:
    at = thinned(shown.series.size, DRAWN)
    lines = {"series": shown.series, "before": shown.averages[0], "after": shown.averages[1]}
    about = " → ".join(f"{number:,.4g}" for number in shown.about)
    said = {
        "said.x": np.array([0.98 * LONG]),
        "said.y": np.array([0.92 * _top(shown.series)]),
        "said.text": [f"{about} values"],
    }
    return {f"{uid}.x": at + 1 for uid in lines} | {f"{uid}.y": values[at] for uid, values in lines.items()} | said


def _move(name: str, title: str, number: int) -> Chart[Averaged]:
    return Chart(
        name,
        title,
        "The average of a run's mini-batch losses before and after a move of β.",
        lambda moves: _move_skeleton(name, moves[number]),
        lambda moves: _move_frame(moves[number]),
    )


MOVES = [_move("move-1", "The first move", 0), _move("move-2", "The second move", 1)]
WHOLE: Chart[Averaged] = Chart(
    "average",
    "The average",
    "The values as dots and their exponentially weighted averages as lines, with the chosen step marked.",
    lambda shown: _skeleton("average", shown),
    lambda shown: _frame(shown, shown.series.size),
)
START: Chart[Averaged] = Chart(
    "average-start",
    f"The first {FIRST} steps",
    f"The first {FIRST} values and their averages, enlarged: without bias correction the average starts near 0.",
    lambda shown: _skeleton("average-start", shown, FIRST),
    lambda shown: _frame(shown, FIRST),
)
