"""Batch norm's statistics for unit 1 of each hidden layer: of each mini-batch, and the running ones for test time."""

from __future__ import annotations

import plotly.graph_objects as go

from core.charts import layers
from core.charts.chart import Chart, Frame
from core.charts.guide import Guide
from core.charts.layout import lines_key, panels
from core.charts.marks import marked
from core.runs.run import Run

COLUMNS = ("batch_mean", "running_mean", "batch_variance", "running_variance")


def numbers(run: Run) -> tuple[layers.Array, ...]:
    """Steps (n,); mu of the mini-batch, running mu, and the same for sigma^2, (hidden layers, n) each (C15)."""
    return layers.columns(run, *COLUMNS)


def skeleton(run: Run) -> go.Figure:
    """Two panels. Each hidden layer has a thin line for the mini-batch and a bold one for the running average."""
    names = layers.names(run)
    shape = panels(
        "statistics",
        ["μ of unit 1", "σ² of unit 1 (divides by m)"],
        lines_key(names, "thin: batch, bold: running; layer"),
    )
    traces = []
    for column in COLUMNS:
        style = {"opacity": 0.5, "line": {"width": 1}} if column.startswith("batch") else {"line": {"width": 2.5}}
        traces += layers.traces(column, names, 1 + column.endswith("variance"), **style)
    return go.Figure(traces, shape)


def frame(run: Run) -> Frame:
    """The lines at the present step."""
    steps, *values = numbers(run)
    arrays: Frame = {}
    for column, rows in zip(COLUMNS, values, strict=True):
        arrays |= layers.moved(column, steps, rows)
    return arrays


CHART: Chart[Run] = marked(
    Chart(
        "statistics",
        "Batch norm's statistics",
        "Mean and variance of z of the first unit of each hidden layer: of each mini-batch (σ² divides by m), and the "
        "running ones that test time uses, against training steps.",
        skeleton,
        frame,
        hint=layers.without_batch_norm,
        guide=Guide(
            "Thin lines that jump about a bold one. The bold one, the running average, is what test time uses. The "
            "smaller the mini-batch, the wilder the thin lines. A bold line that lags behind makes dev loss worse than "
            "it is.",
            ("C15", "C10"),
        ),
    ),
    panels=2,
)
