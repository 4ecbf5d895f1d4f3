"""What has gone wrong with a run, why as far as its journal and settings tell, and how to go back and repair it.

A new kind of fault is one function and one row of `FAULTS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.runs.journal import Gesture, Nudge, gestures, settings_after
from core.runs.replay import Replay, rewinding
from core.runs.run import Run, differences
from core.settings.digits import in_full
from core.settings.table import FIELDS, Settings, changed

USUAL = 1.0  # largest usual learning rate
USUAL_ADAPTIVE = 0.1  # the same for optimizers that divide by the size of the gradient
FAR = 3  # times the largest usual learning rate: from above that on, it is the reason before other changes
RECENT = 1000  # steps: an older change is not named as the reason
BEFORE = 100  # steps to go back before a fault that no change explains


@dataclass(frozen=True)
class Fault:
    """`what` happened, in words without a full stop; it began after step `began`."""

    what: str
    began: int


@dataclass(frozen=True)
class Repair:
    """Go back to `step`, and set `changes` there; none where the settings from before it are the repair."""

    step: int
    words: str
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Wrong:
    """What happened and why, as a sentence, and a repair."""

    sentence: str
    repair: Repair


def diverged(run: Run) -> Fault | None:
    """A loss is no longer a finite number."""
    return Fault(f"Diverged at step {run.trouble.step:,}", run.trouble.step) if run.trouble else None


def dead_layer(run: Run) -> Fault | None:
    """A layer of ReLUs that are 0 for the whole mini-batch: no gradient passes it."""
    if run.spec.activation != "relu" or not run.step or _one_example(run):
        return None
    silent = (run.history.column("a_mean") == 0) & (run.history.column("a_variance") == 0)  # (points, hidden layers)
    if not silent[-1].any():
        return None
    layer = int(np.argmax(silent[-1]))
    outputs = run.outputs("dev")
    alike = np.array_equal(outputs, np.broadcast_to(outputs[:, :1], outputs.shape))
    where = "for every example" if alike else "for every example of the mini-batch"
    return Fault(f"Layer {layer + 1} is dead: every unit gives 0 {where}", _last_before(run, silent[:, layer]))


def exploded(run: Run) -> Fault | None:
    """The loss is finite, but far above that of the start."""
    top, losses = run.history.ceiling(run.data.n_classes), run.history.column("train_loss")[:, 0]
    if not (losses[-1] > top and run.history.losses.latest > top):
        return None
    began = _last_before(run, ~(losses <= top))
    return Fault(f"The loss exploded after step {began:,} and is {in_full(float(losses[-1]))} now", began)


FAULTS: tuple[Callable[[Run], Fault | None], ...] = (diverged, dead_layer, exploded)


def wrong(run: Run) -> Wrong | None:
    """The first fault that `run` has now, its reason and its repair."""
    fault = next(filter(None, (find(run) for find in FAULTS)), None)
    if not fault:
        return None
    why, repair = _reason(run, fault.began)
    end = f": {why}." if ":" not in fault.what else f". {why[0].upper()}{why[1:]}."
    return Wrong(fault.what + end, repair)


def repairing(run: Run, repair: Repair) -> Replay[Run]:
    """`run` back at the step of the repair, and with its changes, as a replay."""
    replay = rewinding(run, repair.step)
    settings = settings_after(run.start, replay.journal)
    real = differences(settings, changed(settings, repair.changes))
    nudges = (*replay.journal[len(run.journal) :], *([Nudge(repair.step, real)] if real else ()))
    return Replay(run, nudges, repair.step)


def _reason(run: Run, began: int) -> tuple[str, Repair]:
    """Why it began after that step: a change shortly before, else a learning rate out of the usual range; where there
    is neither, that is what is said."""
    journal = [nudge for nudge in run.journal if nudge.step <= began]
    then = settings_after(run.start, journal)
    made = [
        one for one in gestures(journal) if began - one.step <= RECENT and not _lowers_alpha(one) and _acts(one, then)
    ]
    far = then.learning_rate > FAR * usual(then)
    raised = [one for one in made if "learning_rate" in one.changes]
    if made and (raised or not far):
        blamed = raised[-1] if raised and far else made[-1]
        return _changed(blamed, began), _undone(blamed)
    step = max(journal[-1].step + 1 if journal else 0, began - BEFORE)
    alpha = then.learning_rate
    tenth = max(FIELDS["learning_rate"].low, float(f"{alpha / 10:.3g}"))
    repair = Repair(step, f"Go back to step {step:,} with α {tenth:g}", {"learning_rate": tenth})
    if alpha > usual(then):
        return _too_large(alpha), repair
    since = f"in the {RECENT:,} steps before" if journal else "before"
    return f"nothing was changed {since}; a smaller learning rate is the usual remedy", repair


def _lowers_alpha(gesture: Gesture) -> bool:
    """Whether it sets the learning rate lower, which is never the reason."""
    old, new = gesture.changes.get("learning_rate", (0, 0))
    return bool(new < old)


def _acts(gesture: Gesture, then: Settings) -> bool:
    """Whether one of its settings had an effect under the settings that counted when it began."""
    return any(not FIELDS[name].idle(then) for name in gesture.changes)


def usual(settings: Settings) -> float:
    """The largest usual learning rate of the optimizer."""
    return USUAL if FIELDS["epsilon"].idle(settings) else USUAL_ADAPTIVE


def _changed(gesture: Gesture, began: int) -> str:
    """What a gesture did, as a reason."""
    old, new = gesture.changes.get("learning_rate", (0, 0))
    if new > old:
        return _too_large(new)
    ago = began - gesture.step
    when = f"{ago:,} step{'s' * (ago != 1)} before" if ago else "just before"
    parts = ((FIELDS[name], old, new) for name, (old, new) in gesture.changes.items())
    words = " and ".join(f"{one.label} went from {one.word(old)} to {one.word(new)}" for one, old, new in parts)
    return f"{when}, {words}"


def _too_large(alpha: float) -> str:
    return f"a learning rate of {FIELDS['learning_rate'].word(alpha)} was too large"


def _undone(gesture: Gesture) -> Repair:
    """Back to before a gesture."""
    name, (old, _) = next(iter(gesture.changes.items()))
    one = FIELDS[name]
    what = f"{one.symbol or one.label} {one.word(old)}" if len(gesture.changes) == 1 else "the settings before"
    return Repair(gesture.first, f"Go back to step {gesture.first:,} with {what}")


def _last_before(run: Run, bad: np.ndarray) -> int:
    """The last measured step before the present stretch of `bad` measurements (points,)."""
    well = np.flatnonzero(~bad)
    return int(run.history.steps[well[-1]]) if well.size else 0


def _one_example(run: Run) -> bool:
    """Whether the last step was made on one example: then a layer that lives gives one output too."""
    return (run.stack.last_batch if run.stack.state.cursor == 0 else run.stack.batch) == 1
