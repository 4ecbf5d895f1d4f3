"""How noisy the mean and the variance of a mini-batch are, by its size (C14)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.nn.batch_norm import BatchNorm
from core.runs.run import Run
from core.settings.table import RunSpec, Settings

Array = np.ndarray
SIZES = (2, 4, 8, 64)
DRAWN = 1000  # mini-batches
STEPS = 300


@dataclass(frozen=True)
class Noise:
    """`means` and `variances` (DRAWN,) of mini-batches of `size`; `mean` and `variance` of all examples.

    Examples are drawn with replacement, so that by theory the means have the deviation sigma / sqrt(size).
    """

    size: int
    means: Array
    variances: Array
    mean: float
    variance: float

    @property
    def expected(self) -> float:
        """The standard deviation of the means by theory, sigma / sqrt(size)."""
        return float(np.sqrt(self.variance / self.size))


@lru_cache(maxsize=1)
def population() -> Array:
    """z (m,) of unit 1 of the first hidden layer of a trained network, over its training set, float64."""
    run = Run(RunSpec(), Settings())
    run.advance(STEPS)
    W = run.stack.network.theta.W[1][0].astype(np.float64)
    z: Array = (W @ run.data.train.X)[0]
    return z


@lru_cache(maxsize=64)
def noise(size: int, seed: int = 0) -> Noise:
    """What batch norm measures in mini-batches of `size`, each treated as a unit of one layer."""
    z = population()
    drawn = np.random.default_rng([seed, size]).integers(z.size, size=(1, DRAWN, size))
    Z, column = z[drawn], np.ones((1, DRAWN, 1))
    layer = BatchNorm(np.empty_like(column), np.empty_like(column), size)
    layer.forward(Z, column, np.zeros_like(column), np.array(1e-5), np.empty_like(Z))
    return Noise(size, layer.mean.reshape(-1), layer.variance.reshape(-1), float(z.mean()), float(z.var()))
