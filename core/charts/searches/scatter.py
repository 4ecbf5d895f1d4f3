"""The points that a search has tried in two settings, coloured by dev loss, with their projections on the axes.

The projections show why random points try more values of the setting that matters (C2).
"""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.layout import axis, layout, titled
from core.charts.palette import BLUE, GREY, VERMILLION, YELLOW, faded
from core.charts.searches.regions import (
    boxes,
    labels,
    nested,
    on_axes,
    others,
    outline,
    ranges_of,
    region_words,
    selection,
    stretch,
)
from core.search.space import Range, positions
from core.search.view import Shown, short, standings
from core.settings.scales import SCALES

Array = np.ndarray
TICKS = 5
REGION = {"color": BLUE, "width": 2, "dash": "dash"}  # the outline of what is selected
RUG = -0.06  # where the projections lie, on axes from 0 to 1
SCALE = [[0.0, BLUE], [0.5, YELLOW], [1.0, VERMILLION]]


def numbers(shown: Shown) -> tuple[Array, Array, Array]:
    """x and y (models,) in 0..1 on the settings' right scales, and the rank of each model's dev loss (models,) from 0,
    the best, to 1; NaN where it has none yet, 2 where it diverged."""
    caviar, ranges = shown.caviar, ranges_of(on_axes(shown))
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


def axis_of(searched: Range, high: float = 1.06) -> dict[str, object]:
    """The axis of a setting on its right scale, from below the projections up to the place `high`."""
    places, words = ticks(searched)
    label = f"{searched.field.symbol} {searched.field.label}".strip()
    return axis(tickmode="array", tickvals=places, ticktext=words, title=titled(label), range=[-0.1, high])


def skeleton(shown: Shown) -> go.Figure:
    """Empty points."""
    ranges, several = ranges_of(on_axes(shown)), shown.whole and nested(shown)
    first, second = (
        axis_of(ranges[name], high) | {"fixedrange": True}
        for name, high in zip(shown.axes, (1.06, 1.16 if several else 1.06), strict=True)
    )
    key = "blue: best, vermillion: worst, ✖ diverged" + ", grey: other generations" * several
    shape = layout("scatter", key, left=64, meta={"brush": _brush(shown)}, dragmode=False, xaxis=first, yaxis=second)
    shades = {"colorscale": SCALE, "cmin": 0, "cmax": 1, "showscale": False, "line": {"width": 0}}
    rug = {"mode": "markers", "hoverinfo": "skip"}
    quiet = {"x": [], "y": [], "hoverinfo": "skip"}
    traces = [
        go.Scatter(uid="region", mode="lines", fill="toself", fillcolor=faded(BLUE, 0.12), line=REGION, **quiet),
        go.Scatter(uid="others", mode="markers", marker={"color": faded(GREY, 0.35), "size": 5}, **quiet),
        go.Scatter(uid="boxes", mode="lines", line={"color": GREY, "width": 1}, **quiet),
        go.Scatter(uid="seen", mode="lines", line={"color": GREY, "width": 2.5}, **quiet),
        go.Scatter(uid="rugx", x=[], y=[], marker={"symbol": "line-ns-open", "color": GREY, "size": 8}, **rug),
        go.Scatter(uid="rugy", x=[], y=[], marker={"symbol": "line-ew-open", "color": GREY, "size": 8}, **rug),
        go.Scatter(uid="waiting", x=[], y=[], mode="markers", hoverinfo="skip",
                   marker={"color": GREY, "size": 5, "symbol": "circle-open"}),
        go.Scatter(uid="broken", x=[], y=[], mode="markers", hoverinfo="none", customdata=[],
                   marker={"color": GREY, "size": 7, "symbol": "x"}),
        go.Scatter(uid="tried", x=[], y=[], mode="markers", customdata=[], hoverinfo="none",
                   marker={"color": [], "size": 6 if several else 9, **shades}),
        go.Scatter(uid="picked", x=[], y=[], mode="markers", hoverinfo="skip",
                   marker={"color": VERMILLION, "size": 16, "symbol": "circle-open", "line": {"width": 2}}),
        go.Scatter(uid="labels", mode="text", text=[], textposition="top right", cliponaxis=False, **quiet),
    ]  # fmt: skip
    return go.Figure(traces, shape)


def _brush(shown: Shown) -> dict[str, object]:
    """What a box that is drawn here selects: stretches of these settings, on the axes of a generation."""
    numbers = {id(caviar): number for number, caviar in enumerate(shown.generations)}
    axes = dict(zip(("x", "y"), dict.fromkeys(shown.axes), strict=False))
    return {"of": numbers.get(id(on_axes(shown)), 0), "axes": axes}


def _regions(shown: Shown) -> Frame:
    """What is selected, and the generations nested in each other."""
    found, axes, seen = boxes(shown), ranges_of(on_axes(shown)), ranges_of(shown.caviar)
    own = [tuple(stretch(axes[name], seen[name]) for name in shown.axes)] if found else []
    arrays: Frame = {"labels.text": [box.words for box in found]}
    for uid, (x, y) in {
        "region": outline(selection(shown)),
        "others": others(shown),
        "boxes": outline((box.x, box.y) for box in found),
        "seen": outline(own),
        "labels": labels(found).T,
    }.items():
        arrays |= {f"{uid}.x": np.ascontiguousarray(x), f"{uid}.y": np.ascontiguousarray(y)}
    return arrays


def hint(shown: Shown) -> str:
    """What is selected, or how to select."""
    return region_words(shown) or "drag a box to select a region"


def frame(shown: Shown) -> Frame:
    """The points as they stand now."""
    x, y, rank = (array.astype(np.float32) for array in numbers(shown))
    waiting, broken = np.isnan(rank), rank == 2
    tried = ~waiting & ~broken
    low = np.full(x.size, RUG, np.float32)
    picked = np.zeros(x.size, bool)
    if shown.picked is not None:
        picked[shown.picked] = True
    arrays: Frame = _regions(shown) | {"rugx.x": x, "rugx.y": low, "rugy.x": low, "rugy.y": y}
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
    hint=hint,
)
