"""The confusion matrix of the dev set: how many examples of each true class are predicted as each class."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.guide import Guide
from core.charts.layout import layout, names_axis, titled
from core.charts.names import LETTER, distinct, left_of, shared_word, short, width
from core.charts.palette import BLUE, VERMILLION, faded
from core.runs.run import Run

Array = np.ndarray
PLOT = 300  # width in pixels of the matrix in a card
BLANK = "\u00a0"  # instead of an empty text, which plotly would never show again when it changes
# Blue is right, vermillion wrong; the larger the share of the true class, the stronger. One wrong example is visible.
SCALE = [
    [0.0, faded(VERMILLION, 0.85)],
    [0.4999, faded(VERMILLION, 0.25)],
    [0.5, faded(VERMILLION, 0)],
    [1.0, faded(BLUE, 0.7)],
]


def numbers(run: Run) -> Array:
    """Counts (C, C) over the dev set: a row for each true class, a column for each predicted class."""
    C = run.data.n_classes
    said = np.argmax(run.outputs("dev"), axis=0)
    return np.bincount(run.data.dev.labels * C + said, minlength=C * C).reshape(C, C)


def skeleton(run: Run) -> go.Figure:
    """An empty matrix with a place for each count."""
    word, rest = shared_word(run.data.class_names)
    names, of = distinct(rest, 10), f" {short(word, 10)}" if word else ""
    C, left = len(names), left_of(names) + 16
    below, upright, bottom = names, {}, 36
    if LETTER * (max(map(width, names)) + 0.5) * C > PLOT:  # else names below the axis would overlap
        below = distinct(rest, 7)
        upright, bottom = {"tickangle": -90}, left_of(below) + 16
    xaxis = names_axis(below, range=[-0.5, C - 0.5], title=titled(f"predicted{of}"), **upright)
    yaxis = names_axis(names, range=[C - 0.5, -0.5], title=titled(f"true{of}", 4))
    shape = layout("confusion", left=left, bottom=bottom, xaxis=xaxis, yaxis=yaxis)
    row, column = np.divmod(np.arange(C * C), C)
    full = distinct(run.data.class_names, 40)
    said = [[f"true {true}, predicted {predicted}" for predicted in full] for true in full]
    shades = {"zmin": -1, "zmax": 1, "colorscale": SCALE, "showscale": False, "xgap": 1, "ygap": 1}
    traces = [
        go.Heatmap(uid="share", z=[], text=said, hovertemplate="%{text}<extra></extra>", **shades),
        go.Scatter(uid="counts", x=column, y=row, text=[BLANK] * C * C, mode="text", hoverinfo="skip"),
    ]
    return go.Figure(traces, shape)


def frame(run: Run) -> Frame:
    """Shares of the true class, negative off the diagonal, and the counts as text."""
    counts = numbers(run)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    signed = np.where(np.eye(len(counts), dtype=bool), share, -share)
    return {
        "share.z": signed.astype(np.float32),
        "counts.text": [str(count) if count else BLANK for count in counts.ravel().tolist()],
    }


CHART: Chart[Run] = Chart(
    "confusion",
    "Confusion matrix",
    "Counts of dev examples: a row for each true class, a column for each predicted class; right ones on the diagonal.",
    skeleton,
    frame,
    applies=lambda run: run.data.n_x != 2,
    every=2,
    guide=Guide(
        "A blue diagonal. A vermillion cell is two classes that are taken for each other; a vermillion column is a "
        "class that is said too often.",
        ("C16", "C19"),
    ),
)
