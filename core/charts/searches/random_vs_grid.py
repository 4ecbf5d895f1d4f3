"""Random or grid over many seeds: the best dev loss of each search, the two of a seed joined, with quartiles (C2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Chart, Frame
from core.charts.layout import SPACE, axis, key_of, layout, line, names_axis, titled
from core.charts.numbers import Y
from core.charts.palette import BLUE, GREY, VERMILLION
from core.search.random_vs_grid import SIDES
from core.search.view import SearchView
from core.settings.digits import in_full

Array = np.ndarray
QUANTILES = (0, 0.25, 0.5, 0.75, 1)
STYLES = {"random": (BLUE, "solid", "circle"), "grid": (VERMILLION, "dash", "square")}
PLACES = {"random": (0.0, -0.3), "grid": (1.0, 1.3)}  # across, of a side's dots and of its box
HALF = 0.09  # of a box' width
ABOVE = 1.04  # of the greatest finite loss: where searches stand in which every model broke


@dataclass(frozen=True)
class Pairs:
    """The best dev losses of pairs in nats: finite ones, and how the sides compare."""

    losses: dict[str, Array]  # (pairs,), NaN where every model broke
    broken: dict[str, int]  # searches in which every model broke
    quantiles: dict[str, Array]  # (5,) of those that are finite, or empty
    better: dict[str, Array]  # (pairs,) bool, where that side's model is the better one; neither where they are equal


def numbers(losses: Array) -> Pairs:
    """Of best dev losses (2, pairs), at random and on the grid, infinite where every model broke."""
    finite_or_nan = dict(zip(SIDES, np.where(np.isfinite(losses), losses, np.nan), strict=True))
    finite = {side: found[np.isfinite(found)] for side, found in finite_or_nan.items()}
    return Pairs(
        finite_or_nan,
        {side: int(np.isnan(found).sum()) for side, found in finite_or_nan.items()},
        {side: np.quantile(found, QUANTILES) if found.size else np.empty(0) for side, found in finite.items()},
        {"random": losses[0] < losses[1], "grid": losses[1] < losses[0]},
    )


def box(quantiles: Array, at: float) -> tuple[Array, Array]:
    """A box from quartile to quartile with its median and whiskers to both ends, as one line (16,) with gaps."""
    if not quantiles.size:
        return np.empty(0), np.empty(0)
    least, low, middle, high, most = quantiles
    left, right, gap = at - HALF, at + HALF, np.nan
    x = [at, at, gap, left, right, right, left, left, gap, left, right, gap, at, at]
    y = [least, low, gap, low, low, high, high, low, gap, middle, middle, gap, high, most]
    return np.array(x), np.array(y)


def skeleton(view: SearchView) -> go.Figure:
    """Empty lines from dot to dot, dots, boxes and their words."""
    key = key_of([(ink, dash, f"{side} is better") for side, (ink, dash, _) in STYLES.items()])
    key += f"{SPACE}box: quartiles"
    traces = [line("equal", "equal", line={"color": GREY, "width": 1}, hoverinfo="skip", hovertemplate=None)]
    for side, (ink, dash, symbol) in STYLES.items():
        quiet = {"hoverinfo": "skip", "hovertemplate": None}
        traces += [
            line(f"{side}better", side, line={"color": ink, "dash": dash, "width": 1}, opacity=0.8, **quiet),
            line(f"{side}box", side, line={"color": ink, "width": 1.5}, **quiet),
            go.Scatter(uid=side, x=[], y=[], mode="markers", marker={"color": ink, "symbol": symbol, "size": 6},
                       hovertemplate=f"{side}: {Y}<extra></extra>"),
            go.Scatter(uid=f"{side}broken", x=[], y=[], mode="markers", hoverinfo="skip",
                       marker={"color": ink, "symbol": "x", "size": 8}),
            go.Scatter(uid=f"{side}words", x=[], y=[], text=[], mode="text", hoverinfo="skip",
                       textposition=f"middle {'left' if side == SIDES[0] else 'right'}"),
        ]  # fmt: skip
    across = names_axis(SIDES, range=[-0.95, 1.95])
    up = axis(title=titled("best dev loss", 3))
    return go.Figure(traces, layout("contest", key, left=58, bottom=26, meta={"log": True}, xaxis=across, yaxis=up))


def frame(view: SearchView) -> Frame:
    """All pairs that are finished."""
    if view.seed_losses is None:
        return {}
    pairs = numbers(view.seed_losses)
    arrays: Frame = joined("equal", pairs, ~(pairs.better["random"] | pairs.better["grid"]))
    top = ABOVE * max((found[-1] for found in pairs.quantiles.values() if found.size), default=1.0)
    for side, (at, beside) in PLACES.items():
        arrays |= joined(f"{side}better", pairs, pairs.better[side])
        arrays |= points(side, np.full(pairs.losses[side].size, at), pairs.losses[side])
        arrays |= points(f"{side}box", *box(pairs.quantiles[side], beside))
        arrays |= points(f"{side}broken", np.full(pairs.broken[side], at), np.full(pairs.broken[side], top))
        middle = pairs.quantiles[side][2:3]
        arrays |= points(f"{side}words", np.full(middle.size, beside + (at - 0.5) * 2.4 * HALF), middle)
        arrays[f"{side}words.text"] = [few(value) for value in middle]
    return arrays


def few(loss: float) -> str:
    """A loss in few signs, such as 0.0688 or 6.88e-4."""
    return in_full(loss, 3) if loss >= 1e-3 or not loss else f"{loss:.2e}".replace("e-0", "e-")


def joined(uid: str, pairs: Pairs, chosen: Array) -> Frame:
    """Lines from dot to dot of the chosen pairs (pairs,), with a gap after each."""
    ends = np.stack([*(pairs.losses[side][chosen] for side in SIDES), np.full(chosen.sum(), np.nan)], axis=1)
    return points(uid, np.tile([*(PLACES[side][0] for side in SIDES), np.nan], len(ends)), ends.ravel())


def points(uid: str, x: Array, y: Array) -> Frame:
    """A trace's arrays, in the precision that is drawn."""
    return {f"{uid}.x": x.astype(np.float32), f"{uid}.y": y.astype(np.float32)}


CHART = Chart(
    "contest",
    "Random or grid, over many seeds",
    "The best dev loss of a search at random and of one on a grid under every seed, the two of a seed joined, with "
    "median and quartiles of each.",
    skeleton,
    frame,
    applies=lambda view: view.seed_losses is not None,
    every=2,
)
