"""Dropout: in a training step each hidden activation is set to 0 with probability p (Srivastava et al. 2014).

It is inverted, as in the course: what is kept is divided by 1 - p, so that its mean stays, and at test time nothing is
done. What a step drops follows from seed, step, layer, unit and example, so that nothing is kept to go back to a step.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Array = np.ndarray
GOLDEN = 0x9E3779B97F4A7C15  # SplitMix64's odd numbers
MIX1 = 0xBF58476D1CE4E5B9
MIX2 = 0x94D049BB133111EB


def random_bits(state: Array) -> Array:
    """SplitMix64: 64 random bits for each state, uint64 (Steele, Lea & Flood 2014)."""
    z = state + GOLDEN
    z = (z ^ (z >> 30)) * MIX1
    z = (z ^ (z >> 27)) * MIX2
    bits: Array = z ^ (z >> 31)
    return bits


class Dropout:
    """Dropout in K networks, with a seed and a p (0 <= p < 1) of each."""

    def __init__(self, seeds: Sequence[int], p: Sequence[float]) -> None:
        self._seeds = random_bits(np.array(seeds, np.uint64).reshape(-1, 1, 1))
        self._limit: Array = np.array([int(each * 2.0**64) for each in p], np.uint64).reshape(-1, 1, 1)
        self._scale: Array = 1 / (1 - np.array(p).reshape(-1, 1, 1))

    def mask(self, step: int, l: int, A: Array) -> Array:
        """The factors of A[l] (1 or K, n_l, m) in a step: 0 with probability p, else 1 / (1 - p), (K, n_l, m).

        Seed, step and layer begin a stream of random bits; those of unit i and example j are number i * m + j in it.
        """
        start = random_bits(random_bits(self._seeds + step) + l)
        place = np.arange(A[0].size, dtype=np.uint64).reshape(A[0].shape)
        kept = random_bits(start + place * GOLDEN) >= self._limit
        factors: Array = kept * self._scale.astype(A.dtype)
        return factors
