"""All learning curves of a search: the best, the quartiles and the picked one drawn, the rest faint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.layout import axis, key_of, layout, line, steps_axis
from core.charts.palette import BLUE, GREY, ORANGE, VERMILLION, faded
from core.search.view import SearchView, ranking

Array = np.ndarray
FAINT = 120  # curves drawn beside the best: more cannot be told apart
QUARTILES = (25, 50, 75)


@dataclass(frozen=True)
class Curves:
    """Dev losses in nats at `steps` (p,), float32, NaN where not measured."""

    steps: Array  # (p,)
    faint: Array  # (at most FAINT, p), evenly chosen among the ranks
    numbers: Array  # (at most FAINT,) which models those are
    quartiles: Array  # (3, p) over the models that are finite there
    best: Array  # (p,) of the model that stands best
    picked: Array  # (p,)


def numbers(view: SearchView) -> Curves:
    """The curves as far as they were measured."""
    search = view.search
    losses = np.asarray(search.losses, np.float32)
    ranked = ranking(search)
    some = ranked[np.unique(np.linspace(0, max(ranked.size - 1, 0), FAINT).astype(int))] if ranked.size else ranked
    nothing = np.full(losses.shape[1], np.nan, np.float32)
    return Curves(
        np.asarray(search.steps, np.float32),
        losses[some],
        some,
        _quartiles(losses),
        losses[ranked[0]] if ranked.size else nothing,
        nothing if view.picked is None else losses[view.picked],
    )


def _quartiles(losses: Array) -> Array:
    """(3, p), NaN in columns that nothing was measured in."""
    found = np.full((len(QUARTILES), losses.shape[1]), np.nan, np.float32)
    measured = np.isfinite(losses).any(axis=0)
    if measured.any():
        part = np.where(np.isfinite(losses), losses, np.nan)[:, measured]
        found[:, measured] = np.nanpercentile(part, QUARTILES, axis=0)
    return found


def skeleton(view: SearchView) -> go.Figure:
    """Empty lines and labels."""
    entries = [(BLUE, "solid", "best"), (GREY, "dash", "quartiles"), (VERMILLION, "solid", "picked"), (GREY, "dot", "")]
    shape = layout(
        "curves", key_of(entries[:3]), meta={"log": True, "steps": True}, xaxis=steps_axis(), yaxis=axis(type="log")
    )
    quiet = {"hoverinfo": "skip", "hovertemplate": None}
    traces = [
        line("faint", "models", line={"color": faded(GREY, 0.35), "width": 1}, **quiet),
        *(line(f"q{q}", f"{q} %", line={"color": GREY, "dash": "dash", "width": 1.5}) for q in QUARTILES),
        line("best", "best", line={"color": BLUE, "width": 2.5}),
        line("picked", "picked", line={"color": VERMILLION, "width": 2.5}),
        go.Scatter(uid="ends", x=[], y=[], mode="markers", customdata=[], hoverinfo="none",
                   marker={"color": faded(ORANGE, 0.8), "size": 5}),
    ]  # fmt: skip
    return go.Figure(traces, shape)


def frame(view: SearchView) -> Frame:
    """All lines as they are now."""
    curves = numbers(view)
    ends_x, ends_y = _ends(curves)
    arrays = {
        "faint.x": np.tile(np.append(curves.steps, np.float32(np.nan)), len(curves.faint)),
        "faint.y": np.append(curves.faint, np.full((len(curves.faint), 1), np.nan, np.float32), axis=1).reshape(-1),
        "ends.x": ends_x,
        "ends.y": ends_y,
        "ends.customdata": curves.numbers.astype(np.int32),
    }
    lines = {f"q{q}": row for q, row in zip(QUARTILES, curves.quartiles, strict=True)}
    for uid, values in (lines | {"best": curves.best, "picked": curves.picked}).items():
        arrays |= {f"{uid}.x": curves.steps, f"{uid}.y": values}
    return arrays


def _ends(curves: Curves) -> tuple[Array, Array]:
    """Where each faint curve ends now: what a person clicks on."""
    finite = np.isfinite(curves.faint)
    last = curves.faint.shape[1] - 1 - np.argmax(finite[:, ::-1], axis=1)
    return curves.steps[last], curves.faint[np.arange(len(curves.faint)), last]


CHART = Chart(
    "curves",
    "Learning curves",
    "Dev loss of the models against training steps: the best, the quartiles, the picked one, and the others faint.",
    skeleton,
    frame,
    every=2,
)
