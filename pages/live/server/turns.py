"""Turns of clients: how much of what one sends is read at once, and that a session has one turn in the worker.

A client that sends more is not answered but slowed: the server does not read from it, and its own network waits.
"""

from __future__ import annotations

import time
from concurrent.futures import Executor
from typing import Any

from core.sessions.session import Session

AT_ONCE = 400  # messages that a client may send together
A_SECOND = 500  # messages after that: a drag on the fastest screens sends 240, and as many requests for frames
TURN_SECONDS = 0.010  # for the commands of one session, before others have theirs


class Allowance:
    """What one client may still send at once."""

    def __init__(self) -> None:
        self._left, self._then = float(AT_ONCE), time.monotonic()

    def take(self) -> float:
        """Count one message; the seconds until the next one may be read."""
        now = time.monotonic()
        self._left = min(AT_ONCE, self._left + A_SECOND * (now - self._then)) - 1
        self._then = now
        return max(0.0, (1 - self._left) / A_SECOND)


class Turns:
    """The turns of sessions in a worker. A session has one at a time, however many viewers ask for it."""

    def __init__(self, worker: Executor) -> None:
        self._worker = worker
        self._waiting: set[Session[Any]] = set()

    def ask(self, session: Session[Any]) -> None:
        """See to it that the worker carries out what is posted, if it is not about to do so."""
        if session not in self._waiting:
            self._waiting.add(session)
            self._worker.submit(self._take, session)

    def _take(self, session: Session[Any]) -> None:
        """In the worker: carry out what is posted, then let the frames of others come before the rest."""
        self._waiting.discard(session)
        if session.answer(TURN_SECONDS):
            self.ask(session)
