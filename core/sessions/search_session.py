"""An open search, which trains a slice at a time, as runs do.

A search is a list of generations: each is searched inside a region of the one before (C3).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from copy import copy
from dataclasses import replace
from typing import Any, assert_never

import numpy as np

from core.errors import UserError
from core.search.random_vs_grid import RandomVsGrid
from core.search.search import Search
from core.search.space import Space
from core.search.view import SearchView, ranking
from core.search.zoom import LEAST_BEST, within, zoomed
from core.sessions.commands import (
    Add,
    Axes,
    Compete,
    Narrow,
    Pause,
    Pick,
    Play,
    Read,
    Region,
    SearchCommand,
    SearchMessage,
    See,
    ShowWhole,
    Sight,
    Stop,
)
from core.sessions.decoder import Decoder
from core.sessions.search_recorder import SearchRecorder
from core.sessions.search_recording import SearchRecording
from core.sessions.search_training import SearchTraining
from core.sessions.search_viewing import SearchViewing
from core.sessions.session import Session
from core.settings.table import FIELDS

SLICE_SECONDS = 0.010  # of one generation, where several train
MOST_GENERATIONS = 50
POLLER = object()  # who polls, as a viewer


class SearchSession(Session[SearchCommand]):
    """The generations of a search: how they train (`training`), what is shown of them (`viewing`), and when they are
    saved (`recording`). `origin` is the token of the run that the models start from, "" where there is none."""

    decode = Decoder(SearchMessage)

    def __init__(
        self,
        searches: Search | Sequence[Search],
        token: str = "",
        key: str = "",
        recorder: SearchRecorder | None = None,
        started: bool = False,
    ) -> None:
        super().__init__(token, key)
        self.generations = [searches] if isinstance(searches, Search) else [*searches]
        self.training = SearchTraining(self.generations)
        self.viewing = SearchViewing(self.generations)
        self.recording = SearchRecording(recorder, started)
        self.origin = ""
        self.on_play: Callable[[], None] = lambda: None  # called when it begins to play, from any thread

    @property
    def search(self) -> Search:
        """The generation shown."""
        return self.viewing.search

    @property
    def contest(self) -> RandomVsGrid | None:
        """The comparison of the first two generations under many seeds, if there is one."""
        return self.training.contest

    @property
    def shown(self) -> SearchView:
        """What its charts show."""
        seen = self.viewing
        losses = self.contest.losses if self.contest else None
        generations = tuple(self.generations)
        return SearchView(seen.search, seen.picked, seen.axes, generations, seen.region, seen.whole, losses)

    def as_seen(self, sight: Sight | None) -> SearchSession:
        """The search as it is now with what a watcher chose to see (see `SearchViewing.chosen`), to be read only."""
        if sight in (None, Sight()):
            return self
        seen = copy(self)  # all that trains is shared
        seen.viewing = self.viewing.chosen(sight)
        return seen

    @property
    def playing(self) -> bool:
        """Whether it trains until it is done or paused."""
        return self.training.playing

    @property
    def busy(self) -> bool:
        """Whether a frame would train models."""
        return self.playing and not self.training.done

    @property
    def saving(self) -> Future[None] | None:
        """Done once all that was done so far is on the disk."""
        return self.recording.state.saving

    # training

    def train(self, viewer: object, seconds: float) -> bool:
        """Train for so many seconds, a slice at a time; returns whether there was something to do."""
        with self.lock:
            self.answer()
            self._driven_by(viewer)
            deadline, worked = time.perf_counter() + seconds, True
            while self.busy and worked and (now := time.perf_counter()) < deadline:
                worked = self.training.advance(min(deadline, now + SLICE_SECONDS), lambda: bool(self._inbox))
                self._save()
                self._tell()
                self.answer()
            return worked

    def poll(self) -> bool:
        """Collect results from Dask workers and submit chunks, where no viewer does so: their search goes on to its end
        unseen. Returns whether workers train any of it."""
        with self.lock:
            self.answer()
            remote = bool(self.training.remote())
            if remote and self.due_to(POLLER):
                self.training.poll()
                self.seen = time.monotonic()
                self._save()
                self._tell()
            return remote and not self.closed

    def rest(self, why: str) -> None:
        """Pause without a command, and say why."""
        with self.lock:
            if not self.closed:
                self.training.rest(why)
                self._save()
                self._tell()

    def _save(self) -> None:
        self.recording.save(self.training, self.viewing.generation, self.viewing.region)

    def _record_end(self) -> None:
        self.training.playing = False
        self._save()

    # commands

    def carry_out(self, command: SearchCommand) -> Any:
        """Carry out a command, with the lock, and return its answer. Raises `UserError` where that cannot be done."""
        match command:
            case Play():
                self._play()
            case Pause():
                self.training.playing = False
            case Stop():
                self._stop()
            case Add(search):
                self._add(search)
            case Compete(contest):
                self.training.contest = contest
            case Pick(number):
                self.viewing.pick(number)
            case Region(of, places):
                self.viewing.select(of or 0, places)
            case Narrow(values):
                self.viewing.narrow(values)
            case See(generation):
                self.viewing.see(generation)
            case Axes(axes):
                self.viewing.axes = axes
            case ShowWhole(whole):
                self.viewing.whole = whole
            case Read(of):
                return of(self)
            case _:
                assert_never(command)
        return None

    def _play(self) -> None:
        if self.training.done:
            raise UserError("This search is done: zoom in, or start another one.")
        self.recording.start(self.origin)
        self.training.play()
        self.on_play()

    def _stop(self) -> None:
        if not self.recording.started:
            raise UserError("This search has not begun: there is nothing to stop.")
        self.training.stop()

    def _add(self, search: Search) -> None:
        if len(self.generations) >= MOST_GENERATIONS:
            raise UserError(f"This search has {MOST_GENERATIONS} generations: start another search.")
        self.recording.add(search)
        self.generations.append(search)
        self.viewing.see(len(self.generations) - 1)
        self._play()

    # what is found

    def finer(self) -> Search:
        """A next generation inside the selected region, else inside the one `proposed`: as many models as in the one
        shown, trained where those are. Raises `UserError` where none can be proposed."""
        plan = self.search.plan
        space = within(plan.space, self.viewing.region) if self.viewing.region else self.proposed()
        seed = (self.generations[0].plan.seed + len(self.generations)) % (int(FIELDS["seed"].high) + 1)
        return self.search.another(replace(plan, space=space, seed=seed))

    def proposed(self) -> Space:
        """The region of the best tenth of the generation shown, by the last loss that enough models have."""
        seen = self.search
        last = seen.losses[:, -1]
        if np.isfinite(last).sum() < LEAST_BEST:
            last = np.array([trial.loss for trial in seen.trials])
        return zoomed(seen.plan.space, [trial.point for trial in seen.trials], last)

    def best(self, count: int) -> list[int]:
        """The numbers of the `count` best models, best first."""
        return [int(number) for number in ranking(self.search)[:count]]
