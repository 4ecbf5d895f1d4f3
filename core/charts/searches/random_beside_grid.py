"""Random points beside a grid of the same budget, with their projections: the same number of models, and how many
different values of the setting that matters were tried (C2)."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.layout import layout
from core.charts.palette import GREY
from core.charts.searches.regions import ranges_of
from core.charts.searches.setting_axes import RUG, SCALE, axis_of, places_and_ranks
from core.search.sampling import spread
from core.search.search import Search
from core.search.view import SearchView, newest_losses
from core.settings.digits import in_full

Array = np.ndarray
SIDES = ("random", "grid")


def pair(view: SearchView) -> tuple[Search, Search] | None:
    """The newest two generations that search the same ranges, one at random and one on a grid."""
    newest = view.generations[-2:]
    kinds = {search.plan.kind: search for search in newest}
    if set(kinds) != set(SIDES) or newest[0].plan.space.ranges != newest[1].plan.space.ranges:
        return None
    return kinds["random"], kinds["grid"]


def words(search: Search, axis: str) -> str:
    """Such as "grid: 8 values of α, best 0.0123"."""
    losses = newest_losses(search)
    finite = losses[np.isfinite(losses)]
    values = spread((trial.point for trial in search.trials), axis)
    field = next(one.field for one in search.plan.space.ranges if one.name == axis)
    best = f", best {in_full(finite.min(), 3)}" if finite.size else ""
    return f"{search.plan.kind}: {values} values of {field.symbol or field.label}{best}"


def skeleton(view: SearchView) -> go.Figure:
    """Two empty panels beside each other."""
    ranges = {one.name: one for one in view.search.plan.space.ranges}
    across, up = (axis_of(ranges[name]) for name in view.axes)
    shape = layout("versus", left=64, xaxis=across | {"domain": [0, 0.46], "nticks": 3}, yaxis=up,
                   xaxis2=across | {"domain": [0.54, 1], "anchor": "y"})  # fmt: skip
    shape["margin"] = shape["margin"] | {"t": 24}
    shades = {"colorscale": SCALE, "cmin": 0, "cmax": 1, "showscale": False, "line": {"width": 0}, "size": 7}
    traces = []
    for side, x in zip(SIDES, ("x", "x2"), strict=True):
        rug = {"mode": "markers", "hoverinfo": "skip", "xaxis": x}
        traces += [
            go.Scatter(uid=f"{side}x", x=[], y=[], marker={"symbol": "line-ns-open", "color": GREY, "size": 7}, **rug),
            go.Scatter(uid=f"{side}y", x=[], y=[], marker={"symbol": "line-ew-open", "color": GREY, "size": 7}, **rug),
            go.Scatter(uid=side, x=[], y=[], marker={"color": [], **shades}, **rug),
            go.Scatter(uid=f"{side}words", x=[], y=[], text=[], mode="text", textposition="top center",
                       cliponaxis=False, hoverinfo="skip", xaxis=x),
        ]  # fmt: skip
    return go.Figure(traces, shape)


def frame(view: SearchView) -> Frame:
    """Both as they stand now."""
    arrays: Frame = {}
    for side, search in zip(SIDES, pair(view) or (), strict=False):
        x, y, rank = (array.astype(np.float32) for array in places_and_ranks(search, ranges_of(search), view.axes))
        low = np.full(x.size, RUG, np.float32)
        arrays |= {
            f"{side}x.x": x,
            f"{side}x.y": low,
            f"{side}y.x": low,
            f"{side}y.y": y,
            f"{side}.x": x,
            f"{side}.y": y,
        }
        arrays |= {f"{side}.marker.color": np.where(np.isnan(rank), 1, np.minimum(rank, 1)).astype(np.float32)}
        arrays |= {
            f"{side}words.x": np.array([0.48], np.float32),
            f"{side}words.y": np.array([1.07], np.float32),
            f"{side}words.text": [words(search, view.axes[0])],
        }
    return arrays


CHART = Chart(
    "versus",
    "Random and grid",
    "The same number of models at random and on a grid, in two settings, coloured by the rank of their dev loss, with "
    "projections: random points try more values of each.",
    skeleton,
    frame,
    applies=lambda view: pair(view) is not None,
)
