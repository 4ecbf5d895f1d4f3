"""Random points against a grid of as many points, in α and in ε, which hardly matters: the better α wins (C2)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.runs.seed_test import sign_test
from core.search.sampling import grid_points, random_points, spread
from core.search.space import SEARCHABLE, Point, Space, positions
from core.settings.table import RunSpec, Settings

Array = np.ndarray
SPACE = Space(RunSpec(), Settings(optimizer="adam"), (SEARCHABLE["learning_rate"], SEARCHABLE["epsilon"]))
MOST = 10  # values that a grid tries of each setting
SEEDS = 200  # most seeds
WEIGHTS = np.round(np.linspace(0, 1, 11) ** 2, 2)  # closer together near 0


@dataclass(frozen=True)
class Tried:
    """Places (n, 2) of the points in 0..1, their losses (n,), and their number of distinct α."""

    places: Array
    losses: Array
    distinct: int

    @property
    def best(self) -> float:
        """The lowest loss."""
        return float(self.losses.min())


@dataclass(frozen=True)
class Versus:
    """One seed's points, and the best losses of both methods under many seeds, `found` (seeds, 2), random first.

    `shares` has for each of `WEIGHTS` the share of seeds under which random is better. The seed also draws the optimum
    `centre` (2,), so that the grid is not placed on it on purpose.
    """

    side: int
    weight: float
    seed: int
    centre: Array
    random: Tried
    grid: Tried
    found: Array
    wins: int
    defeats: int
    chance: float
    shares: Array


def loss(places: Array, centre: Array, weight: float) -> Array:
    """(x - x*)² + weight (y - y*)² of places (..., 2): at weight 0 only x, the place of α, matters."""
    apart = np.square(places - centre)
    losses: Array = apart[..., 0] + weight * apart[..., 1]
    return losses


def versus(side: int, weight: float, seeds: int, seed: int) -> Versus:
    """A grid of `side` by `side` points against as many random ones under `seeds` seeds, and the points of `seed`.

    `chance` is the p value of the two-sided sign test on wins and defeats.
    """
    n = side * side
    centres = _centres()[:seeds]
    drawn = np.stack([_random(k)[1][:n] for k in range(seeds)])  # (seeds, n, 2)
    laid = _grid(side)[1]
    found = _found(drawn, laid, centres, weight)
    shares = np.array([np.mean(np.less(*_found(drawn, laid, centres, other).T)) for other in WEIGHTS])
    wins, defeats = int(np.sum(found[:, 0] < found[:, 1])), int(np.sum(found[:, 0] > found[:, 1]))
    centre, (points, places) = _centres()[seed], _random(seed)
    random = _tried(points[:n], places[:n], centre, weight)
    grid = _tried(*_grid(side), centre, weight)
    return Versus(side, weight, seed, centre, random, grid, found, wins, defeats, sign_test(wins, defeats), shares)


def _found(drawn: Array, laid: Array, centres: Array, weight: float) -> Array:
    """The best losses (seeds, 2) of random points `drawn` (seeds, n, 2) and of the grid `laid` (n, 2)."""
    return np.stack([loss(places, centres[:, None], weight).min(axis=1) for places in (drawn, laid[None])], axis=1)


def _tried(points: list[Point], places: Array, centre: Array, weight: float) -> Tried:
    return Tried(places, loss(places, centre, weight), spread(points, "learning_rate"))


@lru_cache(maxsize=1)
def _centres() -> Array:
    """The optimum under each seed, (SEEDS, 2)."""
    return np.random.default_rng(0).random((SEEDS, 2))


@lru_cache(maxsize=SEEDS)
def _random(seed: int) -> tuple[list[Point], Array]:
    """The MOST * MOST random points of a seed and their places. A smaller search takes the first of them."""
    return _placed(random_points(SPACE, MOST * MOST, seed))


@lru_cache(maxsize=MOST)
def _grid(side: int) -> tuple[list[Point], Array]:
    return _placed(grid_points(SPACE, side * side))


def _placed(points: list[Point]) -> tuple[list[Point], Array]:
    return points, np.stack([positions(one, points) for one in SPACE.ranges], axis=1)
