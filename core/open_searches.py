"""The searches that are open in this process, found by token; each trains a slice at a time, as runs do.

A search is a list of generations: each is searched inside a region of the one before (C3).
"""

from __future__ import annotations

import threading
import time

from core.caviar import Caviar
from core.charts.searches.shown import Shown, order
from core.errors import UserError
from core.search import zoomed
from core.store import digest, key_of, new_token
from core.turns import Turns

MOST_OPEN = 60
IDLE_SECONDS = 3600.0
TURN_SECONDS = 0.010  # of one generation, where several train


class OpenSearch(Turns):
    """A search that people look at: its generations, which one is seen, which model is picked."""

    saving = None

    def __init__(self, caviar: Caviar, token: str = "", key: str = "") -> None:
        super().__init__(token, key)
        self.generations = [caviar]
        self.seen_generation = 0
        self.playing = False
        self.picked: int | None = None
        self.origin = ""  # the token of the run from which the models go on
        names = [one.name for one in caviar.plan.space.ranges]
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
                least.advance(lambda turn=turn: bool(self._inbox) or time.perf_counter() >= turn)
                if all(caviar.done for caviar in self.generations):
                    self.playing = False
                self._tell()
                self.answer()

    # commands

    def play(self) -> None:
        """Train from the next frame on."""
        if all(caviar.done for caviar in self.generations):
            raise UserError("This search is done: zoom in, or start another one.")
        self.playing = True

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
        self.generations.append(caviar)
        self.see(len(self.generations) - 1)
        self.play()

    def proposed(self) -> object:
        """The region of the best tenth of the generation that is seen."""
        caviar = self.caviar
        last = caviar.losses[:, -1] if caviar.done else [trial.loss for trial in caviar.trials]
        return zoomed(caviar.plan.space, [trial.point for trial in caviar.trials], last)

    def best(self, count: int) -> list[int]:
        """The numbers of the models that stand best."""
        return order(self.caviar)[:count].tolist()


class OpenSearches:
    """The open searches of a process; the longest unseen are closed when there are too many."""

    def __init__(self, most: int = MOST_OPEN, idle: float = IDLE_SECONDS) -> None:
        self._most, self._idle = most, idle
        self._searches: dict[str, OpenSearch] = {}
        self._by_key: dict[str, OpenSearch] = {}
        self._lock = threading.Lock()

    def open(self, caviar: Caviar, owner: str = "") -> OpenSearch:
        """Take in a search of the person with the token `owner`."""
        token = new_token()
        opened = OpenSearch(caviar, token, digest(key_of(owner or new_token(), token)))
        with self._lock:
            self._close_unseen()
            self._searches[token] = self._by_key[opened.key] = opened
        return opened

    def get(self, token: str) -> OpenSearch | None:
        """The search that a token reads or drives; None where it is not open."""
        opened = self._searches.get(token) or self._by_key.get(digest(token))
        if opened:
            opened.seen = time.monotonic()
        return opened

    def _close_unseen(self) -> None:
        now = time.monotonic()
        by_age = sorted((o for o in self._searches.values() if not o.listeners), key=lambda o: o.seen)
        surplus = len(self._searches) + 1 - self._most
        for i, opened in enumerate(by_age):
            if i < surplus or now - opened.seen > self._idle:
                self._searches.pop(opened.token)
                self._by_key.pop(opened.key)


OPEN_SEARCHES = OpenSearches()
