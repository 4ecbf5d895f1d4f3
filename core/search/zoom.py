"""From coarse to fine: the region of the best points, and the part of a space that lies in a region (C3)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from core.data.safe_load import shown
from core.errors import UserError
from core.search.space import Point, Range, Space, positions
from core.settings.scales import SCALES

Array = np.ndarray
LEAST_BEST = 3  # points that a region is proposed from


def zoomed(space: Space, points: Sequence[Point], losses: Sequence[float] | Array, share: float = 0.1) -> Space:
    """The region of the best `share` of the points, at least three, by `losses` (n,) (C3).

    Each range goes half way on to the next point tried outside, or to its end where there is none. Of choices, those
    among the best remain. A loss that is not finite is never among the best; `UserError` where fewer than three are.
    """
    losses = np.asarray(losses, np.float64)
    finite = int(np.isfinite(losses).sum())
    if finite < LEAST_BEST:
        raise UserError(
            f"A region is proposed from the best {LEAST_BEST} models or more, and {finite} of {losses.size} have a "
            "loss: train more of them first, or search smaller learning rates."
        )
    order = np.argsort(np.where(np.isfinite(losses), losses, np.inf), kind="stable")
    best = order[: min(finite, max(LEAST_BEST, round(share * losses.size)))]
    return within(space, {one.name: _box(one, points, best) for one in space.ranges})


def _box(searched: Range, points: Sequence[Point], best: Array) -> tuple[Any, ...]:
    """The choices of the best points, or the ends of the region around them."""
    values = [points[k][searched.name] for k in best]
    if searched.choices:
        return tuple(values)
    at = positions(searched, points)  # (n,)
    below, above = at[at < at[best].min()], at[at > at[best].max()]
    start = (below.max() + at[best].min()) / 2 if below.size else 0.0
    stop = (above.min() + at[best].max()) / 2 if above.size else 1.0
    ends = SCALES[searched.field.scale].from_unit([start, stop], searched.low, searched.high)
    return min(ends[0], *values), max(ends[1], *values)  # rounding must not lose a best point


def within(space: Space, box: Mapping[str, Sequence[Any]]) -> Space:
    """The part of the space in a region: for some settings their (low, high) or choices, cut to what is searched.

    Raises `UserError` for a setting that is not searched, and where the region holds nothing of one.
    """
    ranges = {one.name: one for one in space.ranges}
    for name, ends in box.items():
        if name not in ranges:
            raise UserError(f"The region is one of {shown(name)}, which is not searched: select it again.")
        ranges[name] = _cut(ranges[name], ends)
    return replace(space, ranges=tuple(ranges.values()))


def _cut(searched: Range, ends: Sequence[Any]) -> Range:
    label = searched.field.label
    if not isinstance(ends, list | tuple):
        raise UserError(f"The region says {shown(ends)} of {label}: select it again.")
    if searched.choices:
        choices = tuple(choice for choice in searched.choices if choice in ends)
        if not choices:
            raise UserError(f"The region holds no {label} that is searched: select a larger one.")
        return replace(searched, choices=choices)
    if len(ends) != 2 or not all(isinstance(end, int | float) and end == end for end in ends):
        raise UserError(f"The region has no two ends for {label}: select it again.")
    low, high = max(searched.low, min(ends)), min(searched.high, max(ends))
    if searched.field.integer and low <= high:
        low, high = math.ceil(low - 1e-9), math.floor(high + 1e-9)  # 64 on a log scale may come back as 63.99...
    if low > high:
        raise UserError(f"The region holds no value of {label} that is searched: select a larger one.")
    return replace(searched, low=low, high=high)
