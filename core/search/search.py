"""Caviar: many models trained side by side, a slice at a time, so that all learning curves grow together (C8).

A search is worked through in rungs: every model up to a measured step, then all of them to the next. Trials of one
shape train as stacks, and each has the bits that it would have alone as a `Run`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter
from typing import Any

import numpy as np

from core.errors import UserError
from core.runs.journal import Nudge
from core.runs.run import Replay, Run, data_of, differences, fingerprint
from core.search.checkpoint import arrays_of, pack, unpack
from core.search.progress import ProgressClock
from core.search.space import MOST_POINTS, Point, Space, grid_points, made, random_points
from core.search.trials import Group, Stacks, Trial, Work, drawn, forked, grouped
from core.settings.table import FIELDS, RunSpec, Settings, changed
from core.training.evaluation import dev_scores
from core.training.stack import Stack, State

Array = np.ndarray
Result = dict[str, Any]  # what became of a trial: see `Caviar.told`
SCORES = ("loss", "best", "accuracy")
LEAST_STEPS, MOST_STEPS = 10, 20_000
PARAMETERS = 10_000_000  # of all models together
STACK_BYTES = 512 * 2**20  # that the largest stack may take
SECONDS = 3600.0  # that a search may take, about, where it has a core to itself
SLICE = 0.003  # seconds between two questions whether it is enough
POINTS = (16, 32)  # measurements of a model, at least and at most
MEASURING = 0.07  # of the time that training takes: the measurements are so many that they take no more
HALVED = (8, 4, 2)  # steps / 8, steps / 4, steps / 2: the rungs at which the worse half is stopped

SAMPLERS: dict[str, Callable[[Plan], list[Point]]] = {
    "random": lambda plan: random_points(plan.space, plan.models, plan.seed),
    "grid": lambda plan: grid_points(plan.space, plan.models),
}


@dataclass(frozen=True)
class Origin:
    """A run in hand from which all models of a search go on: what it began with, its nudges, the step where it stands.

    `state` is what that leads to; without it, it is trained again.
    """

    spec: RunSpec
    settings: Settings
    journal: tuple[Nudge, ...]
    step: int
    state: State | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, run: Run) -> Origin:
        """A run as it stands; what becomes of it later changes nothing."""
        return cls(run.spec, run.start, run.journal, run.step, run.stack.state.copy())

    @cached_property
    def present(self) -> Settings:
        """The settings that count where the run stands."""
        return changed(self.settings, {name: new for nudge in self.journal for name, new in _news(nudge).items()})


def _news(nudge: Nudge) -> dict[str, Any]:
    return {name: new for name, (_, new) in nudge.changes.items()}


@dataclass(frozen=True)
class Plan:
    """What is searched and how: points "random" or on a "grid" for `models` models at most, each trained for `steps`
    steps, with successive halving or without, from step 0 or from an origin."""

    space: Space
    kind: str
    models: int
    steps: int
    seed: int = 0
    halving: bool = False
    origin: Origin | None = None

    def __post_init__(self) -> None:
        if self.kind not in SAMPLERS:
            raise UserError(f"A search is {' or '.join(SAMPLERS)}, not {str(self.kind)[:40]!r}.")
        _check_whole("models", self.models, 1, MOST_POINTS)
        _check_whole("steps", self.steps, LEAST_STEPS, MOST_STEPS)
        _check_whole("seed", self.seed, 0, int(FIELDS["seed"].high))


def _check_whole(name: str, value: Any, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise UserError(f"A search's {name} cannot be {str(value)[:40]}: it takes a whole number, {low:,} to {high:,}.")


class Search:
    """The models of a plan, to be trained in slices; `points` and the `steps` (p,) at which they are measured stand in
    place of those that the plan would draw and choose.

    `losses` and `accuracies` (models, p) are those of the dev set at `steps`, NaN where not measured; `notice` is what
    a person should know, in a sentence; `away` whether it is trained elsewhere, by others. Raises `UserError` where a
    model cannot be made, or all would be too much.
    """

    notice = ""
    away = False

    def __init__(self, plan: Plan, points: Sequence[Point] | None = None, steps: Sequence[int] | None = None) -> None:
        self.plan = plan
        self._first = plan.origin.step if plan.origin else 0
        points = SAMPLERS[plan.kind](plan) if points is None else points
        _check_whole("models", len(points), 1, MOST_POINTS)
        self.trials = [Trial(n, point, *made(plan.space, point), step=self._first) for n, point in enumerate(points)]
        _check_origin(plan, self.trials)
        self._data = data_of(plan.space.spec)
        self._groups = grouped(self.trials, self._data)
        self._places = {trial.number: (group, k) for group in self._groups for k, trial in enumerate(group.trials)}
        _check_memory(self._groups)
        self.steps = self._measured_steps() if steps is None else np.array(steps, np.int64)
        self.losses, self.accuracies = np.full((2, len(self.trials), self.steps.size), np.nan)
        self._column, self._trunk, self._stacks = 0, None, Stacks()
        self._due = np.full(len(self.trials), -1)  # the stack in which a trial comes to the present rung, -1: none
        self._prints: dict[int, str] = {}  # of trials that are not here to be asked, "" where it is not known
        self._slowness = 1.0  # what the last steps took, in the time that was estimated
        ahead = self._ahead()
        _check_time(ahead)
        self._clock = ProgressClock(ahead)
        self._work, self.done = self._all(), False

    def _measured_steps(self) -> Array:
        """So many as are cheap beside the training, and those at which some are stopped."""
        training = sum(group.step_seconds(len(group.trials)) for group in self._groups)
        measuring = sum(group.measuring_seconds(len(group.trials)) for group in self._groups)
        share = MEASURING / 2 if self.plan.halving else MEASURING  # it spares more training than measurements
        points = int(np.clip(share * self.plan.steps * training / measuring, *POINTS))
        return self._first + np.unique(np.append(spaced(self.plan.steps, points), [*self._halvings]))

    @property
    def _halvings(self) -> set[int]:
        """The steps, from the start of the search, at which the worse half is stopped."""
        return {self.plan.steps // part for part in HALVED} if self.plan.halving else set()

    # what there is to see

    @property
    def progress(self) -> float:
        """The share of the work that is done, 0 to 1."""
        return 1.0 if self.done else self._clock.progress

    @property
    def rate(self) -> float:
        """Steps of models in a second, of late; 0 before the first slice."""
        return self._clock.rate

    @property
    def left(self) -> float:
        """Seconds until it is done if it goes on as of late, pauses left out; at first, an estimate."""
        return 0.0 if self.done else self._clock.left

    def fingerprint(self, number: int) -> str:
        """That of the trial's `run`, at the trial's step; it is trained again where nothing here knows it."""
        if number in self._prints:
            return self._prints[number] or self.run(number).finish().fingerprint()
        trial, (group, place) = self.trials[number], self._places[number]
        with np.errstate(all="ignore"):
            for _ in self._born(group):
                pass
            stack = Stack(trial.spec, self._data, trial.settings, [trial.spec.seed], draw=False)
            stack.take(group.members[[place]], trial.settings)
        return fingerprint(trial.spec, trial.settings, stack.state)

    def run(self, number: int) -> Replay:
        """The trial as a run, to be replayed to its step: the same to the bit. From an origin, it has the origin's
        journal, and one more nudge to the settings of the trial."""
        trial, origin = self.trials[number], self.plan.origin
        if not origin:
            return Replay(Run(trial.spec, trial.settings, self._data), (), trial.step)
        changes = differences(origin.present, trial.settings)
        journal = (*origin.journal, Nudge(origin.step, changes)) if changes else origin.journal
        return Replay(Run(origin.spec, origin.settings, self._data), journal, trial.step)

    # to other places and back

    def told(self, number: int) -> Result:
        """What became of a trial, as plain numbers: None where not finite, curves as far as it came, and the
        fingerprint where that is known without work."""
        trial = self.trials[number]
        measured = int(np.searchsorted(self.steps, trial.step, side="right"))
        found: Result = {"number": number, "fingerprint": self._prints.get(number, "")}
        found |= {name: getattr(trial, name) for name in ("state", "step", "why")}
        found |= {name: _finite(getattr(trial, name)) for name in SCORES}
        curves = {"losses": self.losses[number, :measured], "accuracies": self.accuracies[number, :measured]}
        return found | {name: [_finite(value) for value in row.tolist()] for name, row in curves.items()}

    def put(self, result: Result) -> None:
        """Take over what was `told` of a trial that was trained to its end elsewhere; it is not trained here."""
        number, trial = result["number"], self.trials[result["number"]]
        for name in ("state", "step", "why"):
            setattr(trial, name, result[name])
        for name in SCORES:
            setattr(trial, name, math.nan if result[name] is None else result[name])
        trial.stopped_at = None if trial.state == "done" else trial.step
        for curves, name in ((self.losses, "losses"), (self.accuracies, "accuracies")):
            curves[number, : len(result[name])] = np.array(result[name], np.float64)
        self._due[number], self._prints[number] = -1, result["fingerprint"]

    @property
    def moment(self) -> tuple[int, int]:
        """Tells one `pack` from another: the present rung, and how many have still to come to it."""
        return self._column, int((self._due >= 0).sum())

    @property
    def packed_bytes(self) -> int:
        """About what `pack` would take."""
        born = [group for group in self._groups if group.members is not None]
        numbers = sum(group.row * sum(trial.going for trial in group.trials) for group in born)
        return 4 * numbers + self.losses.nbytes + self.accuracies.nbytes

    def standing(self) -> dict[str, Array]:
        """How far all of it is between any two slices, as copies to be packed; trials that are being trained stand
        where they were measured last."""
        kept = {"losses": self.losses, "accuracies": self.accuracies, "due": self._due, "column": [self._column]}
        return arrays_of(self.trials, self._groups, kept)

    def pack(self) -> bytes:
        """Its `standing` as an `.npz` file."""
        return pack(self.standing())

    def unpack(self, data: bytes) -> None:
        """Go on from what `pack` gave of a search of the same plan, points and steps, instead of from the start; all
        that follows has the same bits. Raises `UserError`, and nothing has changed, where the data do not fit."""
        like = {"losses": self.losses, "accuracies": self.accuracies, "due": self._due, "column": np.zeros(1, int)}
        kept = unpack(data, self.trials, self._groups, like)
        self.losses, self.accuracies, self._due = kept["losses"], kept["accuracies"], kept["due"]
        self._prints |= {trial.number: "" for trial in self.trials if not trial.going}
        before, self._column = self._ahead(), int(kept["column"][0])
        self._clock.skip(before - self._ahead())

    # the work, as generators that pause every few milliseconds

    def advance(self, enough: Callable[[], bool]) -> None:
        """Work until `enough()`, which is asked every few milliseconds, or to the end."""
        self._clock.start()
        with np.errstate(all="ignore"):
            for _ in self._work:
                if enough():
                    break
        self._clock.stop()

    def stop(self) -> None:
        """End the search where it stands: what was still going is stopped at the step where it was last measured, and
        has the bits of its `run` there. One that is done stays as it is."""
        self._work = iter(())
        for trial in self.trials:
            if trial.going:
                trial.state, trial.stopped_at = "stopped", trial.step
                trial.why = f"Stopped by hand at step {trial.step:,}."
        self.done = True
        self.rest()

    def another(self, plan: Plan) -> Search:
        """A search of another plan that is trained where this one is."""
        return Search(plan)

    def rest(self) -> None:
        """Give back the memory that only training needs; the next slice takes it again."""
        self._stacks = Stacks()

    def _all(self) -> Work:
        while self._column < self.steps.size:
            if (self._due < 0).all():
                self._line_up()
            for group in self._groups:
                yield from self._bring(group)
            self._halve()
            self._stacks.tidy()
            self._column += 1
            self._clock.ahead(self._ahead())
        for trial in self.trials:
            if trial.going:
                trial.state = "done"
        self.done, self.notice = True, ""
        self.rest()

    def _line_up(self) -> None:
        """All that are still going have to come to the present rung, and this says which of them in one stack."""
        for group in self._groups:
            shares = group.shares([place for place, trial in enumerate(group.trials) if trial.going])
            for share, places in enumerate(shares):
                self._due[[group.trials[place].number for place in places]] = share

    def _bring(self, group: Group) -> Work:
        """Bring those of a group that are due to the present rung."""
        due = self._due[[trial.number for trial in group.trials]]
        if (due >= 0).any():
            yield from self._born(group)
        for share in np.unique(due[due >= 0]):
            yield from self._visit(group, np.flatnonzero(due == share))

    def _visit(self, group: Group, places: Array) -> Work:
        """Train some trials to the present rung in one stack, and measure them; those that broke on the way leave."""
        for place in places:
            group.trials[place].state = "running"
        stack = self._stacks.holding(group, places)
        yield
        broken = yield from self._train(stack, self.steps[self._column], group.step_seconds(places.size))
        loss, accuracy = yield from dev_scores(stack, self._data.dev)
        sound = np.flatnonzero(~broken)
        group.members[places[sound]] = stack.give()[sound]
        for k in sound:
            self._record(group.trials[places[k]], loss[k], accuracy[k])
        self._clock.count(group.measuring_seconds(places.size))
        for place in places[broken]:
            yield from self._break(group, place)

    def _train(self, stack: Stack, until: int, estimate: float) -> Generator[None, None, Array]:
        """Train to the step `until`, as many steps at once as fit into a slice, about `estimate` seconds each.

        Returns which members' loss was not finite on the way, (K,); where that is all of them, it ends there.
        """
        broken = np.zeros(stack.members, bool)
        while (left := int(until) - stack.state.step) > 0 and not broken.all():
            steps = max(1, min(left, int(SLICE / (self._slowness * estimate))))
            losses, start = np.empty((steps, stack.members), stack.dtype), perf_counter()
            done = stack.advance(steps, losses)
            self._slowness = max(perf_counter() - start, 1e-6) / (steps * estimate)
            broken |= ~np.isfinite(losses[: done + 1]).all(axis=0)
            self._clock.count(steps * estimate, steps * stack.members)
            yield
        return broken

    def _record(self, trial: Trial, loss: float, accuracy: float) -> None:
        """Take down what was measured of a trial at the present rung."""
        trial.step, trial.loss, trial.accuracy = int(self.steps[self._column]), float(loss), float(accuracy)
        trial.best = float(np.fmin(trial.best, loss))
        self._due[trial.number] = -1
        self.losses[trial.number, self._column] = loss
        self.accuracies[trial.number, self._column] = accuracy

    def _break(self, group: Group, place: int) -> Work:
        """Bring a trial that broke on its way to this rung to its last step before that, where a run would stop."""
        stack = self._stacks.holding(group, np.array([place]))
        yield from self._train(stack, self.steps[self._column], group.step_seconds(1))
        group.members[[place]] = stack.give()
        trial = group.trials[place]
        trial.state, trial.step, trial.stopped_at = "diverged", stack.state.step, stack.state.step
        self._due[trial.number] = -1
        trial.loss = trial.accuracy = math.nan
        trial.why = f"Diverged at step {trial.step:,}: the loss is no longer a finite number."

    def _halve(self) -> None:
        """Stop the worse half of those still going, where this rung says so (Jamieson & Talwalkar 2016)."""
        step = int(self.steps[self._column])
        if step - self._first not in self._halvings:
            return
        going = sorted((trial for trial in self.trials if trial.going), key=_by_loss)
        kept = -(-len(going) // 2)
        for trial in going[kept:]:
            behind = f"{trial.loss:.4g}, behind {going[kept - 1].loss:.4g}, the highest that went on"
            loss = "not a finite number" if math.isnan(trial.loss) else behind
            trial.state, trial.stopped_at = "stopped", step
            trial.why = f"Stopped at step {step:,}, in the worse half of {len(going):,}: its dev loss is {loss}."

    # where trials begin

    def _born(self, group: Group) -> Work:
        """Give the trials of a group their rows, where they have none yet."""
        if group.members is None and self.plan.origin:
            if self._trunk is None:
                yield from self._follow(self.plan.origin)
            group.members = yield from forked(group, self._trunk)
        elif group.members is None:
            group.members = drawn(group)
            yield

    def _follow(self, origin: Origin) -> Work:
        """Have the run from which all go on, where it stands: from its state, or trained again as its journal says."""
        trunk, settings = Stack(origin.spec, self._data, origin.settings, [origin.spec.seed]), origin.settings
        if origin.state:
            trunk.restore(origin.state, origin.present)
        for nudge in () if origin.state else (*origin.journal, Nudge(origin.step, {})):
            broken = yield from self._train(trunk, nudge.step, self._groups[0].step_seconds(1))
            if broken.any():
                raise UserError(f"The run diverges before step {origin.step:,}: go on from an earlier step.")
            settings = changed(settings, _news(nudge))
            trunk.set(settings)
            yield
        self._trunk = trunk

    def _ahead(self) -> float:
        """Estimated seconds of the work from the present rung on. What halving will stop is left out."""
        going = [sum(trial.going for trial in group.trials) for group in self._groups]
        gaps, count = np.diff(self.steps, prepend=self._first), sum(going)
        origin = None if self._trunk else self.plan.origin
        seconds = origin.step * self._groups[0].step_seconds(1) if origin and not origin.state else 0.0
        column, left = self._column, count
        for stop in [*np.flatnonzero(np.isin(self.steps - self._first, [*self._halvings])), self.steps.size - 1]:
            if stop >= column and count:
                members = [left / count * number for number in going]
                training = sum(group.step_seconds(n) for group, n in zip(self._groups, members, strict=True))
                measuring = sum(group.measuring_seconds(n) for group, n in zip(self._groups, members, strict=True))
                seconds += gaps[column : stop + 1].sum() * training + (stop + 1 - column) * measuring
                column, left = stop + 1, -(-left // 2)
        return float(seconds)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _by_loss(trial: Trial) -> float:
    """What halving ranks by: a loss that is not finite is the worst."""
    return math.inf if math.isnan(trial.loss) else trial.loss


def spaced(steps: int, points: int) -> Array:
    """Step 0 and up to `points` after it, dense at first and ending with `steps`: (n,) int64."""
    return np.unique(np.ceil(steps * (np.arange(points + 1) / points) ** 3 - 1e-9).astype(np.int64))


# bounds, before the work


def _check_origin(plan: Plan, trials: Sequence[Trial]) -> None:
    if plan.origin and any(trial.spec != plan.origin.spec for trial in trials):
        raise UserError(
            "Variants of a run keep its data and its network: search only settings that can be nudged, and no hidden "
            "units, layers, activation or initialization."
        )


def _check_memory(groups: Sequence[Group]) -> None:
    count = sum(group.parameters * len(group.trials) for group in groups)
    if count > PARAMETERS:
        raise UserError(
            f"The models have {count:,} parameters together, and a search may have {PARAMETERS:,}: search fewer models "
            "or smaller networks."
        )
    needed = max(group.stack_bytes(min(group.fit, len(group.trials))) for group in groups)
    if needed > STACK_BYTES:
        raise UserError(
            f"One of the models would take about {needed / 2**30:.1f} GB of memory to train, and "
            f"{STACK_BYTES / 2**30:.1f} GB are kept for it: search smaller mini-batches or smaller networks."
        )


def _check_time(seconds: float) -> None:
    if seconds > SECONDS:
        raise UserError(
            f"This search would take about {seconds / 3600:,.1f} hours of work, and {SECONDS / 3600:,.0f} is allowed: "
            "search fewer models, fewer steps, or smaller networks and mini-batches."
        )
