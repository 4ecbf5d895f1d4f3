"""The history of a run: its measurements in named columns, at most 256 points each.

The mini-batch loss of every step goes into bins, each with least, greatest and average. Everything else is measured at
every step after the start and after a nudge, then more and more seldom: the effect of a nudge is seen in detail.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from itertools import accumulate

import numpy as np

Array = np.ndarray
POINTS = 256
FIRST = 64  # steps after the start and after a nudge that are all measured
DETAIL = 16  # measurements in each doubling of the steps from there on
AVERAGE_BETA = 0.95
EXPLODED = 3.0  # times the loss before training: above that a loss has exploded
COLUMNS: Mapping[str, str] = {  # in the order of a row, new ones last; each has one number per what is named here
    "train_loss": "run",
    "train_accuracy": "run",
    "dev_loss": "run",
    "dev_accuracy": "run",
    "learning_rate": "run",
    "z_mean": "hidden layer",
    "z_variance": "hidden layer",
    "zt_mean": "hidden layer",
    "zt_variance": "hidden layer",
    "a_mean": "hidden layer",
    "a_variance": "hidden layer",
    "batch_mean": "hidden layer",
    "batch_variance": "hidden layer",
    "running_mean": "hidden layer",
    "running_variance": "hidden layer",
    "gamma_low": "hidden layer",
    "gamma": "hidden layer",
    "gamma_high": "hidden layer",
    "shift_low": "hidden layer",
    "shift": "hidden layer",
    "shift_high": "hidden layer",
    "gradient_norm": "layer",
    "update_ratio": "layer",
    "mean_output": "class",
    "total_norm": "run",
    "zn_variance": "hidden layer",
    "two_weights": "pair",
}
LAST_COLUMNS = ("mean_output", "total_norm", "zn_variance", "two_weights")  # of a row, in each version of histories


def steps_until_due(since: int) -> int:
    """Steps to the next measurement, `since` steps after the start or the last nudge: 1 at first; from `FIRST` on, each
    doubling of `since` has `DETAIL` measurements."""
    stride = 1 if since < FIRST else (1 << (since.bit_length() - 1)) // DETAIL
    return stride - since % stride


class LossTrace:
    """The mini-batch loss of every step, in at most 256 bins of equal width, and its exponentially weighted average."""

    def __init__(self) -> None:
        self._bins = np.full((4, POINTS), np.nan)  # last step of the bin, least, greatest, average at its end
        self._width, self._count, self._in_bin = 1, 0, 0
        self._mean, self._weight = 0.0, 1.0

    def add(self, first_step: int, losses: Array) -> None:
        """Add the losses (n,) of the steps first_step, first_step + 1, ..."""
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
        """Merge pairs of bins into bins of twice the width."""
        pairs = self._bins.reshape(4, -1, 2)
        half = POINTS // 2
        self._bins[:, :half] = pairs[0, :, 1], pairs[1].min(axis=1), pairs[2].max(axis=1), pairs[3, :, 1]
        self._count, self._width = half, self._width * 2

    @property
    def latest(self) -> float:
        """The average at the last step, bias-corrected; NaN before the first step."""
        return self._mean / (1 - self._weight) if self._weight < 1 else math.nan

    def steps_above(self, loss: float) -> int:
        """So many steps can be made before the average can be at or below `loss`, at least 1; 0 where it is.

        A loss is not below 0, so after k steps the average m / (1 - w) is at least b m / (1 - b w) with b = beta^k.
        """
        if self.latest <= loss:
            return 0
        least = loss / (self._mean + loss * self._weight) if math.isfinite(self._mean) else 1.0
        return max(1, math.ceil(math.log(least) / math.log(AVERAGE_BETA)))

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


def _widths(hidden: int, classes: int) -> dict[str, int]:
    """How many numbers each column has, for a network with `hidden` hidden layers."""
    counts = {"run": 1, "hidden layer": hidden, "layer": hidden + 1, "class": classes, "pair": 2}
    return {name: counts[per] for name, per in COLUMNS.items()}


class History:
    """All measurements of a run: one row each, in named columns. The last row is of the present step."""

    def __init__(self, hidden: int, classes: int) -> None:
        widths = _widths(hidden, classes)
        ends = accumulate(widths.values())
        self._slices = {name: slice(end - widths[name], end) for name, end in zip(widths, ends, strict=True)}
        self._known_widths = {self._slices[name].stop for name in LAST_COLUMNS}
        self._rows = np.full((POINTS, sum(widths.values())), np.nan, np.float32)
        self._steps = np.zeros(POINTS, np.int64)
        self._count = 0
        self._last_is_kept = True
        self.losses = LossTrace()

    def add(self, step: int, row: Array, keep: bool) -> None:
        """Append a row; without `keep`, the next one replaces it."""
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

    def put(self, row: Array, name: str, values: Array | Sequence[float] | float) -> None:
        """Write the column `name` of `row`."""
        row[self._slices[name]] = values

    def column(self, name: str) -> Array:
        """(points, width) of a column, oldest first."""
        return self._rows[: self._count, self._slices[name]]

    def at(self, step: int, name: str) -> float:
        """The last measurement at or before `step` of a column of width 1."""
        row = int(np.searchsorted(self.steps, step, side="right")) - 1
        return float(self.column(name)[max(0, row), 0])

    @property
    def steps(self) -> Array:
        """The step of each point, (points,)."""
        return self._steps[: self._count]

    def latest(self, name: str) -> float:
        """The last value of a column of width 1; NaN where there is none."""
        return float(self.column(name)[-1, 0]) if self._count else math.nan

    def ceiling(self, classes: int) -> float:
        """The loss above which it has exploded: `EXPLODED` times the training loss at step 0, or ln C where that is
        greater or the other is no finite number. It is the same at every step of a run."""
        first = float(self.column("train_loss")[0, 0])
        return EXPLODED * max(math.log(classes), first if math.isfinite(first) else 0.0)

    @property
    def bytes(self) -> int:
        """Size of the arrays in memory."""
        return self._rows.nbytes + self._steps.nbytes + self.losses._bins.nbytes

    def arrays(self) -> dict[str, Array]:
        """The whole history as plain arrays, for `take`."""
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
        """Restore what `arrays` gave. Columns that are newer than they are empty (NaN). Raises `ValueError` or
        `KeyError` for arrays that do not fit this history."""
        trace = self.losses
        count, kept, width, bins, in_bin = arrays["counts"].tolist()
        if not (0 <= count <= POINTS and 0 <= bins <= POINTS and 0 <= in_bin < width):
            raise ValueError("The counts are not of a history.")
        rows = arrays["rows"]
        if rows.shape[1] not in self._known_widths:
            raise ValueError("The rows are not of a history of this shape.")
        self._rows[:count], self._rows[:count, : rows.shape[1]] = np.nan, rows
        self._steps[:count] = arrays["steps"]
        trace._bins[:, :bins] = arrays["bins"]
        self._count, self._last_is_kept = count, bool(kept)
        trace._width, trace._count, trace._in_bin = width, bins, in_bin
        trace._mean, trace._weight = arrays["average"].tolist()

    def copy(self) -> History:
        """An independent copy."""
        other = copy.copy(self)
        other._rows, other._steps = self._rows.copy(), self._steps.copy()
        other.losses = copy.copy(self.losses)
        other.losses._bins = self.losses._bins.copy()
        return other
