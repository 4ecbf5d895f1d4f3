"""The same uniform draws on two scales, as learning rates (C4) or as momentum's β (C5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.settings.scales import SCALES, sample

Array = np.ndarray
BINS = 8  # of a histogram, equally wide on the axis that is shown


@dataclass(frozen=True)
class Sampled:
    """`values` (n,) drawn evenly on `scale` from low..high; their `share` in low..edge, and the `expected` one."""

    scale: str
    values: Array
    share: float
    expected: float


@dataclass(frozen=True)
class Sampling:
    """The same n uniform draws from 0..1, put on the linear scale and on the `right` one. `draw` is the first of them.

    The charts' axis has the scale `axis`.
    """

    low: float
    high: float
    edge: float
    axis: str
    draw: float
    linear: Sampled
    right: Sampled

    def places(self, values: Array) -> Array:
        """Where values (n,) lie on the axis shown, in 0..1."""
        return np.asarray(SCALES[self.axis].to_unit(values, self.low, self.high))

    def bars(self, values: Array) -> tuple[Array, Array]:
        """A histogram of values (n,) on the axis shown: the bins' centres in 0..1 and their shares, (BINS,) each."""
        counts, ends = np.histogram(self.places(values), BINS, (0.0, 1.0))
        return (ends[:-1] + ends[1:]) / 2, counts / values.size


def sampling(scale: str, low: float, high: float, edge: float, n: int, seed: int, axis: str) -> Sampling:
    """`n` draws of `default_rng(seed)` from low..high, on the linear scale and on `scale`.

    Raises `ValueError` for a range that the scale cannot span.
    """
    draw = float(np.random.default_rng(seed).random(n)[0])
    linear, right = (_sampled(name, low, high, edge, n, seed) for name in ("linear", scale))
    return Sampling(low, high, edge, axis, draw, linear, right)


def _sampled(scale: str, low: float, high: float, edge: float, n: int, seed: int) -> Sampled:
    values = sample(scale, low, high, np.random.default_rng(seed), n)
    return Sampled(scale, values, float(np.mean(values <= edge)), float(SCALES[scale].to_unit(edge, low, high)))
