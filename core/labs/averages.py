"""Exponentially weighted averages of a noisy series: what β remembers, what moving β does to it, and what bias
correction mends (C5)."""

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
LONG = 3000  # steps of the series that β near 1 is shown on
NUDGE = 1000  # the step of it at which its learning rate is raised, and the loss falls
FIRST = 30  # steps that are shown enlarged


@dataclass(frozen=True)
class Series:
    """A row of `SERIES`: a noisy series, what it is called and what its numbers measure."""

    title: str
    measures: str
    values: Callable[[], Array]  # gives (n,) float64


@dataclass(frozen=True)
class Averaged:
    """A series (n,), its average with bias correction and without (n,), and about how many values β averages.

    `correcting` says whether the corrected one is shown. At the step `t`, from 1, the value `theta` comes to the
    average `before`, and `correction` is 1 - βᵗ.
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
        """v_t / (1 - βᵗ), the same with bias correction."""
        return float(self.corrected[self.t - 1])


def averaged(name: str, beta: float, t: int, correcting: bool = True) -> Averaged:
    """The averages of a series of `SERIES` with decay `beta`, 0 <= beta < 1, and step `t` of them (C5)."""
    series = SERIES[name].values()
    corrected, uncorrected = ewa(series, beta), ewa(series, beta, bias_correction=False)
    before = float(uncorrected[t - 2]) if t > 1 else 0.0
    theta, about = float(series[t - 1]), averages_about(beta)
    return Averaged(name, series, corrected, uncorrected, about, beta, t, theta, before, 1.0 - beta**t, correcting)


@dataclass(frozen=True)
class Move:
    """β moved from `beta[0]` to `beta[1]`: about how many values each averages, the averages (2, n) of the same series
    (n,), and how far they are apart at most."""

    beta: tuple[float, float]
    about: tuple[float, float]
    series: Array
    averages: Array
    apart: float


def move(before: float, after: float) -> Move:
    """What a move of β does to the average, bias-corrected, of a long run's mini-batch losses (C5)."""
    series = nudged_losses()
    averages = np.stack([ewa(series, before), ewa(series, after)])  # (2, n)
    apart = float(np.max(np.abs(averages[1] - averages[0])))
    return Move((before, after), (averages_about(before), averages_about(after)), series, averages, apart)


@lru_cache(maxsize=1)
def mini_batch_losses() -> Array:
    """The mini-batch losses (STEPS,) in nats of a run with small mini-batches: a real noisy series."""
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
    """A feature of a bundled data set's training examples, in its own units and their shuffled order: (m,)."""
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
