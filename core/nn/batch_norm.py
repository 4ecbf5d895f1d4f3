"""Batch norm of one layer: normalize each unit's z over the mini-batch, then scale by gamma and shift by beta.

Course rows C10 to C15. The course prints C10 without the square root; here it is as in Ioffe & Szegedy (2015).
"""

from __future__ import annotations

import numpy as np
from numpy import add, divide, matvec, multiply, sqrt, subtract, vecdot

Array = np.ndarray


class BatchNorm:
    """Batch norm of one layer, n units in K networks, for mini-batches of m = `examples`. Arrays are allocated once.

    `forward` writes the mini-batch's mu and sigma^2 into `mean` and `variance`, both (K, n, 1).
    """

    def __init__(self, mean: Array, variance: Array, examples: int) -> None:
        self.mean, self.variance = mean, variance
        self._mean, self._variance = mean[..., 0], variance[..., 0]
        self._root = np.empty_like(mean)
        self._scale = np.empty_like(mean)
        self._row = np.empty_like(mean)
        self._ones = np.ones(examples, mean.dtype)
        self._shares = np.full(examples, 1 / examples, mean.dtype)  # Z @ shares is the mean over the mini-batch
        self._share = np.array(1 / examples, mean.dtype)

    def forward(self, Z: Array, gamma: Array, beta: Array, epsilon: Array, out: Array) -> None:
        """Write z~ = gamma (z - mu) / sqrt(var + eps) + beta into `out`, and z - mu over Z, both (K, n, m) (C10).

        gamma and beta are (K, n, 1), epsilon 0-d or (K, 1, 1).
        """
        matvec(Z, self._shares, self._mean)  # (K, n, m) @ (m,)
        subtract(Z, self.mean, Z)
        vecdot(Z, Z, self._variance)  # sum over the examples, (K, n)
        multiply(self.variance, self._share, self.variance)
        add(self.variance, epsilon, self._root)
        sqrt(self._root, self._root)
        divide(gamma, self._root, self._scale)
        multiply(Z, self._scale, out)
        add(out, beta, out)

    def backward(self, G: Array, centred: Array, dgamma: Array, dbeta: Array) -> None:
        """Turn G = dJ/dz~ (K, n, m) into dJ/dz in place, and write the gradients of gamma and beta (K, n, 1).

        With root = sqrt(var + eps) and z_norm = centred / root, sums and means over the mini-batch:
        dgamma = sum(G z_norm), dbeta = sum(G), dz = gamma / root (G - mean(G) - z_norm mean(G z_norm))
        (Ioffe & Szegedy 2015). `centred` (K, n, m) is z - mu, as `forward` left it in Z; it is overwritten.
        """
        matvec(G, self._ones, dbeta[..., 0])
        vecdot(G, centred, dgamma[..., 0])
        divide(dgamma, self._root, dgamma)
        divide(dgamma, self._root, self._row)
        multiply(self._row, self._share, self._row)
        multiply(centred, self._row, centred)
        subtract(G, centred, G)
        multiply(dbeta, self._share, self._row)
        subtract(G, self._row, G)
        multiply(G, self._scale, G)


def fold(gamma: Array, beta: Array, mean: Array, variance: Array, epsilon: Array) -> tuple[Array, Array]:
    """Batch norm at test time as (scale, shift), each (K, n, 1): z~ = scale z + shift (C15).

    All arguments are (K, n, 1), epsilon 0-d or (K, 1, 1); `mean` and `variance` are the running averages.
    """
    scale = gamma / np.sqrt(variance + epsilon)
    return scale, beta - scale * mean


def identity(mean: Array, variance: Array, epsilon: Array) -> tuple[Array, Array]:
    """(gamma, beta), each (K, n, 1), with which batch norm changes nothing: z~ = z (C11)."""
    return np.sqrt(variance + epsilon), mean
