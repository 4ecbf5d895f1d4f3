"""Batch norm's learnt scale γ and shift β[l]: the mean over each hidden layer's units, and the band of all units."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.charts import layers
from core.charts.bands import band, outline
from core.charts.chart import Chart, Frame
from core.charts.guide import Guide
from core.charts.layout import lines_key, panels
from core.charts.marks import marked
from core.charts.palette import colour
from core.runs.run import Run

Array = np.ndarray
COLUMNS = ("gamma", "gamma_low", "gamma_high", "shift", "shift_low", "shift_high")


def numbers(run: Run) -> tuple[Array, ...]:
    """Steps (n,); mean, least and greatest gamma over units, and the same for beta, (hidden layers, n) each (C12)."""
    return layers.columns(run, *COLUMNS)


def skeleton(run: Run) -> go.Figure:
    """Two panels; for each hidden layer an empty line and a band."""
    names = layers.names(run)
    shape = panels("scale_shift", ["γ", "β[l]"], lines_key(names, "mean and range over units; layer"))
    traces = [band for i in range(len(names)) for band in (_band("gamma", i, "y"), _band("shift", i, "y2"))]
    return go.Figure(traces + layers.traces("gamma", names) + layers.traces("shift", names, 2), shape)


def _band(name: str, i: int, yaxis: str) -> go.Scatter:
    return band(f"{name}_band{i + 1}", colour(i), yaxis=yaxis)


def frame(run: Run) -> Frame:
    """The lines and bands at the present step."""
    steps, *values = numbers(run)
    arrays: Frame = {}
    for name, (mean, low, high) in (("gamma", values[:3]), ("shift", values[3:])):
        arrays |= layers.moved(name, steps, mean)
        for i in range(len(mean)):
            x, y = outline(steps, low[i], high[i])
            arrays[f"{name}_band{i + 1}.x"], arrays[f"{name}_band{i + 1}.y"] = x, y
    return arrays


CHART: Chart[Run] = marked(
    Chart(
        "scale_shift",
        "Scale γ and shift β[l]",
        "Batch norm's scale and shift of each hidden layer against training steps: mean and range over units.",
        skeleton,
        frame,
        hint=layers.without_batch_norm,
        every=2,
        guide=Guide(
            "γ that leaves 1 and β[l] that leaves 0: both are learnt like weights. A γ near 0 switches a unit off.",
            ("C12", "C11"),
        ),
    ),
    panels=2,
)
