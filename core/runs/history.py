"""What is measured of a run while it trains, and its history, which never outgrows a fixed number of points.

The mini-batch loss is kept of every step, in bins of least, greatest and average. All else is measured at steps
that thin out geometrically after the start and after each nudge, so that what a nudge does is seen in detail.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping

import numpy as np

from core.nn.network import Pass
from core.training.stack import Stack

Array = np.ndarray
POINTS = 256
FIRST = 64  # steps after the start and after a nudge that are all measured
DETAIL = 16  # measurements in each doubling of the steps from there on
AVERAGE_BETA = 0.95


def steps_until_due(since: int) -> int:
    """Steps from `since` (steps after the start or the last nudge) to the next measurement: 1 at first, and from
    `FIRST` on so many that each doubling of `since` has `DETAIL` measurements."""
    stride = 1 if since < FIRST else (1 << (since.bit_length() - 1)) // DETAIL
    return stride - since % stride


class LossTrace:
    """The mini-batch loss of every step, in at most 256 bins of equal width, and its exponentially weighted average."""

    def __init__(self) -> None:
        self._bins = np.full((4, POINTS), np.nan)  # last step of the bin, least, greatest, average at its end
        self._width, self._count, self._in_bin = 1, 0, 0
        self._mean, self._weight = 0.0, 1.0

    def add(self, first_step: int, losses: Array) -> None:
        """Take up the losses (n,) of the steps first_step, first_step + 1, ..."""
        at = 0
        while at < losses.size:
            if self._in_bin == 0 and self._count == POINTS:
                self._merge()
            part = losses[at : at + self._width - self._in_bin]
            self._fill(first_step + at + part.size, part)
            at += part.size

    def _fill(self, step: int, part: Array) -> None:
        for loss in part.tolist():
            self._mean += (1 - AVERAGE_BETA) * (loss - self._mean)
            self._weight *= AVERAGE_BETA
        low, high = float(part.min()), float(part.max())
        if self._in_bin:
            self._count -= 1
            low, high = min(low, self._bins[1, self._count]), max(high, self._bins[2, self._count])
        self._bins[:, self._count] = step, low, high, self.latest
        self._count += 1
        self._in_bin = (self._in_bin + part.size) % self._width

    def _merge(self) -> None:
        """Two bins become one, of twice the width."""
        pairs = self._bins.reshape(4, -1, 2)
        half = POINTS // 2
        self._bins[:, :half] = pairs[0, :, 1], pairs[1].min(axis=1), pairs[2].max(axis=1), pairs[3, :, 1]
        self._count, self._width = half, self._width * 2

    @property
    def latest(self) -> float:
        """The average now, bias-corrected; NaN before the first step."""
        return self._mean / (1 - self._weight) if self._weight < 1 else math.nan

    @property
    def steps(self) -> Array:
        """The last step of each bin, (n,)."""
        return self._bins[0, : self._count]

    @property
    def low(self) -> Array:
        """The least loss of each bin, (n,)."""
        return self._bins[1, : self._count]

    @property
    def high(self) -> Array:
        """The greatest loss of each bin, (n,)."""
        return self._bins[2, : self._count]

    @property
    def average(self) -> Array:
        """The exponentially weighted average of the loss at the end of each bin, (n,)."""
        return self._bins[3, : self._count]


class History:
    """All measurements of a run: a row each, in named columns; the last row is the present one."""

    def __init__(self, hidden: int, classes: int) -> None:
        self._slices, width = _columns(hidden, classes)
        self._rows = np.full((POINTS, width), np.nan, np.float32)
        self._steps = np.zeros(POINTS, np.int64)
        self._count = 0
        self._last_is_kept = True
        self.losses = LossTrace()

    def add(self, step: int, row: Array, keep: bool) -> None:
        """Append a row; one that is not to be kept makes room for the next."""
        if not self._last_is_kept:
            self._count -= 1
        if self._count == POINTS - 1 and keep:
            self._drop_one()
        self._rows[self._count], self._steps[self._count] = row, step
        self._count += 1
        self._last_is_kept = keep

    def _drop_one(self) -> None:
        """Drop the point, not the first or last, whose neighbours are nearest to each other; of equals the oldest."""
        steps = self._steps[: self._count]
        i = 1 + int(np.argmin(steps[2:] - steps[:-2]))
        self._count -= 1
        for array in (self._rows, self._steps):
            array[i : self._count] = array[i + 1 : self._count + 1]

    def blank(self) -> Array:
        """An empty row, all NaN."""
        return np.full(self._rows.shape[1], np.nan, np.float32)

    def put(self, row: Array, name: str, values: Array | float) -> None:
        """Write the column `name` of `row`."""
        row[self._slices[name]] = values

    def column(self, name: str) -> Array:
        """(points, width) of a column, oldest first."""
        return self._rows[: self._count, self._slices[name]]

    def at(self, step: int, name: str) -> float:
        """A column one wide as it was last measured at or before `step`."""
        return float(self.column(name)[max(0, np.searchsorted(self.steps, step, side="right") - 1), 0])

    @property
    def steps(self) -> Array:
        """The step of each point, (points,)."""
        return self._steps[: self._count]

    def latest(self, name: str) -> float:
        """The newest value of a column one wide; NaN where there is none."""
        return float(self.column(name)[-1, 0]) if self._count else math.nan

    @property
    def bytes(self) -> int:
        """What the arrays take in memory."""
        return self._rows.nbytes + self._steps.nbytes + self.losses._bins.nbytes

    def arrays(self) -> dict[str, Array]:
        """All of it as plain arrays, which `take` reads again."""
        trace = self.losses
        counts = [self._count, self._last_is_kept, trace._width, trace._count, trace._in_bin]
        return {
            "rows": self._rows[: self._count],
            "steps": self.steps,
            "bins": trace._bins[:, : trace._count],
            "counts": np.array(counts, np.int64),
            "average": np.array([trace._mean, trace._weight]),
        }

    def take(self, arrays: Mapping[str, Array]) -> None:
        """Become what `arrays` gave; raises `ValueError` or `KeyError` where they are not of such a history."""
        trace = self.losses
        count, kept, width, bins, in_bin = arrays["counts"].tolist()
        if not (0 <= count <= POINTS and 0 <= bins <= POINTS and 0 <= in_bin < width):
            raise ValueError("The counts are not of a history.")
        self._rows[:count], self._steps[:count] = arrays["rows"], arrays["steps"]
        trace._bins[:, :bins] = arrays["bins"]
        self._count, self._last_is_kept = count, bool(kept)
        trace._width, trace._count, trace._in_bin = width, bins, in_bin
        trace._mean, trace._weight = arrays["average"].tolist()

    def copy(self) -> History:
        """A copy that goes its own way."""
        other = copy.copy(self)
        other._rows, other._steps = self._rows.copy(), self._steps.copy()
        other.losses = copy.copy(self.losses)
        other.losses._bins = self.losses._bins.copy()
        return other


PER_LAYER = ("z_mean", "z_variance", "zt_mean", "zt_variance", "a_mean", "a_variance",
             "batch_mean", "batch_variance", "running_mean", "running_variance",
             "gamma_low", "gamma", "gamma_high", "shift_low", "shift", "shift_high")  # fmt: skip


def _columns(hidden: int, classes: int) -> tuple[dict[str, slice], int]:
    widths = {"train_loss": 1, "train_accuracy": 1, "dev_loss": 1, "dev_accuracy": 1, "learning_rate": 1}
    widths |= dict.fromkeys(PER_LAYER, hidden)
    widths |= {"gradient_norm": hidden + 1, "update_ratio": hidden + 1, "mean_output": classes}
    slices, at = {}, 0
    for name, width in widths.items():
        slices[name] = slice(at, at + width)
        at += width
    return slices, at


class Gauge:
    """Measures one training step of a stack of one: before it, between forward and backward, and after it."""

    def __init__(self, history: History, stack: Stack) -> None:
        self.row = history.blank()
        self._put = history.put
        self._before = [W.copy() for W in stack.network.theta.W[1:]]

    def watch(self, stack: Stack, work: Pass) -> None:
        """Between forward and backward: means and variances of z, z~ and a, and of batch norm's statistics."""
        layers = range(1, len(stack.sizes) - 1)
        on = stack.settings[0].batch_norm
        read = _normalized if on else _plain
        table = np.array([read(stack, work, l) for l in layers])
        for name, values in zip(PER_LAYER, table.T, strict=False):
            self._put(self.row, name, values)

    def after(self, stack: Stack) -> Array:
        """After the step: gradient norms, and how much of itself each W[l] moved. Returns the row."""
        theta, gradient = stack.network.theta, stack.network.gradient
        norms = [_norm(dW) for dW in gradient.W[1:]]
        moves = zip(theta.W[1:], self._before, strict=True)
        ratios = [_norm(W - old) / max(_norm(old), 1e-30) for W, old in moves]
        self._put(self.row, "gradient_norm", norms)
        self._put(self.row, "update_ratio", ratios)
        self._put(self.row, "learning_rate", stack.alpha)
        return self.row


