"""The points that a search has tried in two settings, coloured by dev loss, with their projections on the axes.

The projections show why random points try more values of the setting that matters (C2).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.layout import layout
from core.charts.palette import BLUE, GREY, VERMILLION, faded
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
from core.charts.searches.setting_axes import REGION, RUG, SCALE, axis_of, places_and_ranks
from core.search.view import SearchView

Array = np.ndarray


def numbers(view: SearchView) -> tuple[Array, Array, Array]:
    """x, y and rank of each model: see `places_and_ranks`."""
    return places_and_ranks(view.search, ranges_of(on_axes(view)), view.axes)


def skeleton(view: SearchView) -> go.Figure:
    """Empty points."""
    ranges, several = ranges_of(on_axes(view)), view.whole and nested(view)
    first, second = (
        axis_of(ranges[name], high) | {"fixedrange": True}
        for name, high in zip(view.axes, (1.06, 1.16 if several else 1.06), strict=True)
    )
    key = "blue: best, vermillion: worst, ✖ diverged" + ", grey: other generations" * several
    shape = layout("scatter", key, left=64, meta={"brush": _brush(view)}, dragmode=False, xaxis=first, yaxis=second)
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


def _brush(view: SearchView) -> dict[str, object]:
    """What a box that is drawn here selects: stretches of these settings, on the axes of a generation."""
    numbers = {id(search): number for number, search in enumerate(view.generations)}
    axes = dict(zip(("x", "y"), dict.fromkeys(view.axes), strict=False))
    return {"of": numbers.get(id(on_axes(view)), 0), "axes": axes}


def _regions(view: SearchView) -> Frame:
    """What is selected, and the generations nested in each other."""
    found, axes, seen = boxes(view), ranges_of(on_axes(view)), ranges_of(view.search)
    across, up = view.axes
    own = [(stretch(axes[across], seen[across]), stretch(axes[up], seen[up]))] if found else []
    arrays: Frame = {"labels.text": [box.words for box in found]}
    drawn: dict[str, Iterable[Array]] = {
        "region": outline(selection(view)),
        "others": others(view),
        "boxes": outline((box.x, box.y) for box in found),
        "seen": outline(own),
        "labels": labels(found).T,
    }
    for uid, (x, y) in drawn.items():
        arrays |= {f"{uid}.x": np.ascontiguousarray(x), f"{uid}.y": np.ascontiguousarray(y)}
    return arrays


def hint(view: SearchView) -> str:
    """What is selected, or how to select."""
    return region_words(view) or "drag a box to select a region"


def frame(view: SearchView) -> Frame:
    """The points as they stand now."""
    x, y, rank = (array.astype(np.float32) for array in numbers(view))
    waiting, broken = np.isnan(rank), rank == 2
    tried = ~waiting & ~broken
    low = np.full(x.size, RUG, np.float32)
    picked = np.zeros(x.size, bool)
    if view.picked is not None:
        picked[view.picked] = True
    arrays: Frame = _regions(view) | {"rugx.x": x, "rugx.y": low, "rugy.x": low, "rugy.y": y}
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
