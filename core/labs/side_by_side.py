"""Three networks with one seed, trained in step: without batch norm, with it, and with noise after it (C14).

The noise is the experiment of Santurkar et al. 2018, "How Does Batch Normalization Help Optimization?", appendix A. The
networks are such that it shows: with sigmoid, the noisy one's inputs wander more than those without batch norm, in
every layer, and it trains almost as fast as with batch norm. `python -m benchmarks.noise` measures that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.data.datasets import Data, Split
from core.nn.batch_norm import BatchNorm
from core.nn.network import Pass
from core.runs.history import LossTrace
from core.settings.table import RunSpec, Settings
from core.training.members import get_members, set_members
from core.training.run_data import data_of
from core.training.stack import Stack

Array = np.ndarray
NAMES = ("without batch norm", "with batch norm", "batch norm and noise")
SHORT = ("loss without", "with", "with noise")
SPEC = RunSpec("digits", hidden=(32, 32, 32), activation="sigmoid")
SETTINGS = Settings(learning_rate=0.3)
LAYERS = len(SPEC.hidden)
ACTIVATIONS = ("sigmoid", "tanh", "relu")
MOST_STEPS = 600
# Limits for a unit's mean and deviation, and what examples add. The paper has 0.5, 1.25 and 0.1 for a larger network.
MEAN, DEVIATION, JITTER = 2.0, 1.5, 0.1


class NoisyNorm(BatchNorm):
    """Batch norm, then noise: in every step each unit's outputs get a random scale and shift.

    Every example's own scale and shift differ a little more.
    """

    def __init__(self, mean: Array, variance: Array, examples: int, seed: Sequence[int]) -> None:
        super().__init__(mean, variance, examples)
        self._rng = np.random.default_rng(seed)

    def forward(self, Z: Array, gamma: Array, beta: Array, epsilon: Array, out: Array) -> None:
        """Write the noisy z~, scaled and shifted, into `out` (K, n, m)."""
        super().forward(Z, gamma, beta, epsilon, out)
        unit, rng = (*out.shape[:2], 1), self._rng
        deviation, mean = rng.uniform(1, DEVIATION, unit), rng.uniform(-MEAN, MEAN, unit)
        self._noise = (deviation + JITTER * rng.standard_normal(out.shape)).astype(out.dtype)
        out *= self._noise
        out += mean + rng.uniform(-JITTER, JITTER, out.shape)

    def backward(self, G: Array, centred: Array, dgamma: Array, dbeta: Array) -> None:
        """Batch norm's `backward`, from G, the gradient of the noisy outputs (K, n, m)."""
        G *= self._noise
        super().backward(G, centred, dgamma, dbeta)


@dataclass(frozen=True)
class Felt:
    """What a push of layer 1 does to the z of the last hidden layer, over the training set.

    `moved` is the change of a unit's mean, in its standard deviations; `spread` is the factor of that deviation. Both
    are averages over the units.
    """

    moved: float
    spread: float


