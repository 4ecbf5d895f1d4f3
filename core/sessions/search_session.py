"""The searches that are open in this process, found by token; each trains a slice at a time, as runs do.

A search is a list of generations: each is searched inside a region of the one before (C3).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from core.errors import UserError
from core.search.random_vs_grid import RandomVsGrid
from core.search.regions import Region, narrowed, region_from_json, region_to_json, selected
from core.search.search import Search
from core.search.space import Space
from core.search.view import SearchView, ranking
from core.search.zoom import LEAST_BEST, within, zoomed
from core.sessions.poller import Poller
from core.sessions.search_recorder import SearchRecorder, recall, recall_contest
from core.sessions.session import Session
from core.settings.table import FIELDS
from core.store import Store, digest, key_of, new_token, the_store

MOST_OPEN = 60
IDLE_SECONDS = 3600.0
TURN_SECONDS = 0.010  # of one generation, where several train
LOOKING_SECONDS = 0.001  # that it takes to see that workers elsewhere have nothing new
MOST_GENERATIONS = 50
STUCK = "Something went wrong with the workers, and the server's log says what. Play goes on from here."


def _unsaved(error: BaseException) -> str:
    words = str(error) if isinstance(error, UserError) else f"the store says “{error}”."
    return f"This search is not being saved: {words}"


@dataclass(frozen=True)
class Sight:
    """What somebody who only watches a search chose to see of it: a generation (from 0), the axes of the scatter, and
    whether that shows all generations; None for what its owner sees."""

    generation: int | None = None
    axes: tuple[str, str] | None = None
    whole: bool | None = None


class SearchSession(Session):
    """A search that people look at: its generations, which one is seen, which model is picked.

    Where there is a `recorder`, `saving` is done once all that is done is stored; `unsaved` says why the last write
    failed. `started` says whether it was ever played.
    """

    def __init__(
        self,
        caviar: Search | Sequence[Search],
        token: str = "",
        key: str = "",
        recorder: SearchRecorder | None = None,
        started: bool = False,
    ) -> None:
        super().__init__(token, key)
        self.generations = [caviar] if isinstance(caviar, Search) else [*caviar]
        self.seen_generation = len(self.generations) - 1
        self.recorder, self.started = recorder, started
        self.saving: Future[None] | None = None
        self.unsaved = ""
        self.said = ""  # why it stopped by itself
        self.playing = False
        self.picked: int | None = None
        self.region: Region = {}  # what is selected of the generation that is seen
        self.whole = True  # whether the scatter has the axes of the first generation, with all others in it
        self.origin = ""  # the token of the run from which the models go on
        self.contest: RandomVsGrid | None = None  # the first two generations under many seeds
        self.played: Callable[[], None] = lambda: None  # called when it begins to play, from any thread
        names = [one.name for one in self.caviar.plan.space.ranges]
        self.axes = (names[0], names[min(1, len(names) - 1)])

    @property
    def caviar(self) -> Search:
        """The generation that is seen."""
        return self.generations[self.seen_generation]

    @property
    def shown(self) -> SearchView:
        """What its charts show."""
        generations = tuple(self.generations)
        seed_losses = self.contest.losses if self.contest else None
        return SearchView(self.caviar, self.picked, self.axes, generations, self.region, self.whole, seed_losses)

    def as_seen(self, sight: Sight | None) -> SearchSession:
        """The search as it is now with what a watcher chose to see, to be read and not to be changed; what is not there
        is left as the owner sees it. Of another generation than the owner's, nothing is picked or selected."""
        if sight in (None, Sight()):
            return self
        seen = copy(self)  # all that trains is shared
        if sight.generation not in (None, self.seen_generation) and sight.generation < len(self.generations):
            seen.seen_generation, seen.picked, seen.region = sight.generation, None, {}
        names = {one.name for one in self.caviar.plan.space.ranges}
        seen.axes = sight.axes if sight.axes and names.issuperset(sight.axes) else self.axes
        seen.whole = self.whole if sight.whole is None else sight.whole
        return seen

    @property
    def busy(self) -> bool:
        """Whether a frame would train models."""
        return self.playing and not self.done

    @property
    def done(self) -> bool:
        """Whether there is nothing left to train."""
        return all(one.done for one in (*self.generations, *filter(None, [self.contest])))

    @property
    def finished(self) -> int:
        """How many generations are done."""
        return sum(caviar.done for caviar in self.generations)

    def due_to(self, viewer: object) -> bool:
        """Whether a frame made for `viewer` would train."""
        return self.busy and self.may_drive(viewer)

    def train(self, viewer: object, seconds: float) -> bool:
        """A slice of the generation that is least far, then of the contest; whether there was something to do."""
        with self.lock:
            self.answer()
            self._take_wheel(viewer)
            deadline, worked = time.perf_counter() + seconds, True
            while self.busy and worked and (now := time.perf_counter()) < deadline:
                worked = self._advance(min(deadline, now + TURN_SECONDS))
                self._save()
                self._tell()
                self.answer()
            return worked

    def _advance(self, until: float) -> bool:
        """Work until then; whether there was something to do, for what is farmed out is only looked after."""
        start = time.perf_counter()
        least = min(self._undone(), key=lambda one: one.progress)
        self._go_on(least, lambda: bool(self._inbox) or time.perf_counter() >= until)
        return time.perf_counter() - start > LOOKING_SECONDS

    def _undone(self) -> list[Search | RandomVsGrid]:
        """What can be worked on now: generations, and once those are done the contest."""
        undone = [caviar for caviar in self.generations if not caviar.done]
        return undone or [one for one in (self.contest,) if one and not one.done]

    def _go_on(self, one: Search | RandomVsGrid, enough: Callable[[], bool]) -> None:
        try:
            one.advance(enough)
        except UserError as error:  # of a scheduler that is gone
            self.rest(str(error))
        if self.done:
            self.playing = False

    def rest(self, why: str) -> None:
        """Stop by itself."""
        self.playing, self.said = False, why

    def tend(self, tender: object) -> bool:
        """Take in and hand out what is farmed out, where nobody who looks does so: it goes on to its end without them.
        Whether there is any; what trains in this process waits for somebody who looks."""
        with self.lock:
            self.answer()
            away = [one for one in self._undone() if one.remote] if self.playing else []
            if away and self.due_to(tender):
                for one in away:
                    self._go_on(one, lambda: True)
                self.seen = time.monotonic()
                self._save()
                self._tell()
            return bool(away)

    # the store

    def _save(self) -> None:
        """Write down what is selected, what is finished, and how far the rest is: at once where a generation is done or
        the search rests, else now and then."""
        if not self.recorder:
            return
        written = self.recorder.record(self.generations, not self.playing) if self.started else []
        written += [self.recorder.record_contest(self.contest)] if self.started and self.contest else []
        written += [self.recorder.record_region(region_to_json(self.seen_generation, self.region))]
        for saving in filter(None, written):  # in the order in which they are carried out: the last is done last
            self.saving = saving
            saving.add_done_callback(self._saved)

    def _saved(self, saving: Future[None]) -> None:
        error = saving.exception()
        self.unsaved = _unsaved(error) if error else ""
        if error:
            self.recorder.forget()

    def _start(self) -> None:
        """The first time that it is played, it comes into its owner's list. `UserError` where that is full."""
        if self.recorder and not self.started:
            self.recorder.start(self.origin).result()
        self.started = True

    # commands

    def play(self) -> None:
        """Train from the next frame on."""
        if self.done:
            raise UserError("This search is done: zoom in, or start another one.")
        self._start()
        self.playing, self.said = True, ""
        self.played()

    def pause(self) -> None:
        """Stop training for now."""
        self.playing = False

    def stop(self) -> None:
        """End the search for good where it stands; one that is done stays as it is."""
        if not self.started:
            raise UserError("This search has not begun: there is nothing to stop.")
        for one in (*self.generations, *filter(None, [self.contest])):
            one.stop()
        self.playing = False

    def pick(self, number: int | None) -> None:
        """Pick a model of the generation that is seen, or none."""
        if number is not None and not 0 <= number < len(self.caviar.trials):
            raise UserError(f"There is no model {number}: they are numbered from 0 to {len(self.caviar.trials) - 1}.")
        self.picked = number

    def set_axes(self, axes: tuple[str, str]) -> None:
        """The two settings that the scatter shows."""
        self.axes = axes

    def see(self, generation: int) -> None:
        """Look at a generation."""
        self.seen_generation = min(max(0, generation), len(self.generations) - 1)
        self.picked, self.region = None, {}

    def show_whole(self, whole: bool) -> None:
        """Whether the scatter shows all generations, or only the one that is seen."""
        self.whole = whole

    def select(self, of: int, places: Mapping[str, Any] | None) -> None:
        """Select a region of the generation that is seen, by places in 0..1 on the axes of the generation `of`.

        `places` has (low, high) or None by the names of some settings (see `core.search.regions.selected`); None clears
        the region. Raises `UserError` for what cannot be.
        """
        if places is None:
            self.region = {}
            return
        if not 0 <= of < len(self.generations):
            raise UserError(f"There is no generation {of + 1:,}: select the region again.")
        axes, space = self.generations[of].plan.space, self.caviar.plan.space
        try:
            self.region = selected(space, self.region, axes, places)
        except UserError as error:
            if axes.ranges == space.ranges:
                raise
            seen = self.seen_generation + 1
            words = f"Nothing of generation {seen} lies there: select inside its box, or look at another generation."
            raise UserError(words) from error

    def narrow(self, values: Region) -> None:
        """Select (low, high) or choices of some settings of the generation that is seen, () for all of one. `UserError`
        for what cannot be."""
        self.region = narrowed(self.caviar.plan.space, self.region, values)

    def finer(self) -> Search:
        """The next generation, with as many models and trained where the one that is seen is: inside the region that is
        selected, else inside the one `proposed`. Raises `UserError` where none can be."""
        plan = self.caviar.plan
        space = within(plan.space, self.region) if self.region else self.proposed()
        seed = (self.generations[0].plan.seed + len(self.generations)) % (int(FIELDS["seed"].high) + 1)
        return self.caviar.another(replace(plan, space=space, seed=seed))

    def add(self, caviar: Search) -> None:
        """Search on in another generation, and look at it."""
        if len(self.generations) >= MOST_GENERATIONS:
            raise UserError(f"This search has {MOST_GENERATIONS} generations: start another search.")
        if self.recorder:
            self.recorder.add(caviar).result()
        self.generations.append(caviar)
        self.see(len(self.generations) - 1)
        self.play()

    def compete(self, contest: RandomVsGrid) -> None:
        """Once the generations are done, train the first two under other seeds."""
        self.contest = contest

    def proposed(self) -> Space:
        """The region of the best tenth of the generation that is seen, by the last loss that enough models have."""
        caviar = self.caviar
        last = caviar.losses[:, -1]
        if np.isfinite(last).sum() < LEAST_BEST:
            last = np.array([trial.loss for trial in caviar.trials])
        return zoomed(caviar.plan.space, [trial.point for trial in caviar.trials], last)

    def best(self, count: int) -> list[int]:
        """The numbers of the models that stand best."""
        return ranking(self.caviar)[:count].tolist()


