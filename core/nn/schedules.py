"""Learning-rate decay: by what the learning rate is multiplied once some epochs are done (course C20).

`SCHEDULES` is the registry; a new schedule is one row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Schedule:
    """A way to decay.

    `factor(epochs, rate, every)` multiplies the learning rate after `epochs` completed epochs of decay; it is 1 at
    0 epochs. `rate` is k, `every` the epochs that a stair lasts. Each may be a number or an array, such as one value
    for each of K networks; they broadcast. `formula` is the factor as text.
    """

    label: str
    formula: str
    factor: Callable[[Any, Any, Any], Any]


def _constant(epochs: Any, rate: Any, every: Any) -> Any:
    return np.ones(np.broadcast(epochs, rate, every).shape)[()]


def _inverse(epochs: Any, rate: Any, every: Any) -> Any:
    return 1.0 / (1.0 + rate * epochs)


def _exponential(epochs: Any, rate: Any, every: Any) -> Any:
    return (1.0 - rate) ** epochs


def _staircase(epochs: Any, rate: Any, every: Any) -> Any:
    return (1.0 - rate) ** np.floor_divide(epochs, every)


def _sqrt(epochs: Any, rate: Any, every: Any) -> Any:
    # The course's k / sqrt(epoch), moved so that it starts at 1 and k says how fast it falls.
    return 1.0 / np.sqrt(1.0 + rate * epochs)


SCHEDULES: dict[str, Schedule] = {
    "none": Schedule("none", "1", _constant),
    "inverse": Schedule("1/(1+k·epoch)", "1 / (1 + k · epoch)", _inverse),
    "exponential": Schedule("exponential", "(1 − k)^epoch", _exponential),
    "staircase": Schedule("staircase", "(1 − k)^⌊epoch / every⌋", _staircase),
    "sqrt": Schedule("1/√epoch", "1 / √(1 + k · epoch)", _sqrt),
}
