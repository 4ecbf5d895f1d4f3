"""A search: many models trained side by side, a slice at a time, so that all learning curves grow together (C8).

Trials of one shape train as stacks, and each has the bits that it would have alone as a `Run`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from core.runs.journal import Nudge
from core.runs.replay import Replay
from core.runs.run import Run, differences, fingerprint
from core.search import checkpoint
from core.search.estimates import measured_steps, origin_seconds, seconds_ahead
from core.search.halving import stop_worse_half
from core.search.limits import check_memory, check_origin, check_time
from core.search.plan import SAMPLERS, Origin, Plan, Receive, Result, check_models
from core.search.progress import ProgressClock
from core.search.space import Point, model_at
from core.search.trainer import Trainer
from core.search.trials import Trial, Work, grouped
from core.training.members import set_members
from core.training.run_data import data_of
from core.training.stack import Stack

Array = np.ndarray
SCORES = ("loss", "best", "accuracy")


def origin_of(run: Run) -> Origin:
    """A copy of a run at its present step, for models to start from."""
    return Origin(run.spec, run.start, run.journal, run.step, run.stack.state.copy())


class Search:
    """The models of a plan, to be trained in slices; `points`, and the `steps` (p,) at which they are measured, replace
    those that the plan would draw and choose.

    `remark` is the `notice` of a search that is trained in this process; `remote` says whether it is trained
    elsewhere. Raises `UserError` where a model cannot be made, or all would be too much.
    """

    remark = ""
    remote = False

    def __init__(self, plan: Plan, points: Sequence[Point] | None = None, steps: Sequence[int] | None = None) -> None:
        self.plan = plan
        points = SAMPLERS[plan.kind](plan) if points is None else points
        check_models(len(points))
        first = plan.first_step
        self.trials = [Trial(n, point, *model_at(plan.space, point), step=first) for n, point in enumerate(points)]
        check_origin(plan, self.trials)
        self._data = data_of(plan.space.spec)
        self._groups = grouped(self.trials, self._data)
        self._places = {trial.number: (group, k) for group in self._groups for k, trial in enumerate(group.trials)}
        check_memory(self._groups)
        self.steps = measured_steps(plan, self._groups) if steps is None else np.array(steps, np.int64)
        ahead = origin_seconds(plan, self._groups) + seconds_ahead(plan, self._groups, self.steps, 0)
        check_time(ahead)
        self._clock = ProgressClock(ahead)
        self._trainer = Trainer(plan, self._groups, self._data, self.steps, self._clock)
        self._fingerprints: dict[int, str] = {}  # of trials trained elsewhere or before, "" where it is not known
        self._work: Iterator[None] = self._train_all()
        self.done = False

    # progress and models

    @property
    def notice(self) -> str:
        """What a person should know, in a sentence; "" for nothing."""
        return self.remark

    @property
    def losses(self) -> Array:
        """Dev losses (models, p) at `steps`, NaN where not measured."""
        return self._trainer.losses

    @property
    def accuracies(self) -> Array:
        """Dev accuracies (models, p) at `steps`, NaN where not measured."""
        return self._trainer.accuracies

    @property
    def progress(self) -> float:
        """The share of the work that is done, 0 to 1."""
        return 1.0 if self.done else self._clock.progress

    @property
    def rate(self) -> float:
        """Steps of models in a second, lately; 0 before the first slice."""
        return self._clock.rate

    @property
    def left(self) -> float:
        """Seconds until it is done at the present speed, pauses left out; at first, an estimate."""
        return 0.0 if self.done else self._clock.left

    def fingerprint(self, number: int) -> str:
        """That of the trial's `run`, at the trial's step; it is trained again where nothing here knows it."""
        if number in self._fingerprints:
            return self._fingerprints[number] or self.run(number).finish().fingerprint()
        trial, (group, place) = self.trials[number], self._places[number]
        with np.errstate(all="ignore"):
            for _ in self._trainer.initialize(group):
                pass
            stack = Stack(trial.spec, self._data, trial.settings, [trial.spec.seed], draw=False)
            set_members(stack, group.known_members[[place]], trial.settings)
        return fingerprint(trial.spec, trial.settings, stack.state)

    def run(self, number: int) -> Replay[Run]:
        """The trial as a run, to be replayed to its step: the same to the bit. From an origin, it has the origin's
        journal, and one more nudge to the settings of the trial."""
        trial, origin = self.trials[number], self.plan.origin
        if not origin:
            return Replay(Run(trial.spec, trial.settings, self._data), (), trial.step)
        changes = differences(origin.present, trial.settings)
        journal = (*origin.journal, Nudge(origin.step, changes)) if changes else origin.journal
        return Replay(Run(origin.spec, origin.settings, self._data), journal, trial.step)

    # results and checkpoints

    def result(self, number: int) -> Result:
        """What became of a trial, as plain numbers: None where not finite, curves as far as it came, and the
        fingerprint where that is known without work."""
        trial = self.trials[number]
        measured = int(np.searchsorted(self.steps, trial.step, side="right"))
        found: Result = {"number": number, "fingerprint": self._fingerprints.get(number, "")}
        found |= {name: getattr(trial, name) for name in ("state", "step", "why")}
        found |= {name: _finite(getattr(trial, name)) for name in SCORES}
        curves = {"losses": self.losses[number, :measured], "accuracies": self.accuracies[number, :measured]}
        return found | {name: [_finite(value) for value in row.tolist()] for name, row in curves.items()}

    def put_result(self, result: Result) -> None:
        """Set the `result` of a trial that was trained to its end elsewhere; it is not trained here."""
        number, trial = result["number"], self.trials[result["number"]]
        for name in ("state", "step", "why"):
            setattr(trial, name, result[name])
        for name in SCORES:
            setattr(trial, name, math.nan if result[name] is None else result[name])
        trial.stopped_at = None if trial.state == "done" else trial.step
        for curves, name in ((self.losses, "losses"), (self.accuracies, "accuracies")):
            curves[number, : len(result[name])] = np.array(result[name], np.float64)
        self._trainer.due[number], self._fingerprints[number] = -1, result["fingerprint"]

    @property
    def moment(self) -> tuple[int, int]:
        """Tells one checkpoint from another: the present rung, and how many trials are still on their way to it."""
        return self._trainer.rung, int((self._trainer.due >= 0).sum())

    @property
    def checkpoint_bytes(self) -> int:
        """About how large a checkpoint would be."""
        initialized = [group for group in self._groups if group.members is not None]
        numbers = sum(group.row * sum(trial.going for trial in group.trials) for group in initialized)
        return 4 * numbers + self.losses.nbytes + self.accuracies.nbytes

    def checkpoint(self) -> dict[str, Array]:
        """A copy of the state of the search, for `core.search.checkpoint.pack`; of a trial that is being trained, the
        state when last measured. May be called between any two slices."""
        return checkpoint.arrays_of(self.trials, self._groups, self._progress_arrays())

    def restore(self, data: bytes) -> None:
        """Continue from a packed checkpoint of a search of the same plan, points and steps, instead of from the start,
        with the same bits. Raises `UserError`, and nothing has changed, where the data do not fit."""
        trainer = self._trainer
        kept = checkpoint.unpack(data, self.trials, self._groups, self._progress_arrays())
        trainer.losses, trainer.accuracies, trainer.due = kept["losses"], kept["accuracies"], kept["due"]
        self._fingerprints |= {trial.number: "" for trial in self.trials if not trial.going}
        before, trainer.rung = self._ahead(), int(kept["column"][0])
        self._clock.skip(before - self._ahead())

    def _progress_arrays(self) -> dict[str, Array]:
        """What a checkpoint has of the search itself, beside its trials."""
        trainer = self._trainer
        column = np.array([trainer.rung])
        return {"losses": trainer.losses, "accuracies": trainer.accuracies, "due": trainer.due, "column": column}

    # the work

    def on_results(self, receive: Receive) -> None:
        """Have `receive` called with results as they come in from elsewhere: here, none do."""

    def advance(self, should_stop: Callable[[], bool]) -> None:
        """Work until `should_stop()`, which is asked every few milliseconds, or to the end."""
        self._clock.start()
        with np.errstate(all="ignore"):
            for _ in self._work:
                if should_stop():
                    break
        self._clock.stop()

    def stop(self) -> None:
        """End the search: trials that were still going are stopped at the step where they were last measured, and have
        the bits of their `run` there. A search that is done stays as it is."""
        self._work = iter(())
        for trial in self.trials:
            if trial.going:
                trial.state, trial.stopped_at = "stopped", trial.step
                trial.why = f"Stopped by hand at step {trial.step:,}."
        self.done = True
        self._trainer.release_memory()

    def another(self, plan: Plan) -> Search:
        """A search of another plan that is trained where this one is."""
        return Search(plan)

    def _train_all(self) -> Work:
        """All of the work, as a generator that pauses every few milliseconds."""
        while self._trainer.rung < self.steps.size:
            yield from self._trainer.train_to_rung()
            self._halve()
            self._trainer.next_rung()
            self._clock.ahead(self._ahead())
        for trial in self.trials:
            if trial.going:
                trial.state = "done"
        self.done, self.remark = True, ""
        self._trainer.release_memory()

    def _halve(self) -> None:
        step = int(self.steps[self._trainer.rung])
        if step in self.plan.halving_steps:
            stop_worse_half([trial for trial in self.trials if trial.going], step)

    def _ahead(self) -> float:
        """Estimated seconds of the work from the present rung on."""
        origin = 0.0 if self._trainer.origin_stack else origin_seconds(self.plan, self._groups)
        return origin + seconds_ahead(self.plan, self._groups, self.steps, self._trainer.rung)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
