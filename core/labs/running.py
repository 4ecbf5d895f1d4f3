"""Batch norm at test time: mini-batch statistics of a run, their running averages, and one example (C15)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.nn.network import Network, network
from core.settings.scales import ewa
from core.settings.table import RunSpec, Settings
from core.training.run_data import data_of
from core.training.stack import Stack

Array = np.ndarray
STEPS = 400
SPEC = RunSpec()
SETTINGS = Settings(batch_size=16, learning_rate=0.05)
UNIT = 16  # unit 1 of hidden layer 2, counted over the units of all hidden layers
EPSILON = np.array(SETTINGS.bn_epsilon, np.float32)
DATA = data_of(SPEC)
DEV = DATA.dev.labels.size


@dataclass(frozen=True)
class Recorded:
    """The parameters after every step of a run, and the statistics of every step's mini-batch."""

    theta: Array  # (STEPS, parameters)
    statistics: Array  # (STEPS, 2, hidden units), mean and variance


@lru_cache(maxsize=1)
def recorded() -> Recorded:
    """The run that the panel shows, recorded while it trains."""
    stack = Stack(SPEC, DATA, SETTINGS, [SPEC.seed])
    loss: Array = np.empty((1, 1), stack.dtype)
    theta: list[Array] = []
    statistics: list[Array] = []
    for _ in range(STEPS):
        stack.advance(1, loss)
        theta.append(stack.state.theta.copy())
        statistics.append(stack.network.batch.copy())
    return Recorded(np.array(theta), np.array(statistics))


@lru_cache(maxsize=32)
def averages(decay: float) -> Array:
    """The running statistics (STEPS, 2, hidden units) after every step, bias-corrected, float64."""
    return ewa(recorded().statistics, decay)


@dataclass(frozen=True)
class Moment:
    """The run at a step: one unit's statistics so far, and predictions for one dev example and the dev set."""

    step: int
    decay: float
    batch: Array  # (2, step), mean and variance of the unit over each mini-batch
    running: Array  # (2, step), their running averages
    truth: int  # the example's class
    alone: Array  # (C,), its softmax outputs with its own statistics
    tested: Array  # (C,), its softmax outputs with the running statistics
    alone_differs: float  # largest difference of outputs between two dev examples, each with its own statistics
    alone_accuracy: float  # over the dev set, each example with its own statistics
    tested_accuracy: float


def moment(step: int, decay: float, example: int) -> Moment:
    """The run after `step` steps, its running averages with this decay, and dev example `example`."""
    net, labels = at(step, decay), DATA.dev.labels
    tested = net.predict(DATA.dev.X, True, EPSILON)[0]  # (C, m)
    alone = all_alone(step)
    return Moment(
        step,
        decay,
        recorded().statistics[:step, :, UNIT].T,
        averages(decay)[:step, :, UNIT].T,
        int(labels[example]),
        alone[:, example],
        tested[:, example],
        float(np.ptp(alone, axis=1).max()),
        float((alone.argmax(axis=0) == labels).mean()),
        float((tested.argmax(axis=0) == labels).mean()),
    )


def at(step: int, decay: float) -> Network:
    """The network as it was after `step` steps, with running statistics of this decay."""
    net = network((DATA.n_x, *SPEC.hidden, DATA.n_classes), SPEC.activation)
    net.theta.buffer[:] = recorded().theta[step - 1]
    net.running[:] = averages(decay)[step - 1]
    return net


@lru_cache(maxsize=STEPS)
def all_alone(step: int) -> Array:
    """Softmax outputs (C, m) of the dev set, with each example as a mini-batch of its own.

    Its z is then its own mean, so z - mu is 0.
    """
    net, dev = at(step, 0.0), DATA.dev
    work, outputs = net.pass_of(1), np.empty_like(dev.Y)
    loss: Array = np.empty(1, net.dtype)
    for i in range(DEV):
        work.forward(net, dev.X[None, :, i : i + 1], dev.Y[None, :, i : i + 1], True, EPSILON, loss)
        outputs[:, i] = work.softmax.A[0, :, 0]
    return outputs
