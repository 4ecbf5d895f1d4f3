"""Scales on which settings are moved and sampled, and exponentially weighted averages.

The learning rate belongs on a log scale (course C4), momentum's β on the log scale of 1 - β (C5).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

Curve = Callable[[Any], Any]


@dataclass(frozen=True)
class Scale:
    """Maps a setting's range low..high to 0..1 and back, for scalars and arrays.

    `to_unit(value, low, high)` and its inverse `from_unit(u, low, high)` are exact at both ends. Values outside count
    as the nearer end. Both raise `ValueError` for a range that the scale cannot span.
    """

    to_unit: Callable[[ArrayLike, float, float], Any]
    from_unit: Callable[[ArrayLike, float, float], Any]


def _scale(name: str, straighten: Curve, bend: Curve) -> Scale:
    """The scale that is even in `straighten(value)`; `bend` is the inverse of `straighten`."""

    def ends(low: float, high: float) -> tuple[float, float]:
        with np.errstate(divide="ignore", invalid="ignore"):
            start, stop = straighten(np.float64(low)), straighten(np.float64(high))
        if not (low <= high and np.isfinite(start) and np.isfinite(stop)):
            raise ValueError(f"a {name} scale cannot go from {low} to {high}")
        return start, stop

    def to_unit(value: ArrayLike, low: float, high: float) -> Any:
        start, stop = ends(low, high)
        # A range of one value has length 0, so it is divided by 1: all of it is at 0.
        return (straighten(np.clip(value, low, high)) - start) / ((stop - start) or 1.0)

    def from_unit(u: ArrayLike, low: float, high: float) -> Any:
        start, stop = ends(low, high)
        u = np.asarray(u, np.float64)
        value = np.clip(bend(start + u * (stop - start)), low, high)
        # Exactly low and high at the ends, without rounding; [()] turns a 0-d array into a number.
        return np.where(u == 0.0, low, np.where(u == 1.0, high, value))[()]

    return Scale(to_unit, from_unit)


NEAR_0 = 1e-5  # the log-from-0 scale is even in log10(value + 1e-5): 0 has a place, and above 1e-4 it is the log scale

SCALES: dict[str, Scale] = {
    "log": _scale("log", np.log10, lambda r: 10.0**r),
    # r = -log10(1 - β) grows with β, and β = 0 is r = 0.
    "one_minus": _scale("one-minus-log", lambda beta: -np.log10(1.0 - beta), lambda r: 1.0 - 10.0**-r),
    "log_from_0": _scale("log-from-0", lambda value: np.log10(value + NEAR_0), lambda r: 10.0**r - NEAR_0),
    "linear": _scale("linear", lambda value: value * 1.0, lambda value: value),
}


def sample(
    scale: str, low: float, high: float, rng: np.random.Generator, size: int | tuple[int, ...] | None = None
) -> Any:
    """Values drawn evenly on the scale `scale`: a number, or an array of shape `size`.

    On the log scale of 1e-4..1 this is the course's `r = -4 * rand(); alpha = 10**r` (C4), on the one-minus
    scale of 0.9..0.999 its `1 - beta = 10**r` with r in -3..-1 (C5).
    """
    return SCALES[scale].from_unit(rng.random(size), low, high)


def ewa(values: ArrayLike, beta: float, bias_correction: bool = True) -> np.ndarray:
    """The exponentially weighted average after each of `values`, (n, ...) float64 (course C5, C15).

    `v[t] = beta * v[t-1] + (1 - beta) * values[t]` from `v[0] = 0`; bias correction divides by `1 - beta**t`, so
    that the first averages do not start near 0. Raises `ValueError` unless 0 <= beta < 1.
    """
    if not 0.0 <= beta < 1.0:
        raise ValueError(f"beta cannot be {beta}: it takes 0 to less than 1")
    averages = np.array(values, np.float64)  # (n, ...)
    v: Any = 0.0
    # A list of numbers is ten times faster here than an array, to the same bits.
    for t, value in enumerate(averages.tolist() if averages.ndim == 1 else averages.copy(), start=1):
        v = beta * v + (1.0 - beta) * value
        averages[t - 1] = v / (1.0 - beta**t) if bias_correction else v
    return averages


def averages_about(beta: Any) -> Any:
    """About how many values an average with decay 0 <= `beta` < 1 remembers: 1 / (1 - beta) (course C5)."""
    return 1.0 / (1.0 - beta)
