"""Bands between two lines, which show a spread. Each is one trace: a filled outline."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.charts.palette import faded

Array = np.ndarray


def band(uid: str, ink: str, opacity: float = 0.16, **more: Any) -> go.Scatter:
    """An empty band in the colour `ink`. `outline` gives its x and y."""
    filled = {"fill": "toself", "fillcolor": faded(ink, opacity), "line": {"width": 0}}
    return go.Scatter(uid=uid, x=[], y=[], mode="lines", hoverinfo="skip", **filled | more)


def outline(x: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """The band between `low` and `high` (n,) as x and y of polygons: one for each stretch without NaN, then a gap."""
    inside = np.isfinite(low) & np.isfinite(high)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(np.int8)))
    xs, ys = [], []
    for start, end in edges.reshape(-1, 2):
        there, gap = slice(start, end), np.full(1, np.nan, x.dtype)
        xs += [x[there], x[there][::-1], gap]
        ys += [high[there], low[there][::-1], gap]
    empty = np.empty(0, x.dtype)
    return np.concatenate(xs or [empty]), np.concatenate(ys or [empty])