class Net:
    """One of the networks, its losses, and the mean and variance of its activations.

    `moments` (step, layer, 2) are the mean and variance of unit 1 of each hidden layer; `_sums` (3, layer, unit) are
    the sums over the steps of each unit's mean, its square, and the variance. `halved_at` is the first step after which
    the averaged loss was below half of log C, the loss of guessing.
    """

    def __init__(self, spec: RunSpec, data: Data, batch_norm: bool, noisy: bool) -> None:
        self.noisy, self.losses, self.broken = noisy, LossTrace(), False
        self.moments = np.full((MOST_STEPS, LAYERS, 2), np.nan, np.float32)
        self._sums, self._measured = np.zeros((3, LAYERS, spec.hidden[0])), 0
        self.halved_at: int | None = None
        self._half = math.log(len(data.class_names)) / 2
        self._take(Stack(spec, data, replace(SETTINGS, batch_norm=batch_norm), [spec.seed]))

    def _take(self, stack: Stack) -> None:
        self.stack = stack
        if self.noisy:
            work = stack.network.pass_of(stack.batch)
            seed, norms = stack.spec.seed, enumerate(work.norm)
            work.norm = [NoisyNorm(norm.mean, norm.variance, stack.batch, (seed, l)) for l, norm in norms]

    def advance(self, step: int) -> None:
        """Train one step, after `step` steps, unless the loss is no longer finite."""
        loss: Array = np.empty((1, 1), self.stack.dtype)
        if not self.broken:
            self.broken = not self.stack.advance(1, loss, lambda stack, work: self._measure(step, work))
        if not self.broken:
            self.losses.add(step, loss[:, 0])
            if self.halved_at is None and self.losses.latest < self._half:
                self.halved_at = step + 1

    def _measure(self, step: int, work: Pass) -> None:
        A = np.concatenate(work.A[1:], dtype=np.float64)  # (layers, n, m)
        mean, variance = A.mean(axis=-1), A.var(axis=-1)
        self.moments[step] = np.stack([mean[:, 0], variance[:, 0]], axis=1)
        self._sums += mean, mean**2, variance
        self._measured += 1

    def wandering(self, layer: int) -> float:
        """How much the means of the inputs of `layer`, 2 to LAYERS + 1, vary over the steps so far.

        It is the standard deviation of an input's mean, divided by that of the input itself, averaged over the units
        that are not always 0. NaN before two steps.
        """
        if self._measured < 2:
            return math.nan
        mean, square, variance = self._sums[:, layer - 2] / self._measured
        alive = variance > 0  # a ReLU unit may always be 0
        strays = np.sqrt(np.maximum(square - mean**2, 0)[alive] / variance[alive])
        return float(strays.mean()) if strays.size else math.nan

    def push(self, data: Data, scale: float) -> None:
        """Use other data from here on, and multiply W[1] by `scale`."""
        old = self.stack
        stack = Stack(old.spec, data, old.settings, old.seeds, draw=False)
        set_members(stack, get_members(old), old.settings)
        with np.errstate(all="ignore"):
            stack.network.theta.W[1][:] *= scale
        self._take(stack)

    def felt(self, shift: float, scale: float) -> Felt:
        """What a push would do: inputs moved by `shift`, W[1] times `scale`. The network stays as it is."""
        before = self._last_z(0, 1)
        after = self._last_z(shift, scale)
        with np.errstate(all="ignore"):
            deviation = before.std(axis=1)
            moved = np.abs(after.mean(axis=1) - before.mean(axis=1)) / deviation
            return Felt(float(moved.mean()), float((after.std(axis=1) / deviation).mean()))

    def _last_z(self, shift: float, scale: float) -> Array:
        """z (n, m) of the last hidden layer over the training set, float64, as if pushed and without noise."""
        stack, net = self.stack, self.stack.network
        train, W = stack.data.train, net.theta.W[1].copy()
        with np.errstate(all="ignore"):
            net.theta.W[1][:] *= scale
        work = Pass(net, train.labels.size)
        on = stack.settings[0].batch_norm
        loss: Array = np.empty(1, stack.dtype)
        with np.errstate(all="ignore"):
            work.forward(net, train.X[None] + np.float32(shift), train.Y[None], on, stack.epsilon_bn, loss)
            net.theta.W[1][:] = W
            product = net.theta.W[LAYERS][0].astype(np.float64) @ work.A[LAYERS - 1][0]
        z: Array = product + net.theta.b[LAYERS][0]
        return z


class SideBySide:
    """The three networks, trained in step from one seed on the same mini-batches."""

    def __init__(self, activation: str = "sigmoid", seed: int = 0) -> None:
        self.spec = replace(SPEC, activation=activation, seed=seed)
        self.data = data_of(self.spec)
        self.nets = tuple(Net(self.spec, self.data, bool(i), i == 2) for i in range(len(NAMES)))
        self.step = 0
        self.pushes: list[int] = []  # the steps at which the networks were pushed

    @property
    def done(self) -> bool:
        """Whether they have had `MOST_STEPS` steps."""
        return self.step >= MOST_STEPS

    def advance(self, steps: int, should_stop: Callable[[], bool] | None = None) -> None:
        """Train all of them `steps` steps, or fewer if `should_stop()` is true after one."""
        with np.errstate(all="ignore"):
            for _ in range(min(steps, MOST_STEPS - self.step)):
                for net in self.nets:
                    net.advance(self.step)
                self.step += 1
                if should_stop and should_stop():
                    return

    def felt(self, shift: float, scale: float) -> tuple[Felt, ...]:
        """What a push would do to each of the networks at this step."""
        return tuple(net.felt(shift, scale) for net in self.nets)

    def push(self, shift: float, scale: float) -> None:
        """Move all inputs by `shift` standard deviations and multiply W[1] by `scale`, from this step on."""
        self.data = shifted(self.data, shift)
        for net in self.nets:
            net.push(self.data, scale)
        self.pushes.append(self.step)


def shifted(data: Data, shift: float) -> Data:
    """The same data with every normalized input moved by `shift`."""

    def moved(split: Split) -> Split:
        X = split.X + np.float32(shift)
        return Split(X, split.Y, split.labels, np.concatenate([X.T, split.Y.T], axis=1))

    return replace(data, train=moved(data.train), dev=moved(data.dev))
