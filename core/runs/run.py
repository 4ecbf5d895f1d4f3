"""A run: one network with its journal of nudges. The only place where its state changes. Course row C7.

The same seed gives the same curve: `default_rng(seed)` draws the weights (`core/nn/network.py`), and
`default_rng([seed, epoch])` shuffles the examples of each epoch (`core/training/batches.py`).
What dropout drops follows from seed and step (`core/nn/dropout.py`). No generator is global.
The journal keeps every nudge with its step, so spec, first settings and journal give the same state, to the bit,
however the steps are divided into calls, with the same numpy on the same kind of processor; `fingerprint` is a hash of
that state.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from typing import Any

import numpy as np

from core.data.datasets import Data
from core.errors import UserError
from core.runs import snapshots
from core.runs.history import History
from core.runs.journal import MOST_NUDGES, Gesture, Nudge, last_gesture, same_gesture
from core.runs.measured_stack import MOST_STEPS, MeasuredStack, Scores
from core.runs.replay import Replay, rewinding, twinning, undoing
from core.runs.seed_test import SeedTest
from core.runs.snapshots import Snapshot, Snapshots
from core.runs.trouble import Trouble, diagnose
from core.settings.plain import as_dict
from core.settings.table import RunSpec, Settings, changed
from core.training.evaluation import losses
from core.training.run_data import data_of
from core.training.state import NORM_WEIGHTS, State

Array = np.ndarray
TWIN_STEPS = 2048  # that a twin trains after the nudge: from 2,000 on, the first that run and twin both keep measured


def differences(old: Settings, new: Settings) -> dict[str, tuple[Any, Any]]:
    """What a nudge from `old` to `new` changes: setting -> (old value, new value)."""
    before = vars(old)
    return {name: (before[name], value) for name, value in vars(new).items() if value != before[name]}


def fingerprint(spec: RunSpec, settings: Settings, state: State) -> str:
    """SHA-256 of all that a network's future depends on: spec, settings, parameters, moments, statistics, place in
    data. `state` is that of a stack of one. Under the first rules `NORM_WEIGHTS` follow from the others."""
    digest = hashlib.sha256(json.dumps([as_dict(spec), as_dict(settings)], sort_keys=True).encode())
    for field in fields(State):
        if spec.rules < 2 and field.name in NORM_WEIGHTS:
            continue
        digest.update(np.ascontiguousarray(getattr(state, field.name)).tobytes())
    return digest.hexdigest()


class Run:
    """One network that a person watches and nudges while it trains."""

    def __init__(self, spec: RunSpec | None = None, settings: Settings | None = None, data: Data | None = None) -> None:
        self.spec, self.settings = spec or RunSpec(), settings or Settings()
        self.start = self.settings
        self.data = data or data_of(self.spec)
        self.journal: tuple[Nudge, ...] = ()
        self.since = {field.name: 0 for field in fields(Settings)}  # the step of each setting's last change
        self.trouble: Trouble | None = None
        self.twins = False  # whether every gesture makes a twin
        self.twin: Run | None = None  # this run without its last gesture, trained in step with it for `twin_steps`
        self.twin_steps = TWIN_STEPS
        self.seed_test: SeedTest | None = None  # the last gesture under other seeds, once a person has asked for it
        self._measured = MeasuredStack(self.spec, self.data, self.settings)
        self.stack = self._measured.stack
        self._snapshots = Snapshots(self._snapshot())

    # the present

    @property
    def step(self) -> int:
        """Training steps done."""
        return self.stack.state.step

    @property
    def epoch(self) -> int:
        """Epochs completed."""
        return self.stack.state.epoch

    @property
    def sizes(self) -> tuple[int, ...]:
        """(n_x, hidden ..., C)."""
        return self.stack.sizes

    @property
    def learning_rate(self) -> float:
        """The learning rate of the present epoch, after decay."""
        return float(self.stack.alpha)

    @property
    def history(self) -> History:
        """What was measured, up to the present step."""
        return self._measured.history

    def predict(self, X: Array) -> Array:
        """Test-time probabilities (C, m) of raw inputs X (n_x, m); `UserError` for another shape."""
        return self._measured.predict(X)

    def outputs(self, split: str) -> Array:
        """Test-time probabilities (C, m) of the "train" or the "dev" set."""
        return self._measured.outputs(split)

    def evaluate(self, split: str) -> Scores:
        """Cost and accuracy at test time on the "train" or the "dev" set."""
        return self._measured.evaluate(split)

    def losses(self, split: str) -> Array:
        """The loss (m,) of each example of the "train" or the "dev" set at test time, in nats."""
        examples = getattr(self.data, split)
        return losses(self.stack, self.outputs(split), examples.X, examples.Y)

    def fingerprint(self) -> str:
        """SHA-256 of all that the future depends on (see the function of that name)."""
        return fingerprint(self.spec, self.settings, self.stack.state)

    # training

    def advance(self, steps: int, should_stop: Callable[[], bool] | None = None, at_once: int = MOST_STEPS) -> int:
        """Train `steps` steps; returns the steps done, fewer where a loss stopped being finite (see `trouble`).

        `should_stop()` is asked after every `at_once` steps or sooner: once it is true, one more step is the last. The
        last step is measured, unless the loss broke before it. How the steps are divided into calls changes no kept
        measurement and no bit.
        """
        done = 0
        with np.errstate(all="ignore"):
            while done < steps and not self.trouble:
                if should_stop and done and should_stop():
                    steps = done + 1
                part = min(self._until_due(), steps - done, at_once)
                done += self._advance_part(part, last=done + part == steps)
                if self.twin:
                    until = min(self.step, self.twin_end)
                    self.twin._follow(until, last=done == steps or until < self.step)
        return done

    @property
    def twin_end(self) -> int:
        """The step up to which the twin of the last gesture trains; it stays there."""
        return self.journal[-1].step + self.twin_steps if self.journal else 0

    def _follow(self, step: int, last: bool) -> None:
        """Train this twin to `step`."""
        while self.step < step and not self.trouble:
            part = min(self._until_due(), step - self.step)
            self._advance_part(part, last and part == step - self.step)

    def _until_due(self) -> int:
        """Steps to the next kept measurement or snapshot."""
        return min(self._measured.until_due(), snapshots.EVERY - self.step % snapshots.EVERY)

    def _advance_part(self, steps: int, last: bool) -> int:
        """Train `steps` steps, at most `_until_due()`; `last` says that they include the last one asked for."""
        done = self._measured.advance(steps, last)
        if done < steps or (self._measured.broken and self.spec.rules > 1):
            self.trouble = diagnose(self.stack, self.journal, done < steps)
        elif self.step % snapshots.EVERY == 0:
            self._snapshots.keep(self._snapshot())
        return done

    def find_trouble(self) -> None:
        """Where the last losses are not finite, see whether the run can go on from here: a replay ends before the step
        that fails, and with it the run would not know its trouble."""
        if self.trouble or np.isfinite([self.history.latest(f"{split}_loss") for split in ("train", "dev")]).all():
            return
        ahead = self.branch()
        if not ahead.advance(1):
            self.trouble = ahead.trouble

    # nudges

    def nudge(self, gesture: int = 0, **changes: Any) -> Nudge | None:
        """Change settings from the present step on. Returns what changed, None where nothing did.

        Raises `SettingError` with the allowed range for a value out of it; then nothing has changed.
        """
        new = changed(self.settings, changes)
        real = differences(self.settings, new)
        if not real:
            return None
        if len(self.journal) >= MOST_NUDGES:
            raise UserError(f"This run has {MOST_NUDGES:,} nudges, which is the most: go on from here in a new run.")
        nudge = Nudge(self.step, real, gesture)
        if not (self.journal and same_gesture(nudge, self.journal[-1])):
            self.twin = self.branch(diverged_at=self.step) if self.twins else None
        elif self.twin:
            self.twin.measure_from(self.step)
        self.seed_test = None
        self._apply(nudge, new)
        return nudge

    def repeat(self, nudge: Nudge) -> None:
        """Make a nudge of a known journal again; of one from elsewhere, only what changes a setting."""
        new = changed(self.settings, nudge.new_values)
        if real := differences(self.settings, new):
            self._apply(replace(nudge, changes=real), new)

    def annotate(self, place: int, note: str) -> None:
        """Write a note on the nudge at `place` of the journal; an empty one takes it away."""
        noted = replace(self.journal[place], note=note)
        self.journal = (*self.journal[:place], noted, *self.journal[place + 1 :])

    def _apply(self, nudge: Nudge, settings: Settings) -> None:
        self.journal, self.settings = self.journal + (nudge,), settings
        self.since = self.since | dict.fromkeys(nudge.changes, nudge.step)
        self._measured.set(settings, nudge.step)

    # going back, and other runs from this one's past: see core/runs/replay.py for the same in slices

    def rewind(self, step: int) -> None:
        """Go back to `step` as it was when the run first reached it, without the nudges at that step and after it."""
        rewinding(self, step).finish()

    def undo(self) -> Gesture:
        """Take back the last gesture: the run goes to the step before it, without it. Returns what was undone."""
        undone = last_gesture(self.journal)
        undoing(self).finish()
        return undone

    def branch(self, step: int | None = None, diverged_at: int = 0) -> Run:
        """Another run with this one's past up to `step` (None: the present), independent of it from there on.

        `diverged_at` is for a twin: from that step on it is measured as if it had been nudged there.
        """
        other = Run(self.spec, self.start, self.data)
        other.journal, other._snapshots = self.journal, self._snapshots.copy()
        other._measured.diverged_at = diverged_at
        other._restore(self._snapshot())
        other.trouble = self.trouble
        if step is not None:
            other.rewind(step)
        return other

    def measure_from(self, step: int) -> None:
        """Measure this twin from `step` on as if it had been nudged there, as its run is."""
        self._measured.diverged_at = step

    def make_twin(self) -> Run:
        """This run as it would stand at `twin_end`, or now, without its last gesture: the same mini-batches, the
        settings from before."""
        return twinning(self).finish()

    @classmethod
    def replay(cls, spec: RunSpec, settings: Settings, journal: Iterable[Nudge], step: int) -> Run:
        """The run that starts with `settings`, is nudged as in `journal`, and stands at `step`: the same to the bit."""
        return Replay(cls(spec, settings), journal, step).finish()

    def restore_before(self, step: int) -> None:
        """Go back to the nearest snapshot before `step`; the twin and the seed test are dropped."""
        self.twin = self.seed_test = None
        self._restore(self._snapshots.back_to(step))

    # snapshots

    def pack(self) -> tuple[int, int, bytes]:
        """A snapshot of the present, for `restore_packed`: its step, how many nudges it has seen, its bytes."""
        return self.step, len(self.journal), self._snapshot().pack()

    def restore_packed(self, packed: Iterable[bytes], journal: tuple[Nudge, ...], step: int) -> None:
        """Go to the last of the `packed` snapshots that fits this run and `journal` and is not after `step`, if any."""
        if snapshot := self._snapshots.unpack(packed, journal, step):
            self._restore(snapshot, journal)

    def _snapshot(self) -> Snapshot:
        return Snapshot(self.stack.state.copy(), self.settings, len(self.journal), self.since, self.history.copy())

    def _restore(self, snapshot: Snapshot, journal: tuple[Nudge, ...] | None = None) -> None:
        self.trouble, self.journal = None, (self.journal if journal is None else journal)[: snapshot.nudges]
        self.settings, self.since = snapshot.settings, snapshot.since
        changed_at = self.journal[-1].step if self.journal else 0
        self._measured.restore(snapshot.state, snapshot.settings, snapshot.history, changed_at)
