"""Coarse to fine: each round draws its points in the region of the best points of the round before (C3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.labs.versus import loss
from core.search.sampling import random_points
from core.search.space import SEARCHABLE, Point, Space, positions
from core.search.zoom import zoomed
from core.settings.table import RunSpec, Settings

Array = np.ndarray
SPACE = Space(RunSpec(), Settings(), (SEARCHABLE["learning_rate"], SEARCHABLE["beta1"]))
ROUNDS = 4


@dataclass(frozen=True)
class Round:
    """Points of one round: their places (n, 2) in the whole space, losses (n,), and the region they were drawn in.

    `box` (in places) and `ends` (in values) are (2, 2), a row (low, high) for each setting. `area` is the region's
    share of the space.
    """

    points: list[Point]
    places: Array
    losses: Array
    box: Array
    ends: Array
    area: float


@dataclass(frozen=True)
class Coarse:
    """The rounds, the optimum `centre` (2,), and the best loss so far after each model.

    `path` (models,) is that of the rounds, `at_once` (models,) that of the same number of points drawn at once.
    """

    rounds: tuple[Round, ...]
    centre: Array
    path: Array
    at_once: Array


def coarse(n: int, rounds: int, share: float, seed: int) -> Coarse:
    """`rounds` rounds of `n` points, each in the region of the best `share` of the round before.

    Raises `UserError` if a region cannot be proposed (see `core.search.space.zoomed`).
    """
    centre = 0.15 + 0.7 * np.random.default_rng([seed, 3]).random(2)
    space = SPACE
    found: list[Round] = []
    for number in range(rounds):
        if found:
            space = zoomed(space, found[-1].points, found[-1].losses, share)
        found.append(_round(space, random_points(space, n, ROUNDS * seed + number), centre))
    together = _places(random_points(SPACE, n * rounds, ROUNDS * seed))
    path = np.minimum.accumulate(np.concatenate([one.losses for one in found]))
    return Coarse(tuple(found), centre, path, np.minimum.accumulate(loss(together, centre, 1.0)))


def _round(space: Space, points: list[Point], centre: Array) -> Round:
    ends = np.array([(one.low, one.high) for one in space.ranges])  # (2, 2)
    low, high = _places([{one.name: end for one, end in zip(space.ranges, side, strict=True)} for side in ends.T])
    places = _places(points)
    area = float(np.prod(high - low))
    return Round(points, places, loss(places, centre, 1.0), np.stack([low, high], axis=1), ends, area)


def _places(points: list[Point]) -> Array:
    return np.stack([positions(one, points) for one in SPACE.ranges], axis=1)  # (n, 2)
