"""The activations of hidden units, a = g(z): ReLU, leaky ReLU, tanh, sigmoid.

Each turns Z (K, n, m) into A in place and writes dA/dZ into `slope` (K, n, m). The backward pass then multiplies by
`slope`, whatever the activation is. A new activation is one function and one row of `ACTIVATIONS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

Array = np.ndarray

LEAK = 0.01  # slope of leaky ReLU below 0


def relu(Z: Array, slope: Array) -> None:
    """max(z, 0); slope 1 where z > 0, else 0 (Nair & Hinton 2010)."""
    np.greater(Z, _zeros((), Z.dtype), out=slope)
    np.maximum(Z, _zeros(Z.shape, Z.dtype), out=Z)


@lru_cache(maxsize=16)
def _zeros(shape: tuple[int, ...], dtype: np.dtype) -> Array:
    """A read-only array of zeros, kept: numpy's maximum of two arrays is 2 to 3 times faster than of an array and 0."""
    zeros = np.zeros(shape, dtype)
    zeros.flags.writeable = False
    return zeros


def leaky_relu(Z: Array, slope: Array) -> None:
    """z where z > 0, else 0.01 z; slope 1 or 0.01 (Maas et al. 2013)."""
    np.greater(Z, 0, out=slope, casting="unsafe")
    np.multiply(slope, 1 - LEAK, out=slope)
    np.add(slope, LEAK, out=slope)
    np.multiply(Z, slope, out=Z)


def tanh(Z: Array, slope: Array) -> None:
    """tanh(z); slope 1 - a^2 (LeCun et al. 1998)."""
    np.tanh(Z, out=Z)
    np.multiply(Z, Z, out=slope)
    np.subtract(1, slope, out=slope)


def sigmoid(Z: Array, slope: Array) -> None:
    """1 / (1 + exp(-z)), computed as (1 + tanh(z/2)) / 2, which cannot overflow; slope a (1 - a) (C18)."""
    np.multiply(Z, 0.5, out=Z)
    np.tanh(Z, out=Z)
    np.multiply(Z, 0.5, out=Z)
    np.add(Z, 0.5, out=Z)
    np.subtract(1, Z, out=slope)
    np.multiply(slope, Z, out=slope)


@dataclass(frozen=True)
class Activation:
    """A row of `ACTIVATIONS`: `apply(Z, slope)` turns Z into A in place and writes dA/dZ into `slope`, both (K, n, m).

    `slope_type` is the dtype of `slope`: bool if a slope is always 0 or 1, None for the dtype of Z. `bounds` are what a
    approaches where the slope vanishes, so that a unit close to one is saturated; None where there are none.
    """

    label: str
    apply: Callable[[Array, Array], None]
    slope_type: Any = None
    bounds: tuple[float, float] | None = None


ACTIVATIONS: dict[str, Activation] = {
    "relu": Activation("ReLU", relu, bool),
    "leaky_relu": Activation("leaky ReLU", leaky_relu),
    "tanh": Activation("tanh", tanh, bounds=(-1, 1)),
    "sigmoid": Activation("sigmoid", sigmoid, bounds=(0, 1)),
}
