"""A run: a spec, a journal of nudges, and the state that they lead to. The one place where that state changes.

The same spec and the same journal always lead to the same state, to the bit, however the steps were divided into
calls; `fingerprint` is a hash of that state. Course row C7.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from core.data.datasets import Data
from core.errors import UserError
from core.nn import softmax
from core.runs import snapshots
from core.runs.history import History, steps_until_due
from core.runs.journal import MOST_NUDGES, Gesture, Nudge, before_last_gesture, gestures, same_gesture
from core.runs.measurement import StepMeasurement
from core.runs.seed_test import SeedTest
from core.runs.snapshots import Snapshot, Snapshots
from core.settings.plain import as_dict
from core.settings.table import RunSpec, Settings, changed
from core.training.run_data import data_of
from core.training.stack import Stack
from core.training.state import State

Array = np.ndarray
AT_ONCE = 512  # steps between two looks at the history


@dataclass(frozen=True)
class Scores:
    """Cost J (nats) and share of examples whose likeliest class is the true one."""

    loss: float
    accuracy: float


@dataclass(frozen=True)
class Trouble:
    """Training stopped: the loss of the mini-batch after `step` steps is not a finite number."""

    step: int
    layer: str
    gesture: Gesture | None
    sentence: str


def differences(old: Settings, new: Settings) -> dict[str, tuple[Any, Any]]:
    """What a nudge from `old` to `new` changes: setting -> (old value, new value)."""
    before, after = asdict(old), asdict(new)
    return {name: (before[name], value) for name, value in after.items() if value != before[name]}


def fingerprint(spec: RunSpec, settings: Settings, state: State) -> str:
    """SHA-256 of all that a network's future depends on: spec, settings, parameters, moments, statistics, place in
    data. `state` is that of a stack of one."""
    digest = hashlib.sha256(json.dumps([as_dict(spec), as_dict(settings)], sort_keys=True).encode())
    for field in fields(State):
        digest.update(np.ascontiguousarray(getattr(state, field.name)).tobytes())
    return digest.hexdigest()


class Run:
    """One network that a person watches and nudges while it trains."""

    def __init__(self, spec: RunSpec | None = None, settings: Settings | None = None, data: Data | None = None) -> None:
        self.spec, self.settings = spec or RunSpec(), settings or Settings()
        self.start = self.settings
        self.data = data or data_of(self.spec)
        self.journal: tuple[Nudge, ...] = ()
        self.since = {field.name: 0 for field in fields(Settings)}
        self.trouble: Trouble | None = None
        self.twins = False  # whether every gesture leaves behind the run that goes on without it
        self.twin: Run | None = None  # that run, which trains in step
        self._parted = 0  # where it parted from the run whose twin it is: from there on it is measured as that is
        self.seed_test: SeedTest | None = None  # the last gesture under other seeds, where that was asked
        self.stack = Stack(self.spec, self.data, self.settings, [self.spec.seed])
        self.history = History(len(self.spec.hidden), self.data.n_classes)
        self._losses: Array = np.empty((AT_ONCE, 1), self.stack.dtype)
        self._outputs: dict[str, Array] = {}
        self._measure_start()
        self._snapshots = Snapshots(self._snapshot())

    # what is true now

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

    def predict(self, X: Array) -> Array:
        """Test-time probabilities (C, m) of raw inputs X (n_x, m); batch norm uses its running statistics (C15)."""
        if X.ndim != 2 or X.shape[0] != self.data.n_x:
            raise UserError(
                f"The inputs have shape {X.shape}: this network takes ({self.data.n_x}, any number of examples)."
            )
        with np.errstate(all="ignore"):
            A: Array = self.stack.predict(self.data.standardize(X))[0]
        return A

    def outputs(self, split: str) -> Array:
        """Test-time probabilities (C, m) of the "train" or the "dev" set; kept until the run moves."""
        if split not in self._outputs:
            with np.errstate(all="ignore"):
                self._outputs[split] = self.stack.predict(getattr(self.data, split).X)[0]
        return self._outputs[split]

    def evaluate(self, split: str) -> Scores:
        """Cost and accuracy at test time on the "train" or the "dev" set."""
        examples, A = getattr(self.data, split), self.outputs(split)
        right = np.argmax(A, axis=0) == examples.labels
        return Scores(float(softmax.cost(A, examples.Y)), float(right.mean()))

    def fingerprint(self) -> str:
        """SHA-256 of all that the future depends on (see the function of that name)."""
        return fingerprint(self.spec, self.settings, self.stack.state)

    # what moves it

    def advance(self, steps: int, enough: Callable[[], bool] | None = None, at_once: int = AT_ONCE) -> int:
        """Train `steps` steps; returns the steps done, fewer where the loss stopped being finite (see `trouble`).

        `enough()` is asked after every `at_once` steps or sooner: once it is true, one more step is the last. The last
        step is measured, unless the loss broke before it. How the steps are divided into calls changes no kept
        measurement and no bit.
        """
        done = 0
        with np.errstate(all="ignore"):
            while done < steps and not self.trouble:
                if enough and done and enough():
                    steps = done + 1
                part = min(self._until_due(), steps - done, at_once)
                done += self._part(part, last=done + part == steps)
                if self.twin:
                    self.twin._keep_up(self.step, last=done == steps)
        return done

    def _keep_up(self, step: int, last: bool) -> None:
        """Train to `step`, as the twin of a run that stands there."""
        while self.step < step and not self.trouble:
            part = min(self._until_due(), step - self.step)
            self._part(part, last and part == step - self.step)

    def _until_due(self) -> int:
        """Steps to the next kept measurement or snapshot."""
        since = self.step - self._last_change
        to_parting = self._parted - self.step if self.step < self._parted else AT_ONCE
        return min(steps_until_due(since), to_parting, AT_ONCE, snapshots.EVERY - self.step % snapshots.EVERY)

    def _part(self, steps: int, last: bool) -> int:
        """At most `_until_due` steps; the last of all that were asked for is measured, even where it is not kept."""
        due = steps == steps_until_due(self.step - self._last_change)
        done = self._train(steps, measured=due or last, keep=due)
        if self.step % snapshots.EVERY == 0 and not self.trouble:
            self._snapshots.keep(self._snapshot())
        return done

    def _train(self, steps: int, measured: bool, keep: bool) -> int:
        """A few steps, the last of them measured or not."""
        first, stack, losses = self.step, self.stack, self._losses
        done = stack.advance(steps - measured, losses)
        if done == steps - measured and measured:
            measurement = StepMeasurement(self.history, stack)
            done += stack.advance(1, losses[done : done + 1], measurement.watch)
        self._outputs.clear()
        self.history.losses.add(first, losses[:done, 0])
        if done < steps:
            self.trouble = self._diagnose()
        elif measured:
            row = measurement.after(stack)
            self._evaluate(row)
            self.history.add(self.step, row, keep)
        return done

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
        if self.twins and not (self.twin and same_gesture(nudge, self.journal[-1])):
            self.twin = self.branch()
            self.twin._parted = self.step
        self.seed_test = None
        self._take(nudge, new)
        return nudge

    def annotate(self, place: int, note: str) -> None:
        """Write a note on the nudge at `place` of the journal; an empty one takes it away."""
        noted = replace(self.journal[place], note=note)
        self.journal = (*self.journal[:place], noted, *self.journal[place + 1 :])

    def _take(self, nudge: Nudge, settings: Settings) -> None:
        self.journal = (*self.journal, nudge)
        self._apply(nudge, settings)

    def _apply(self, nudge: Nudge, settings: Settings) -> None:
        self.settings = settings
        with np.errstate(all="ignore"):
            self.stack.set(settings)
        self.since = self.since | dict.fromkeys(nudge.changes, nudge.step)
        self._outputs.clear()

    @property
    def _last_change(self) -> int:
        last = self.journal[-1].step if self.journal else 0
        return max(last, self._parted) if self.step >= self._parted else last

    # going back, and other ways from here

    def rewind(self, step: int) -> None:
        """Go back to `step` as it was when the run first reached it: later nudges, and those at that step, are gone."""
        self.rewinding(step).finish()

    def undo(self) -> Gesture:
        """Take back the last gesture: the run goes to the step before it, without it. Returns what was undone."""
        undone = self.last_gesture()
        self.undoing().finish()
        return undone

    def branch(self, step: int | None = None) -> Run:
        """Another run with this one's past up to `step` (now, where None), which goes its own way from there."""
        other = Run(self.spec, self.start, self.data)
        other.journal, other._snapshots = self.journal, self._snapshots.copy()
        other._restore(self._snapshot())
        other.trouble = self.trouble
        if step is not None:
            other.rewind(step)
        return other

    def make_twin(self) -> Run:
        """This run as it would stand now without its last gesture: the same mini-batches, the settings from before."""
        return self.twinning().finish()

    @classmethod
    def replay(cls, spec: RunSpec, settings: Settings, journal: Iterable[Nudge], step: int) -> Run:
        """The run that starts with `settings`, is nudged as in `journal`, and stands at `step`: the same to the bit."""
        return Replay(cls(spec, settings), journal, step).finish()

    def last_gesture(self) -> Gesture:
        """The newest entry of the journal as a person made it; `UserError` where there is none."""
        if not self.journal:
            raise UserError("There is no nudge to undo.")
        return gestures(self.journal)[-1]

    @classmethod
    def reopened(
        cls, spec: RunSpec, settings: Settings, journal: Sequence[Nudge], step: int, kept: Iterable[bytes]
    ) -> Replay:
        """As `replay`, in slices and from the last of the snapshots `kept` (see `Snapshot.pack`) that is on the way."""
        run, journal = cls(spec, settings), tuple(journal)
        found = [
            snapshot for data in kept if (snapshot := run._unpacked(data, journal)) and snapshot.state.step <= step
        ]
        found.sort(key=lambda one: one.state.step)
        for snapshot in found:
            run._snapshots.keep(snapshot)
        if found:
            run.journal = journal
            run._restore(found[-1])
        return Replay(run, journal[len(run.journal) :], step)

    def pack(self) -> tuple[int, int, bytes]:
        """A snapshot of the present, to be kept elsewhere: its step, how many nudges it has seen, its bytes."""
        return self.step, len(self.journal), self._snapshot().pack()

    def _unpacked(self, data: bytes, journal: tuple[Nudge, ...]) -> Snapshot | None:
        """A kept snapshot of this run; None where it is of another shape."""
        return Snapshot.unpack(data, self._snapshot(), self.start, journal)

    # the same in slices: what is left to be replayed

    def rewinding(self, step: int) -> Replay:
        """As `rewind`: the run stands at the nearest snapshot before `step`, and the replay brings it there."""
        if not 0 <= step <= self.step:
            raise UserError(f"Step {step} is not in this run: it goes from 0 to {self.step}.")
        return self._back(step, tuple(nudge for nudge in self.journal if nudge.step < step))

    def undoing(self) -> Replay:
        """As `undo`, in slices."""
        return self._back(self.last_gesture().first, before_last_gesture(self.journal))

    def twinning(self) -> Replay:
        """As `twin`: the replay makes another run, and this one is left as it is."""
        other = self.branch()
        other._parted = self.last_gesture().first
        return Replay(other, other.undoing().nudges, self.step)

    def _back(self, step: int, journal: tuple[Nudge, ...]) -> Replay:
        self.twin = self.seed_test = None
        self._restore(self._snapshots.back_to(step))
        return Replay(self, journal[len(self.journal) :], step)

    def _restore(self, snapshot: Snapshot) -> None:
        self.trouble = None
        self.journal = self.journal[: snapshot.nudges]
        self.settings, self.since, self.history = snapshot.settings, snapshot.since, snapshot.history.copy()
        self.stack.restore(snapshot.state, snapshot.settings)
        self._outputs.clear()

    def _snapshot(self) -> Snapshot:
        return Snapshot(self.stack.state.copy(), self.settings, len(self.journal), self.since, self.history.copy())

    # measuring

    def _evaluate(self, row: Array) -> None:
        """Write loss and accuracy on both splits, and the mean softmax output of each class, into `row`."""
        put = self.history.put
        for split in ("train", "dev"):
            scores = self.evaluate(split)
            put(row, f"{split}_loss", scores.loss)
            put(row, f"{split}_accuracy", scores.accuracy)
        put(row, "mean_output", self.outputs("dev").mean(axis=1))

    def _measure_start(self) -> None:
        row = self.history.blank()
        self._evaluate(row)
        self.history.put(row, "learning_rate", self.learning_rate)
        self.history.add(0, row, keep=True)

    def _diagnose(self) -> Trouble:
        """Where and after what the loss stopped being finite."""
        layer = self.stack.first_broken_layer()
        made = gestures(self.journal)
        gesture = made[-1] if made else None
        cause = f"after the nudge of {gesture.words} at step {gesture.step:,}" if gesture else "with no nudge before it"
        what = f"Training stopped at step {self.step:,}: the loss is no longer a finite number."
        sentence = f"{what} It began in {layer}, {cause}."
        return Trouble(self.step, layer, gesture, sentence)


