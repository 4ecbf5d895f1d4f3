"""Trains one network and measures it: the loss of every step, everything else more and more seldom after a change.

Measuring only reads. How often it is done changes no bit of the training.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.data.datasets import Data
from core.errors import UserError
from core.runs.history import History, steps_until_due
from core.runs.measurement import StepMeasurement
from core.settings.table import RunSpec, Settings
from core.training.evaluation import cost
from core.training.stack import Stack
from core.training.state import State

Array = np.ndarray
MOST_STEPS = 512  # in one call of `advance`


@dataclass(frozen=True)
class Scores:
    """Cost J (nats) and share of examples whose likeliest class is the true one."""

    loss: float
    accuracy: float


class MeasuredStack:
    """A stack of one and the history of its measurements; the first one is made at step 0.

    A change of settings at step s makes measurements dense again from s on (`steps_until_due`). `diverged_at` does the
    same without a change: a twin is measured at the same steps as the run that was nudged there.
    """

    def __init__(self, spec: RunSpec, data: Data, settings: Settings) -> None:
        self.stack = Stack(spec, data, settings, [spec.seed])
        self.history = History(len(spec.hidden), data.n_classes)
        self.diverged_at = 0
        self.broken = False  # whether the dev loss was not finite at the last two measurements that were due
        self._data = data
        self._changed_at = 0
        self._losses: Array = np.empty((MOST_STEPS, 1), self.stack.dtype)
        self._outputs: dict[str, Array] = {}
        self._measure_start()

    # at test time

    def predict(self, X: Array) -> Array:
        """Test-time probabilities (C, m) of raw inputs X (n_x, m); batch norm uses its running statistics (C15)."""
        if X.ndim != 2 or X.shape[0] != self._data.n_x:
            raise UserError(
                f"The inputs have shape {X.shape}: this network takes ({self._data.n_x}, any number of examples)."
            )
        return self._predicted(self._data.standardize(X))

    def outputs(self, split: str) -> Array:
        """Test-time probabilities (C, m) of the "train" or the "dev" set; cached until the network changes."""
        if split not in self._outputs:
            self._outputs[split] = self._predicted(getattr(self._data, split).X)
        return self._outputs[split]

    def evaluate(self, split: str) -> Scores:
        """Cost and accuracy at test time on the "train" or the "dev" set."""
        examples, A = getattr(self._data, split), self.outputs(split)
        right = np.argmax(A, axis=0) == examples.labels
        return Scores(float(cost(self.stack, A, examples.X, examples.Y)), float(right.mean()))

    def _predicted(self, X: Array) -> Array:
        with np.errstate(all="ignore"):
            A: Array = self.stack.predict(X)[0]
        return A

    # training

    def until_due(self) -> int:
        """Steps to the next measurement that is kept, at most `MOST_STEPS`."""
        step = self.stack.state.step
        to_divergence = self.diverged_at - step if step < self.diverged_at else MOST_STEPS
        return min(steps_until_due(step - self._dense_from), to_divergence, MOST_STEPS)

    def advance(self, steps: int, last: bool) -> int:
        """Train `steps` steps, at most `until_due()`; the steps done, fewer where the loss is no longer finite.

        The last step is measured where that is due or `last` is true. A measurement that was not due is replaced by
        the next one.
        """
        due = steps == steps_until_due(self.stack.state.step - self._dense_from)
        return self._train(steps, measured=due or last, keep=due)

    def _train(self, steps: int, measured: bool, keep: bool) -> int:
        stack, losses = self.stack, self._losses
        first = stack.state.step
        done = stack.advance(steps - measured, losses)
        if done == steps - measured and measured:
            measurement = StepMeasurement(self.history, stack)
            done += stack.advance(1, losses[done : done + 1], measurement.watch)
        self._outputs.clear()
        self.history.losses.add(first, losses[:done, 0])
        if measured and done == steps:
            row = measurement.after(stack)
            self._evaluate(row)
            self.history.add(stack.state.step, row, keep)
            # Only where that is due: a run has to stop where its replay does, which may measure other steps besides.
            self.broken = keep and not np.isfinite(self.history.column("dev_loss")[-2:]).any()
        return done

    @property
    def _dense_from(self) -> int:
        """The step after which measurements are dense: of the last change of settings, or of the divergence."""
        diverged = self.stack.state.step >= self.diverged_at
        return max(self._changed_at, self.diverged_at) if diverged else self._changed_at

    def _evaluate(self, row: Array) -> None:
        """Write loss and accuracy on both splits, the mean softmax output of each class, and the first two weights of
        the first layer into `row`."""
        put = self.history.put
        for split in ("train", "dev"):
            scores = self.evaluate(split)
            put(row, f"{split}_loss", scores.loss)
            put(row, f"{split}_accuracy", scores.accuracy)
        put(row, "mean_output", self.outputs("dev").mean(axis=1))
        put(row, "two_weights", self.stack.network.theta.W[1].reshape(-1)[:2])

    def _measure_start(self) -> None:
        row = self.history.blank()
        self._evaluate(row)
        self.history.put(row, "learning_rate", self.stack.alpha)
        self.history.add(0, row, keep=True)

    # changes

    def set(self, settings: Settings, step: int) -> None:
        """Let `settings` count from `step` on, the present one."""
        with np.errstate(all="ignore"):
            self.stack.set(settings)
        self._changed_at = step
        self._outputs.clear()

    def restore(self, state: State, settings: Settings, history: History, changed_at: int) -> None:
        """Go to copies of `state` and `history`, with the settings that counted then, set at step `changed_at`."""
        self.broken = False
        self.stack.restore(state, settings)
        self.history = history.copy()
        self._changed_at = changed_at
        self._outputs.clear()
