"""Marks for nudges on the charts over steps: a thin line for each, and labels that fly from their lines like flags.

A label never crosses another line: a line ends at its label, and one without a label ends below all labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import compress, product
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.layout import line
from core.charts.names import LETTER
from core.charts.palette import GREY, faded
from core.runs.journal import Gesture, Nudge, gestures
from core.runs.run import Run
from core.settings.names import short_value

Array = np.ndarray
NUDGES = 1000  # newest nudges that are grouped into gestures
LINES = 60
LABELS = 10
HEIGHTS = {1: (0.88, 0.79, 0.7)}  # of labels, as shares of a panel, by the number of panels; above is room for `cut`
LOW_PANEL = (0.92, 0.74, 0.56)  # the same for any other number
BARE = 0.45  # height of a line without a label
OVERLAY = 10  # "y11" is the axis of heights over the first panel, "y12" that over the second
HEIGHTS_AXIS = f"y{OVERLAY + 1}"
UNSEEN = {"range": [0, 1], "fixedrange": True, "visible": False}
SPACE = "\u00a0"  # between a label and its line
PLOT = 280  # width of the plot in pixels; labels must fit into it


def newest(journal: Sequence[Nudge]) -> list[Gesture]:
    """The newest gestures. Of a drag only the first and the last nudge are read, because drags are long."""
    recent = journal[-NUDGES:]
    drags = [(nudge.gesture, *nudge.changes) for nudge in recent]
    within = zip([None, *drags], drags, [*drags[1:], None], strict=False)
    ends = (not drag[0] or not before == drag == after for before, drag, after in within)
    return gestures(compress(recent, ends))[-LINES:]


def label(gesture: Gesture) -> str:
    """The new value, such as "α 0.01", "Adam" or "batch norm off"."""
    words = [short_value(name, new) for name, (_, new) in gesture.changes.items()]
    return words[0] if len(words) == 1 else f"{words[0]} +{len(words) - 1}"


class Flag(NamedTuple):
    """The mark of a gesture: a line at `step` up to `height`, and there a label from step `low` to step `high`, to its
    right or left, or none ("")."""

    step: int
    height: float
    text: str = ""
    to_right: bool = True
    low: float = 0.0
    high: float = 0.0


def hinders(one: Flag, other: Flag) -> bool:
    """Whether a label lies on the other's, or one crosses the line of the other."""
    if one.height == other.height and one.low < other.high and other.low < one.high:
        return True
    crosses = one.low < other.step < one.high and other.height >= one.height
    return crosses or (other.low < one.step < other.high and one.height >= other.height)


def flags(
    made: Sequence[Gesture],
    now: float,
    first: float = 0,
    pixels: int = PLOT,
    heights: Sequence[float] = HEIGHTS[1],
) -> list[Flag]:
    """The marks of the gestures on an axis from `first` to `now`, `pixels` long, oldest first; the newest `LABELS` may
    have labels.

    The newest is placed first. Each takes the first place at which it is in no other's way: to the right, then to the
    left, from the first of `heights` on. Where there is none, its line is bare.
    """
    length = max(now - first, 1)
    placed: list[Flag] = []
    for age, gesture in enumerate(reversed(made)):
        labelled = _with_label(gesture, length / pixels, heights) if age < LABELS else ()
        inside = (one for one in labelled if one.low >= first and one.high <= first + 1.04 * length)
        free = (one for one in inside if not any(hinders(one, other) for other in placed))
        placed.append(next(free, Flag(gesture.step, BARE)))
    return placed[::-1]


def _with_label(gesture: Gesture, pixel: float, heights: Sequence[float]) -> Iterator[Flag]:
    """The places that its label may have, the best first, where a pixel is so many steps wide."""
    text, step = label(gesture), gesture.step
    wide = (LETTER * len(text) + 10) * pixel
    for to_right, height in product((True, False), heights):
        yield Flag(step, height, text, to_right, step - wide * (not to_right), step + wide * to_right)


def lines(placed: Sequence[Flag]) -> tuple[Array, Array]:
    """Vertical lines at the marks, as x and y (3 n,) with a gap after each."""
    steps = np.array([flag.step for flag in placed], np.float32)
    x, y = np.repeat(steps, 3), np.zeros(3 * steps.size, np.float32)
    y[1::3] = [flag.height for flag in placed]
    x[2::3] = y[2::3] = np.nan
    return x, y


def whole(run: Run) -> tuple[float, float]:
    """The steps that a chart shows: all."""
    return 0, run.step


def marked(
    chart: Chart[Run],
    panels: int = 1,
    shown: Callable[[Run], tuple[float, float]] = whole,
    pixels: int = PLOT,
) -> Chart[Run]:
    """A chart with that many panels, `pixels` wide at least, over the steps `shown(run)`, and on it the run's nudges:
    lines in each panel, labels in the first."""

    def skeleton(run: Run) -> go.Figure:
        return _with_marks(chart.skeleton(run), panels)

    def frame(run: Run) -> Frame:
        heights = HEIGHTS.get(panels, LOW_PANEL)
        placed = flags(newest(run.journal), *shown(run)[::-1], pixels, heights)
        return _frame(placed, panels) | chart.frame(run)

    return replace(chart, skeleton=skeleton, frame=frame)


def _with_marks(figure: go.Figure, panels: int) -> go.Figure:
    """The figure with empty traces for lines and labels, under its own traces and over an axis of heights a panel."""
    under = [trace for trace in figure.data if trace.yaxis != HEIGHTS_AXIS]
    places = dict.fromkeys((trace.xaxis or "x", trace.yaxis or "y") for trace in under)
    traces = [go.Scatter(uid="labels", x=[], y=[], text=[], mode="text", yaxis=HEIGHTS_AXIS, hoverinfo="skip")]
    style = {
        "line": {"color": faded(GREY, 0.6), "width": 1, "dash": "solid"},
        "hoverinfo": "skip",
        "hovertemplate": None,
    }
    for i, (x, y) in zip(range(1, panels + 1), places, strict=True):
        figure.layout[f"yaxis{OVERLAY + i}"] = UNSEEN | {"overlaying": y, "anchor": x}
        traces.append(line(f"marks{i}", "nudges", xaxis=x, yaxis=f"y{OVERLAY + i}", **style))
    figure.add_traces(traces)
    return figure


def _frame(placed: Sequence[Flag], panels: int) -> Frame:
    x, y = lines(placed)
    named = [flag for flag in placed if flag.text]
    arrays: Frame = {
        "labels.x": np.array([flag.step for flag in named], np.float32),
        "labels.y": np.array([flag.height for flag in named], np.float32),
        "labels.text": [f"{SPACE}{flag.text}" if flag.to_right else f"{flag.text}{SPACE}" for flag in named],
        "labels.textposition": ["middle right" if flag.to_right else "middle left" for flag in named],
    }
    for i in range(1, panels + 1):
        arrays |= {f"marks{i}.x": x, f"marks{i}.y": y}
    return arrays
