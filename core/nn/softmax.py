"""Softmax and its cost: from the output layer's z to probabilities, the cost J, and dJ/dZ.

Examples are columns. In `SoftmaxCost` every array has a leading axis of K networks. Course rows C16 to C19.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy import divide, exp, log, matmul, multiply, subtract, vecdot

Array = np.ndarray


def softmax(Z: Array, out: Array | None = None) -> Array:
    """a = t / sum(t) with t = exp(z), the sum over the classes: (..., C, m) -> (..., C, m) (C16).

    The largest z of each column is subtracted first: no a changes, and exp cannot overflow. `out` may be Z itself.
    """
    out = np.empty_like(Z) if out is None else out
    subtract(Z, Z.max(axis=-2, keepdims=True), out)
    exp(out, out)
    divide(out, out.sum(axis=-2, keepdims=True), out)
    return out


def losses(A: Array, Y: Array, logits: Callable[[], Array] | None = None) -> Array:
    """The loss -sum over classes of y log a of each example, in nats (C19).

    Probabilities A and one-hot Y, both (..., C, m), give (..., m) float64. Below the smallest normal number of their
    type (in float32 exp(-87)) probabilities are rounded, at last to 0. There the loss is log(sum(exp(z))) - z of the
    true class, from the z (..., C, m) that `logits()` gives; it is called only where that is needed. Without it such a
    probability counts as the smallest normal number.
    """
    likelihood, least = np.sum(A * Y, axis=-2), np.finfo(A.dtype).tiny
    found: Array = -np.log(np.maximum(likelihood, least), dtype=np.float64)
    tiny = likelihood < least
    if logits and tiny.any():
        Z = np.asarray(logits(), np.float64)
        Z = Z - Z.max(axis=-2, keepdims=True)
        from_z = np.log(np.exp(Z).sum(axis=-2)) - np.where(Y > 0, Z, 0).sum(axis=-2)
        found = np.where(tiny, from_z, found)
    return found


def cost(A: Array, Y: Array, logits: Callable[[], Array] | None = None) -> Array:
    """The cost J in nats (...): the mean of `losses` over the examples (C19)."""
    J: Array = -(-losses(A, Y, logits)).mean(axis=-1)  # -mean(log a), to the sign of a zero
    return J


class SoftmaxCost:
    """Softmax, cost and gradient of K networks for mini-batches of m examples. Arrays are allocated once.

    `A` (K, C, m) holds z before `forward`, the probabilities after it, and dJ/dZ after `backward`.
    """

    def __init__(self, members: int, classes: int, examples: int, dtype: type) -> None:
        self.A: Array = np.empty((members, classes, examples), dtype)
        self._flat = self.A.reshape(members, -1)
        self._largest: Array = np.empty((members, 1, examples), dtype)
        self._sum: Array = np.empty((members, 1, examples), dtype)
        self._log: Array = np.empty((members, 1, examples), dtype)
        self._picked: Array = np.empty(members, dtype)
        self._row_of_ones: Array = np.ones((1, classes), dtype)
        self._ones: Array = np.ones(examples, dtype)
        self._share: Array = np.array(1 / examples, dtype)

    def forward(self, Y: Array, loss: Array) -> None:
        """Turn z in `A` into probabilities, and write the cost J of each network, in nats, into `loss` (K,).

        `Y` (1 or K, C, m) is one-hot. J = mean(log(sum(exp(z))) - z of the true class), so no logarithm of a small
        number is taken (C19).
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
        """dJ/dZ = (A - Y) / m (K, C, m), written over `A` and returned."""
        dZ = self.A
        subtract(dZ, Y, dZ)
        multiply(dZ, self._share, dZ)
        return dZ


def hardmax(Z: Array) -> Array:
    """1 for the largest z of each column and 0 for all others: (..., C, m) -> (..., C, m) (C17).

    Of several equal largest z, the first gets the 1.
    """
    is_largest: Array = np.equal(np.argmax(Z, axis=-2, keepdims=True), np.arange(Z.shape[-2])[:, None])
    return is_largest.astype(Z.dtype)


def as_written(Z: Array) -> tuple[Array, Array]:
    """t = exp(z) and a = t / sum(t), each (..., C, m), computed exactly as the formula says, to show its limits (C16).

    Above z = 709.78 in float64 (88.72 in float32) exp overflows to inf, and inf / inf is NaN.
    """
    with np.errstate(all="ignore"):
        t = np.exp(Z)
        return t, t / t.sum(axis=-2, keepdims=True)
