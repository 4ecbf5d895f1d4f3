"""Learning-rate schedules: the factor that multiplies the learning rate after some epochs (course row C20).

A new schedule is one function and one row of `SCHEDULES`. Its arguments and its factor are numbers or arrays, such as
one value for each of K networks; they broadcast. `formula` is the factor as text. The fields `rate` and `every` of the
row say what these arguments mean, "" where the factor does not depend on them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Schedule:
    """A row of `SCHEDULES`.

    `factor(epochs, rate, every)` multiplies the learning rate after `epochs` completed epochs of the schedule. It lies
    in 0..1, and falls from 1 or rises to 1. `rate` is k, and `every` is N, a number of epochs.
    """

    label: str
    formula: str
    factor: Callable[[Any, Any, Any], Any]
    rate: str = "how strong the decay is"
    every: str = ""

    @property
    def uses(self) -> tuple[str, ...]:
        """The arguments that the factor depends on; the page says which settings have no effect."""
        return tuple(name for name in ("rate", "every") if getattr(self, name))


def constant(epochs: Any, rate: Any, every: Any) -> Any:
    """1 at every epoch: no decay (C20)."""
    return np.ones(np.broadcast(epochs, rate, every).shape)[()]


def inverse(epochs: Any, rate: Any, every: Any) -> Any:
    """1 / (1 + k epochs) (C20)."""
    return 1.0 / (1.0 + rate * epochs)


def exponential(epochs: Any, rate: Any, every: Any) -> Any:
    """(1 - k)^epochs (C20, where the base is 0.95)."""
    return (1.0 - rate) ** epochs


def staircase(epochs: Any, rate: Any, every: Any) -> Any:
    """(1 - k)^floor(epochs / every): a discrete staircase (C20)."""
    return (1.0 - rate) ** np.floor_divide(epochs, every)


def inverse_sqrt(epochs: Any, rate: Any, every: Any) -> Any:
    """1 / sqrt(1 + k epochs): the course's k / sqrt(epochs), shifted so that it starts at 1 (C20)."""
    return 1.0 / np.sqrt(1.0 + rate * epochs)


def linear_warmup(epochs: Any, rate: Any, every: Any) -> Any:
    """k + (1 - k) min(epochs / N, 1): gradual warm-up (Goyal et al. 2017), the form of PyTorch's LinearLR."""
    return rate + (1.0 - rate) * np.minimum(epochs / every, 1.0)


def cosine(epochs: Any, rate: Any, every: Any) -> Any:
    """k + (1 - k) (1 + cos(pi min(epochs / N, 1))) / 2: half a cosine from 1 to k (Loshchilov & Hutter 2017).

    It is PyTorch's CosineAnnealingLR with eta_min = k alpha, and stays at k after N epochs. k is never 0: at a learning
    rate of 0 a run that goes on would never learn again.
    """
    return rate + (1.0 - rate) * (1.0 + np.cos(np.pi * np.minimum(epochs / every, 1.0))) / 2.0


SCHEDULES: dict[str, Schedule] = {
    "none": Schedule("none", "1", constant, rate=""),
    "inverse": Schedule("1/(1+k·epoch)", "1 / (1 + k · epoch)", inverse),
    "exponential": Schedule("exponential", "(1 − k)^epoch", exponential),
    "staircase": Schedule("staircase", "(1 − k)^⌊epoch / N⌋", staircase, every="epochs until α falls again"),
    "sqrt": Schedule("1/√epoch", "1 / √(1 + k · epoch)", inverse_sqrt),
    "warmup": Schedule(
        "linear warm-up",
        "(k + (1 − k) · min(epoch / N, 1))",
        linear_warmup,
        rate="share of α to start with",
        every="epochs until α is whole",
    ),
    "cosine": Schedule(
        "cosine",
        "(k + (1 − k) · (1 + cos(π · min(epoch / N, 1))) / 2)",
        cosine,
        rate="share of α that is left at the end",
        every="epochs until the end, after which α stays as it is",
    ),
}
