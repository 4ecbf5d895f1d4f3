"""Losses that explode: their lines leave the chart at its top, and arrows there say how high they went.

The height of the cut is `History.ceiling`, which is the same at every step, so that the axis does not jump.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Frame
from core.charts.marks import HEIGHTS_AXIS, PLOT, SPACE
from core.charts.names import LETTER
from core.charts.palette import VERMILLION
from core.settings.digits import in_full

Array = np.ndarray
HEIGHT = 0.96  # of the arrows, as a share of the plot: above the labels of nudges
APART = 0.15  # of the axis: peaks nearer to each other are one


def cut(x: Array, y: Array, top: float) -> tuple[Array, Array]:
    """The line x, y (n,) where it is not above `top`: it ends where it crosses `top`, and its gaps are NaN."""
    above = y > top
    if not above.any():
        return x, y  # lines that share their steps go on sharing them, which keeps the packet small
    ends = np.flatnonzero((above[1:] != above[:-1]) & ~np.isnan(y[1:]) & ~np.isnan(y[:-1]))
    x0, x1, y0, y1 = (values[at].astype(np.float64) for values in (x, y) for at in (ends, ends + 1))
    with np.errstate(invalid="ignore"):  # inf - inf
        share = np.where(np.isinf(y0) | np.isinf(y1), 1.0, (top - y0) / (y1 - y0))
    crossings = x0 + share * (x1 - x0)
    kept = np.where(above, np.nan, y).astype(y.dtype)
    return np.insert(x, ends + 1, crossings.astype(x.dtype)), np.insert(kept, ends + 1, y.dtype.type(top))


def band(low: Array, high: Array, top: float) -> tuple[Array, Array]:
    """The least and the greatest values (n,) up to `top`; NaN where all are above."""
    inside = ~(low > top)
    return np.where(inside, low, low.dtype.type(np.nan)), np.where(inside, np.minimum(high, top), np.nan).astype(
        high.dtype
    )


@dataclass(frozen=True)
class Peak:
    """A stretch in which a line is above the cut: the greatest finite loss, at `step`; inf where none is finite."""

    step: float
    loss: float
    overflows: bool  # whether a loss in it is infinite too

    @property
    def words(self) -> str:
        """Such as "3,175" or "3,175, then ∞"."""
        return in_full(self.loss) + ", then ∞" * (self.overflows and math.isfinite(self.loss))


def peaks(lines: Iterable[tuple[Array, Array]], top: float, length: float) -> list[Peak]:
    """The stretches in which one of `lines` (x, y) is above `top`, on an axis of that length, oldest first."""
    points = [(x[y > top], y[y > top]) for x, y in lines]
    x, y = (np.concatenate([np.float64(one[i]) for one in points]) for i in (0, 1))
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    starts = np.flatnonzero(np.diff(x, prepend=-math.inf) > APART * length)
    return [_peak(x[part], y[part]) for part in np.split(np.arange(x.size), starts[1:]) if part.size]


def _peak(x: Array, y: Array) -> Peak:
    finite = np.isfinite(y)
    highest = int(np.argmax(np.where(finite, y, -math.inf)))
    return Peak(float(x[highest]), float(y[highest]), not finite.all())


def arrows() -> go.Scatter:
    """The empty trace of the arrows and their numbers."""
    style: dict[str, Any] = {"mode": "text", "textfont": {"color": VERMILLION}, "hoverinfo": "skip"}
    return go.Scatter(uid="cut", x=[], y=[], text=[], yaxis=HEIGHTS_AXIS, **style)


def arrows_at(found: Sequence[Peak], length: float) -> Frame:
    """The arrows at these peaks on an axis of that length. One that would lie on a newer one is left out."""
    placed: list[tuple[float, str, bool]] = []
    free = math.inf
    for peak in reversed(found):
        step, number = peak.step, peak.words
        wide = (LETTER * (len(number) + 3) + 6) / PLOT * length
        to_right = step + wide <= 1.04 * length
        start, end = (step, step + wide) if to_right else (step - wide, step)
        if end <= free:
            placed.append((step, f"{SPACE}▲ {number}" if to_right else f"{number} ▲{SPACE}", to_right))
            free = start
    return {
        "cut.x": np.array([step for step, *_ in placed], np.float32),
        "cut.y": np.full(len(placed), HEIGHT, np.float32),
        "cut.text": [text for _, text, _ in placed],
        "cut.textposition": ["middle right" if to_right else "middle left" for *_, to_right in placed],
    }
