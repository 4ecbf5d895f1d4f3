"""The chart of random against grid: a small SVG on white for docs, drawn from the numbers of the app's chart.

Dots are the best dev loss of a search, the two of a seed joined in the colour of the better one; boxes hold the middle
half and the median.
"""

from __future__ import annotations

import numpy as np

from core.charts.palette import BLUE, GREY, VERMILLION
from core.charts.searches.random_vs_grid import Pairs, box, numbers
from core.search.random_vs_grid import SIDES

WIDTH, HEIGHT = 720, 430
LEFT, RIGHT, TOP, BOTTOM = 76, 24, 62, 70
INKS = {"random": BLUE, "grid": VERMILLION}
DOTS = {"random": 0.36, "grid": 0.64}  # across the plot
BOXES = {"random": 0.22, "grid": 0.78}
HALF = 0.035  # of a box' width
INK, FAINT = "#24292f", "#e3e6ea"
TICKS = 6


def svg(losses: np.ndarray, title: str) -> str:
    """The chart of best dev losses (2, seeds) as the text of an SVG file."""
    pairs = numbers(losses)
    finite = losses[np.isfinite(losses)]
    ticks = nice(float(finite.min()), float(finite.max()))
    parts = [*_axis(ticks), *_pairs(pairs, ticks)]
    for side in SIDES:
        parts += _side(side, pairs, ticks)
    parts.append(_text(20, 24, "Best dev loss of a search, at random and on a grid", size=16, weight=600))
    parts.append(_text(20, 45, f"{title}; {losses.shape[1]} seeds", size=12))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    font = 'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif"'
    white = f'<rect width="{WIDTH}" height="{HEIGHT}" rx="6" fill="#ffffff"/>'
    return "\n".join([f"{head} {font}>", white, *parts, "</svg>", ""])


def nice(low: float, high: float) -> np.ndarray:
    """Round numbers, about `TICKS` of them, from below `low` to above `high`."""
    rough = (high - low) / TICKS or 1.0
    unit = 10.0 ** np.floor(np.log10(rough))
    step = unit * next(times for times in (1, 2, 5, 10) if times * unit >= rough)
    return step * np.arange(np.floor(low / step), np.ceil(high / step) + 1)


def _across(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _up(value: float, ticks: np.ndarray) -> float:
    return HEIGHT - BOTTOM - (value - ticks[0]) / (ticks[-1] - ticks[0]) * (HEIGHT - TOP - BOTTOM)


def _axis(ticks: np.ndarray) -> list[str]:
    decimals = max(0, -int(np.floor(np.log10(ticks[1] - ticks[0]) + 1e-9)))
    parts = []
    for tick in ticks:
        y = _up(tick, ticks)
        parts.append(_line(_across(0), y, _across(1), y, FAINT))
        parts.append(_text(LEFT - 8, y + 4, f"{tick:.{decimals}f}", anchor="end", size=12))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    turned = f'transform="rotate(-90 20 {middle:.0f})"'
    return [*parts, _text(20, middle, "best dev loss (cross-entropy, nats)", anchor="middle", size=12, more=turned)]


def _pairs(pairs: Pairs, ticks: np.ndarray) -> list[str]:
    parts = []
    for k, ends in enumerate(zip(*(pairs.losses[side] for side in SIDES), strict=True)):
        better = next((side for side in SIDES if pairs.better[side][k]), "")
        if np.isfinite(ends).all():
            y = [_up(end, ticks) for end in ends]
            dash = ' stroke-dasharray="5 3"' if better == "grid" else ""
            ink = INKS.get(better, GREY)
            parts.append(_line(_across(DOTS["random"]), y[0], _across(DOTS["grid"]), y[1], ink, dash + ' opacity=".6"'))
    return parts


def _side(side: str, pairs: Pairs, ticks: np.ndarray) -> list[str]:
    ink, x, losses = INKS[side], _across(DOTS[side]), pairs.losses[side]
    parts = [_dot(side, x, _up(loss, ticks)) for loss in losses[np.isfinite(losses)]]
    across, up = box(pairs.quantiles[side], 0)
    places = [(BOXES[side] + at / abs(across[3]) * HALF, value) for at, value in zip(across, up, strict=True)]
    for (x0, y0), (x1, y1) in zip(places, places[1:], strict=False):
        if np.isfinite([x0, y0, x1, y1]).all():
            parts.append(_line(_across(x0), _up(y0, ticks), _across(x1), _up(y1, ticks), ink, ' stroke-width="2"'))
    away, anchor = (-1, "end") if side == "random" else (1, "start")
    middle = pairs.quantiles[side][2]
    beside = _across(BOXES[side] + away * (HALF + 0.012))
    parts.append(_text(beside, _up(middle, ticks) + 4, f"median {middle:.3f}", anchor=anchor, size=12))
    low = HEIGHT - BOTTOM + 24
    at = (x + _across(BOXES[side])) / 2
    parts.append(
        _text(at, low, {"random": "at random", "grid": "on a grid"}[side], anchor="middle", size=14, weight=600)
    )
    won = f"better under {pairs.better[side].sum()} of {losses.size} seeds"
    broken = f", all diverged under {pairs.broken[side]}" if pairs.broken[side] else ""
    return [*parts, _text(at, low + 19, won + broken, anchor="middle", size=12)]


def _dot(side: str, x: float, y: float) -> str:
    style = f'fill="{INKS[side]}" fill-opacity=".85"'
    if side == "random":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" {style}/>'
    return f'<rect x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7" {style}/>'


def _line(x0: float, y0: float, x1: float, y1: float, ink: str, more: str = "") -> str:
    return f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{ink}"{more}/>'


def _text(
    x: float, y: float, words: str, anchor: str = "start", size: int = 13, weight: int = 400, more: str = ""
) -> str:
    style = f'font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" fill="{INK}" {more}'.rstrip()
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{words}</text>'
