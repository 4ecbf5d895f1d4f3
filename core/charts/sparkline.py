"""One small curve as an SVG picture, for lists of runs. Its only text is the first and the last value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.charts.compare import LEAST, wide
from core.charts.palette import BLUE
from core.charts.thinning import thinned
from core.settings.digits import in_full

Array = np.ndarray
PAD = 2.5  # pixels around the curve, for half of its dot at the end
DOT = 2.0  # radius of that dot


def sparkline(steps: Sequence[float], values: Sequence[float | None], width: int = 120, height: int = 28) -> str:
    """The curve of `values` at `steps` as SVG of `width` by `height` pixels, with a dot at its end.

    A value that is None or not finite is a gap; with gaps only, the picture is empty. The scale is logarithmic if the
    values span more than two decades.
    """
    x, y = (np.asarray(one, np.float64)[thinned(len(steps), width)] for one in (steps, values))
    there = np.isfinite(x) & np.isfinite(y)
    title, body = "no values yet", ""
    if there.any():
        title = f"{in_full(y[there][0], 3)} to {in_full(y[there][-1], 3)}"
        y = np.log(np.maximum(y, LEAST)) if wide(y) else y
        places = np.stack([_scaled(x, width), height - _scaled(y, height)])
        body = _lines(places.T, there) + _dot(*places[:, there][:, -1])
    box = f'xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg {box} role="img"><title>{title}</title>{body}</svg>'


def _scaled(values: Array, size: int) -> Array:
    """Values (n,) as places in `size` pixels less the padding; in the middle if all values are the same."""
    there = values[np.isfinite(values)]
    low = there.min()
    with np.errstate(over="ignore"):
        span = np.ptp(there)
    share = (values - low) / span if span > 0 else np.full(values.shape, 0.5)
    return PAD + share * (size - 2 * PAD)


def _lines(places: Array, there: Array) -> str:
    """A polyline for each stretch without a gap."""
    stretches = np.split(np.arange(len(places)), np.flatnonzero(np.diff(there)) + 1)
    points = (" ".join(f"{a:.1f},{b:.1f}" for a, b in places[part]) for part in stretches if there[part[0]])
    style = f'fill="none" stroke="{BLUE}" stroke-width="1.5" stroke-linejoin="round"'
    return "".join(f'<polyline points="{some}" {style}/>' for some in points)


def _dot(x: float, y: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{DOT}" fill="{BLUE}"/>'
