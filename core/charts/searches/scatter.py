"""The points that a search has tried in two settings, coloured by dev loss, with their projections on the axes.

The projections show why random points try more values of the setting that matters (C2).
"""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.layout import axis, layout, titled
from core.charts.palette import BLUE, GREY, VERMILLION, YELLOW
from core.charts.searches.shown import Shown, standings
from core.scales import SCALES
from core.search import Range, positions

Array = np.ndarray
TICKS = 5
RUG = -0.06  # where the projections lie, on axes from 0 to 1
SCALE = [[0.0, BLUE], [0.5, YELLOW], [1.0, VERMILLION]]


def numbers(shown: Shown) -> tuple[Array, Array, Array]:
    """x and y (models,) in 0..1 on the settings' right scales, and the rank of each model's dev loss (models,) from 0,
    the best, to 1; NaN where it has none yet, 2 where it diverged."""
    caviar = shown.caviar
    ranges = {one.name: one for one in caviar.plan.space.ranges}
    points = [trial.point for trial in caviar.trials]
    x, y = (positions(ranges[name], points) for name in shown.axes)
    losses = standings(caviar)
    finite = np.isfinite(losses)
    rank = np.full(losses.size, np.nan)
    rank[finite] = np.argsort(np.argsort(losses[finite])) / max(1, finite.sum() - 1)
    rank[np.isposinf(losses)] = 2.0
    return x, y, rank


def ticks(searched: Range) -> tuple[list[float], list[str]]:
    """Places in 0..1 of a range, and the values there as a person reads them."""
    if searched.choices:
        return list(positions(searched, [{searched.name: c} for c in searched.choices])), [
            searched.field.word(choice) for choice in searched.choices
        ]

    values = SCALES[searched.field.scale].from_unit(np.linspace(0, 1, TICKS), searched.low, searched.high)
    if searched.field.integer:
        values = np.unique(np.rint(values).astype(int))
    places = positions(searched, [{searched.name: value} for value in values.tolist()])
    return places.tolist(), [short(value) for value in values.tolist()]


def short(value: float) -> str:
    """A number in few signs: 0.0032, 0.999, 1e-08."""
    if isinstance(value, int):
        return f"{value:,}"
    if value and 1 - value < 0.01 and value < 1:
        return f"{value:.{2 + math.ceil(-math.log10(1 - value))}g}"
    return f"{value:.2g}"


def axis_of(searched: Range) -> dict[str, object]:
    """The axis of a setting on its right scale."""
    places, words = ticks(searched)
    label = f"{searched.field.symbol} {searched.field.label}".strip()
    return axis(tickmode="array", tickvals=places, ticktext=words, title=titled(label), range=[-0.1, 1.06])


def skeleton(shown: Shown) -> go.Figure:
    """Empty points."""
    ranges = {one.name: one for one in shown.caviar.plan.space.ranges}
    first, second = (axis_of(ranges[name]) for name in shown.axes)
    shape = layout("scatter", "blue: best, vermillion: worst, ✖ diverged", left=64, xaxis=first, yaxis=second)
    shades = {"colorscale": SCALE, "cmin": 0, "cmax": 1, "showscale": False, "line": {"width": 0}}
    rug = {"mode": "markers", "hoverinfo": "skip"}
    traces = [
        go.Scatter(uid="rugx", x=[], y=[], marker={"symbol": "line-ns-open", "color": GREY, "size": 8}, **rug),
        go.Scatter(uid="rugy", x=[], y=[], marker={"symbol": "line-ew-open", "color": GREY, "size": 8}, **rug),
        go.Scatter(uid="waiting", x=[], y=[], mode="markers", hoverinfo="skip",
                   marker={"color": GREY, "size": 5, "symbol": "circle-open"}),
        go.Scatter(uid="broken", x=[], y=[], mode="markers", hoverinfo="none", customdata=[],
                   marker={"color": GREY, "size": 7, "symbol": "x"}),
        go.Scatter(uid="tried", x=[], y=[], mode="markers", customdata=[], hoverinfo="none",
                   marker={"color": [], "size": 9, **shades}),
        go.Scatter(uid="picked", x=[], y=[], mode="markers", hoverinfo="skip",
                   marker={"color": VERMILLION, "size": 16, "symbol": "circle-open", "line": {"width": 2}}),
    ]  # fmt: skip
    return go.Figure(traces, shape)


def frame(shown: Shown) -> Frame:
    """The points as they stand now."""
    x, y, rank = (array.astype(np.float32) for array in numbers(shown))
    waiting, broken = np.isnan(rank), rank == 2
    tried = ~waiting & ~broken
    low = np.full(x.size, RUG, np.float32)
    picked = np.zeros(x.size, bool)
    if shown.picked is not None:
        picked[shown.picked] = True
    arrays: Frame = {"rugx.x": x, "rugx.y": low, "rugy.x": low, "rugy.y": y}
    for uid, which in (("waiting", waiting), ("broken", broken), ("tried", tried), ("picked", picked)):
        arrays |= {f"{uid}.x": x[which], f"{uid}.y": y[which]}
    arrays |= {"tried.marker.color": rank[tried]}
    arrays |= {
        f"{uid}.customdata": np.flatnonzero(which).astype(np.int32)
        for uid, which in (("broken", broken), ("tried", tried))
    }
    return arrays


CHART = Chart(
    "scatter",
    "Points tried",
    "The models as points in two settings, coloured by the rank of their dev loss, with projections on both axes.",
    skeleton,
    frame,
)
