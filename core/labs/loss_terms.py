"""Every term of a small batch's losses, the cost, and its gradient checked by finite differences (C19)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import UserError
from core.nn.softmax import SoftmaxCost

Array = np.ndarray
LARGEST_Z = 300.0
H = 1e-5  # half the distance of a central difference


@dataclass(frozen=True)
class LossTerms:
    """A batch of m examples and C classes: arrays (C, m) float64, losses (m,) and the cost J in nats.

    `gradient` is the engine's dJ/dZ = (A - Y) / m, `numeric` the same from central differences of J.
    """

    Z: Array
    Y: Array
    A: Array
    terms: Array
    losses: Array
    J: float
    gradient: Array
    numeric: Array

    @property
    def largest(self) -> float:
        """The largest difference between the two gradients."""
        return float(np.abs(self.gradient - self.numeric).max())


def loss_terms(Z: Array, labels: Array) -> LossTerms:
    """The numbers of the batch Z (C, m) with true classes `labels` (m,), 0 to C - 1.

    Raises `UserError` for z of `LARGEST_Z` or more: a probability could be 0, which has no logarithm.
    """
    Z = np.asarray(Z, np.float64)
    if not (np.abs(Z) < LARGEST_Z).all():
        raise UserError(f"A z here is no number between -{LARGEST_Z:g} and {LARGEST_Z:g}: set every dial anew.")
    if not np.isin(labels, np.arange(len(Z))).all():
        raise UserError(f"A true class here is none of the {len(Z)}: choose another.")
    Y = np.equal(np.arange(len(Z))[:, None], np.asarray(labels)).astype(np.float64)  # (C, m) one-hot
    work, J = _forward(Z[None], Y)
    A = work.A[0].copy()
    gradient = work.backward(Y[None])[0].copy()
    terms = Y * np.log(A)
    return LossTerms(Z, Y, A, terms, -terms.sum(axis=0), float(J[0]), gradient, _differences(Z, Y))


def _forward(Z: Array, Y: Array) -> tuple[SoftmaxCost, Array]:
    """The engine's forward pass over K batches Z (K, C, m) with the same Y (C, m), and their costs (K,)."""
    members, classes, examples = Z.shape
    work, J = SoftmaxCost(members, classes, examples, np.float64), np.empty(len(Z))
    work.A[:] = Z
    work.forward(Y[None], J)
    return work, J


def _differences(Z: Array, Y: Array) -> Array:
    """(J(z + h) - J(z - h)) / 2h for every z, (C, m), all computed at once as K batches."""
    steps = H * np.eye(Z.size).reshape(-1, *Z.shape)  # (C m, C, m)
    up, down = _forward(Z + steps, Y)[1], _forward(Z - steps, Y)[1]
    slopes: Array = (up - down) / (2 * H)
    return slopes.reshape(Z.shape)
