"""Did the last nudge help? The run beside its twin, in words that are shown under the control that was moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.runs.journal import Gesture, gestures
from core.runs.run import Run
from core.runs.seed_test import matters
from core.settings.digits import in_full

ALL = "all"  # stands for the control that sets several settings at once


@dataclass(frozen=True)
class Helped:
    """What the last gesture did: `control` is the setting that it changed, or `ALL`; `after` steps were trained since;
    `words` compare, such as "dev loss 0.21 lower than without it, after 400 steps"; `twin` says what the twin is."""

    control: str
    after: int
    words: str
    twin: str


def control_of(gesture: Gesture) -> str:
    """The setting that a gesture changed; `ALL` for several."""
    return next(iter(gesture.changes)) if len(gesture.changes) == 1 else ALL


def helped(run: Run) -> Helped | None:
    """The answer for the last gesture of `run`; None without a twin."""
    if not run.twin or not run.journal:
        return None
    made = gestures(run.journal)
    step = compared_at(run, run.twin)
    words = _compared(run, run.twin, step, made[-1])
    before = len(made) - 1
    has = f", with the {f'{before:,} nudges' if before > 1 else 'nudge'} before it" if before else ""
    return Helped(control_of(made[-1]), step - made[-1].first, words, f"The twin is the run without this nudge{has}.")


def compared_at(run: Run, twin: Run) -> int:
    """The last step at which both were measured: the present one, or that at which the twin ended."""
    both = np.intersect1d(run.history.steps, twin.history.steps)
    return int(both[-1]) if both.size else 0


def _compared(run: Run, twin: Run, step: int, gesture: Gesture) -> str:
    end = run.twin_end
    if run.trouble and run.step <= end:
        return f"diverged at step {run.step:,}, {'without it too' if twin.trouble else 'not without it'}"
    if twin.trouble:
        return f"without it, training diverged at step {twin.step:,}"
    steps = step - gesture.first
    if steps <= 0:
        return "train some steps to see whether it helps"
    after = f"after {steps:,} step{'s' * (steps > 1)}"
    with_, without = (_finite(one.history.at(step, "dev_loss")) for one in (run, twin))
    if with_ == without:
        return f"dev loss the same as without it, {after}"
    if not matters(np.array([with_]), np.array([without])):
        return f"no difference that matters, {after}"
    way = "lower" if with_ < without else "higher"
    return f"dev loss {in_full(abs(with_ - without), 2)} {way} than without it, {after}"


def _finite(loss: float) -> float:
    """A loss that is no number counts as infinite."""
    return loss if np.isfinite(loss) else np.inf
