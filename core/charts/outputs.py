"""Softmax outputs of a dozen dev examples, always the same ones, with their true classes outlined."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.charts import pictures
from core.charts.chart import Chart, Frame
from core.charts.guide import Guide
from core.charts.layout import axis, layout, names_axis, titled
from core.charts.names import distinct, left_of
from core.charts.palette import ORANGE, SHADES
from core.data.datasets import Data, remembered
from core.runs.run import Run

Array = np.ndarray
COUNT = 12


@remembered
def examples(data: Data) -> Array:
    """Indices into the dev set of about a dozen examples, spread evenly over the classes and sorted by class."""
    labels = data.dev.labels
    rank = np.empty_like(labels)  # how many examples of the same class come before
    for c in range(data.n_classes):
        rank[labels == c] = np.arange((labels == c).sum())
    chosen = np.lexsort((labels, rank))[:COUNT]
    return chosen[np.lexsort((chosen, labels[chosen]))]


def numbers(run: Run) -> tuple[Array, Array, Array]:
    """Which dev examples (n,), their softmax outputs (C, n) and their true classes (n,)."""
    chosen = examples(run.data)
    return chosen, run.outputs("dev")[:, chosen], run.data.dev.labels[chosen]


def skeleton(run: Run) -> go.Figure:
    """A heatmap of class by example, true classes outlined, percentages empty; pictures if the features are pixels."""
    chosen, outputs, truth = numbers(run)
    names = distinct(run.data.class_names)
    shown = pictures.tiles(run.data, chosen)
    title = titled("example of the dev set; in % the predicted class")
    where = {"range": [-0.5, chosen.size - 0.5], "constrain": "domain", "anchor": "y"}
    xaxis = names_axis([f"ex.<br>{i}" for i in chosen], title=title, **where)
    top = 0.82 if len(shown) else 1
    yaxis = names_axis(names, range=[len(names) - 0.5, -0.5], domain=[0, top])
    shape = layout("outputs", left=left_of(names), bottom=50, xaxis=xaxis, yaxis=yaxis)
    x, y = outlines(truth)
    full = distinct(run.data.class_names, 40)
    cells = [[f"{name}, example {i}" for i in chosen] for name in full]
    style = {"colorscale": SHADES, "showscale": False, "xgap": 1, "ygap": 1}
    said = "%{text}: %{z:.1%}<extra></extra>"
    traces = [
        go.Heatmap(uid="p", z=[], zmin=0, zmax=1, text=cells, hovertemplate=said, **style),
        go.Scatter(uid="truth", x=x, y=y, mode="lines", line={"color": ORANGE, "width": 1.5}, hoverinfo="skip"),
        go.Scatter(uid="said", x=[], y=[], text=[], mode="text", textfont={"size": 10}, hoverinfo="skip"),
    ]
    if run.data.picture:
        high, wide = run.data.picture
        pixels = {"scaleanchor": "x", "scaleratio": 1 / (wide + 1), "constrain": "domain", "constraintoward": "bottom"}
        upright = {"domain": [top + 0.02, 1], "range": [-0.5, high - 0.5]}
        shape["yaxis2"] = axis(visible=False, fixedrange=True, **upright, **pixels)
        x, z = pictures.across(shown)
        traces.append(pictures.heatmap("pictures", x=x, z=z, yaxis="y2"))
    return go.Figure(traces, shape)


def outlines(truth: Array) -> tuple[Array, Array]:
    """Squares around the cells (example, true class): x and y (6 n,), with a gap after each."""
    corners = np.array([[-0.43, -0.43], [0.43, -0.43], [0.43, 0.43], [-0.43, 0.43], [-0.43, -0.43], [np.nan, np.nan]])
    centres = np.stack([np.arange(truth.size), truth], axis=1)  # (n, 2)
    x, y = (centres[:, None] + corners).reshape(-1, 2).T.astype(np.float32)
    return x, y


def frame(run: Run) -> Frame:
    """The outputs at the present step, and the percentage of each example's predicted class."""
    _, outputs, _ = numbers(run)
    said = np.argmax(outputs, axis=0)
    return {
        "p.z": outputs,
        "said.x": np.arange(said.size, dtype=np.float32),
        "said.y": said.astype(np.float32),
        "said.text": [f"{100 * p:.0f}" if p == p else "–" for p in outputs.max(axis=0).tolist()],
    }


CHART: Chart[Run] = Chart(
    "outputs",
    "Softmax outputs",
    "Probability of each class for a dozen examples of the dev set; the true class is outlined, and the "
    "likeliest has its percentage.",
    skeleton,
    frame,
    guide=Guide(
        "Columns that sharpen: from even blue at the start to one dark cell, inside the orange frame. A dark cell "
        "outside the frame is a confident mistake.",
        ("C16", "C17"),
    ),
)
