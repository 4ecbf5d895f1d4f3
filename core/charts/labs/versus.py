"""The points of a random search and of a grid with their projections on α, and the best each found under many seeds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.layout import axis, key_of, layout, titled
from core.charts.palette import BLUE, GREY, VERMILLION, faded
from core.charts.searches.setting_axes import axis_of
from core.labs.versus import SPACE, WEIGHTS, Tried, Versus, loss

Array = np.ndarray
LEAST = -7  # power of ten of a loss that is told from lower ones
NOWHERE = np.full((1, 2), np.nan)  # a trace without points vanishes, and the chart is then drawn whole
LINE = np.linspace(0, 1, 61)


def _points_skeleton(name: str) -> go.Figure:
    across, up = (axis_of(one) for one in SPACE.ranges)
    shape = layout(
        name,
        left=58,
        xaxis=across | {"range": [-0.04, 1.04], "fixedrange": True, "anchor": "y"},
        yaxis=up | {"domain": [0, 0.62], "range": [-0.14, 1.06], "fixedrange": True},
        yaxis2=axis(domain=[0.7, 1], range=[1.05, -0.2], fixedrange=True, nticks=3, title=titled("loss")),
    )
    quiet = {"x": [], "y": [], "hoverinfo": "skip"}
    rug = {"symbol": "line-ns-open", "color": BLUE, "size": 11, "line": {"width": 1.5}}
    best = {"symbol": "circle-open", "color": VERMILLION, "size": 14, "line": {"width": 2}}
    traces = [
        go.Scatter(uid="optimum", mode="lines", line={"color": GREY, "dash": "dot", "width": 1.5}, **quiet),
        go.Scatter(uid="hill", mode="lines", yaxis="y2", line={"color": GREY, "width": 1.5}, **quiet),
        go.Scatter(uid="rug", mode="markers", marker=rug, **quiet),
        go.Scatter(uid="points", mode="markers", marker={"color": BLUE, "size": 6}, **quiet),
        go.Scatter(uid="heights", mode="markers", yaxis="y2", marker={"color": BLUE, "size": 5}, **quiet),
        go.Scatter(uid="best", mode="markers", marker=best, **quiet),
        go.Scatter(uid="height", mode="markers", yaxis="y2", marker=best, **quiet),
    ]
    return go.Figure(traces, shape)


def _points_frame(shown: Versus, tried: Tried) -> Frame:
    x, y = tried.places.T
    best = [int(np.argmin(tried.losses))]
    hill = loss(np.stack([LINE, np.full(LINE.size, shown.centre[1])], axis=1), shown.centre, 0.0)
    rug = np.unique(x)
    places = {
        "optimum": (np.full(2, shown.centre[0]), np.array([-0.14, 1.06])),
        "hill": (LINE, hill),
        "rug": (rug, np.full(rug.size, -0.09)),
        "points": (x, y),
        "heights": (x, tried.losses),
        "best": (x[best], y[best]),
        "height": (x[best], tried.losses[best]),
    }
    return {f"{uid}.{side}": values for uid, pair in places.items() for side, values in zip("xy", pair, strict=True)}


def _seeds_skeleton(shown: Versus) -> go.Figure:
    logs = {"range": [LEAST - 0.2, 0.3], "fixedrange": True, "dtick": 1, "tickvals": list(range(LEAST, 1, 2))}
    words = {"tickmode": "array", "ticktext": [f"1e{power}" if power else "1" for power in range(LEAST, 1, 2)]}
    across = axis(title=titled("best loss of the grid"), **logs, **words)
    up = axis(title=titled("best loss at random"), **logs, **words)
    key = key_of([(BLUE, "circle", "random is better"), (VERMILLION, "square", "the grid is")])
    quiet = {"x": [], "y": [], "hoverinfo": "skip"}
    ends = [LEAST - 0.2, 0.3]
    traces = [
        go.Scatter(uid="even", x=ends, y=ends, mode="lines", line={"color": GREY, "dash": "dot"}, hoverinfo="skip"),
        go.Scatter(uid="wins", mode="markers", marker={"color": faded(BLUE, 0.75), "size": 6}, **quiet),
        go.Scatter(
            uid="defeats", mode="markers", marker={"color": VERMILLION, "size": 6, "symbol": "square"}, **quiet
        ),
        go.Scatter(uid="seed", mode="markers", marker={"color": GREY, "size": 13, "symbol": "circle-open",
                   "line": {"width": 2}}, **quiet),
    ]  # fmt: skip
    return go.Figure(traces, layout("versus-seeds", key, left=54, xaxis=across, yaxis=up))


def _seeds_frame(shown: Versus) -> Frame:
    logs = np.log10(np.maximum(shown.found, 10.0**LEAST))  # (seeds, 2)
    better = shown.found[:, 0] <= shown.found[:, 1]
    now = np.log10(np.maximum([[shown.random.best, shown.grid.best]], 10.0**LEAST))
    frame: Frame = {}
    for uid, rows in (("wins", logs[better]), ("defeats", logs[~better]), ("seed", now)):
        rows = rows if rows.size else NOWHERE
        frame |= {f"{uid}.x": rows[:, 1], f"{uid}.y": rows[:, 0]}
    return frame


def _weights_skeleton(shown: Versus) -> go.Figure:
    across = axis(range=[-0.03, 1.03], fixedrange=True, title=titled("w, how much ε matters"))
    up = axis(
        range=[0, 1.03], fixedrange=True, tickformat=".0%", tickvals=[0, 0.5, 1], title=titled("random is better")
    )
    now = {"color": VERMILLION, "size": 11, "symbol": "diamond"}
    traces = [
        go.Scatter(uid="even", x=[-0.03, 1.03], y=[0.5, 0.5], mode="lines", line={"color": GREY, "dash": "dot"},
                   hoverinfo="skip"),
        go.Scatter(uid="shares", x=[], y=[], mode="lines+markers", line={"color": BLUE, "width": 2},
                   hovertemplate="%{y:.1%} at w = %{x}<extra></extra>"),
        go.Scatter(uid="now", x=[], y=[], mode="markers", marker=now, hoverinfo="skip"),
    ]  # fmt: skip
    return go.Figure(traces, layout("versus-weights", left=50, xaxis=across, yaxis=up))


def _weights_frame(shown: Versus) -> Frame:
    won = np.array([shown.wins / len(shown.found)])
    return {"shares.x": WEIGHTS, "shares.y": shown.shares, "now.x": np.array([shown.weight]), "now.y": won}


def _points(name: str, title: str, chosen: Callable[[Versus], Tried]) -> Chart[Versus]:
    summary = f"{title}: the points, the different values of α below them, and above them how good each is."
    return Chart(
        name,
        title,
        summary,
        lambda shown: _points_skeleton(name),
        lambda shown: _points_frame(shown, chosen(shown)),
    )


VERSUS = [
    _points("versus-random", "Random", lambda shown: shown.random),
    _points("versus-grid", "Grid", lambda shown: shown.grid),
    Chart(
        "versus-seeds",
        "Best found, a dot for each seed",
        "The best loss of the random points against that of the grid under each seed: below the diagonal random wins.",
        _seeds_skeleton,
        _seeds_frame,
    ),
    Chart(
        "versus-weights",
        "How often random wins",
        "The share of the seeds under which random is better, against how much the second setting matters.",
        _weights_skeleton,
        _weights_frame,
    ),
]
