"""Mean and variance of each hidden layer's activations by step: layers that die, saturate or explode show here."""

from __future__ import annotations

import plotly.graph_objects as go

from core.charts import layers
from core.charts.chart import Chart, Frame
from core.charts.layout import lines_key, panels
from core.run import Run


def numbers(run: Run) -> tuple[layers.Array, layers.Array, layers.Array]:
    """Steps (n,), mean and variance of a[l] over units and examples of the mini-batch, (hidden layers, n) each (C9)."""
    return layers.columns(run, "a_mean", "a_variance")


def skeleton(run: Run) -> go.Figure:
    """Two panels with an empty line for each hidden layer."""
    names = layers.names(run)
    shape = panels("activations", ["mean", "variance"], lines_key(names))
    return go.Figure(layers.traces("mean", names) + layers.traces("variance", names, 2), shape)


def frame(run: Run) -> Frame:
    """All lines as they are now."""
    steps, mean, variance = numbers(run)
    return layers.moved("mean", steps, mean) | layers.moved("variance", steps, variance)


CHART = Chart(
    "activations",
    "Activations",
    "Mean and variance of each hidden layer's activations over units and mini-batch, against training steps.",
    skeleton,
    frame,
    hint=layers.before_training,
)
