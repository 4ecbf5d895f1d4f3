"""Initialization: weights are drawn from a normal distribution with mean 0 and one of these standard deviations.

A new initialization is one function and one row of `INITIALIZERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Initializer:
    """`deviation(n_in, n_out)` is the standard deviation of the weights from n_in units to n_out units."""

    label: str
    deviation: Callable[[int, int], float]


def he(n_in: int, n_out: int) -> float:
    """sqrt(2 / n_in): with ReLU, z has the same variance in every layer (He et al. 2015, equation 10)."""
    return float(np.sqrt(2.0 / n_in))


def xavier(n_in: int, n_out: int) -> float:
    """sqrt(2 / (n_in + n_out)), for tanh and sigmoid (Glorot & Bengio 2010, equation 12)."""
    return float(np.sqrt(2.0 / (n_in + n_out)))


def small(n_in: int, n_out: int) -> float:
    """0.01 for layers of any size, the course's `randn(...) * 0.01`: deep networks learn slowly from it."""
    return 0.01


INITIALIZERS: dict[str, Initializer] = {
    "he": Initializer("He", he),
    "xavier": Initializer("Xavier", xavier),
    "small": Initializer("small", small),
}
