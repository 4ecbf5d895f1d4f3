"""Trains the trials of a search in stacks, from one measured step to the next, in slices of a few milliseconds.

The measured steps are rungs: every trial comes to one before any goes on to the next, so all curves grow together.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from time import perf_counter

import numpy as np

from core.data.datasets import Data
from core.errors import UserError
from core.runs.journal import Nudge
from core.search.plan import Origin, Plan
from core.search.progress import ProgressClock
from core.search.trials import Group, StackCache, Trial, Work, forked_members, initial_members
from core.settings.table import changed
from core.training.evaluation import dev_scores
from core.training.members import get_members
from core.training.stack import Stack

Array = np.ndarray
SLICE = 0.003  # seconds of training between two pauses


class Trainer:
    """Trains groups of trials to the next rung.

    `losses` and `accuracies` (models, p) are those of the dev set at `steps` (p,), NaN where not measured. `rung` is
    the index of the step that trials are brought to now, and `due` (models,) numbers the stack, within its group, in
    which a trial will get there; -1 for those that are there already or have stopped.
    """

    def __init__(self, plan: Plan, groups: Sequence[Group], data: Data, steps: Array, clock: ProgressClock) -> None:
        models = sum(len(group.trials) for group in groups)
        self.losses, self.accuracies = np.full((2, models, steps.size), np.nan)
        self.due, self.rung = np.full(models, -1), 0
        self.origin_stack: Stack | None = None  # the run that all start from, at its step
        self._plan, self._groups, self._data, self._steps, self._clock = plan, groups, data, steps, clock
        self._stacks = StackCache()
        self._slowness = 1.0  # time that the last steps took, divided by the time estimated

    def release_memory(self) -> None:
        """Give back the memory that only training needs; the next slice takes it again."""
        self._stacks = StackCache()

    # the work, as generators that pause every few milliseconds

    def train_to_rung(self) -> Work:
        """Bring all trials that are going to the present rung, and measure them there."""
        if (self.due < 0).all():
            self._assign_stacks()
        for group in self._groups:
            yield from self._train_group(group)

    def next_rung(self) -> None:
        """All trials are at the present rung: go on to the next."""
        self._stacks.tidy()
        self.rung += 1

    def initialize(self, group: Group) -> Work:
        """Give the trials of a group their rows, where they have none yet."""
        if group.members is None and self._plan.origin:
            if self.origin_stack is None:
                self.origin_stack = yield from self._train_origin(self._plan.origin)
            group.members = yield from forked_members(group, self.origin_stack)
        elif group.members is None:
            group.members = initial_members(group)
            yield

    def _assign_stacks(self) -> None:
        """Number the stacks in which the trials that are going will come to the present rung."""
        for group in self._groups:
            shares = group.shares([place for place, trial in enumerate(group.trials) if trial.going])
            for share, places in enumerate(shares):
                self.due[[group.trials[place].number for place in places]] = share

    def _train_group(self, group: Group) -> Work:
        """Bring those of a group that are due to the present rung."""
        due = self.due[[trial.number for trial in group.trials]]
        if (due >= 0).any():
            yield from self.initialize(group)
        for share in np.unique(due[due >= 0]):
            yield from self._train_share(group, np.flatnonzero(due == share))

    def _train_share(self, group: Group, places: Array) -> Work:
        """Train some trials to the present rung in one stack, and measure them; those that broke on the way leave."""
        for place in places:
            group.trials[place].state = "running"
        stack = self._stacks.stack_with(group, places)
        yield
        broken = yield from self._train(stack, self._steps[self.rung], group.step_seconds(places.size))
        loss, accuracy = yield from dev_scores(stack, self._data.dev)
        sound = np.flatnonzero(~broken)
        group.known_members[places[sound]] = get_members(stack)[sound]
        for k in sound:
            self._record(group.trials[places[k]], loss[k], accuracy[k])
        self._clock.count(group.measuring_seconds(places.size))
        for place in places[broken]:
            yield from self._retrain_broken(group, place)

    def _train(self, stack: Stack, until: int, estimate: float) -> Generator[None, None, Array]:
        """Train to the step `until`, as many steps at once as fit into a slice, about `estimate` seconds each.

        Returns which members' loss was not finite on the way, (K,); where that is all of them, it ends there.
        """
        broken = np.zeros(stack.members, bool)
        while (left := int(until) - stack.state.step) > 0 and not broken.all():
            steps = max(1, min(left, int(SLICE / (self._slowness * estimate))))
            losses: Array = np.empty((steps, stack.members), stack.dtype)
            start = perf_counter()
            done = stack.advance(steps, losses)
            self._slowness = max(perf_counter() - start, 1e-6) / (steps * estimate)
            broken |= ~np.isfinite(losses[: done + 1]).all(axis=0)
            self._clock.count(steps * estimate, steps * stack.members)
            yield
        return broken

    def _record(self, trial: Trial, loss: float, accuracy: float) -> None:
        """Note what was measured of a trial at the present rung."""
        trial.step, trial.loss, trial.accuracy = int(self._steps[self.rung]), float(loss), float(accuracy)
        trial.best = float(np.fmin(trial.best, loss))
        self.due[trial.number] = -1
        self.losses[trial.number, self.rung] = loss
        self.accuracies[trial.number, self.rung] = accuracy

    def _retrain_broken(self, group: Group, place: int) -> Work:
        """Train a trial that broke on its way to this rung alone, to its last step before that, where a run stops."""
        stack = self._stacks.stack_with(group, np.array([place]))
        yield from self._train(stack, self._steps[self.rung], group.step_seconds(1))
        group.known_members[[place]] = get_members(stack)
        trial = group.trials[place]
        trial.state, trial.step, trial.stopped_at = "diverged", stack.state.step, stack.state.step
        self.due[trial.number] = -1
        trial.loss = trial.accuracy = math.nan
        trial.why = f"Diverged at step {trial.step:,}: the loss is no longer a finite number."

    def _train_origin(self, origin: Origin) -> Generator[None, None, Stack]:
        """The run that all start from, at its step: from its state, or trained again with the nudges of its journal."""
        stack, settings = Stack(origin.spec, self._data, origin.settings, [origin.spec.seed]), origin.settings
        if origin.state:
            stack.restore(origin.state, origin.present)
        for nudge in () if origin.state else (*origin.journal, Nudge(origin.step, {})):
            broken = yield from self._train(stack, nudge.step, self._groups[0].step_seconds(1))
            if broken.any():
                raise UserError(f"The run diverges before step {origin.step:,}: go on from an earlier step.")
            settings = changed(settings, nudge.new_values)
            stack.set(settings)
            yield
        return stack
