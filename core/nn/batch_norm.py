"""Batch norm of one layer: normalize each unit's z over the mini-batch, then scale by gamma and shift by beta.

Course rows C10 to C15. The course prints the normalization without its square root; the right form is here.
"""

from __future__ import annotations

import numpy as np
from numpy import add, divide, matvec, multiply, sqrt, subtract, vecdot

Array = np.ndarray


class BatchNorm:
    """One layer of K networks with n units over mini-batches of m, in arrays that are allocated once.

    `mean` and `variance` (K, n, 1) are the mini-batch's; they may be views into a buffer of all layers.
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
        """z~ = gamma (z - mu) / sqrt(var + eps) + beta into `out` (K, n, m); Z is left centred (C10)."""
        matvec(Z, self._shares, self._mean)
        subtract(Z, self.mean, Z)
        vecdot(Z, Z, self._variance)
        multiply(self.variance, self._share, self.variance)
        add(self.variance, epsilon, self._root)
        sqrt(self._root, self._root)
        divide(gamma, self._root, self._scale)
        multiply(Z, self._scale, out)
        add(out, beta, out)

    def backward(self, G: Array, centred: Array, dgamma: Array, dbeta: Array) -> None:
        """From G = dJ/dz~ (K, n, m) to dJ/dz, in place, and the gradients of gamma and beta (K, n, 1).

        With z_norm = centred / root: dgamma = sum(G z_norm), dbeta = sum(G) and
        dz = gamma / root (G - mean(G) - z_norm mean(G z_norm)), means over the mini-batch
        (Ioffe & Szegedy 2015). `centred` is used up.
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
    """Batch norm at test time as one affine map z~ = scale z + shift, each (K, n, 1) (C15)."""
    scale = gamma / np.sqrt(variance + epsilon)
    return scale, beta - scale * mean


def identity(mean: Array, variance: Array, epsilon: Array) -> tuple[Array, Array]:
    """gamma = sqrt(var + eps) and beta = mu, with which z~ = z: batch norm comes in without a jolt (C11)."""
    return np.sqrt(variance + epsilon), mean
