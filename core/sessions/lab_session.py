"""The labs that train live and are open in this process, found by token: three networks side by side (C14)."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass

from core.errors import UserError
from core.labs.side_by_side import ACTIVATIONS, LAYERS, MOST_STEPS, SideBySide
from core.sessions.session import Session
from core.store import digest, key_of, new_token

MOST_OPEN = 40
IDLE_SECONDS = 1800.0
SLICE_SECONDS = 0.010  # at most: the page's script, which answers the dials, wants its turn too
MORE = 50  # steps of the button that trains a few


@dataclass(frozen=True)
class Shown:
    """What the charts show: the networks, and the layer (2 to LAYERS + 1) whose inputs are looked at."""

    trained: SideBySide
    layer: int


class LabSession(Session):
    """Three networks that somebody trains and pushes."""

    saving: Future[None] | None = None  # nothing of it is stored

    def __init__(self, token: str = "", key: str = "") -> None:
        super().__init__(token, key)
        self.trained = SideBySide()
        self.layer = LAYERS
        self.playing = False
        self.stop_at = MOST_STEPS

    @property
    def shown(self) -> Shown:
        """What its charts show."""
        return Shown(self.trained, self.layer)

    @property
    def busy(self) -> bool:
        """Whether a frame would train."""
        return self.playing and self.trained.step < self.stop_at

    @property
    def rests_at(self) -> int | None:
        """The step at which it stands still, None while it plays."""
        return None if self.playing else self.trained.step

    def due_to(self, viewer: object) -> bool:
        """Whether a frame made for `viewer` would train."""
        return self.busy and self.may_drive(viewer)

    def train(self, viewer: object, seconds: float) -> None:
        """Train for about so many seconds, `SLICE_SECONDS` at most."""
        with self.lock:
            self.answer()
            self._take_wheel(viewer)
            deadline = time.perf_counter() + min(seconds, SLICE_SECONDS)
            left = self.stop_at - self.trained.step if self.busy else 0
            self.trained.advance(left, lambda: bool(self._inbox) or time.perf_counter() >= deadline)
            if self.trained.step >= self.stop_at:
                self.playing = False
            self._tell()

    # commands

    def play(self) -> None:
        """Train from the next frame on, to the end."""
        self._play_to(MOST_STEPS)

    def more(self) -> None:
        """Train a few steps."""
        self._play_to(min(MOST_STEPS, self.trained.step + MORE))

    def _play_to(self, step: int) -> None:
        if self.trained.done:
            raise UserError(f"These networks have trained {MOST_STEPS:,} steps, which is the most: start again.")
        self.playing, self.stop_at = True, step

    def pause(self) -> None:
        """Stop training for now."""
        self.playing = False

    def restart(self, activation: str = "") -> None:
        """The same networks untrained, with another activation where one is named."""
        if activation and activation not in ACTIVATIONS:
            raise UserError(f"There is no activation {activation[:40]!r} here: there are {', '.join(ACTIVATIONS)}.")
        self.playing = False
        self.trained = SideBySide(activation or self.trained.spec.activation)

    def look_at(self, layer: int) -> None:
        """Look at the inputs of a layer."""
        self.layer = min(max(2, layer), LAYERS + 1)

    def push(self, shift: float, scale: float) -> None:
        """Push the earlier layers of all three (see `SideBySide.push`)."""
        self.trained.push(shift, scale)


class LabSessions:
    """The open labs of a process; the longest unseen are closed when there are too many."""

    def __init__(self, most: int = MOST_OPEN, idle: float = IDLE_SECONDS) -> None:
        self._most, self._idle = most, idle
        self._by_token: dict[str, LabSession] = {}
        self._by_key: dict[str, LabSession] = {}
        self._lock = threading.RLock()

    def open(self, owner: str) -> LabSession:
        """A new one, which the person with the token `owner` drives."""
        token = new_token()
        opened = LabSession(token, digest(key_of(owner, token)))
        with self._lock:
            self._close_unseen()
            self._by_token[token] = self._by_key[opened.key] = opened
        return opened

    def get(self, token: str) -> LabSession | None:
        """The one that a token reads or drives, None where it was closed."""
        with self._lock:
            opened = self._by_token.get(token) or self._by_key.get(digest(token))
        if opened:
            opened.seen = time.monotonic()
        return opened

    def _close_unseen(self) -> None:
        now = time.monotonic()
        by_age = sorted((one for one in self._by_token.values() if not one.listeners), key=lambda one: one.seen)
        surplus = len(self._by_token) + 1 - self._most
        for i, opened in enumerate(by_age):
            if i < surplus or now - opened.seen > self._idle:
                del self._by_token[opened.token], self._by_key[opened.key]
                opened.pause()
                opened.shut()


LAB_SESSIONS = LabSessions()
