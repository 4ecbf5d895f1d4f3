"""When a unit is dead or saturated."""

from __future__ import annotations

import numpy as np

from core.nn.activations import Activation

Array = np.ndarray
NEAR, MOSTLY = 0.01, 0.95  # saturated: this near to a bound of the activation, for more than this share of examples
ALIVE, DEAD, SATURATED = 0, 1, 2


def states(A: Array, activation: Activation) -> tuple[Array, Array]:
    """For activations A (n, m): the share of examples near a bound, or at 0 where there are no bounds, and the mark.

    A unit that gives a bound for every example is saturated, also where that is 0.
    """
    dead = ~A.any(axis=1)
    if activation.bounds is None:
        return (A == 0).mean(axis=1), np.where(dead, DEAD, ALIVE).astype(np.uint8)
    low, high = activation.bounds
    share = (np.minimum(A - low, high - A) < NEAR).mean(axis=1)
    return share, np.where(share > MOSTLY, SATURATED, np.where(dead, DEAD, ALIVE)).astype(np.uint8)
