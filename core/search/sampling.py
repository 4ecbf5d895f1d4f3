"""Points of a search space: drawn at random or on a grid, and how many values of a setting each of the two tries.

Course rows C2 (random, not grid), C4 and C5 (the right scale).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import numpy as np

from core.errors import UserError
from core.search.space import Point, Range, Space, positions
from core.settings.scales import SCALES, sample

Array = np.ndarray
POWERS = ("batch_size",)  # drawn from the powers of two: few values make few shapes, and so large stacks


def random_points(space: Space, n: int, seed: int) -> list[Point]:
    """`n` points drawn evenly on each range's scale, each setting on its own (C2, C4, C5).

    The same space and seed give the same points, and fewer of them are the first of more. What is drawn of a setting
    does not depend on what else is searched.
    """
    columns = [_sample(one, n, np.random.default_rng([seed, *one.name.encode()])) for one in space.ranges]
    return _points(space, zip(*columns, strict=True))


def _sample(searched: Range, n: int, rng: np.random.Generator) -> list[Any]:
    """`n` values of the range. A mini-batch size is a power of two. Any other whole number k stands for k - 1/2 to
    k + 1/2, so that the ends are not drawn half as often as they should be."""
    if searched.choices:
        return [searched.choices[place] for place in rng.integers(len(searched.choices), size=n)]
    if powers := _powers(searched):
        return [powers[place] for place in rng.integers(len(powers), size=n)]
    if not searched.field.integer:
        return list(sample(searched.scale, searched.low, searched.high, rng, n).tolist())
    values = np.rint(sample(searched.scale, searched.low - 0.5, searched.high + 0.5, rng, n))
    return list(np.clip(values, searched.low, searched.high).astype(int).tolist())


def _powers(searched: Range) -> list[int]:
    """The powers of two in the range, which are even on a log scale, for a setting that is drawn from them; else none,
    as for a range that has none or is searched on the linear scale."""
    if searched.name not in POWERS or searched.scale == "linear":
        return []
    return [2**k for k in range(int(searched.high).bit_length()) if searched.low <= 2**k]


def grid_points(space: Space, n: int) -> list[Point]:
    """The points of a full grid of at most `n`, with `sides` values of each range, the last setting changing first.

    Raises `UserError` where `n` is too small for a grid.
    """
    levels = [_levels(one, side) for one, side in zip(space.ranges, sides(space, n), strict=True)]
    return _points(space, product(*levels))


def sides(space: Space, n: int) -> tuple[int, ...]:
    """How many values of each range a grid of at most `n` points tries: all choices, and at least two numbers.

    The sides grow one by one, the smallest and most important first, until none can grow any more. A range of numbers
    too narrow for its side to be told apart gives fewer. Raises `UserError` where `n` is too small.
    """
    most = [_values(one) for one in space.ranges]
    found = [int(count if one.choices else min(2, count)) for one, count in zip(space.ranges, most, strict=True)]
    if math.prod(found) > n:
        raise UserError(_too_small(space, found, n))
    while True:
        for i in sorted(range(len(found)), key=found.__getitem__):
            grown = [side + (i == k) for k, side in enumerate(found)]
            if grown[i] <= most[i] and math.prod(grown) <= n:
                found = grown
                break
        else:
            return tuple(found)


def _values(searched: Range) -> float:
    """How many values the range has."""
    if searched.choices:
        return len(searched.choices)
    if searched.field.integer:
        return searched.high - searched.low + 1
    return 1 if searched.low == searched.high else math.inf


def _too_small(space: Space, least: list[int], n: int) -> str:
    parts = [f"{one.field.label} ({side})" for one, side in zip(space.ranges, least, strict=True)]
    return (
        f"The smallest grid, {' by '.join(parts)}, has {math.prod(least):,} points, and {n:,} are allowed: search "
        "fewer settings or choices, allow more models, or search at random."
    )


def _levels(searched: Range, side: int) -> list[Any]:
    """`side` different values at equal distances on the range's scale, both ends among them; all choices.

    Whole numbers that crowd at the low end of a log scale move up to the next free ones.
    """
    if searched.choices:
        return list(searched.choices)
    values = SCALES[searched.scale].from_unit(np.linspace(0.0, 1.0, side), searched.low, searched.high)  # (side,)
    if not searched.field.integer:
        return list(np.unique(values).tolist())  # fewer in a range too narrow to tell so many apart
    place = np.arange(side)
    # None is pushed past the high end: on both scales of whole numbers the steps do not shrink on the way up.
    return list((np.maximum.accumulate(np.rint(values) - place) + place).astype(int).tolist())


def _points(space: Space, rows: Iterable[Sequence[Any]]) -> list[Point]:
    names = [one.name for one in space.ranges]
    return [dict(zip(names, row, strict=True)) for row in rows]


# random against grid


def spread(points: Iterable[Point], name: str) -> int:
    """How many different values of a setting the points try (C2): of a learning rate, n random points try n, and a
    grid of n points as many as one of its sides."""
    return len({point[name] for point in points})


def projection(searched: Range, points: Iterable[Point]) -> tuple[Array, Array]:
    """The points as they fall on one axis (C2): `positions` of the different values (k,), rising, and how many points
    have each (k,) int. k is their `spread`."""
    counts = Counter(point[searched.name] for point in points)
    at = positions(searched, [{searched.name: value} for value in counts])
    order = np.argsort(at, kind="stable")
    return at[order], np.array(list(counts.values()), int)[order]
