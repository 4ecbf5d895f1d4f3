"""Mean and variance of each hidden layer's z before and after batch norm."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.charts import layers
from core.charts.chart import Chart, Frame
from core.charts.guide import Guide
from core.charts.layout import FONT, lines_key, panels, steps_axis
from core.charts.marks import marked
from core.runs.run import Run

PARTS = ("before_mean", "after_mean", "before_variance", "after_variance")
SPLIT = (0.41, 0.6)  # where the left panels end and the right ones begin


def numbers(run: Run) -> tuple[layers.Array, ...]:
    """Steps (n,); means of z and z~, variances of both, (hidden layers, n) each. z~ is NaN without batch norm."""
    steps, *moments, statistic = layers.columns(run, "z_mean", "zt_mean", "z_variance", "zt_variance", "batch_mean")
    off = np.isnan(statistic)
    after = (np.where(off, np.float32(np.nan), moments[i]) for i in (1, 3))
    return steps, moments[0], next(after), moments[2], next(after)


def skeleton(run: Run) -> go.Figure:
    """Four panels, mean over variance, before beside after, with an empty line for each hidden layer."""
    names = layers.names(run)
    shape = panels("z", ["mean", "variance"], lines_key(names))
    left, right = SPLIT
    shape["xaxis"]["domain"], shape["xaxis"]["nticks"] = [0, left], 4
    shape["xaxis2"] = steps_axis(domain=[right, 1], anchor="y4", nticks=4)
    for number, same in ((3, "yaxis"), (4, "yaxis2")):
        shape[f"yaxis{number}"] = shape[same] | {"anchor": "x2", "title": None}
    shape["annotations"] += [_head("z before batch norm", 0), _head("after", right)]
    shape["margin"]["t"] += 14
    shape["annotations"][0]["yshift"] += 14
    places: tuple[dict[str, Any], ...] = (
        {"panel": 1},
        {"panel": 3, "xaxis": "x2"},
        {"panel": 2},
        {"panel": 4, "xaxis": "x2"},
    )
    traces = [layers.traces(part, names, **place) for part, place in zip(PARTS, places, strict=True)]
    return go.Figure(sum(traces, []), shape)


def _head(text: str, x: float) -> dict[str, object]:
    place = {"xref": "paper", "yref": "paper", "x": x, "y": 1, "xanchor": "left", "yanchor": "bottom"}
    return place | {"text": text, "showarrow": False, "font": {"size": FONT}}


def frame(run: Run) -> Frame:
    """The lines at the present step."""
    steps, *moments = numbers(run)
    arrays: Frame = {}
    for part, values in zip(PARTS, moments, strict=True):
        arrays |= layers.moved(part, steps, values)
    return arrays


def hint(run: Run) -> str | None:
    """Why the panels of z after batch norm are empty, or None if they are not."""
    if run.settings.batch_norm:
        return layers.before_training(run)
    return "Batch norm is off: there is no z after it."


CHART: Chart[Run] = marked(
    Chart(
        "z",
        "z before and after batch norm",
        "Mean and variance of each hidden layer's z before batch norm, and after its scale and shift, against steps.",
        skeleton,
        frame,
        hint=hint,
        every=2,
        guide=Guide(
            "Batch norm turns z into z_norm, dotted: mean 0, variance 1, whatever z does on the left. Then γ stretches "
            "it, so that the variance becomes about γ² + the spread of β[l], and β[l] shifts its mean. Lines on the "
            "right that leave the dots are what γ and β[l] have learnt.",
            ("C10", "C12", "C11"),
        ),
    ),
    panels=4,
)
