"""The searches that are open in this process, found by token; each trains a slice at a time, as runs do.

A search is a list of generations: each is searched inside a region of the one before (C3).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import numpy as np

from core.caviar import Caviar
from core.charts.searches.shown import Shown, order
from core.errors import UserError
from core.search import LEAST_BEST, Space, zoomed
from core.search_keeping import SearchKeeper, recall
from core.store import Store, digest, key_of, new_token, the_store
from core.turns import Turns

MOST_OPEN = 60
IDLE_SECONDS = 3600.0
TURN_SECONDS = 0.010  # of one generation, where several train
MOST_GENERATIONS = 50


def _unsaved(error: BaseException) -> str:
    words = str(error) if isinstance(error, UserError) else f"the store says “{error}”."
    return f"This search is not being saved: {words}"


class OpenSearch(Turns):
    """A search that people look at: its generations, which one is seen, which model is picked.

    Where there is a `keeper`, `saving` is done once all that is done is stored; `unsaved` says why the last write
    failed. `started` says whether it was ever played.
    """

    def __init__(
        self,
        caviar: Caviar | Sequence[Caviar],
        token: str = "",
        key: str = "",
        keeper: SearchKeeper | None = None,
        started: bool = False,
    ) -> None:
        super().__init__(token, key)
        self.generations = [caviar] if isinstance(caviar, Caviar) else [*caviar]
        self.seen_generation = len(self.generations) - 1
        self.keeper, self.started = keeper, started
        self.saving: Future[None] | None = None
        self.unsaved = ""
        self.said = ""  # why it stopped by itself
        self.playing = False
        self.picked: int | None = None
        self.origin = ""  # the token of the run from which the models go on
        names = [one.name for one in self.caviar.plan.space.ranges]
        self.axes = (names[0], names[min(1, len(names) - 1)])

    @property
    def caviar(self) -> Caviar:
        """The generation that is seen."""
        return self.generations[self.seen_generation]

    @property
    def shown(self) -> Shown:
        """What its charts show."""
        return Shown(self.caviar, self.picked, self.axes, tuple(self.generations))

    @property
    def busy(self) -> bool:
        """Whether a frame would train models."""
        return self.playing and any(not caviar.done for caviar in self.generations)

    def due_to(self, viewer: object) -> bool:
        """Whether a frame made for `viewer` would train."""
        return self.busy and self.may_drive(viewer)

    def train(self, viewer: object, seconds: float) -> None:
        """A slice of the generation that is least far."""
        with self.lock:
            self.answer()
            self._take_wheel(viewer)
            deadline = time.perf_counter() + seconds
            while self.busy and time.perf_counter() < deadline:
                least = min((caviar for caviar in self.generations if not caviar.done), key=lambda one: one.progress)
                turn = min(deadline, time.perf_counter() + TURN_SECONDS)
                try:
                    least.advance(lambda turn=turn: bool(self._inbox) or time.perf_counter() >= turn)
                except UserError as error:  # of a scheduler that is gone
                    self.playing, self.said = False, str(error)
                if all(caviar.done for caviar in self.generations):
                    self.playing = False
                self._save()
                self._tell()
                self.answer()

    # the store

    def _save(self) -> None:
        """Write down what is finished and how far the rest is: at once where a generation is done or the search rests,
        else now and then."""
        for saving in self.keeper.record(self.generations, not self.playing) if self.keeper and self.started else ():
            self.saving = saving
            saving.add_done_callback(self._saved)

    def _saved(self, saving: Future[None]) -> None:
        error = saving.exception()
        self.unsaved = _unsaved(error) if error else ""
        if error:
            self.keeper.forget()

    def _start(self) -> None:
        """The first time that it is played, it comes into its owner's list. `UserError` where that is full."""
        if self.keeper and not self.started:
            self.keeper.start(self.origin).result()
        self.started = True

    # commands

    def play(self) -> None:
        """Train from the next frame on."""
        if all(caviar.done for caviar in self.generations):
            raise UserError("This search is done: zoom in, or start another one.")
        self._start()
        self.playing, self.said = True, ""

    def pause(self) -> None:
        """Stop training for now."""
        self.playing = False

    def pick(self, number: int | None) -> None:
        """Pick a model of the generation that is seen, or none."""
        if number is not None and not 0 <= number < len(self.caviar.trials):
            raise UserError(f"There is no model {number}: they are numbered from 0 to {len(self.caviar.trials) - 1}.")
        self.picked = number

    def set_axes(self, first: str, second: str) -> None:
        """The two settings that the scatter shows."""
        self.axes = (first, second)

    def see(self, generation: int) -> None:
        """Look at a generation."""
        self.seen_generation = min(max(0, generation), len(self.generations) - 1)
        self.picked = None

    def add(self, caviar: Caviar) -> None:
        """Search on in another generation, and look at it."""
        if len(self.generations) >= MOST_GENERATIONS:
            raise UserError(f"This search has {MOST_GENERATIONS} generations: start another search.")
        if self.keeper:
            self.keeper.add(caviar).result()
        self.generations.append(caviar)
        self.see(len(self.generations) - 1)
        self.play()

    def proposed(self) -> Space:
        """The region of the best tenth of the generation that is seen, by the last loss that enough models have."""
        caviar = self.caviar
        last = caviar.losses[:, -1]
        if np.isfinite(last).sum() < LEAST_BEST:
            last = np.array([trial.loss for trial in caviar.trials])
        return zoomed(caviar.plan.space, [trial.point for trial in caviar.trials], last)

    def best(self, count: int) -> list[int]:
        """The numbers of the models that stand best."""
        return order(self.caviar)[:count].tolist()


