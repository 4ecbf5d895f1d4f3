"""What of a search goes to the store, and when: each generation's plan before it trains, the models that are finished,
and every few seconds a checkpoint of the others.

A generation that was not done continues from its checkpoint when the search is opened again; one on Dask workers, from
its finished models. The same plan and points lead to the same bits.
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
CHECKPOINT_SECONDS = 10.0  # at least, between two records with a checkpoint
KINDS = {"random": "at random", "grid": "on a grid"}
START = (0, 0)  # the `moment` of a search that has not trained


def about(search: Search) -> str:
    """A search in a few words, such as "64 at random over learning rate, momentum"."""
    plan = search.plan
    return f"{len(search.trials):,} {KINDS[plan.kind]} over {', '.join(one.field.label for one in plan.space.ranges)}"


def finished(search: Search, trial: Trial) -> Finished:
    """The stored row of a model that is done, stopped or diverged."""
    return Finished(**search.result(trial.number))


# to the store and back


class SearchRecorder:
    """Writes one search into the store as it trains; `complete` says of each generation whether all of it is stored."""

    def __init__(self, store: Store, token: str, generations: Sequence[Search], region: str = "") -> None:
        self.store, self.token, self.complete = store, token, [search.done for search in generations]
        self._written: list[set[int]] = [set() for _ in generations]
        self._moments = [search.moment for search in generations]  # of the last stored checkpoint of each generation
        self._recorded, self._checkpointed, self._failed = -math.inf, time.monotonic(), False
        self._contested: tuple[int, bool] | None = None  # how much of a contest is stored
        self._region: str | None = region  # that is stored
        for number, search in enumerate(generations):
            self._follow(number, search)

    def _follow(self, number: int, search: Search) -> None:
        """Write results of Dask workers as they come in, whether or not anybody watches."""
        store, token = self.store, self.token
        search.on_results(lambda results: _write(store, token, number, results))

    @classmethod
    def begin(cls, store: Store, token: str, owner: str, search: Search) -> tuple[SearchRecorder, Future[None]]:
        """A recorder for a new search, and the write that adds it to the store."""
        dataset, first = search.plan.space.spec.dataset, generation(0, search)
        adding = store.searches.add(token, owner, about(search), dataset, first)
        return cls(store, token, [search]), adding

    def start(self, origin: str) -> Future[None]:
        """Write that the search is played for the first time; its models start from the run with the token `origin`."""
        return self.store.searches.start(self.token, origin)

    def add(self, search: Search) -> Future[None]:
        """Add another generation; it may train once this write is done."""
        number = len(self.complete)
        adding = self.store.searches.add_generation(self.token, generation(number, search))
        self.complete.append(False)
        self._written.append(set())
        self._moments.append(search.moment)
        self._follow(number, search)
        return adding

    def record_contest(self, contest: RandomVsGrid) -> Future[None] | None:
        """Write what a contest has found; None where nothing is new."""
        moment = sum(map(len, contest.found.values())), contest.stopped
        if moment == self._contested:
            return None
        self._contested = moment
        return self.store.searches.record_contest(self.token, contest.to_json())

    def record_region(self, told: str) -> Future[None] | None:
        """Write the selected region (see `core.search.regions`); None where it is the stored one."""
        if told == self._region:
            return None
        self._region = told
        return self.store.searches.record_region(self.token, told)

    def record(self, generations: Sequence[Search], rests: bool = False) -> list[Future[None]]:
        """Write which models are finished: at once where a generation is done, else every second, which also repeats a
        write that failed. Every ten seconds, and where the search `rests`, with a checkpoint."""
        now = time.monotonic()
        due = now - self._recorded >= EVERY_SECONDS
        checkpoint = rests or (due and now - self._checkpointed >= CHECKPOINT_SECONDS)
        if due:
            self._recorded = now
        if due and self._failed:
            self._failed, self.complete = False, [False for _ in self.complete]
            self._written, self._moments = [set() for _ in self.complete], [START for _ in self.complete]
            self._contested = self._region = None
        soon = due or not self._failed
        found = [
            self._record(number, search, self._checkpoint(number, generations) if checkpoint else None)
            for number, search in enumerate(generations)
            if not self.complete[number] and (soon if search.done or rests else due) and self._behind(number, search)
        ]
        if checkpoint:
            self._checkpointed = now
        return found

    def _behind(self, number: int, search: Search) -> bool:
        """Whether something of a generation may not be stored yet."""
        finished_here = sum(not trial.going for trial in search.trials)
        return search.done or search.moment != self._moments[number] or finished_here > len(self._written[number])

    def _checkpoint(self, number: int, generations: Sequence[Search]) -> Callable[[], bytes] | None:
        """Packs a checkpoint of a generation, or b"" where the search's are too large; None where nothing is new."""
        search, moment = generations[number], generations[number].moment
        if search.done or self._moments[number] == moment:
            return None
        self._moments[number] = moment
        fits = sum(one.checkpoint_bytes for one in generations if not one.done) <= MOST * 0.98
        return partial(pack, search.checkpoint()) if fits else bytes

    def _record(self, number: int, search: Search, checkpoint: Callable[[], bytes] | None) -> Future[None]:
        written = self._written[number]
        new = [trial for trial in search.trials if not trial.going and trial.number not in written]
        written |= {trial.number for trial in new}
        self.complete[number] = search.done
        rows = [finished(search, trial) for trial in new]
        return self.store.searches.record(self.token, number, rows, least_loss(search), search.done, checkpoint)

    def forget(self) -> None:
        """A write has failed: all is written again, at the next second."""
        self._failed = True


def _write(store: Store, token: str, number: int, results: Sequence[Result]) -> Future[None]:
    best = min((result["best"] for result in results if result["best"] is not None), default=None)
    return store.searches.record(token, number, [Finished(**result) for result in results], best)


def generation(number: int, search: Search) -> Generation:
    """The stored row of a generation before it is trained."""
    plan = plan_to_json(search.plan, [trial.point for trial in search.trials])
    return Generation(number, plan, search.steps.tolist(), len(search.trials), None, False, search.remote)
