"""Batch norm of one unit over one mini-batch, step by step: z, mu, sigma^2, z_norm, z~. Rows C10, C11, C13."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.nn.batch_norm import BatchNorm, identity

Array = np.ndarray
EXAMPLES = 8


@dataclass(frozen=True)
class OneBatch:
    """One unit's numbers (m,) over a mini-batch, float64; `without_b` is z~ where b is 0."""

    z: Array  # w a + b
    mean: float
    variance: float
    z_norm: Array
    out: Array  # z~ = gamma z_norm + beta
    without_b: Array

    @property
    def from_z(self) -> float:
        """The largest |z~ - z|: 0 up to rounding if gamma and beta undo batch norm (C11)."""
        return float(np.abs(self.out - self.z).max())

    @property
    def from_b(self) -> float:
        """The largest change of z~ that b makes: 0 up to rounding (C13)."""
        return float(np.abs(self.out - self.without_b).max())


def one_batch(wa: Sequence[float], b: float, gamma: float, beta: float, epsilon: float) -> OneBatch:
    """Batch norm of z = w a + b, for the products w a (m,) of one unit (C10)."""
    z = np.asarray(wa, np.float64) + b
    out, mean, variance = normalized(z, gamma, beta, epsilon)
    z_norm, _, _ = normalized(z, 1.0, 0.0, epsilon)
    without_b, _, _ = normalized(z - b, gamma, beta, epsilon)
    return OneBatch(z, mean, variance, z_norm, out, without_b)


def normalized(z: Array, gamma: float, beta: float, epsilon: float) -> tuple[Array, float, float]:
    """z~ (m,), mu and sigma^2 of one unit's z (m,), computed by the engine."""
    Z, column = np.array(z, np.float64).reshape(1, 1, -1), np.empty((1, 1, 1))
    layer, out = BatchNorm(np.empty_like(column), np.empty_like(column), Z.size), np.empty_like(Z)
    layer.forward(Z, np.full_like(column, gamma), np.full_like(column, beta), np.array(epsilon), out)
    return out[0, 0], float(layer.mean.item()), float(layer.variance.item())


def undoing(shown: OneBatch, epsilon: float) -> tuple[float, float]:
    """The scale gamma and shift beta with which z~ = z (C11)."""
    gamma, beta = identity(np.array(shown.mean), np.array(shown.variance), np.array(epsilon))
    return float(gamma), float(beta)
