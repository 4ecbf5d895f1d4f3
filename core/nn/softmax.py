"""Softmax and its cost: from the output layer's z to probabilities, the cost J, and dJ/dZ.

Examples are columns, and everything has a leading axis of K networks. Course rows C16, C18, C19.
"""

from __future__ import annotations

import numpy as np
from numpy import divide, exp, log, matmul, multiply, subtract, vecdot

Array = np.ndarray


def softmax(Z: Array, out: Array | None = None) -> Array:
    """a = t / sum(t), t = exp(z), over the classes: (..., C, m) -> (..., C, m).

    The largest z of a column is taken away first, which changes nothing (C16) and keeps exp from overflowing.
    """
    out = np.empty_like(Z) if out is None else out
    subtract(Z, Z.max(axis=-2, keepdims=True), out)
    exp(out, out)
    return divide(out, out.sum(axis=-2, keepdims=True), out)


def cost(A: Array, Y: Array) -> Array:
    """J = -mean over m of sum over classes of y log a, for probabilities A and one-hot Y (..., C, m) -> (...)."""
    likelihood = np.maximum(np.sum(A * Y, axis=-2), np.finfo(A.dtype).tiny)
    return -np.log(likelihood, dtype=np.float64).mean(axis=-1)


class SoftmaxCost:
    """Softmax, cost and gradient of K networks over mini-batches of m, in arrays that are allocated once."""

    def __init__(self, members: int, classes: int, examples: int, dtype: type) -> None:
        self.A = np.empty((members, classes, examples), dtype)
        self._flat = self.A.reshape(members, -1)
        self._largest = np.empty((members, 1, examples), dtype)
        self._sum = np.empty((members, 1, examples), dtype)
        self._log = np.empty((members, 1, examples), dtype)
        self._picked = np.empty(members, dtype)
        self._row_of_ones = np.ones((1, classes), dtype)
        self._ones = np.ones(examples, dtype)
        self._share = np.array(1 / examples, dtype)

    def forward(self, Y: Array, loss: Array) -> None:
        """From z in `self.A` (K, C, m) to probabilities in `self.A`; the cost J of each network goes to `loss` (K,).

        J = mean(log sum exp(z) - z of the true class), which needs no logarithm of a small number (C19).
        """
        Z = self.A
        np.maximum.reduce(Z, axis=1, keepdims=True, out=self._largest)
        subtract(Z, self._largest, Z)
        vecdot(self._flat, Y.reshape(len(Y), -1), self._picked)
        exp(Z, Z)
        matmul(self._row_of_ones, Z, self._sum)
        log(self._sum, self._log)
        vecdot(self._log[:, 0], self._ones, loss)
        subtract(loss, self._picked, loss)
        multiply(loss, self._share, loss)
        divide(Z, self._sum, Z)

    def backward(self, Y: Array) -> Array:
        """dJ/dZ = (A - Y) / m, (K, C, m), in the place of A."""
        dZ = subtract(self.A, Y, self.A)
        return multiply(dZ, self._share, dZ)


def hardmax(Z: Array) -> Array:
    """1 for the largest z of each column, 0 for all others, which softmax is the gentle version of (C17).

    (..., C, m) -> (..., C, m); of several that are largest, the first.
    """
    return np.equal(np.argmax(Z, axis=-2, keepdims=True), np.arange(Z.shape[-2])[:, None]).astype(Z.dtype)


def as_written(Z: Array) -> tuple[Array, Array]:
    """t = exp(z) and a = t / sum(t) exactly as the formula has it (C16), (..., C, m) each: to show where it fails.

    Beyond z = 709.78 in float64 (88.72 in float32) exp overflows, and inf / inf is not a number.
    """
    with np.errstate(all="ignore"):
        t = np.exp(Z)
        return t, t / t.sum(axis=-2, keepdims=True)
