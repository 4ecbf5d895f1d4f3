"""Where samples fall on a line, as a small SVG picture. It shows the effect of a scale before anything is trained."""

from __future__ import annotations

import numpy as np

from core.charts.palette import BLUE, GREY, faded

Array = np.ndarray
WIDTH, HEIGHT, PAD = 300, 18, 4


def strip(places: Array) -> str:
    """A tick for each of `places` (n,) in 0..1, on a line."""
    x = PAD + np.clip(np.asarray(places, np.float64), 0, 1) * (WIDTH - 2 * PAD)
    ticks = "".join(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="2" y2="{HEIGHT - 2}"/>' for at in x[np.isfinite(x)])
    axis = f'<line x1="{PAD}" x2="{WIDTH - PAD}" y1="{HEIGHT - 3}" y2="{HEIGHT - 3}" stroke="{GREY}"/>'
    box = f'xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return f'<svg {box} role="img">{axis}<g stroke="{faded(BLUE, 0.7)}" stroke-width="1.5">{ticks}</g></svg>'
