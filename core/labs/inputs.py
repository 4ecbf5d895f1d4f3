"""Gradient descent on two weights, with raw and with normalized inputs: the shape of the cost and the path (C9)."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.data.datasets import statistics
from core.nn.optimizers import OPTIMIZERS, rates

Array = np.ndarray
EXAMPLES = 200
START = (-1.6, 1.7)
PATH = 120  # steps that are drawn, at most
MOST = 100_000  # steps that are counted, at most
NEAR = 0.01  # the lowest cost counts as reached this far above it
FAR = 1e6  # a path ends where a weight is this large


@dataclass(frozen=True)
class Descent:
    """Gradient descent on J(w) = 1/2m sum (w x - y)^2 of two weights, from `START` with the learning rate `alpha`."""

    best: Array  # (2,), the w with the lowest cost
    curvature: Array  # (2, 2), the second derivatives of J, the same everywhere
    least: float  # J at `best`, the lowest cost
    alpha: float
    path: Array  # (at most PATH + 1, 2)
    steps: float  # to a cost NEAR the lowest; inf if it is never reached

    @property
    def eigenvalues(self) -> Array:
        """Eigenvalues (2,) of the curvature, the smaller first."""
        return np.linalg.eigvalsh(self.curvature)

    @property
    def condition(self) -> float:
        """The largest eigenvalue divided by the smallest."""
        return float(self.eigenvalues[1] / self.eigenvalues[0])

    @property
    def most_alpha(self) -> float:
        """The learning rate above which descent diverges: 2 divided by the largest eigenvalue."""
        return float(2 / self.eigenvalues[1])


@dataclass(frozen=True)
class TwoDescents:
    """The same problem with raw and with normalized inputs."""

    raw: Descent
    normalized: Descent


@lru_cache(maxsize=1)
def examples() -> tuple[Array, Array]:
    """Two standard normal inputs (2, m), and a target (m,) that depends on both."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((2, EXAMPLES))
    X = (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)
    return X, 0.8 * X[0] + 0.6 * X[1] + 0.1 * rng.standard_normal(EXAMPLES)


def two_descents(spread: float, mean: float, alpha: float, best_alpha: bool = False) -> TwoDescents:
    """The descent with raw and with normalized inputs.

    Of the raw inputs x1 spreads `spread` times as far as x2; the mean of each is `mean` times its spread. With
    `best_alpha` each descent has the learning rate that needs the fewest steps, instead of `alpha`.
    """
    X, y = examples()
    X = (X + mean) * np.array([[spread], [1.0]])  # (2, m)
    centre, deviation = statistics(X)
    alone = None if best_alpha else alpha
    return TwoDescents(descent(X, y, alone), descent((X - centre) / deviation, y, alone))


def descent(X: Array, y: Array, alpha: float | None) -> Descent:
    """The descent for inputs X (2, m) and targets y (m,). An `alpha` of None is the one that needs the fewest steps."""
    curvature, slope = X @ X.T / y.size, X @ y / y.size
    best = np.linalg.solve(curvature, slope)
    alpha = best_alpha(curvature, best) if alpha is None else alpha
    least = float(0.5 * np.mean((best @ X - y) ** 2))
    path, steps = followed(curvature, best, alpha), steps_needed(curvature, best, alpha)
    return Descent(best, curvature, least, alpha, path, steps)


def followed(curvature: Array, best: Array, alpha: float) -> Array:
    """The weights (steps, 2) of the engine's gradient descent, at most PATH steps, until one is beyond FAR."""
    w, g, unused, tmp = np.array(START), np.empty(2), np.empty(2), np.empty(2)
    factors = rates(1, alpha, dtype=np.float64)  # the same in every step: gradient descent averages nothing
    step, path = OPTIMIZERS["sgd"].step, [w.copy()]
    while len(path) <= PATH and np.abs(w).max() < FAR:
        np.matmul(curvature, w - best, out=g)
        step(w, g, unused, unused, tmp, factors)
        path.append(w.copy())
    return np.array(path)


def steps_needed(curvature: Array, best: Array, alpha: float) -> float:
    """Steps until the cost is NEAR the lowest, inf if never; computed without taking the steps.

    Each step multiplies the error along an eigenvector by 1 - alpha times its eigenvalue.
    """
    values, vectors = np.linalg.eigh(curvature)
    parts = 0.5 * values * (vectors.T @ (np.array(START) - best)) ** 2  # (2,), excess cost by eigenvector
    factors = np.abs(1 - alpha * values)
    if factors.max() >= 1:
        return float("inf")
    steps = bisect_left(range(MOST), -NEAR, key=lambda t: -float(parts @ factors ** (2 * t)))  # it only falls
    return float(steps) if steps < MOST else float("inf")


def best_alpha(curvature: Array, best: Array) -> float:
    """The learning rate that needs the fewest steps, of 50 evenly spaced ones."""
    choices = 2 / float(np.linalg.eigvalsh(curvature)[1]) * np.arange(1, 51) / 51
    return float(min(choices, key=lambda alpha: steps_needed(curvature, best, float(alpha))))


def ellipse(one: Descent, share: float, points: int = 60) -> Array:
    """The ellipse (points, 2) on which the cost above the lowest is `share` of its value at the start."""
    values, vectors = np.linalg.eigh(one.curvature)
    start = np.array(START) - one.best
    height = share * start @ one.curvature @ start
    angle = np.linspace(0, 2 * np.pi, points)
    circle = np.stack([np.cos(angle), np.sin(angle)])  # (2, points)
    places: Array = one.best[:, None] + vectors @ (circle * np.sqrt(height / values)[:, None])
    return places.T
