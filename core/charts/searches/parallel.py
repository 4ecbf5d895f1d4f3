"""Parallel coordinates of a search: an axis for each setting and one for the dev loss, a line for each model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.layout import axis, key_of, layout, line
from core.charts.palette import BLUE, GREY, ORANGE, VERMILLION, faded
from core.charts.searches.regions import named, outline, ranges_of, region_words
from core.charts.searches.setting_axes import REGION, ticks
from core.search.regions import stretch_of
from core.search.space import Range, positions
from core.search.view import BEST, SearchView, ranking

Array = np.ndarray
BAND = 1 / 60  # of the chart: half the width of a selected stretch
MOST = 160  # lines of the rest
GROUPS = {"rest": (GREY, 0.3, 1.0), "good": (ORANGE, 0.6, 1.5), "best": (BLUE, 0.9, 2.0)}  # colour, opacity, width


def numbers(view: SearchView) -> tuple[Array, Array]:
    """Places (models, settings + 1) in 0..1 of the models that have a dev loss, best first, the last column the rank of
    that loss, 1 the best; and the numbers of those models."""
    search = view.search
    ranked = ranking(search)
    points = [search.trials[k].point for k in ranked]
    columns = [positions(one, points) for one in search.plan.space.ranges] if points else []
    rank = 1 - np.arange(ranked.size) / max(1, ranked.size - 1)
    return np.stack([*columns, rank], axis=1) if points else np.empty((0, 1)), ranked


def skeleton(view: SearchView) -> go.Figure:
    """The axes with their values, and empty lines."""
    ranges = view.search.plan.space.ranges
    names = [named(one) for one in ranges] + ["dev loss"]
    places = axis(tickmode="array", tickvals=list(range(len(names))), ticktext=names, fixedrange=True, showgrid=True,
                  range=[-0.25, len(names) - 0.6])  # fmt: skip
    shape = layout(
        "parallel",
        key_of([(BLUE, "solid", "best 10 %"), (ORANGE, "solid", "better half"), (GREY, "solid", "rest")]),
        left=16,
        meta={"brush": _brush(view)},
        dragmode=False,
        xaxis=places,
        yaxis=axis(visible=False, range=[-0.06, 1.06], fixedrange=True),
    )
    shape["annotations"] = [*shape["annotations"], *_values(ranges)]
    quiet = {"hoverinfo": "skip", "hovertemplate": None}
    traces = [
        line(uid, uid, line={"color": faded(ink, opacity), "width": width}, **quiet)
        for uid, (ink, opacity, width) in GROUPS.items()
    ]
    traces.append(line("picked", "picked", line={"color": VERMILLION, "width": 3}, **quiet))
    traces.append(line("bands", "region", line=REGION, fill="toself", fillcolor=faded(BLUE, 0.25), **quiet))
    return go.Figure(traces, shape)


def _brush(view: SearchView) -> dict[str, object]:
    """What a stretch of the axis at 0, 1, ... selects: that of a setting."""
    numbers = {id(search): number for number, search in enumerate(view.generations)}
    return {"of": numbers.get(id(view.search), 0), "along": list(ranges_of(view.search))}


def bands(view: SearchView) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """The stretches of the axes that are selected, as rectangles."""
    ranges = ranges_of(view.search)
    half = BAND * (len(ranges) + 1)
    return [
        ((i - half, i + half), stretch_of(one, view.region[name]))
        for i, (name, one) in enumerate(ranges.items())
        if name in view.region
    ]


def hint(view: SearchView) -> str:
    """What is selected, or how to select."""
    return region_words(view) or "drag along an axis to select a region"


def _values(ranges: Sequence[Range]) -> list[dict[str, object]]:
    """The ends of each axis as words beside it."""
    found = []
    for i, one in enumerate(ranges):
        places, words = ticks(one)
        for place, word in zip(places, words, strict=True):
            if one.choices or place in (places[0], places[-1]):
                found.append({"x": i, "y": place, "text": word, "showarrow": False, "xanchor": "left", "xshift": 3,
                              "font": {"size": 10}})  # fmt: skip
    return found


def frame(view: SearchView) -> Frame:
    """All lines as they are now."""
    places, ranked = numbers(view)
    count = len(places)
    best, half = max(1, round(BEST * count)), -(-count // 2)
    rest = np.unique(np.linspace(half, max(count - 1, half), MOST).astype(int)) if count > half else np.arange(0)
    groups = {"best": np.arange(min(best, count)), "good": np.arange(min(best, count), half), "rest": rest}
    picked = np.flatnonzero(ranked == view.picked) if view.picked is not None else np.arange(0)
    arrays: Frame = dict(zip(("bands.x", "bands.y"), outline(bands(view)), strict=True))
    for uid, which in (groups | {"picked": picked}).items():
        arrays[f"{uid}.x"], arrays[f"{uid}.y"] = _lines(places[which])
    return arrays


def _lines(places: Array) -> tuple[Array, Array]:
    """Lines (n, axes) as x and y with a gap after each."""
    n, axes = places.shape
    x = np.tile(np.append(np.arange(axes, dtype=np.float32), np.float32(np.nan)), n)
    y = np.append(places, np.full((n, 1), np.nan), axis=1).astype(np.float32).reshape(-1)
    return x, y


CHART = Chart(
    "parallel",
    "Parallel coordinates",
    "A line for each model across its settings to the rank of its dev loss, the best tenth in blue.",
    skeleton,
    frame,
    hint=hint,
    every=2,
)