def _norm(x: Array) -> float:
    flat = x.reshape(-1)
    return math.sqrt(float(np.dot(flat, flat)))


def _moments(x: Array) -> tuple[float, float]:
    """Mean and variance over all of x."""
    flat = x.reshape(-1)
    mean = float(flat.mean())
    return mean, max(float(np.dot(flat, flat)) / flat.size - mean * mean, 0.0)


def _plain(stack: Stack, work: Pass, l: int) -> list[float]:
    """A layer without batch norm: z again from W, A[l-1] and b; nothing in the columns of batch norm."""
    theta = stack.network.theta
    z = _moments(theta.W[l] @ work.A[l - 1] + theta.b[l])
    return [*z, *z, *_moments(work.A[l])] + [math.nan] * 10


def _normalized(stack: Stack, work: Pass, l: int) -> list[float]:
    """A layer with batch norm: z and z~ from the statistics, gamma and beta; unit 1 stands for the layer."""
    net = stack.network
    mu, var = net.batch_mean[l].reshape(-1), net.batch_variance[l].reshape(-1)
    gamma, beta = net.theta.gamma[l].reshape(-1), net.theta.beta[l].reshape(-1)
    normalized = gamma * gamma * var / (var + float(stack.epsilon_bn))
    means = [mu.mean(), var.mean() + mu.var(), beta.mean(), normalized.mean() + beta.var()]
    running = [net.running_mean[l].flat[0], net.running_variance[l].flat[0]]
    spread = [gamma.min(), gamma.mean(), gamma.max(), beta.min(), beta.mean(), beta.max()]
    return [*means, *_moments(work.A[l]), mu[0], var[0], *running, *spread]
