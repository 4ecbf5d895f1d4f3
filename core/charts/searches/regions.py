"""The regions of a search as its charts show them: the one that is selected, and the nested ones of the generations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from core.search.regions import Region, stretch_of
from core.search.search import Search
from core.search.space import Range, positions
from core.search.view import Shown, short
from core.sessions.search_recorder import least

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
        return names if self.best is None else f"{names}: {self.best:.3g}"


def nested(shown: Shown) -> bool:
    """Whether any generation searches another region than the first."""
    return len({caviar.plan.space.ranges for caviar in shown.generations}) > 1


def on_axes(shown: Shown) -> Search:
    """The generation whose ranges the scatter has as axes: the first where all are in view, else the one seen."""
    return shown.generations[0] if shown.whole and nested(shown) else shown.caviar


def ranges_of(caviar: Search) -> dict[str, Range]:
    """The ranges that a generation searches, by name."""
    return {one.name: one for one in caviar.plan.space.ranges}


def stretch(axis: Range, one: Range) -> Stretch:
    """Where a range lies on an axis."""
    return (0.0, 1.0) if one == axis else stretch_of(axis, one.choices or (one.low, one.high))


def boxes(shown: Shown) -> list[Box]:
    """The regions of the generations on the axes of the first, the largest first; none where only one is in view."""
    if not (shown.whole and nested(shown)):
        return []
    axes = ranges_of(on_axes(shown))
    alike: dict[tuple[Range, ...], list[int]] = {}
    for number, caviar in enumerate(shown.generations, 1):
        alike.setdefault(caviar.plan.space.ranges, []).append(number)
    found = []
    for numbers in alike.values():
        ranges = ranges_of(shown.generations[numbers[0] - 1])
        x, y = (stretch(axes[name], ranges[name]) for name in shown.axes)
        losses = [loss for number in numbers if (loss := least(shown.generations[number - 1])) is not None]
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
    x, y = [], []
    for (left, right), (low, high) in rectangles:
        gap = [np.nan] if x else []
        x += [*gap, left, right, right, left, left]
        y += [*gap, low, low, high, high, low]
    return np.array(x, np.float32), np.array(y, np.float32)


def others(shown: Shown) -> tuple[Array, Array]:
    """x and y of points of the generations that search other regions than the one seen, where all are in view."""
    seen, axes = shown.caviar.plan.space.ranges, ranges_of(on_axes(shown))
    rest = [caviar for caviar in shown.generations if shown.whole and caviar.plan.space.ranges != seen]
    points = [trial.point for caviar in rest for trial in caviar.trials]
    points = points[:: -(-len(points) // OTHERS) or 1]
    x, y = (positions(axes[name], points).astype(np.float32) for name in shown.axes)
    return x, y


def selection(shown: Shown) -> list[tuple[Stretch, Stretch]]:
    """The rectangle that is selected on the two axes of the scatter: none or one."""
    if not set(shown.axes) & shown.region.keys():
        return []
    axes, seen = ranges_of(on_axes(shown)), ranges_of(shown.caviar)
    x, y = (
        stretch_of(axes[name], shown.region[name]) if name in shown.region else stretch(axes[name], seen[name])
        for name in shown.axes
    )
    return [(x, y if shown.axes[0] != shown.axes[1] else (0.0, 1.0))]


# in words


def region_words(shown: Shown) -> str:
    """The selected region, such as "α 0.01–0.1, activation tanh or ReLU"; "" where nothing is."""
    ranges = ranges_of(shown.caviar)
    return ", ".join(f"{named(ranges[name])} {stretch_words(ranges[name], shown.region)}" for name in shown.region)


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
