"""Dev losses of several runs or branches in one static figure, for pages that list runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import THEMES, dressed
from core.charts.layout import axis, key_of, layout, line, steps_axis
from core.charts.names import distinct
from core.charts.numbers import Y
from core.charts.palette import colour, dash, symbol
from core.charts.thinning import per_line, thinned

Array = np.ndarray
LETTERS, KEY_LINES = 20, 6  # letters of a name in the key, two names on a line; lines of the key
LEAST = 1e-8  # stands for a loss of 0, which a logarithmic axis cannot show
DECADES = 2  # if losses span more, their axis is logarithmic
Curve = tuple[str, Sequence[float] | Array, Sequence[float | None] | Array]


def numbers(curve: Curve) -> tuple[Array, Array]:
    """Steps (n,) and dev losses (n,) to draw, float64. A loss that is None or not finite becomes NaN, a gap."""
    _, steps, losses = curve
    at = thinned(len(steps), per_line(4))
    x, y = (np.asarray(values, np.float64)[at] for values in (steps, losses))
    return x, np.where(np.isfinite(y), y, np.nan)


def wide(losses: Array) -> bool:
    """Whether finite losses above 0 span more than `DECADES`: a linear axis would flatten most of them."""
    there = losses[np.isfinite(losses) & (losses > 0)]
    return bool(there.size) and bool(there.max() * 10.0**-DECADES > there.min())


def compare(curves: Sequence[Curve], dark: bool = False, nudges: Sequence[Sequence[int]] = ()) -> go.Figure:
    """A line for each (name, steps, dev losses), with a marker at its end and a tick at each of its `nudges`, which are
    steps. Names may be any text.

    The axis of losses is logarithmic if they span more than two decades.
    """
    drawn = [numbers(curve) for curve in curves]
    log = wide(np.concatenate([y for _, y in drawn] or [np.empty(0)]))
    traces = []
    names = [name for name, *_ in curves]
    for i, (name, (x, y)) in enumerate(zip(distinct(names, 40), drawn, strict=True)):
        y = np.maximum(y, LEAST) if log else y
        said = f"%{{meta}}: {Y} at step %{{x:,}}<extra></extra>"
        over = {"meta": name, "hovertemplate": said}
        traces.append(line(f"run{i}", f"run {i + 1}", i, **over).update(x=x, y=y))
        if i < len(nudges):
            traces.append(_ticks(i, x, y, nudges[i]))
        end = np.flatnonzero(np.isfinite(y))[-1:]
        mark = {"color": colour(i), "symbol": symbol(i), "size": 7}
        traces.append(
            go.Scatter(uid=f"end{i}", x=x[end], y=y[end], mode="markers", marker=mark, cliponaxis=False, **over)
        )
    entries = ((colour(i), dash(i), name) for i, name in enumerate(distinct(names, LETTERS)))
    key = key_of(entries, most=KEY_LINES)
    yaxis = axis(type="log", nticks=4) if log else axis()
    return dressed(go.Figure(traces, layout("compare", key, xaxis=steps_axis(), yaxis=yaxis)), THEMES[dark])


def _ticks(i: int, x: Array, y: Array, steps: Sequence[int]) -> go.Scatter:
    """Ticks on line i at these steps."""
    there = np.isfinite(y)
    at = np.asarray(steps if there.any() else [], np.float64)
    height = np.interp(at, x[there], y[there]) if at.size else at
    mark = {"color": colour(i), "symbol": "line-ns-open", "size": 13, "line": {"width": 2}}
    said = "nudge at step %{x:,}<extra></extra>"
    return go.Scatter(uid=f"nudges{i}", x=at, y=height, mode="markers", marker=mark, hovertemplate=said)
