"""Why a run stopped: a loss is no longer a finite number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.runs.journal import Gesture, Nudge, gestures
from core.training.divergence import first_broken_at_test_time, first_broken_layer
from core.training.stack import Stack


@dataclass(frozen=True)
class Trouble:
    """Training stopped at `step`: the loss of the next mini-batch, or that of the dev set, is not a finite number.

    `layer` is where it began, `gesture` the last one before it, None where there was none.
    """

    step: int
    layer: str
    gesture: Gesture | None
    sentence: str


def diagnose(stack: Stack, journal: Iterable[Nudge], in_training: bool) -> Trouble:
    """In which layer, and after which gesture of `journal`, the loss of a stack of one stopped being finite: that of
    the mini-batch, or else only that of the dev set."""
    step, layer = stack.state.step, first_broken_layer(stack) if in_training else first_broken_at_test_time(stack)
    made = gestures(journal)
    gesture = made[-1] if made else None
    cause = f"after the nudge of {gesture.words} at step {gesture.step:,}" if gesture else "with no nudge before it"
    loss = "the loss" if in_training else "the dev loss"
    what = f"Training stopped at step {step:,}: {loss} is no longer a finite number."
    return Trouble(step, layer, gesture, f"{what} It began in {layer}, {cause}.")
