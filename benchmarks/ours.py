"""The engine's turns in the benchmark: one network through `Run`, and K networks through `Stack`. One BLAS thread."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.rows import Row, data
from core.runs.history import LossTrace
from core.runs.run import Run
from core.training import jit
from core.training.stack import Stack, members_at_once

WARM_UP = 5000  # steps after which a run's measurements have thinned out to one in 128


def run(row: Row, members: int) -> Callable[[int], None]:
    """One network as a person watches it, with history, measurements and snapshots. Without a data set, as `stack`."""
    if row.examples:
        return stack(row, members)
    _ready()
    watched = Run(row.spec, row.settings)
    watched.advance(WARM_UP)
    return lambda steps: _check(watched.advance(steps) == steps)


def stack(row: Row, members: int) -> Callable[[int], None]:
    """K networks on the same mini-batches, side by side in parts that fit the cache.

    Every loss is recorded, of one alone in a `LossTrace` too.
    """
    _ready()
    most = members_at_once(row.sizes, row.settings.batch_size)
    shares = np.array_split(np.zeros(members, int), -(-members // most))
    parts = [Stack(row.spec, data(row), row.settings, share.tolist()) for share in shares]
    trace = LossTrace()

    def train(steps: int) -> None:
        losses = [np.empty((steps, part.members), np.float32) for part in parts]
        first = parts[0].state.step
        for part, recorded in zip(parts, losses, strict=True):
            part.advance(steps, recorded)
        if members == 1:
            trace.add(first, losses[0][:, 0])

    train(row.steps[1])  # long enough for bias correction to be over on all but the last row
    return train


def _ready() -> None:
    """One BLAS thread, as the app has, and compiled steps."""
    threadpool_limits(1)
    _check(jit.wait())


def _check(done: bool) -> None:
    if not done:
        raise RuntimeError("The run stopped before its steps were done, or its steps could not be compiled.")
