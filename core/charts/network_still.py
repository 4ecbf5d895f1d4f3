"""The picture of a network as traces of a static figure: its lines, the pictures of its units, and what they say.

A column is one unit wide. The highest column has a row for each unit, the others spread theirs over the same height.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.charts.chart import Frame
from core.charts.layout import FONT
from core.charts.network_marks import ALIVE, DEAD, SATURATED
from core.charts.palette import BLUE, GREY, ORANGE, VERMILLION, colour, faded

Array = np.ndarray
WIDTHS = (0.5, 1.2, 2.2, 3.5)  # of lines in pixels; the widest are those of the largest weights of a layer
BENDS = np.array([*np.linspace(0, 1, 9), np.nan])  # places along a line, 0 at its left end, and a gap
SAID = np.array([0.2, 0.35, 0.5, 0.65, 0.8])  # places where a line can be pointed at
SPREAD = 1.6  # most rows from unit to unit
HIGH = 0.84  # of a tile, in rows
ABOVE = 1.0  # rows above and below the units, for words
PLOT = (420, 300)  # pixels in which tiles are square
GAP = (np.nan, np.nan)
SQUARE = ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1), GAP)
CROSSED = (*SQUARE, (-1, -1), (1, 1), GAP, (-1, 1), (1, -1), GAP)
FRAMES: dict[int, tuple[Sequence[tuple[float, float]], dict[str, Any]]] = {  # by the mark of a unit
    ALIVE: (SQUARE, {"color": GREY, "width": 1}),
    DEAD: (CROSSED, {"color": GREY, "width": 1.5}),
    SATURATED: (SQUARE, {"color": VERMILLION, "width": 3}),
}


@dataclass(frozen=True)
class Places:
    """Where the n shown units are, column after column and from top to bottom: centres x (n,) and y (n,), half the
    width of a tile, and for each weight of a frame which unit it leads from and to."""

    x: Array
    y: Array
    half: float
    start: Array
    to: Array

    def ends(self) -> Array:
        """x0, x1, y0 and y1 of the line of each weight, (4, weights)."""
        x, y = self.x, self.y
        return np.stack([x[self.start] + self.half, x[self.to] - self.half, y[self.start], y[self.to]])


def traces(whole: go.Figure, frame: Frame) -> list[Any]:
    """Lines, tiles, marks and words of the picture "network" of a frame, for a figure with its skeleton's layout."""
    meta, picture = whole.layout.meta["network"], frame["network"]
    columns = meta["columns"]
    rows, at = max(column["shown"] for column in columns), places(columns)
    whole.update_xaxes(range=[-at.half, len(columns) - 1 + at.half])
    whole.update_yaxes(range=[-rows / 2 - ABOVE, rows / 2 + ABOVE])
    lines, tiles = _lines(meta, picture, at), _tiles(meta, picture, at)
    return [*lines, *tiles, *_frames(picture, at), *_words(columns, picture, rows, at)]


def places(columns: Sequence[dict[str, Any]]) -> Places:
    """The places of the shown units of the rows of `layout.meta.network`."""
    counts = [column["shown"] for column in columns]
    rows, firsts = max(counts), np.cumsum([0, *counts])
    y = [min(rows / count, SPREAD) * ((count - 1) / 2 - np.arange(count)) for count in counts]
    square = HIGH * PLOT[1] / (rows + 2 * ABOVE)
    half = square * (len(counts) - 1) / (PLOT[0] - square) / 2
    ends = []
    for l, (before, after) in enumerate(zip(counts, counts[1:], strict=False)):
        to, start = np.mgrid[:after, :before].reshape(2, -1)
        ends.append(np.stack([firsts[l] + start, firsts[l + 1] + to]))
    start, to = np.concatenate(ends, axis=1)
    return Places(np.repeat(np.arange(len(counts)), counts), np.concatenate(y), half, start, to)


def _lines(meta: Mapping[str, Any], picture: Frame, at: Places) -> Iterator[go.Scatter]:
    """A trace for each width and kind of line, and invisible points that say the weights."""
    weights, ends = np.nan_to_num(picture["weights"]), at.ends()
    share = np.abs(weights) / np.maximum(_largest(weights, at), 1e-30)
    width = np.minimum((share * len(WIDTHS)).astype(int), len(WIDTHS) - 1)
    norms = at.start < int(meta["pixels"])  # lines that have no sign
    kinds = (("norm", norms, GREY, "solid"), ("plus", ~norms & (weights >= 0), BLUE, "solid"))
    for name, which, ink, dash in (*kinds, ("minus", ~norms & (weights < 0), ORANGE, "dash")):
        for i, pixels in enumerate(WIDTHS):
            x, y = _along(ends[:, which & (width == i)], BENDS)
            style = {"width": pixels, "color": faded(ink, 0.3 if name == "norm" else 0.35 + 0.15 * i), "dash": dash}
            yield go.Scatter(uid=f"{name}{i}", x=x, y=y, mode="lines", line=style, hoverinfo="skip")
    names = [words.split("\n")[0] for words in picture["words"]]
    rows = zip(at.start, at.to, norms, picture["weights"].tolist(), strict=True)
    kind = {True: "norm of the weights", False: "weight"}
    said = [f"{names[a]} to {names[b]}<br>{kind[bool(norm)]} {w:,.6g}" for a, b, norm, w in rows]
    yield _pointed("weights", *_along(ends, SAID), np.repeat(said, len(SAID)).tolist(), 5)


