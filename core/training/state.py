"""The state of a stack, explicit and small: the arrays, and the numbers that go with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

Array = np.ndarray
COUNTS = ("step", "epoch", "cursor", "decay_from")  # of a state, shared by a stack's members
NORM_WEIGHTS = ("weight1_norm", "weight2_norm")  # newer than files: see `all_weights`
WEIGHTS = ("weight1", "weight2", "weight_bn", *NORM_WEIGHTS)  # of a state, one for all members or one each


@dataclass
class State:
    """All that the future of a stack depends on, beside its spec and settings. Arrays are the stack's own or a copy.

    `weight1`, `weight2` and `weight_bn` are the products of all betas so far, of the moments m and v and of the running
    statistics; bias correction divides by 1 minus the product. `weight1_norm` and `weight2_norm` are those of the
    moments of gamma and beta, of the steps in which these learnt.
    """

    theta: Array
    m: Array
    v: Array
    running: Array
    step: int = 0
    epoch: int = 0
    cursor: int = 0
    decay_from: int = 0
    weight1: Array | float = 1.0
    weight2: Array | float = 1.0
    weight_bn: Array | float = 1.0
    weight1_norm: Array | float = 1.0
    weight2_norm: Array | float = 1.0

    @property
    def norms_as_others(self) -> bool:
        """Whether the moments of gamma and beta have the products of all others."""
        pairs = ((self.weight1, self.weight1_norm), (self.weight2, self.weight2_norm))
        return all(np.array_equal(one, other) for one, other in pairs)

    @property
    def bytes(self) -> int:
        """What the arrays take in memory."""
        return sum(array.nbytes for array in (self.theta, self.m, self.v, self.running))

    def copy(self) -> State:
        """A copy that training does not touch."""
        return replace(self, theta=self.theta.copy(), m=self.m.copy(), v=self.v.copy(), running=self.running.copy())


def per_member(values: Sequence[float]) -> Array | float:
    """One float64 for each member, or a plain float if all are equal."""
    return values[0] if len(set(values)) == 1 else np.array(values)


def all_weights(weights: Array) -> Array:
    """The numbers (..., 5) named by `WEIGHTS`, from those of a file. A file from before `NORM_WEIGHTS` is of a run with
    the first rules, under which gamma and beta have the products of all other parameters; other shapes are left alone.
    """
    old = len(WEIGHTS) - len(NORM_WEIGHTS)
    return np.concatenate([weights, weights[..., :2]], axis=-1) if weights.shape[-1:] == (old,) else weights
