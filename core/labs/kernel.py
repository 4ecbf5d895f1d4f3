"""The weights of an exponentially weighted average with decay β: (1-β)βᵏ for the value k steps back (C5)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.settings.scales import averages_about, ewa

Array = np.ndarray
NEWEST = 50  # weights that are shown one by one
FAR = 10_000  # steps back that the log scale shows


@dataclass(frozen=True)
class Kernel:
    """The weights (FAR,) of the values 0, 1, 2, ... steps back. The infinite sum of all weights is 1.

    `about` is 1/(1-β), and `newest` the same as a whole number. `fallen` is the number of steps back at which the
    weight is 1/e of the newest one's, and `within` the sum of the weights of the `newest` values.
    """

    beta: float
    weights: Array
    about: float
    newest: int
    fallen: float
    within: float


def kernel(beta: float) -> Kernel:
    """The weights for decay 0 <= `beta` < 1, as the average's response to a single 1 (C5)."""
    one = np.zeros(FAR)
    one[0] = 1.0
    about = float(averages_about(beta))
    fallen = -1 / math.log(beta) if beta else 0.0
    newest = round(about)
    return Kernel(beta, ewa(one, beta, bias_correction=False), about, newest, fallen, 1.0 - beta**newest)
