"""How the generations of a search train: a slice at a time of the one that is least far, then the contest."""

from __future__ import annotations

import time
from collections.abc import Callable

from core.errors import UserError
from core.search.random_vs_grid import RandomVsGrid
from core.search.search import Search

LOOKING_SECONDS = 0.001  # at most, to see that Dask workers have nothing new


class SearchTraining:
    """The `generations` of a search, and the `contest` of the first two under many seeds, if there is one.

    `said` is why it paused without a command, "" where it did not.
    """

    def __init__(self, generations: list[Search]) -> None:
        self.generations = generations
        self.contest: RandomVsGrid | None = None
        self.playing = False
        self.said = ""

    @property
    def _all(self) -> list[Search | RandomVsGrid]:
        return [*self.generations, *([self.contest] if self.contest else [])]

    @property
    def done(self) -> bool:
        """Whether there is nothing left to train."""
        return all(one.done for one in self._all)

    @property
    def finished(self) -> int:
        """How many generations are done."""
        return sum(search.done for search in self.generations)

    def play(self) -> None:
        """Train from the next slice on."""
        self.playing, self.said = True, ""

    def rest(self, why: str) -> None:
        """Pause without a command; `why` says why."""
        self.playing, self.said = False, why

    def stop(self) -> None:
        """End all of it for good."""
        for one in self._all:
            one.stop()
        self.playing = False

    def advance(self, until: float, interrupted: Callable[[], bool]) -> bool:
        """Train the search with the least progress, until `until` at most. Returns whether that was work here: of a
        search on Dask workers, only results are collected."""
        start = time.perf_counter()
        least = min(self._undone(), key=lambda one: one.progress)
        self._advance(least, lambda: interrupted() or time.perf_counter() >= until)
        return time.perf_counter() - start > LOOKING_SECONDS

    def remote(self) -> list[Search | RandomVsGrid]:
        """What Dask workers train now."""
        return [one for one in self._undone() if one.remote] if self.playing else []

    def poll(self) -> None:
        """Collect results from Dask workers, and submit chunks."""
        for one in self.remote():
            self._advance(one, lambda: True)

    def _undone(self) -> list[Search | RandomVsGrid]:
        """What can be worked on now: generations, and once those are done the contest."""
        undone = [one for one in self.generations if not one.done]
        return [*undone] if undone else [one for one in (self.contest,) if one and not one.done]

    def _advance(self, one: Search | RandomVsGrid, should_stop: Callable[[], bool]) -> None:
        try:
            one.advance(should_stop)
        except UserError as error:  # of a scheduler that is gone
            self.rest(str(error))
        if self.done:
            self.playing = False
