"""Bands between two lines, for what has a spread: a filled outline that needs no second trace."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.charts.palette import faded

Array = np.ndarray


def band(uid: str, ink: str, opacity: float = 0.16, **more: Any) -> go.Scatter:
    """An empty band in a colour; its frame comes from `outline`."""
    filled = {"fill": "toself", "fillcolor": faded(ink, opacity), "line": {"width": 0}}
    return go.Scatter(uid=uid, x=[], y=[], mode="lines", hoverinfo="skip", **filled | more)


def outline(x: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """The band between `low` and `high` (n,) as polygons: one for each stretch without NaN, with a gap after it."""
    inside = np.isfinite(low) & np.isfinite(high)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(np.int8)))
    xs, ys = [], []
    for start, end in edges.reshape(-1, 2):
        there, gap = slice(start, end), np.full(1, np.nan, x.dtype)
        xs += [x[there], x[there][::-1], gap]
        ys += [high[there], low[there][::-1], gap]
    empty = np.empty(0, x.dtype)
    return np.concatenate(xs or [empty]), np.concatenate(ys or [empty])
