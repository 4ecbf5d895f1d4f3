"""The labs that train live and are open in this process, found by token: three networks side by side (C14)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, assert_never

from core.errors import UserError
from core.labs.side_by_side import ACTIVATIONS, LAYERS, MOST_STEPS, SideBySide
from core.sessions.commands import LabCommand, LabMessage, LookAt, More, Pause, Play, Push, Read, Restart
from core.sessions.decoder import Decoder
from core.sessions.registry import Registry
from core.sessions.session import Session
from core.store import digest, key_of

MOST_OPEN = 40
IDLE_SECONDS = 1800.0
SLICE_SECONDS = 0.010  # at most, so that the page's script, which answers the dials, gets its turn
MORE = 50  # steps of the button that trains a few


@dataclass(frozen=True)
class Shown:
    """What the charts show: the networks, and the layer (2 to LAYERS + 1) whose inputs are shown."""

    trained: SideBySide
    layer: int


class LabSession(Session[LabCommand]):
    """Three networks that somebody trains and pushes. Nothing of them is stored."""

    decode = Decoder(LabMessage)

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
        """The step at which it is paused, None while it plays."""
        return None if self.playing else self.trained.step

    def train(self, viewer: object, seconds: float) -> None:
        """Train for about so many seconds, `SLICE_SECONDS` at most."""
        with self.lock:
            self.answer()
            self._driven_by(viewer)
            deadline = time.perf_counter() + min(seconds, SLICE_SECONDS)
            left = self.stop_at - self.trained.step if self.busy else 0
            self.trained.advance(left, lambda: bool(self._inbox) or time.perf_counter() >= deadline)
            if self.trained.step >= self.stop_at:
                self.playing = False
            self._tell()

    def _record_end(self) -> None:
        self.playing = False

    def carry_out(self, command: LabCommand) -> Any:
        """Carry out a command, with the lock, and return its answer. Raises `UserError` where that cannot be done."""
        match command:
            case Play():
                self._play_to(MOST_STEPS)
            case More():
                asked = self.busy and self.stop_at < MOST_STEPS  # for some steps already, which are not done yet
                self._play_to(min(MOST_STEPS, (self.stop_at if asked else self.trained.step) + MORE))
            case Pause():
                self.playing = False
            case Restart(activation):
                self._restart(activation)
            case LookAt(layer):
                self.layer = min(max(2, layer), LAYERS + 1)
            case Push(shift, scale):
                self.trained.push(shift, scale)
            case Read(of):
                return of(self)
            case _:
                assert_never(command)
        return None

    def _play_to(self, step: int) -> None:
        if self.trained.done:
            raise UserError(f"These networks have trained {MOST_STEPS:,} steps, which is the most: start again.")
        self.playing, self.stop_at = True, step

    def _restart(self, activation: str) -> None:
        if activation and activation not in ACTIVATIONS:
            raise UserError(f"There is no activation {activation[:40]!r} here: there are {', '.join(ACTIVATIONS)}.")
        self.playing = False
        self.trained = SideBySide(activation or self.trained.spec.activation)


def lab_sessions(most: int = MOST_OPEN, idle: float = IDLE_SECONDS) -> Registry[..., LabSession]:
    """A registry of labs. Its `open(owner)` makes one that the person with the token `owner` drives."""

    def create(token: str, owner: str) -> LabSession:
        return LabSession(token, digest(key_of(owner, token)))

    return Registry(create, most, idle)


LAB_SESSIONS = lab_sessions()