class OpenSearches:
    """The open searches of a process; the longest unseen are closed when there are too many. Where there is a store, a
    search that is asked for is opened again."""

    def __init__(
        self, most: int = MOST_OPEN, idle: float = IDLE_SECONDS, store: Callable[[], Store] | None = None
    ) -> None:
        self._most, self._idle, self._store = most, idle, store
        self._searches: dict[str, OpenSearch] = {}
        self._by_key: dict[str, OpenSearch] = {}
        self._lock = threading.RLock()

    def open(self, caviar: Caviar, owner: str = "") -> OpenSearch:
        """Take in a search of the person with the token `owner`, and store it."""
        token, owner = new_token(), owner or new_token()
        keeper = None
        if self._store:
            keeper, saving = SearchKeeper.begin(self._store(), token, owner, caviar)
            saving.result()
        return self._hold(OpenSearch(caviar, token, digest(key_of(owner, token)), keeper))

    def get(self, token: str) -> OpenSearch | None:
        """The search that a token reads or drives, opened again where it was closed; None where there is none, or
        where what is stored can no longer be searched."""
        with self._lock:
            opened = self._searches.get(token) or self._by_key.get(digest(token)) or self._reopened(token)
        if opened:
            opened.seen = time.monotonic()
        return opened

    def _reopened(self, token: str) -> OpenSearch | None:
        entry = self._store().searches.find(token) if self._store and token else None
        if not entry:
            return None
        store = self._store()
        try:
            generations = recall(store, entry)
        except UserError:
            return None
        keeper = SearchKeeper(store, entry.id, generations)
        opened = OpenSearch(generations, entry.id, entry.key, keeper, entry.started is not None)
        opened.origin = entry.origin
        return self._hold(opened)

    def close(self, token: str) -> None:
        """Close a search; where there is a store, its link opens it again unless it is deleted."""
        with self._lock:
            opened = self._searches.pop(token, None)
            if opened:
                self._by_key.pop(opened.key, None)
        if opened:
            opened.do(OpenSearch.pause)
            opened.shut()

    def close_all(self) -> None:
        """Close every search, and so write how far it is: the process ends."""
        for token in [*self._searches]:
            self.close(token)

    def _hold(self, opened: OpenSearch) -> OpenSearch:
        with self._lock:
            self._close_unseen()
            self._searches[opened.token] = self._by_key[opened.key] = opened
        return opened

    def _close_unseen(self) -> None:
        now = time.monotonic()
        by_age = sorted((o for o in self._searches.values() if not o.listeners), key=lambda o: o.seen)
        surplus = len(self._searches) + 1 - self._most
        for i, opened in enumerate(by_age):
            if i < surplus or now - opened.seen > self._idle:
                self.close(opened.token)


OPEN_SEARCHES = OpenSearches(store=the_store)
