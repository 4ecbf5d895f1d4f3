"""What an exponentially weighted average with decay β weighs: (1-β)βᵏ for the value k steps back (C5)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.settings.scales import averages_about, ewa

Array = np.ndarray
NEWEST = 50  # weights that are shown one by one
FAR = 10_000  # steps back that are shown on the log scale


@dataclass(frozen=True)
class Kernel:
    """The weights of the values 0, 1, 2, ... steps back, (FAR,), which sum to 1 over all of them.

    `about` is 1/(1-β), `fallen` the steps after which a weight has fallen to 1/e, and `within` the part of all weight
    that lies on the newest `about` values.
    """

    beta: float
    weights: Array
    about: float
    fallen: float
    within: float


def kernel(beta: float) -> Kernel:
    """The kernel of the average with decay `beta`, 0 <= beta < 1: what the average makes of a single 1 (C5)."""
    one = np.zeros(FAR)
    one[0] = 1.0
    about = float(averages_about(beta))
    fallen = -1 / math.log(beta) if beta else 0.0
    return Kernel(beta, ewa(one, beta, bias_correction=False), about, fallen, 1.0 - beta**about)
