"""The networks that the engine is measured on, and the data that every contestant trains them on.

Every training set is a whole number of mini-batches, because JAX's scan needs them all of one size.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np

from core.data.datasets import Data, prepare
from core.settings.table import RunSpec, Settings
from core.training.run_data import data_of

LEARNING_RATE, MOMENTUM, EPSILON, DECAY = 0.05, 0.9, 1e-5, 0.9


@dataclass(frozen=True)
class Row:
    """One network and mini-batch size; `spec.dataset` is the data, or noise of its size where `examples` is given.

    `steps` maps a number of models to the steps of one repetition, 20 to 200 ms of work. `faster_than_torch` is asked
    of one network, `stack_faster_than_torch` of each of a stack.
    """

    sizes: tuple[int, ...]
    batch: int
    steps: dict[int, int] = field(hash=False)
    spec: RunSpec
    examples: int = 0
    faster_than_torch: float = 4.5
    stack_faster_than_torch: float | None = None

    @property
    def name(self) -> str:
        """Such as "2-8-8-3, 32": units of each layer, then examples a mini-batch."""
        return "-".join(map(str, self.sizes)) + f", {self.batch}"

    @property
    def settings(self) -> Settings:
        """Momentum and batch norm, and the same numbers for all contestants."""
        return Settings(
            learning_rate=LEARNING_RATE, beta1=MOMENTUM, batch_size=self.batch, bn_epsilon=EPSILON, bn_decay=DECAY
        )


_SPIRAL = {"examples": 1200, "dev_share": 0.2}  # 960 to train on
ROWS = (
    Row((2, 8, 8, 3), 32, {1: 1000, 16: 500, 128: 200}, RunSpec(hidden=(8, 8), **_SPIRAL), stack_faster_than_torch=40),
    Row(
        (2, 32, 32, 3), 64, {1: 1000, 16: 200, 128: 40}, RunSpec(hidden=(32, 32), **_SPIRAL), stack_faster_than_torch=10
    ),
    Row((64, 64, 32, 10), 64, {1: 500, 16: 100, 128: 20}, RunSpec(dataset="digits", hidden=(64, 32), dev_share=0.288)),
    Row(
        (784, 128, 64, 10),
        128,
        {1: 100, 16: 10, 128: 2},
        RunSpec(hidden=(128, 64)),
        examples=2048,
        faster_than_torch=1.3,
    ),
)


@cache
def data(row: Row) -> Data:
    """The row's data set, of 960, 960 or 1280 training examples; where there is none of its size, normal noise."""
    if not row.examples:
        return data_of(row.spec)
    rng = np.random.default_rng(0)
    n_x, classes = row.sizes[0], row.sizes[-1]
    points, labels = rng.standard_normal((row.examples * 2, n_x)), np.arange(row.examples * 2) % classes
    names = [tuple(f"{word} {i}" for i in range(n)) for word, n in (("class", classes), ("feature", n_x))]
    return prepare(points, labels, names[0], names[1], 0, 0.5, False)
