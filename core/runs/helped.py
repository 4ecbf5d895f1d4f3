"""Did the last nudge help? The run beside its twin, in words that are shown under the control that was moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.runs.journal import Nudge
from core.runs.run import Run
from core.runs.seed_test import matters
from core.settings.digits import in_full

ALL = "all"  # stands for the control that sets several settings at once
DIVERGED = {  # whether the run did, whether its twin did -> words
    (True, False): "it diverged; without the nudge it did not",
    (False, True): "without the nudge it diverged; with it, it did not",
    (True, True): "it diverged, and without the nudge it did too",
}


@dataclass(frozen=True)
class Helped:
    """What the last gesture did: `control` is the setting that it changed, or `ALL`; `after` steps were trained since;
    `words` compare, such as "dev loss 0.21 lower than without it, after 400 steps"; `twin` says what the twin is."""

    control: str
    after: int
    words: str
    twin: str

    @property
    def sentence(self) -> str:
        """The words as a sentence."""
        return f"{self.words[0].upper()}{self.words[1:]}."


def control_of(nudge: Nudge) -> str:
    """The setting that a nudge, or the gesture that it belongs to, changed; `ALL` for several."""
    return next(iter(nudge.changes)) if len(nudge.changes) == 1 else ALL


def helped(run: Run) -> Helped | None:
    """The answer for the last gesture of `run`; None without a twin."""
    if not run.twin:
        return None
    before = len(run.twin.journal)  # the twin has all nudges before the gesture
    first, step = run.journal[before].step, compared_at(run, run.twin)
    has = ", with those before it" if before else ""
    twin = f"The twin is the run without this nudge{has}."
    return Helped(control_of(run.journal[-1]), step - first, _compared(run, run.twin, step, step - first), twin)


def compared_at(run: Run, twin: Run) -> int:
    """The last step at which both were measured: the present one, or that at which the twin ended."""
    both = np.intersect1d(run.history.steps, twin.history.steps)
    return int(both[-1]) if both.size else 0


def _compared(run: Run, twin: Run, step: int, steps: int) -> str:
    if steps <= 0 and not run.trouble and not twin.trouble:
        return "train some steps to see whether it helps"
    with_, without = (one.history.at(step, "dev_loss") for one in (run, twin))
    broken = _broken(run, with_, run.twin_end), _broken(twin, without, run.twin_end)
    if any(broken):
        return DIVERGED[broken]
    after = f"after {steps:,} step{'s' * (steps > 1)}"
    if with_ == without:
        return f"dev loss the same as without it, {after}"
    if not matters(np.array([with_]), np.array([without])):
        return f"no difference that matters, {after}"
    way = "lower" if with_ < without else "higher"
    return f"dev loss {in_full(abs(with_ - without), 2)} {way} than without it, {after}"


def _broken(run: Run, loss: float, end: int) -> bool:
    """Whether training stopped, up to the step `end`, or the dev loss is no finite number."""
    return bool(run.trouble and run.step <= end) or not np.isfinite(loss)
