"""Where a run pauses by itself: at a step, after so many epochs, or at a loss. The step is exact in each case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from core.errors import UserError
from core.runs.journal import MOST_STEPS
from core.runs.run import Run


class Stop(Protocol):
    """`by` names the kind and `at` is its value, as the page shows them."""

    by: ClassVar[str]

    @property
    def at(self) -> float:
        """The step, the number of epochs or the loss."""

    def left(self, run: Run) -> int:
        """So many steps can be trained before it has to be asked again; 0 where the run is there."""

    def share(self, run: Run) -> float | None:
        """How far the run is on its way, from 0 to 1; None where that is not known."""

    def check(self, run: Run) -> None:
        """Raise `UserError` where the run is there or past it already."""

    def said(self, run: Run) -> str:
        """A sentence once the run is there."""


@dataclass(frozen=True)
class AtStep:
    """Pause when this step is reached."""

    at: int
    by: ClassVar[str] = "step"

    def left(self, run: Run) -> int:
        return max(0, self.at - run.step)

    def share(self, run: Run) -> float | None:
        return min(1.0, run.step / self.at)

    def check(self, run: Run) -> None:
        if not run.step < self.at <= MOST_STEPS:
            raise UserError(f"The stopping step cannot be {self.at:,}: it takes {run.step + 1:,} to {MOST_STEPS:,}.")

    def said(self, run: Run) -> str:
        return f"Paused at step {run.step:,}, the step to stop at."


@dataclass(frozen=True)
class AfterEpochs:
    """Pause at the end of the epoch with this number, from 1."""

    at: int
    by: ClassVar[str] = "epochs"

    def left(self, run: Run) -> int:
        return steps_to(run, self.at)

    def share(self, run: Run) -> float | None:
        return min(1.0, (run.epoch + run.stack.state.cursor / run.data.train.labels.size) / self.at)

    def check(self, run: Run) -> None:
        if self.at <= run.epoch:
            raise UserError(
                f"The run has done {run.epoch:,} epochs already: it can stop after {run.epoch + 1:,} or more."
            )

    def said(self, run: Run) -> str:
        return f"Paused at step {run.step:,}: {self.at:,} epoch{'s are' if self.at > 1 else ' is'} done."


@dataclass(frozen=True)
class AtLoss:
    """Pause at the first step at which the averaged loss of the mini-batches is not above this (nats)."""

    at: float
    by: ClassVar[str] = "loss"

    def left(self, run: Run) -> int:
        return run.history.losses.steps_above(self.at)

    def share(self, run: Run) -> float | None:
        return None

    def check(self, run: Run) -> None:
        if not self.left(run):
            raise UserError(f"The loss is {run.history.losses.latest:.4g} already: choose a smaller one to stop at.")

    def said(self, run: Run) -> str:
        return (
            f"Paused at step {run.step:,}: the averaged loss is {run.history.losses.latest:.4g}, down to {self.at:g}."
        )


def stop_of(step: int | None = None, epochs: int | None = None, loss: float | None = None) -> Stop | None:
    """The stop at a step, after epochs or at a loss, whichever is given; None for no stop."""
    if step is not None:
        return AtStep(step)
    if epochs is not None:
        return AfterEpochs(epochs)
    return AtLoss(loss) if loss is not None else None


def steps_to(run: Run, epochs: int) -> int:
    """Steps until the run has done so many epochs, with its present mini-batch size; 0 where it has."""
    if epochs <= run.epoch:
        return 0
    stack = run.stack
    return stack.steps_left(stack.state.cursor) + (epochs - run.epoch - 1) * stack.steps_left(0)
