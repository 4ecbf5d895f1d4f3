"""Two weights learnt from inputs as they are and from normalized ones: the shape of the cost, and the way down (C9)."""

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
PATH = 120  # steps that are drawn
MOST = 100_000  # steps that are counted
NEAR = 0.01  # above the least cost: there it counts as reached
FAR = 1e6  # a path that leads there is not followed any further


@dataclass(frozen=True)
class Descent:
    """Gradient descent on J(w) = 1/2m sum (w x - y)^2 of two weights, from `START` with the learning rate `alpha`."""

    best: Array  # (2,), the w of the least cost
    curvature: Array  # (2, 2), of J, the same everywhere
    least: float  # J at the best w
    alpha: float
    path: Array  # (at most PATH + 1, 2)
    steps: float  # to a cost NEAR the least; infinite where it never gets there

    @property
    def eigenvalues(self) -> Array:
        """Of the curvature, the lesser first."""
        return np.linalg.eigvalsh(self.curvature)

    @property
    def condition(self) -> float:
        """How many times as steep the cost is in its steepest direction as in its flattest."""
        return float(self.eigenvalues[1] / self.eigenvalues[0])

    @property
    def most_alpha(self) -> float:
        """The learning rate above which the steps grow: 2 over the greatest curvature."""
        return float(2 / self.eigenvalues[1])


@dataclass(frozen=True)
class TwoDescents:
    """The same problem with inputs as they are and normalized."""

    raw: Descent
    normalized: Descent


@lru_cache(maxsize=1)
def examples() -> tuple[Array, Array]:
    """Two standard normal inputs (2, m) and a target (m,) that both matter to."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((2, EXAMPLES))
    X = (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)
    return X, 0.8 * X[0] + 0.6 * X[1] + 0.1 * rng.standard_normal(EXAMPLES)


def two_descents(spread: float, mean: float, alpha: float, best_alpha: bool = False) -> TwoDescents:
    """The way down with x1 `spread` times as wide as x2 and both inputs' means at `mean` of their spread, then with
    both normalized. With `best_alpha` each takes the learning rate that suits it best instead of `alpha`."""
    X, y = examples()
    X = (X + mean) * np.array([[spread], [1.0]])  # (2, m)
    centre, deviation = statistics(X)
    alone = None if best_alpha else alpha
    return TwoDescents(descent(X, y, alone), descent((X - centre) / deviation, y, alone))


def descent(X: Array, y: Array, alpha: float | None) -> Descent:
    """The way down for inputs X (2, m) and targets y (m,); without `alpha` with the one that needs the fewest steps."""
    curvature, slope = X @ X.T / y.size, X @ y / y.size
    best = np.linalg.solve(curvature, slope)
    alpha = best_alpha(curvature, best) if alpha is None else alpha
    least = float(0.5 * np.mean((best @ X - y) ** 2))
    path, steps = followed(curvature, best, alpha), steps_needed(curvature, best, alpha)
    return Descent(best, curvature, least, alpha, path, steps)


def followed(curvature: Array, best: Array, alpha: float) -> Array:
    """The weights (steps, 2) that the engine's gradient descent passes through, as far as they are near."""
    w, g, unused, tmp = np.array(START), np.empty(2), np.empty(2), np.empty(2)
    factors = rates(1, alpha, dtype=np.float64)  # of every step: nothing is averaged
    step, path = OPTIMIZERS["sgd"].step, [w.copy()]
    while len(path) <= PATH and np.abs(w).max() < FAR:
        np.matmul(curvature, w - best, out=g)
        step(w, g, unused, unused, tmp, factors)
        path.append(w.copy())
    return np.array(path)


def steps_needed(curvature: Array, best: Array, alpha: float) -> float:
    """Steps until the cost is NEAR the least: along each eigenvector an error shrinks by 1 - alpha times
    its eigenvalue a step, so no step needs to be taken."""
    values, vectors = np.linalg.eigh(curvature)
    parts = 0.5 * values * (vectors.T @ (np.array(START) - best)) ** 2  # of the cost above the least
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
    """(points, 2): where the cost above the least is `share` of what it is at the start."""
    values, vectors = np.linalg.eigh(one.curvature)
    start = np.array(START) - one.best
    height = share * start @ one.curvature @ start
    angle = np.linspace(0, 2 * np.pi, points)
    circle = np.stack([np.cos(angle), np.sin(angle)])  # (2, points)
    places: Array = one.best[:, None] + vectors @ (circle * np.sqrt(height / values)[:, None])
    return places.T
