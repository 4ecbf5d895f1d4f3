"""The members of a stack as rows, one network each: read from one stack, kept, joined, loaded into another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.settings.table import Settings
from core.training.stack import Stack
from core.training.state import COUNTS, WEIGHTS, per_member

Array = np.ndarray


@dataclass
class Members:
    """State of K networks of one shape, one row each.

    `rows` (K, N) are the numbers of the state's arrays, network after network, in the order of `_arrays`;
    `counts` (K, 4) and `weights` (K, 5) are the fields of `State` named by `COUNTS` and `WEIGHTS`.
    """

    rows: Array
    counts: Array
    weights: Array

    def __getitem__(self, chosen: Sequence[int] | Array) -> Members:
        """Copies of these rows."""
        return Members(self.rows[chosen], self.counts[chosen], self.weights[chosen])

    def __setitem__(self, chosen: Sequence[int] | Array, others: Members) -> None:
        self.rows[chosen], self.counts[chosen], self.weights[chosen] = others.rows, others.counts, others.weights


def get_members(stack: Stack) -> Members:
    """A copy of the state of a stack's K members: with spec, settings and seed, all that their future depends on."""
    state, K = stack.state, stack.members
    rows = np.concatenate([array.reshape(K, -1) for array in _arrays(stack)], axis=1)
    counts = [getattr(state, name) for name in COUNTS]
    weights = [np.broadcast_to(getattr(state, name), K) for name in WEIGHTS]
    return Members(rows, np.tile(np.array(counts, np.int64), (K, 1)), np.stack(weights, axis=1, dtype=np.float64))


def set_members(stack: Stack, members: Members, settings: Settings | Sequence[Settings]) -> None:
    """Replace the members of a stack by K others of its sizes and seeds, all at one step, with the settings that
    apply there."""
    at = 0
    for array in _arrays(stack):
        width = array[0].size
        array[:] = members.rows[:, at : at + width].reshape(array.shape)
        at += width
    changed: dict[str, Any] = dict(zip(COUNTS, members.counts[0].tolist(), strict=True))
    changed |= {name: per_member(values) for name, values in zip(WEIGHTS, members.weights.T.tolist(), strict=True)}
    stack.resume(replace(stack.state, **changed), settings)


def picked(stack: Stack, members: Sequence[int]) -> Stack:
    """A new stack of copies of these members, in this order and at their present step; one may come more than once."""
    chosen = list(members)
    settings = [stack.settings[k] for k in chosen]
    other = Stack(stack.spec, stack.data, settings, [stack.seeds[k] for k in chosen], stack.dtype, draw=False)
    set_members(other, get_members(stack)[chosen], settings)
    return other


def _arrays(stack: Stack) -> list[Array]:
    """Every array (K, ...) of the state, uncopied."""
    net, kinds = stack.network, ("W", "b", "gamma", "beta")
    found = [array for held in (net.theta, stack.m, stack.v) for kind in kinds for array in getattr(held, kind)]
    found += [*net.running_mean, *net.running_variance]
    return [array for array in found if array.size]  # without `UNUSED`
