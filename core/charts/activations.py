"""Mean and variance of each hidden layer's activations by step. They show layers that die, saturate or explode."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.charts import layers, twin
from core.charts.chart import Chart, Frame
from core.charts.guide import Guide
from core.charts.layout import lines_key, panels
from core.charts.marks import marked
from core.charts.palette import colour
from core.runs.run import Run


def numbers(run: Run) -> tuple[layers.Array, layers.Array, layers.Array]:
    """Steps (n,), mean and variance of a[l] over units and examples of the mini-batch, (hidden layers, n) each (C9)."""
    steps, mean, variance = layers.columns(run, "a_mean", "a_variance")
    return steps, mean, variance


def twin_numbers(run: Run) -> tuple[layers.Array, layers.Array, layers.Array]:
    """The same for the run's twin since it diverged from the run, with fewer points; empty arrays without a twin."""
    if not run.twin:
        return np.empty(0, np.float32), *np.empty((2, 0, 0), np.float32)
    history = run.twin.history
    at = twin.since(run, history.steps, 2 * len(layers.names(run)))
    return history.steps[at].astype(np.float32), history.column("a_mean")[at].T, history.column("a_variance")[at].T


def skeleton(run: Run) -> go.Figure:
    """Two panels with an empty line for each hidden layer, and a dotted one for each if there is a twin."""
    names = layers.names(run)
    shape = panels("activations", ["mean", "variance"], lines_key(names) + twin.key(run))
    lines = []
    for panel, kind in enumerate(("mean", "variance"), start=1):
        for i, name in enumerate(names if run.twin else ()):
            dotted = {"line": twin.style(colour(i)), "meta": f"{name} of the twin"}
            lines.append(layers.trace(f"twin_{kind}{i + 1}", name, i, panel, **dotted))
        lines += layers.traces(kind, names, panel)
    return go.Figure(lines, shape)


def frame(run: Run) -> Frame:
    """The lines at the present step."""
    arrays: Frame = {}
    for before, (steps, mean, variance) in (("twin_", twin_numbers(run)), ("", numbers(run))):
        arrays |= layers.moved(f"{before}mean", steps, mean) | layers.moved(f"{before}variance", steps, variance)
    return arrays


CHART: Chart[Run] = marked(
    Chart(
        "activations",
        "Activations",
        "Mean and variance of each hidden layer's activations over units and mini-batch, against training steps.",
        skeleton,
        frame,
        hint=layers.before_training,
        guide=Guide(
            "Layers whose mean and variance stay near each other and steady. A variance near 0 is a layer that is dead "
            "or says the same of every example; a variance that grows and grows explodes.",
            ("C14", "C9"),
        ),
    ),
    panels=2,
)
