"""What is open to several people at once: commands are posted, and carried out one after the other under a lock.

Runs and searches are such things. A token reads one, another drives it; who looks is told when something has changed.
"""

from __future__ import annotations

import hmac
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from core.errors import UserError
from core.store import digest, new_token

DRIVER_SECONDS = 1.0
CLOSED = "This was closed or deleted elsewhere: reload the page."
Command = Callable[[Any], Any]


class Session:
    """Its `token` reads it; the token whose digest is `key` drives it. `version` counts whatever a viewer could see
    change; `listeners` are called, from any thread, when it does."""

    def __init__(self, token: str = "", key: str = "") -> None:
        self.token, self.key = token or new_token(), key or digest(new_token())
        self.version = 0
        self.closed = False
        self.seen = time.monotonic()
        self.listeners: set[Callable[[], None]] = set()
        self.lock = threading.RLock()
        self._inbox: deque[tuple[Command, Future[Any]]] = deque()
        self._driver: tuple[object, float] = (None, 0.0)

    def drives(self, token: str) -> bool:
        """Whether this token drives it."""
        return hmac.compare_digest(digest(token), self.key)

    def as_seen(self, sight: Any) -> Any:
        """It as somebody sees it who chose to see something else of it, where that can be done."""
        return self

    def ask(self, command: Command) -> Future[Any]:
        """Post a command, to be carried out by whoever holds the lock next. Its result or error is the future's."""
        future: Future[Any] = Future()
        if self.closed:
            future.set_exception(UserError(CLOSED))
        else:
            self._inbox.append((command, future))
        return future

    def shut(self) -> None:
        """It was closed elsewhere: what is asked from now on is answered by a sentence, and who looks is told."""
        self.closed = True
        while self._inbox:
            self._inbox.popleft()[1].set_exception(UserError(CLOSED))
        self._tell()

    def answer(self) -> None:
        """Carry out what was asked and may be done now."""
        with self.lock:
            changed = False
            while self._inbox and self._may_come(self._inbox[0][0]):
                changed = True
                command, future = self._inbox.popleft()
                try:
                    future.set_result(command(self))
                except Exception as error:
                    future.set_exception(error)
            if changed:
                self._save()
                self._tell()

    def do(self, command: Command) -> Any:
        """Ask, and wait for the answer; for callers that may block."""
        future = self.ask(command)
        self.answer()
        return future.result()

    def may_drive(self, viewer: object) -> bool:
        """Whether `viewer` drives: the first one with the key does, another once that one was silent for a second."""
        driver, last = self._driver
        first = driver is None or driver is viewer or time.monotonic() - last > DRIVER_SECONDS
        return first and getattr(viewer, "drives", True)

    def _take_wheel(self, viewer: object) -> None:
        self._driver = (viewer, time.monotonic())

    def _tell(self) -> None:
        self.version += 1
        for listener in tuple(self.listeners):
            listener()

    def _may_come(self, command: Command) -> bool:
        """Whether `command` may be carried out now; those behind it wait too."""
        return True

    def _save(self) -> None:
        """Called after commands, with the lock."""