class Replay:
    """A run on its way to `step` through nudges that are known, a slice at a time, so that others get their turn."""

    def __init__(self, run: Run, nudges: Iterable[Nudge], step: int) -> None:
        self.run, self.nudges, self.step = run, deque(nudges), step
        self.journal = (*run.journal, *self.nudges)  # what it will have been

    @property
    def done(self) -> bool:
        """Whether the run has arrived, or broke on its way."""
        return bool(self.run.trouble) or (not self.nudges and self.run.step >= self.step)

    def advance(self, enough: Callable[[], bool] | None = None) -> None:
        """Go on until `enough()`, which is asked between steps, or to the end."""
        while not self.done:
            goal = self.nudges[0].step if self.nudges else self.step
            self.run.advance(goal - self.run.step, enough)
            if self.nudges and self.run.step >= goal:
                self._take(self.nudges.popleft())
            if enough and enough():
                return

    def _take(self, nudge: Nudge) -> None:
        """Nudge the run as it was; of a journal from elsewhere, only what really changes something."""
        new = changed(self.run.settings, {name: new for name, (_, new) in nudge.changes.items()})
        real = differences(self.run.settings, new)
        if real:
            self.run._take(replace(nudge, changes=real), new)

    def finish(self) -> Run:
        """Go to the end; the run."""
        self.advance()
        return self.run
