"""The softmax of two classes, beside the logistic sigmoid of the difference of their z (C18)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import UserError
from core.nn.activations import sigmoid
from core.nn.softmax import softmax

Array = np.ndarray
REACH = 10.0  # the differences that are shown go from -REACH to REACH
POINTS = 201


@dataclass(frozen=True)
class TwoClasses:
    """Softmax's first probability and the sigmoid, (n,) each, over `differences` (n,); and both at `here`."""

    differences: Array
    softmax: Array
    sigmoid: Array
    z: tuple[float, float]
    here: float
    softmax_here: float
    sigmoid_here: float

    @property
    def largest(self) -> float:
        """The largest difference between softmax and sigmoid at the points shown."""
        here = abs(self.softmax_here - self.sigmoid_here)
        return max(float(np.abs(self.softmax - self.sigmoid).max()), here)


def two_classes(difference: float, z2: float = 0.0) -> TwoClasses:
    """Both curves in float64; at `here` the second class has z2 and the first z2 + difference.

    Raises `UserError` if one of these is not finite.
    """
    if not np.isfinite([difference, z2, difference + z2]).all():
        raise UserError("A z here is not a finite number: set both dials to a number of their range.")
    over = np.append(np.linspace(-REACH, REACH, POINTS), difference)
    first = softmax(np.stack([over + z2, np.full_like(over, z2)]))[0]  # (n,)
    logistic = over.copy()
    sigmoid(logistic, np.empty_like(over))
    curves = (over[:-1], first[:-1], logistic[:-1])
    return TwoClasses(*curves, (z2 + difference, z2), difference, float(first[-1]), float(logistic[-1]))
