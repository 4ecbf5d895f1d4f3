"""Exponentially weighted averages of a noisy series: their memory, two values of β, and bias correction (C5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.runs.run import Run
from core.settings.scales import averages_about, ewa
from core.settings.table import RunSpec, Settings
from core.training.run_data import data_of

Array = np.ndarray
STEPS = 400
LONG = 3000  # steps of the series for β near 1
NUDGE = 1000  # the step of that series at which the learning rate is raised and the loss falls
FIRST = 30  # first steps, which a second chart enlarges


@dataclass(frozen=True)
class Series:
    """A row of `SERIES`: a noisy series, its title, and what its numbers measure."""

    title: str
    measures: str
    values: Callable[[], Array]  # returns (n,) float64


@dataclass(frozen=True)
class Averaged:
    """A series (n,), its averages with and without bias correction (n,), and `about` how many values β averages.

    `correcting` says whether the corrected average is shown. Step `t`, from 1, averages the value `theta` into
    `before`, the average of step t - 1; `correction` is 1 - βᵗ.
    """

    name: str
    series: Array
    corrected: Array
    uncorrected: Array
    about: float
    beta: float
    t: int
    theta: float
    before: float
    correction: float
    correcting: bool

    @property
    def now(self) -> float:
        """v_t, the average after step t without bias correction."""
        return float(self.uncorrected[self.t - 1])

    @property
    def mended(self) -> float:
        """v_t / (1 - βᵗ), the average after step t with bias correction."""
        return float(self.corrected[self.t - 1])


def averaged(name: str, beta: float, t: int, correcting: bool = True) -> Averaged:
    """The averages of the series `name` of `SERIES` with decay 0 <= `beta` < 1, and their step `t` (C5)."""
    series = SERIES[name].values()
    corrected, uncorrected = ewa(series, beta), ewa(series, beta, bias_correction=False)
    before = float(uncorrected[t - 2]) if t > 1 else 0.0
    theta, about = float(series[t - 1]), averages_about(beta)
    return Averaged(name, series, corrected, uncorrected, about, beta, t, theta, before, 1.0 - beta**t, correcting)


@dataclass(frozen=True)
class Move:
    """β moved from `beta[0]` to `beta[1]`: both averages (2, n) of one `series` (n,).

    `about` says how many values each averages; `apart` is the largest difference between the averages.
    """

    beta: tuple[float, float]
    about: tuple[float, float]
    series: Array
    averages: Array
    apart: float


def move(before: float, after: float) -> Move:
    """What a move of β does to the bias-corrected average of a long run's mini-batch losses (C5)."""
    series = nudged_losses()
    averages = np.stack([ewa(series, before), ewa(series, after)])  # (2, n)
    apart = float(np.max(np.abs(averages[1] - averages[0])))
    return Move((before, after), (averages_about(before), averages_about(after)), series, averages, apart)


@lru_cache(maxsize=1)
def mini_batch_losses() -> Array:
    """The mini-batch losses (STEPS,) in nats of a run with small mini-batches, which are noisy."""
    return _fixed(_trained(Run(RunSpec(hidden=(8,)), Settings(batch_size=16, learning_rate=0.02)), STEPS))


@lru_cache(maxsize=1)
def nudged_losses() -> Array:
    """The mini-batch losses (LONG,) in nats of a run that learns slowly until its learning rate is raised at NUDGE."""
    run = Run(RunSpec(hidden=(8,)), Settings(batch_size=16, learning_rate=1e-4))
    before = _trained(run, NUDGE)
    run.nudge(learning_rate=0.1)
    return _fixed(np.concatenate([before, _trained(run, LONG - NUDGE)]))


def _trained(run: Run, steps: int) -> Array:
    """The mini-batch losses (steps,) of the run's next steps."""
    losses: Array = np.empty((steps, 1), run.stack.dtype)
    run.stack.advance(steps, losses)
    return losses[:, 0]


@lru_cache(maxsize=4)
def feature(dataset: str, which: int) -> Array:
    """Feature number `which` (m,) of a bundled data set's training examples, in its own units, shuffled."""
    return _fixed(data_of(RunSpec(dataset=dataset, normalize=False)).train.X[which])


def _fixed(values: Array) -> Array:
    values = values.astype(np.float64)
    values.setflags(write=False)
    return values


SERIES: dict[str, Series] = {
    "loss": Series("Loss", "mini-batch loss, in nats", mini_batch_losses),
    "alcohol": Series("Alcohol", "alcohol of wines, in %", lambda: feature("wine", 0)),
    "radius": Series("Radius", "mean radius of tumours", lambda: feature("breast_cancer", 0)),
}
