"""Exponentially weighted averages of a noisy series: what β remembers, and what bias correction mends (C5)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.run import Run
from core.scales import averages_about, ewa
from core.settings import Settings

Array = np.ndarray
STEPS = 400
FIRST = 30  # steps that are shown enlarged


@dataclass(frozen=True)
class Averaged:
    """A series (n,), its average with bias correction and without (n,), and about how many values β averages."""

    series: Array
    corrected: Array
    uncorrected: Array
    about: float


def averaged(series: Array, beta: float) -> Averaged:
    """The averages of `series` (n,) with decay `beta`, 0 <= beta < 1 (C5)."""
    return Averaged(series, ewa(series, beta), ewa(series, beta, bias_correction=False), averages_about(beta))


@lru_cache(maxsize=4)
def mini_batch_losses(batch_size: int = 16) -> Array:
    """The mini-batch losses (STEPS,) in nats of the default run with small mini-batches: a real noisy series."""
    run = Run(settings=Settings(batch_size=batch_size, learning_rate=0.02))
    losses = np.empty((STEPS, 1), run.stack.dtype)
    run.stack.advance(STEPS, losses)
    return losses[:, 0].astype(np.float64)
