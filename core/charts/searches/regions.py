"""The regions of a search as its charts show them: the one that is selected, and the nested ones of the generations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from core.search.regions import Region, stretch_of
from core.search.search import Search
from core.search.space import Range, positions
from core.search.view import SearchView, least_loss, short
from core.settings.digits import in_full

Array = np.ndarray
Stretch = tuple[float, float]
OTHERS = 600  # points of the other generations that are drawn, at most
DIGITS = (2, 3, 4, 6)  # of the ends of a region: as few as tell them apart
LABEL = (0.26, 0.08)  # width and height of a label, of the axes


@dataclass(frozen=True)
class Box:
    """The region of one or more generations (counted from 1) on two axes, and their least dev loss."""

    generations: tuple[int, ...]
    x: Stretch
    y: Stretch
    best: float | None

    @property
    def words(self) -> str:
        """Such as "2: 0.031"."""
        names = ", ".join(map(str, self.generations))
        return names if self.best is None else f"{names}: {in_full(self.best, 3)}"


def nested(view: SearchView) -> bool:
    """Whether any generation searches another region than the first."""
    return len({search.plan.space.ranges for search in view.generations}) > 1


def on_axes(view: SearchView) -> Search:
    """The generation whose ranges the scatter has as axes: the first where all are in view, else the one seen."""
    return view.generations[0] if view.whole and nested(view) else view.search


def ranges_of(search: Search) -> dict[str, Range]:
    """The ranges that a generation searches, by name."""
    return {one.name: one for one in search.plan.space.ranges}


def stretch(axis: Range, one: Range) -> Stretch:
    """Where a range lies on an axis."""
    return (0.0, 1.0) if one == axis else stretch_of(axis, one.choices or (one.low, one.high))


def boxes(view: SearchView) -> list[Box]:
    """The regions of the generations on the axes of the first, the largest first; none where only one is in view."""
    if not (view.whole and nested(view)):
        return []
    axes = ranges_of(on_axes(view))
    alike: dict[tuple[Range, ...], list[int]] = {}
    for number, search in enumerate(view.generations, 1):
        alike.setdefault(search.plan.space.ranges, []).append(number)
    found = []
    for numbers in alike.values():
        ranges = ranges_of(view.generations[numbers[0] - 1])
        x, y = (stretch(axes[name], ranges[name]) for name in view.axes)
        losses = [loss for number in numbers if (loss := least_loss(view.generations[number - 1])) is not None]
        found.append(Box(tuple(numbers), x, y, min(losses, default=None)))
    return found


def labels(found: Iterable[Box]) -> Array:
    """Where the words of boxes begin, (n, 2): above the upper left corner, or lower where another's words are."""
    taken: list[tuple[float, float]] = []
    wide, high = LABEL
    for box in found:
        x, y = max(0.0, min(box.x[0], 1.06 - wide)), box.y[1]
        while any(abs(x - left) < wide and abs(y - up) < high for left, up in taken):
            y -= high
        taken.append((x, y))
    return np.array(taken, np.float32).reshape(-1, 2)


def outline(rectangles: Iterable[tuple[Stretch, Stretch]]) -> tuple[Array, Array]:
    """x and y of closed rectangles, with a gap between them."""
    x: list[float] = []
    y: list[float] = []
    for (left, right), (low, high) in rectangles:
        gap = [np.nan] if x else []
        x += [*gap, left, right, right, left, left]
        y += [*gap, low, low, high, high, low]
    return np.array(x, np.float32), np.array(y, np.float32)


def others(view: SearchView) -> tuple[Array, Array]:
    """x and y of points of the generations that search other regions than the one seen, where all are in view."""
    seen, axes = view.search.plan.space.ranges, ranges_of(on_axes(view))
    rest = [search for search in view.generations if view.whole and search.plan.space.ranges != seen]
    points = [trial.point for search in rest for trial in search.trials]
    points = points[:: -(-len(points) // OTHERS) or 1]
    x, y = (positions(axes[name], points).astype(np.float32) for name in view.axes)
    return x, y


def selection(view: SearchView) -> list[tuple[Stretch, Stretch]]:
    """The rectangle that is selected on the two axes of the scatter: none or one."""
    if not set(view.axes) & view.region.keys():
        return []
    axes, seen = ranges_of(on_axes(view)), ranges_of(view.search)
    x, y = (
        stretch_of(axes[name], view.region[name]) if name in view.region else stretch(axes[name], seen[name])
        for name in view.axes
    )
    return [(x, y if view.axes[0] != view.axes[1] else (0.0, 1.0))]


# in words


def region_words(view: SearchView) -> str:
    """The selected region, such as "α 0.01–0.1, activation tanh or ReLU"; "" where nothing is."""
    ranges = ranges_of(view.search)
    return ", ".join(f"{named(ranges[name])} {stretch_words(ranges[name], view.region)}" for name in view.region)


def named(searched: Range) -> str:
    """A setting in few letters."""
    return searched.field.symbol or searched.field.label


def stretch_words(searched: Range, region: Region) -> str:
    """What a region leaves of a setting, in as few digits as tell its ends apart."""
    values = region[searched.name]
    if searched.choices:
        return " or ".join(searched.field.word(value) for value in values)
    for digits in DIGITS:
        low, high = (short(value, digits) for value in values)
        if low != high:
            return f"{low}–{high}"
    return low
