"""The trials of a search: the state of each, groups that train in one stack, and the stacks kept for them.

The state of a trial is a row, which is copied into a stack to be trained and out of it again. So a trial that stops
leaves no gap, and the work arrays of a stack serve all trials of its group.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from core.data.datasets import Data
from core.search.space import Point
from core.settings.table import RunSpec, Settings
from core.training.evaluation import AT_ONCE, parameters
from core.training.members import Members, get_members, picked, set_members
from core.training.stack import STATISTICS_FROM, Stack, members_at_once, shared_settings

Array = np.ndarray
Work = Generator[None, None, None]
CACHE_BYTES = 128 * 2**20  # of stacks that are kept for reuse


class Estimate(NamedTuple):
    """Seconds that something takes with a stack of any size, and what each member adds: for every unit and example, for
    every weight and example, for every weight."""

    stack: float
    unit: float
    weight: float
    parameter: float

    def member(self, units: int, parameters: int, examples: int) -> float:
        """What each member adds."""
        return (self.unit * units + self.weight * parameters) * examples + self.parameter * parameters


A_STEP = Estimate(6e-6, 2.3e-9, 3e-11, 1.9e-9)  # with batch norm and momentum, compiled
A_MEASUREMENT = Estimate(280e-6, 2e-9, 2e-11, 18e-9)  # on the dev set, and copying


@dataclass
class Trial:
    """One model of a search. `loss` and `accuracy` are those of the dev set when last measured, NaN before and for a
    model that has diverged; `best` is the least dev loss measured so far.

    `stopped_at` is the step at which it was stopped or diverged, `why` says so in a sentence.
    """

    number: int
    point: Point
    spec: RunSpec
    settings: Settings
    state: Literal["waiting", "running", "done", "diverged", "stopped"] = "waiting"
    step: int = 0
    loss: float = math.nan
    best: float = math.nan
    accuracy: float = math.nan
    stopped_at: int | None = None
    why: str = ""

    @property
    def going(self) -> bool:
        """Whether it has steps to train."""
        return self.state in ("waiting", "running")


class Group:
    """Trials that can be trained in one stack, as they agree in all that its members must share.

    `members` are their rows, in the order of `trials`; None until they are initialized.
    """

    def __init__(self, trials: Sequence[Trial], data: Data) -> None:
        self.trials, self.data = list(trials), data
        self.sizes = (data.n_x, *trials[0].spec.hidden, data.n_classes)
        self.batch = min(trials[0].settings.batch_size, data.train.labels.size)
        self.parameters = parameters(self.sizes)
        self.fit = members_at_once(self.sizes, self.batch)
        self.members: Members | None = None

    @property
    def known_members(self) -> Members:
        """The rows of a group that is initialized."""
        assert self.members is not None
        return self.members

    @property
    def row(self) -> int:
        """How many numbers a row of `members` has: parameters, two moments, running mean and variance."""
        return 3 * self.parameters + 2 * sum(self.sizes[1:-1])

    def shares(self, places: Sequence[int]) -> list[Array]:
        """Some of the trials in even shares, each of which fits into the cache as a stack."""
        return np.array_split(np.asarray(places, int), max(1, -(-len(places) // self.fit))) if len(places) else []

    def settings(self, places: Sequence[int] | Array) -> list[Settings]:
        """The settings of some of the trials."""
        return [self.trials[place].settings for place in places]

    # estimates

    def step_seconds(self, members: float) -> float:
        """About how long one step of `members` trials takes; less than one is the chance that there is one."""
        return self._seconds(A_STEP, members, self.batch)

    def measuring_seconds(self, members: float) -> float:
        """About how long it takes to measure `members` trials on the dev set, and to copy them."""
        return self._seconds(A_MEASUREMENT, members, self.data.dev.labels.size)

    def _seconds(self, estimate: Estimate, members: float, examples: int) -> float:
        stacks = members if members < 1 else math.ceil(members / self.fit)
        return estimate.stack * stacks + estimate.member(sum(self.sizes[1:]), self.parameters, examples) * members

    def stack_bytes(self, members: int) -> int:
        """About what a stack of `members` takes in memory, with what two sizes of mini-batches need to be worked on."""
        units, width = sum(self.sizes[1:]), self.sizes[0] + self.sizes[-1]
        return members * (40 * self.parameters + 2 * self.batch * (14 * units + 8 * width))


def grouped(trials: Sequence[Trial], data: Data) -> list[Group]:
    """The trials in groups that can be trained in stacks, in the order of their first ones."""
    found: dict[tuple[Any, ...], list[Trial]] = {}
    for trial in trials:
        found.setdefault(_shape(trial, data.train.labels.size), []).append(trial)
    return [Group(alike, data) for alike in found.values()]


def _shape(trial: Trial, examples: int) -> tuple[Any, ...]:
    """What must be alike in the members of a stack."""
    spec = trial.spec
    return (spec.hidden, spec.activation, spec.seed, *shared_settings(trial.settings, examples).values())


# at the first step


def initial_members(group: Group) -> Members:
    """The rows of a group at step 0: weights drawn once for each initialization."""
    first: dict[str, int] = {}
    rows: list[Members] = []
    for trial in group.trials:
        if trial.spec.initialization not in first:
            first[trial.spec.initialization] = len(rows)
            rows.append(get_members(Stack(trial.spec, group.data, trial.settings, [trial.spec.seed])))
    return _joined(rows)[[first[trial.spec.initialization] for trial in group.trials]]


def forked_members(group: Group, origin: Stack) -> Generator[None, None, Members]:
    """The rows of a group that goes on from `origin`, a stack of one: copies, nudged to the settings of each trial."""
    examples = min(STATISTICS_FROM, group.data.train.labels.size)
    at_once = max(1, min(8, AT_ONCE // (examples * group.parameters)))
    rows = []
    for at in range(0, len(group.trials), at_once):
        places = range(at, min(at + at_once, len(group.trials)))
        stack = picked(origin, [0] * len(places))
        stack.set(group.settings(places))
        rows.append(get_members(stack))
        yield
    return _joined(rows)


def _joined(parts: Sequence[Members]) -> Members:
    return Members(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("rows", "counts", "weights")))


# stacks to work in


class StackCache:
    """Stacks that trials train in, kept for reuse while all of them take less memory than `CACHE_BYTES`.

    Trials take turns, so the first stacks are kept; the others are made anew each time.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[Group, int], tuple[Stack, list[int]]] = {}
        self._used: set[tuple[Group, int]] = set()
        self._bytes = 0

    def stack_with(self, group: Group, places: Array) -> Stack:
        """A stack that holds these trials at their present step; the caller trains it and copies it into their rows."""
        key, wanted = (group, places.size), places.tolist()
        stack, present = self._kept.get(key) or (self._new(group, places), [])
        if present != wanted or stack.state.step != group.known_members.counts[wanted[0], 0]:
            set_members(stack, group.known_members[places], group.settings(places))
        more = 0 if key in self._kept else group.stack_bytes(places.size)
        if self._bytes + more <= CACHE_BYTES:
            self._kept[key], self._bytes = (stack, wanted), self._bytes + more
        self._used.add(key)
        return stack

    def tidy(self) -> None:
        """Drop the stacks that nobody used since the last time."""
        self._kept = {key: kept for key, kept in self._kept.items() if key in self._used}
        self._bytes = sum(group.stack_bytes(size) for group, size in self._kept)
        self._used.clear()

    def _new(self, group: Group, places: Array) -> Stack:
        spec = group.trials[0].spec
        return Stack(spec, group.data, group.settings(places), [spec.seed] * places.size, draw=False)
