"""What of a search goes to the store, and when: each generation's plan as it begins, its models as they are finished,
and now and then how far the others are.

From there a generation that was not done goes on when it is asked for again, or from its finished models where they are
farmed out: the same plan and points lead to the same bits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial

from core.search.checkpoint import MOST, pack
from core.search.plan import Result
from core.search.plan_json import plan_to_json
from core.search.random_vs_grid import RandomVsGrid
from core.search.search import Search
from core.search.trials import Trial
from core.search.view import least_loss
from core.store import Finished, Generation, Store

EVERY_SECONDS = 1.0  # between two records of a search that plays
STANDING_SECONDS = 10.0  # at least, between two of them that say how far it is
KINDS = {"random": "at random", "grid": "on a grid"}
NOWHERE = (0, 0)  # the moment at which a search begins


def about(caviar: Search) -> str:
    """What is searched, such as "64 at random over learning rate, momentum"."""
    plan = caviar.plan
    return f"{len(caviar.trials):,} {KINDS[plan.kind]} over {', '.join(one.field.label for one in plan.space.ranges)}"


def finished(caviar: Search, trial: Trial) -> Finished:
    """What is kept of a model that is done, stopped or diverged."""
    return Finished(**caviar.result(trial.number))


# to the store and back


class SearchRecorder:
    """Writes one search into the store as it grows; `complete` says of each generation whether it is all written."""

    def __init__(self, store: Store, search: str, generations: Sequence[Search], region: str = "") -> None:
        self.store, self.search, self.complete = store, search, [caviar.done for caviar in generations]
        self._written: list[set[int]] = [set() for _ in generations]
        self._moments = [caviar.moment for caviar in generations]  # how far each generation is in the store
        self._recorded, self._stood, self._failed = -math.inf, time.monotonic(), False
        self._contested: tuple[int, bool] | None = None  # how much of a contest is in the store
        self._region: str | None = region  # that is in the store
        for number, caviar in enumerate(generations):
            self._follow(number, caviar)

    def _follow(self, number: int, caviar: Search) -> None:
        """What workers give is written as it comes in, whether or not anybody looks."""
        store, search = self.store, self.search
        caviar.on_results(lambda results: _write(store, search, number, results))

    @classmethod
    def begin(cls, store: Store, search: str, owner: str, caviar: Search) -> tuple[SearchRecorder, Future[None]]:
        """Put a new search into the store."""
        dataset, first = caviar.plan.space.spec.dataset, generation(0, caviar)
        adding = store.searches.add(search, owner, about(caviar), dataset, first)
        return cls(store, search, [caviar]), adding

    def start(self, origin: str) -> Future[None]:
        """The search is played for the first time; `origin` is the token of the run from which its models go on."""
        return self.store.searches.start(self.search, origin)

    def add(self, caviar: Search) -> Future[None]:
        """Another generation of the search; it counts once this is done."""
        number = len(self.complete)
        adding = self.store.searches.add_generation(self.search, generation(number, caviar))
        self.complete.append(False)
        self._written.append(set())
        self._moments.append(caviar.moment)
        self._follow(number, caviar)
        return adding

    def record_contest(self, contest: RandomVsGrid) -> Future[None] | None:
        """Write down what a contest has found, where that is more than was written."""
        moment = sum(map(len, contest.found.values())), contest.stopped
        if moment == self._contested:
            return None
        self._contested = moment
        return self.store.searches.record_contest(self.search, contest.to_json())

    def record_region(self, told: str) -> Future[None] | None:
        """Write down what is selected (see `core.search.regions`), where that is not what was written."""
        if told == self._region:
            return None
        self._region = told
        return self.store.searches.record_region(self.search, told)

    def record(self, generations: Sequence[Search], rests: bool = False) -> list[Future[None]]:
        """Write down which models are finished: at once where a generation is done, now and then where it is not, and
        after a write that failed. Less often, and where the search `rests`, also how far it is."""
        now = time.monotonic()
        due = now - self._recorded >= EVERY_SECONDS
        standing = rests or (due and now - self._stood >= STANDING_SECONDS)
        if due:
            self._recorded = now
        if due and self._failed:
            self._failed, self.complete = False, [False for _ in self.complete]
            self._written, self._moments = [set() for _ in self.complete], [NOWHERE for _ in self.complete]
            self._contested = self._region = None
        soon = due or not self._failed
        found = [
            self._record(number, caviar, self._standing(number, generations) if standing else None)
            for number, caviar in enumerate(generations)
            if not self.complete[number] and (soon if caviar.done or rests else due) and self._behind(number, caviar)
        ]
        if standing:
            self._stood = now
        return found

    def _behind(self, number: int, caviar: Search) -> bool:
        """Whether there may be something of a generation that the store does not have."""
        finished_here = sum(not trial.going for trial in caviar.trials)
        return caviar.done or caviar.moment != self._moments[number] or finished_here > len(self._written[number])

    def _standing(self, number: int, generations: Sequence[Search]) -> Callable[[], bytes] | None:
        """What packs how far a generation is; empty where the search has too much of it, None for nothing new."""
        caviar, moment = generations[number], generations[number].moment
        if caviar.done or self._moments[number] == moment:
            return None
        self._moments[number] = moment
        fits = sum(one.checkpoint_bytes for one in generations if not one.done) <= MOST * 0.98
        return partial(pack, caviar.checkpoint()) if fits else bytes

    def _record(self, number: int, caviar: Search, standing: Callable[[], bytes] | None) -> Future[None]:
        written = self._written[number]
        new = [trial for trial in caviar.trials if not trial.going and trial.number not in written]
        written |= {trial.number for trial in new}
        self.complete[number] = caviar.done
        rows = [finished(caviar, trial) for trial in new]
        return self.store.searches.record(self.search, number, rows, least_loss(caviar), caviar.done, standing)

    def forget(self) -> None:
        """A write has failed: what is here is written again, after a while."""
        self._failed = True


def _write(store: Store, search: str, number: int, results: Sequence[Result]) -> Future[None]:
    best = min((result["best"] for result in results if result["best"] is not None), default=None)
    return store.searches.record(search, number, [Finished(**result) for result in results], best)


def generation(number: int, caviar: Search) -> Generation:
    """What is kept of a generation before it is trained."""
    plan = plan_to_json(caviar.plan, [trial.point for trial in caviar.trials])
    return Generation(number, plan, caviar.steps.tolist(), len(caviar.trials), None, False, caviar.remote)
