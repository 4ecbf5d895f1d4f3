"""The path that two weights take as they are trained: those of the first hidden unit for x1 and x2, in a plane."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.charts import twin
from core.charts.chart import Chart, Frame
from core.charts.guide import Guide
from core.charts.layout import axis, key_of, layout, line, titled
from core.charts.marks import newest
from core.charts.numbers import X, Y
from core.charts.palette import BLUE, GREY, ORANGE, VERMILLION
from core.runs.run import Run

Array = np.ndarray
WHERE = f"W[1] = {X}, {Y}"
KEY = [(BLUE, "solid", "path"), (GREY, "circle", "start"), (ORANGE, "diamond", "nudge"), (VERMILLION, "square", "now")]


def numbers(run: Run) -> tuple[Array, Array]:
    """The measured steps (n,), and the weights of unit 1 for x1 and x2 there (2, n)."""
    return run.history.steps, run.history.column("two_weights").T


def nudged(run: Run) -> Array:
    """The weights (2, n) at the last measurement at or before each of the newest nudges."""
    steps, weights = numbers(run)
    at = np.searchsorted(steps, [gesture.first for gesture in newest(run.journal)], side="right") - 1
    return weights[:, np.maximum(at, 0).astype(int)]


def skeleton(run: Run) -> go.Figure:
    """An empty path, the twin's, and marks for the start, the nudges and the present."""
    shape = layout(
        "weight_path",
        key_of(KEY) + twin.key(run),
        left=58,
        xaxis=axis(title=titled("weight of x1")),
        yaxis=axis(title=titled("weight of x2", 3)),
    )
    over = {"hovertemplate": f"{WHERE} at step %{{text}}<extra></extra>"}
    path = line("path", "path", line={"color": BLUE, "width": 1.2}, **over).update(mode="lines+markers")
    path.marker = {"color": BLUE, "size": 3}
    beside = line("twin", "twin", line=twin.style(BLUE), hovertemplate=f"twin: {WHERE}<extra></extra>")
    points = [_point(name, ink, mark) for ink, mark, name in KEY[1:]]
    return go.Figure([beside, path, *points], shape)


def _point(name: str, ink: str, mark: str) -> go.Scatter:
    marker = {"color": ink, "symbol": mark, "size": 9}
    said = f"{name}: {WHERE}<extra></extra>"
    return go.Scatter(uid=name, x=[], y=[], mode="markers", marker=marker, name=name, hovertemplate=said)


def frame(run: Run) -> Frame:
    """The path up to the present step."""
    steps, (x, y) = numbers(run)
    made = nudged(run)
    arrays: Frame = {"path.x": x, "path.y": y, "path.text": [f"{step:,}" for step in steps.tolist()]}
    arrays |= {"nudge.x": made[0], "nudge.y": made[1]}
    for uid, at in (("start", slice(0, 1)), ("now", slice(-1, None))):
        arrays |= {f"{uid}.x": x[at], f"{uid}.y": y[at]}
    return arrays | _twin(run)


def _twin(run: Run) -> Frame:
    if not run.twin:
        return {"twin.x": np.zeros(0, np.float32), "twin.y": np.zeros(0, np.float32)}
    steps, weights = numbers(run.twin)
    x, y = weights[:, twin.since(run, steps, 1)]
    return {"twin.x": x, "twin.y": y}


CHART: Chart[Run] = Chart(
    "weight_path",
    "Path of two weights",
    "How the weights of hidden unit 1 for x1 and x2 have moved from the start, with a mark where a nudge was made. "
    "Every step is drawn at first and after a nudge, later ones are further apart.",
    skeleton,
    frame,
    applies=lambda run: run.data.n_x == 2,
    guide=Guide(
        "Jumps back and forth across a ravine: α is too large for its steep side, and momentum averages them out. A "
        "smooth way that gets shorter and shorter: the weights come to rest.",
        ("C5", "C7"),
    ),
)