def _largest(weights: Array, at: Places) -> Array:
    """For each weight the largest size of those between the same columns."""
    firsts = np.flatnonzero(np.diff(at.x[at.start], prepend=-1))
    return np.repeat(np.maximum.reduceat(np.abs(weights), firsts), np.diff(firsts, append=weights.size))


def _along(ends: Array, at: Array) -> tuple[Array, Array]:
    """x and y of the places `at`, from 0 to 1, of each line with `ends` (4, n), line after line: y is a smooth step."""
    x0, x1, y0, y1 = ends[..., None]
    return (x0 + (x1 - x0) * at).ravel(), (y0 + (y1 - y0) * at**2 * (3 - 2 * at)).ravel()


def _tiles(meta: Mapping[str, Any], picture: Frame, at: Places) -> Iterator[go.Heatmap]:
    """A heatmap for each shown unit."""
    n = first = 0
    more = {
        "showscale": False,
        "hoverinfo": "skip",
        "zmin": -1,
        "zmax": 1,
        "zsmooth": "best" if meta["smooth"] else False,
    }
    for column, (height, width) in zip(meta["columns"], picture["shapes"].tolist(), strict=True):
        dx, dy = 2 * at.half / width, HIGH / height
        for _ in range(column["shown"]):
            tile = picture["tiles"][first : first + height * width].reshape(height, width)[::-1].astype(np.float32)
            corner = {"x0": at.x[n] - at.half + dx / 2, "dx": dx, "y0": at.y[n] - HIGH / 2 + dy / 2, "dy": dy}
            scale = _scale(column["ink"], int(picture["units"][n]))
            yield go.Heatmap(uid=f"tile{n}", z=(tile - 128) / 127, colorscale=scale, **corner, **more)
            n, first = n + 1, first + height * width


def _scale(ink: str, unit: int) -> list[list[Any]]:
    """The colours from -1 over 0, which is transparent, to 1."""
    low, high = {"sign": (ORANGE, BLUE), "class": (colour(unit),) * 2, "grey": (GREY,) * 2}[ink]
    return [[0, low], [0.5, faded(low, 0)], [0.5, faded(high, 0)], [1, high]]


def _frames(picture: Frame, at: Places) -> Iterator[go.Scatter]:
    """Frames around the tiles, by mark, and invisible points that say the numbers of the units."""
    centres = np.stack([at.x, at.y], axis=1)
    for mark, (corners, style) in FRAMES.items():
        there = centres[picture["marks"] == mark, None] + np.array(corners) * (at.half, HIGH / 2)  # (n, corners, 2)
        x, y = there.reshape(-1, 2).T
        yield go.Scatter(uid=f"mark{mark}", x=x, y=y, mode="lines", line=style, hoverinfo="skip")
    yield _pointed("units", at.x, at.y, [words.replace("\n", "<br>") for words in picture["words"]], 14)


def _pointed(uid: str, x: Array, y: Array, said: list[str], size: int) -> go.Scatter:
    """Invisible points that say something."""
    hidden = {"mode": "markers", "marker": {"opacity": 0, "size": size}}
    return go.Scatter(uid=uid, x=x, y=y, text=said, hovertemplate="%{text}<extra></extra>", **hidden)


def _words(columns: Sequence[dict[str, Any]], picture: Frame, rows: int, at: Places) -> Iterator[go.Scatter]:
    """The columns' titles, how many units each leaves out, and names beside the first and the last."""
    high, last = rows / 2 + ABOVE / 2, len(columns) - 1
    more = {l: column["size"] - column["shown"] for l, column in enumerate(columns) if column["ink"] != "grey"}
    places: list[tuple[float, float, str, str]] = []
    places += [(l, high, column["title"], "middle center") for l, column in enumerate(columns)]
    places += [(l, -high, f"+ {count} more", "middle center") for l, count in more.items() if count]
    for l, side, sign in ((0, "middle left", -1), (last, "middle right", 1)):
        units = np.flatnonzero(at.x == l)
        named = zip(at.y[units], picture["units"][units], strict=True) if columns[l]["names"] else ()
        places += [(l + sign * at.half, y, f"\u00a0{columns[l]['names'][unit]}\u00a0", side) for y, unit in named]
    x, y, text, position = zip(*places, strict=True)
    style = {"mode": "text", "textfont": {"size": FONT}, "hoverinfo": "skip", "cliponaxis": False}
    yield go.Scatter(uid="words", x=x, y=y, text=text, textposition=position, **style)
