"""Fewer points of a history, always the same ones while it grows, so that a line does not flicker.

Of every `stride` points the last is kept, as the history itself does when it halves, and the newest always.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray
MOST = 128  # points of a line: more cannot be told apart in a card


def thinned(count: int, most: int = MOST) -> Array:
    """Indices (at most `most` + 1) of the points to draw out of `count`."""
    stride = max(1, -(-count // most))
    chosen = np.arange(stride - 1, count, stride)
    return chosen if count % stride == 0 else np.append(chosen, count - 1)


def grouped(low: Array, high: Array, most: int = MOST) -> tuple[Array, Array, Array]:
    """Bins with `low` and `high` (n,) merged into at most `most` + 1: each one's last index, least and greatest."""
    ends = thinned(low.size, most)
    starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.intp)
    if not ends.size:
        return ends, low[:0], high[:0]
    return ends, np.fmin.reduceat(low, starts), np.fmax.reduceat(high, starts)


def per_line(lines: int) -> int:
    """Points for each of `lines` lines of one chart: fewer where there are many, so that the packet stays small."""
    return min(MOST, max(64, 512 // max(lines, 1)))
