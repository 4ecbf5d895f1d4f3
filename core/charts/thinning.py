"""Fewer points of a history. As it grows the same points are kept, so that a line does not flicker.

The last of every `stride` points is kept, as the history itself does when it halves; so is the newest point.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray
MOST = 128  # points of a line; more would not be visible in a card


def thinned(count: int, most: int = MOST) -> Array:
    """Indices of the points to draw out of `count`, at most `most` + 1 of them."""
    stride = max(1, -(-count // most))
    chosen = np.arange(stride - 1, count, stride)
    return chosen if count % stride == 0 else np.append(chosen, count - 1)


def grouped(low: Array, high: Array, most: int = MOST) -> tuple[Array, Array, Array]:
    """The bins `low`, `high` (n,) merged into at most `most` + 1 wider ones: last index, lowest and highest of each."""
    ends = thinned(low.size, most)
    starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.intp)
    if not ends.size:
        return ends, low[:0], high[:0]
    return ends, np.fmin.reduceat(low, starts), np.fmax.reduceat(high, starts)


def per_line(lines: int) -> int:
    """How many points each of a chart's `lines` lines may have: the more lines the fewer, to keep the packet small."""
    return min(MOST, max(64, 512 // max(lines, 1)))
