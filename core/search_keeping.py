"""What of a search goes to the store, and when: each generation's plan as it begins, its models as they are finished.

A generation that was not done begins anew when it is asked for again: the same plan and points lead to the same bits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import asdict
from typing import Any

import numpy as np

from core.caviar import Caviar, Origin, Plan
from core.incoming import FileError, shown
from core.run_file import STEPS, journal_of, journal_rows, settings_of, spec_of
from core.search import Point, from_json, points_from_json, to_json
from core.store import Finished, Generation, SearchEntry, Store
from core.trials import Trial

EVERY_SECONDS = 1.0  # between two records of a search that plays
PLAIN = ("kind", "models", "steps", "seed", "halving")  # what of a plan is JSON as it is
KINDS = {"random": "at random", "grid": "on a grid"}


# a plan as plain dicts


def plan_to_json(plan: Plan, points: Sequence[Point]) -> dict[str, Any]:
    """A plan and its points as plain dicts, lists, strings and numbers, which come back to the bit.

    Of an origin there is what it began with, its nudges and its step: what they lead to is trained again.
    """
    told = {name: getattr(plan, name) for name in PLAIN}
    origin = plan.origin and _origin_to_json(plan.origin)
    return told | {"space": to_json(plan.space), "origin": origin, "points": list(points)}


def plan_from_json(found: Any) -> tuple[Plan, list[Point]]:
    """The plan and the points of `plan_to_json`, all of it checked. Raises `UserError` that says what is wrong."""
    _check_names(found, (*PLAIN, "space", "origin", "points"), "search")
    if not isinstance(found["halving"], bool):
        raise FileError(f"Halving cannot be {shown(found['halving'])}: it is true or false.")
    if not isinstance(found["kind"], str):
        raise FileError(f"The kind of search cannot be {shown(found['kind'])}: it is {' or '.join(KINDS)}.")
    space = from_json(found["space"])
    origin = None if found["origin"] is None else _origin_from_json(found["origin"])
    plan = Plan(space, **{name: found[name] for name in PLAIN}, origin=origin)
    return plan, points_from_json(space, found["points"])


def _origin_to_json(origin: Origin) -> dict[str, Any]:
    spec = asdict(origin.spec)
    return {
        "spec": spec | {"hidden": list(spec["hidden"])},
        "settings": asdict(origin.settings),
        "journal": journal_rows(origin.journal),
        "step": origin.step,
    }


def _origin_from_json(found: Any) -> Origin:
    _check_names(found, ("spec", "settings", "journal", "step"), "run in hand")
    step, journal = found["step"], journal_of(found["journal"])
    if type(step) is not int or not max([0, *(nudge.step for nudge in journal[-1:])]) <= step <= STEPS:
        raise FileError(f"The run in hand cannot stand at step {shown(step)}: save the search again.")
    return Origin(spec_of(found["spec"]), settings_of(found["settings"]), journal, step)


def _check_names(found: Any, names: Sequence[str], what: str) -> None:
    if not isinstance(found, dict) or found.keys() != set(names):
        raise FileError(f"The {what} in the file is {shown(found)}: it takes {', '.join(names)} and nothing else.")


def about(caviar: Caviar) -> str:
    """What is searched, such as "64 at random over learning rate, momentum"."""
    plan = caviar.plan
    return f"{len(caviar.trials):,} {KINDS[plan.kind]} over {', '.join(one.field.label for one in plan.space.ranges)}"


# models


def finished(caviar: Caviar, trial: Trial) -> Finished:
    """What is kept of a model that is done, stopped or diverged."""
    measured = int(np.searchsorted(caviar.steps, trial.step, side="right"))  # of the steps, those that it reached
    curves = [[_number(value) for value in row[trial.number, :measured]] for row in (caviar.losses, caviar.accuracies)]
    return Finished(
        trial.number,
        trial.state,
        trial.step,
        _number(trial.loss),
        _number(trial.best),
        _number(trial.accuracy),
        *curves,
        trial.why,
    )


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def least(caviar: Caviar) -> float | None:
    """The least dev loss that was measured of any model, in nats."""
    return min((trial.best for trial in caviar.trials if math.isfinite(trial.best)), default=None)


class Kept(Caviar):
    """A generation that is done, as the store has it: nothing of it is trained again until one of its models is."""

    def __init__(self, plan: Plan, points: Sequence[Point], steps: Sequence[int], trials: Sequence[Finished]) -> None:
        super().__init__(plan, points)
        self.steps = np.array(steps, np.int64)
        self.losses, self.accuracies = np.full((2, len(self.trials), self.steps.size), np.nan)
        for kept in trials:
            self._put(kept)
        self._prints = {kept.number: kept.fingerprint for kept in trials}
        self.done = True

    def _put(self, kept: Finished) -> None:
        trial = self.trials[kept.number]
        trial.state, trial.step, trial.why = kept.state, kept.step, kept.why
        trial.loss, trial.best, trial.accuracy = (
            math.nan if value is None else value for value in (kept.loss, kept.best, kept.accuracy)
        )
        trial.stopped_at = None if kept.state == "done" else kept.step
        self.losses[kept.number, : len(kept.losses)] = np.array(kept.losses, np.float64)
        self.accuracies[kept.number, : len(kept.accuracies)] = np.array(kept.accuracies, np.float64)

    def advance(self, enough: Callable[[], bool]) -> None:
        """There is nothing to do."""

    def fingerprint(self, number: int) -> str:
        """That of the trial's `run`, at the trial's step; it is trained again where the store does not say."""
        return self._prints.get(number) or self.run(number).finish().fingerprint()


# to the store and back


class SearchKeeper:
    """Writes one search into the store as it grows; `settled` says of each generation whether all of it was written."""

    def __init__(self, store: Store, search: str, settled: Sequence[bool]) -> None:
        self.store, self.search, self.settled = store, search, [*settled]
        self._written: list[set[int]] = [set() for _ in settled]
        self._recorded, self._failed = -math.inf, False

    @classmethod
    def begin(cls, store: Store, search: str, owner: str, caviar: Caviar) -> tuple[SearchKeeper, Future[None]]:
        """Put a new search into the store."""
        dataset, first = caviar.plan.space.spec.dataset, generation(0, caviar)
        return cls(store, search, [False]), store.searches.add(search, owner, about(caviar), dataset, first)

    def start(self, origin: str) -> Future[None]:
        """The search is played for the first time; `origin` is the token of the run from which its models go on."""
        return self.store.searches.start(self.search, origin)

    def add(self, caviar: Caviar) -> Future[None]:
        """Another generation of the search; it counts once this is done."""
        number = len(self.settled)
        adding = self.store.searches.add_generation(self.search, generation(number, caviar))
        self.settled.append(False)
        self._written.append(set())
        return adding

    def record(self, generations: Sequence[Caviar]) -> list[Future[None]]:
        """Write down which models are finished: at once where a generation is done, now and then where it is not, and
        after a write that failed."""
        due = time.monotonic() - self._recorded >= EVERY_SECONDS
        if due:
            self._recorded = time.monotonic()
        if due and self._failed:
            self._failed, self.settled = False, [False for _ in self.settled]
            self._written = [set() for _ in self.settled]
        soon = due or not self._failed
        return [
            self._record(number, caviar)
            for number, caviar in enumerate(generations)
            if not self.settled[number] and (soon if caviar.done else due and caviar.progress)
        ]

    def _record(self, number: int, caviar: Caviar) -> Future[None]:
        written = self._written[number]
        new = [trial for trial in caviar.trials if not trial.going and trial.number not in written]
        written |= {trial.number for trial in new}
        self.settled[number] = caviar.done
        rows = [finished(caviar, trial) for trial in new]
        return self.store.searches.record(self.search, number, rows, least(caviar), caviar.done)

    def forget(self) -> None:
        """A write has failed: what is here is written again, after a while."""
        self._failed = True


def generation(number: int, caviar: Caviar) -> Generation:
    """What is kept of a generation before it is trained."""
    plan = plan_to_json(caviar.plan, [trial.point for trial in caviar.trials])
    return Generation(number, plan, caviar.steps.tolist(), len(caviar.trials), None, False)


def recall(store: Store, entry: SearchEntry) -> list[Caviar]:
    """The generations of a stored search; one that was not done stands at its beginning. Raises `UserError` where what
    is stored cannot be searched here any more."""
    return [_recalled(store, entry.id, one) for one in store.searches.generations(entry.id)]


def _recalled(store: Store, search: str, one: Generation) -> Caviar:
    plan, points = plan_from_json(one.plan)
    trials = store.searches.trials(search, one.number) if one.done else []
    if len(trials) < len(points):
        return Caviar(plan, points)
    return Kept(plan, points, one.steps, trials)