class SearchSessions:
    """The open searches of a process; the longest unseen are closed when there are too many. Where there is a store, a
    search that is asked for is opened again."""

    def __init__(
        self, most: int = MOST_OPEN, idle: float = IDLE_SECONDS, store: Callable[[], Store] | None = None
    ) -> None:
        self._most, self._idle, self._store = most, idle, store
        self._searches: dict[str, SearchSession] = {}
        self._by_key: dict[str, SearchSession] = {}
        self._lock = threading.RLock()
        self._tender = Poller(self._tend)

    def open(self, caviar: Search, owner: str = "") -> SearchSession:
        """Take in a search of the person with the token `owner`, and store it."""
        token, owner = new_token(), owner or new_token()
        recorder = None
        if self._store:
            recorder, saving = SearchRecorder.begin(self._store(), token, owner, caviar)
            saving.result()
        return self._hold(SearchSession(caviar, token, digest(key_of(owner, token)), recorder))

    def get(self, token: str) -> SearchSession | None:
        """The search that a token reads or drives, opened again where it was closed; None where there is none, or
        where what is stored can no longer be searched."""
        with self._lock:
            opened = self._searches.get(token) or self._by_key.get(digest(token)) or self._reopened(token)
        if opened:
            opened.seen = time.monotonic()
        return opened

    def _reopened(self, token: str) -> SearchSession | None:
        entry = self._store().searches.find(token) if self._store and token else None
        if not entry:
            return None
        store = self._store()
        try:
            generations = recall(store, entry)
        except UserError:
            return None
        recorder = SearchRecorder(store, entry.id, generations, entry.region)
        opened = SearchSession(generations, entry.id, entry.key, recorder, entry.started is not None)
        opened.origin = entry.origin
        try:
            opened.contest = recall_contest(store, entry, generations)
        except UserError as error:
            opened.said = str(error)
        with suppress(UserError):  # a region that cannot be any more is let go
            found = region_from_json(entry.region, [caviar.plan.space for caviar in generations])
            opened.seen_generation, opened.region = found or (opened.seen_generation, {})
        return self._hold(opened)

    def close(self, token: str) -> None:
        """Close a search; where there is a store, its link opens it again unless it is deleted."""
        with self._lock:
            opened = self._searches.pop(token, None)
            if opened:
                self._by_key.pop(opened.key, None)
        if opened:
            opened.do(SearchSession.pause)
            opened.shut()

    def close_all(self) -> None:
        """Close every search, and so write how far it is: the process ends."""
        self._tender.stop()
        for token in [*self._searches]:
            self.close(token)

    def _hold(self, opened: SearchSession) -> SearchSession:
        with self._lock:
            self._close_unseen()
            self._searches[opened.token] = self._by_key[opened.key] = opened
            opened.played = self._tender.wake
        return opened

    def _tend(self) -> bool:
        """Look after what is farmed out; whether any is. Each search is looked at: one may not keep another from it."""
        with self._lock:
            searches = [*self._searches.values()]
        tended = [self._tended(opened) for opened in searches]
        return any(tended)

    def _tended(self, opened: SearchSession) -> bool:
        """What goes wrong with one search keeps none of the others from its end."""
        try:
            return opened.tend(self)
        except UserError as error:
            opened.do(partial(SearchSession.rest, why=str(error)))
        except Exception:
            logging.getLogger(__name__).exception("A search on Dask cannot go on.")
            opened.do(partial(SearchSession.rest, why=STUCK))
        return False

    def _close_unseen(self) -> None:
        now = time.monotonic()
        by_age = sorted((o for o in self._searches.values() if not o.listeners), key=lambda o: o.seen)
        surplus = len(self._searches) + 1 - self._most
        for i, opened in enumerate(by_age):
            if i < surplus or now - opened.seen > self._idle:
                self.close(opened.token)


SEARCH_SESSIONS = SearchSessions(store=the_store)
