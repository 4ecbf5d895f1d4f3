"""Mini-batches: the order of the examples in each epoch, and gathering the examples of one mini-batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

Array = np.ndarray


class BatchBuffers(NamedTuple):
    """Arrays for mini-batches of m examples: [X.T | Y.T] as rows, [X; Y] as columns, and views into both."""

    rows: Array
    rows_T: Array
    columns: Array
    X: Array
    X_T: Array
    Y: Array

    @classmethod
    def of(cls, orders: int, examples: int, width: int, n_x: int, dtype: type) -> BatchBuffers:
        """Buffers for `orders` mini-batches of `width` = n_x + C numbers per example."""
        rows: Array = np.empty((orders, examples, width), dtype)
        columns: Array = np.empty((orders, width, examples), dtype)
        return cls(rows, rows.transpose(0, 2, 1), columns, columns[:, :n_x], rows[..., :n_x], columns[:, n_x:])


class Batches:
    """The mini-batches of K networks with these seeds: K orders, or one for all if the seeds are equal (`orders`).

    `rows` (m, n_x + C) are the training examples, [X.T | Y.T], read-only.
    """

    def __init__(self, rows: Array, n_x: int, seeds: Sequence[int], dtype: type) -> None:
        self.orders = 1 if len(set(seeds)) == 1 else len(seeds)
        self.rows: Array = rows.astype(dtype, copy=False).view()
        self.rows.flags.writeable = False
        self.buffers: BatchBuffers | None = None  # of the last mini-batch
        self._seeds, self._n_x, self._dtype = seeds, n_x, dtype
        self._epoch = -1

    def order(self, epoch: int) -> Array:
        """The order (1 or K, examples) of the examples in an epoch, from `default_rng([seed, epoch])`."""
        if self._epoch != epoch:
            count = len(self.rows)
            self._order = np.stack(
                [np.random.default_rng([seed, epoch]).permutation(count) for seed in self._seeds[: self.orders]]
            )
            self._epoch = epoch
        return self._order

    def gather(self, epoch: int, cursor: int, size: int) -> BatchBuffers:
        """The mini-batch of at most `size` examples from `cursor` on; valid until the next call."""
        index = self.order(epoch)[:, cursor : cursor + size]
        m = index.shape[1]
        if self.buffers is None or self.buffers.rows.shape[1] != m:
            self.buffers = BatchBuffers.of(self.orders, m, self.rows.shape[1], self._n_x, self._dtype)
        found = self.buffers
        self.rows.take(index, 0, found.rows, "clip")  # three times faster than with named arguments
        np.copyto(found.columns, found.rows_T)
        return found
