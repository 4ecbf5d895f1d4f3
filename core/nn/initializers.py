"""How large the first weights are: normal draws whose deviation follows the width of the layer.

`INITIALIZERS` is the registry; a new initialization is one row.
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


def _he(n_in: int, n_out: int) -> float:
    """He, Zhang, Ren and Sun (2015), Delving deep into rectifiers, arXiv:1502.01852, equation 10."""
    return float(np.sqrt(2.0 / n_in))


def _xavier(n_in: int, n_out: int) -> float:
    """Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward networks, equation 12."""
    return float(np.sqrt(2.0 / (n_in + n_out)))


def _small(n_in: int, n_out: int) -> float:
    """The course's `randn(...) * 0.01`, whatever the width: deep networks learn slowly from it."""
    return 0.01


INITIALIZERS: dict[str, Initializer] = {
    "he": Initializer("He", _he),
    "xavier": Initializer("Xavier", _xavier),
    "small": Initializer("small", _small),
}


def draw(name: str, n_in: int, n_out: int, rng: np.random.Generator) -> np.ndarray:
    """The first weights W (n_out, n_in) float64 of a layer: normal, mean 0, the initializer's deviation."""
    return INITIALIZERS[name].deviation(n_in, n_out) * rng.standard_normal((n_out, n_in))  # (n_out, n_in)
