"""Something that is open to several people at once: commands are posted, and carried out one by one under a lock.

Runs, searches and labs are such sessions. A token reads one, another one drives it; listeners are told of changes.
"""

from __future__ import annotations

import hmac
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from core.errors import UserError
from core.store import digest, new_token

DRIVER_SECONDS = 1.0
CLOSED = "This was closed or deleted elsewhere: reload the page."
C = TypeVar("C")
Listener = Callable[[], None]


class Decode(Protocol):
    """Makes a command from a client's message, or raises `UserError`: see `core.sessions.decoder`."""

    def __call__(self, text: str | bytes) -> Any: ...


class Session(Generic[C]):
    """Takes commands of the types C. Its `token` reads it; the token whose digest is `key` drives it.

    `version` counts the changes that a viewer could see; `listeners` are called, from any thread, at each of them.
    `seen` is when somebody last asked for it, in the seconds of `time.monotonic`. `saving` is done once all that was
    done so far is on the disk; None where nothing was to be saved.
    """

    decode: ClassVar[Decode]

    def __init__(self, token: str = "", key: str = "") -> None:
        self.token, self.key = token or new_token(), key or digest(new_token())
        self.version = 0
        self.closed = False
        self.seen = time.monotonic()
        self.listeners: set[Listener] = set()
        self.lock = threading.RLock()
        self._inbox: deque[tuple[C, Future[Any]]] = deque()
        self._driver: tuple[object, float] = (None, 0.0)

    # for subclasses

    def carry_out(self, command: C) -> Any:
        """Carry out a command, with the lock, and return its answer. Raises `UserError` where that cannot be done."""
        raise NotImplementedError

    @property
    def busy(self) -> bool:
        """Whether a frame for the driver would train something."""
        raise NotImplementedError

    @property
    def saving(self) -> Future[None] | None:
        """The last write to the store."""
        return None

    def as_seen(self, sight: Any) -> Any:
        """The session as shown to a viewer who chose `sight`; the session itself where there is nothing to choose."""
        return self

    def _may_come(self, command: C) -> bool:
        """Whether `command` may be carried out now; those behind it wait too."""
        return True

    def _settle(self) -> None:
        """Called before commands, with the lock: take back what could not be saved."""

    def _save(self) -> None:
        """Called after commands, with the lock."""

    def _record_end(self) -> None:
        """Called as it closes, with the lock: stop, and save."""

    # commands

    def ask(self, command: C) -> Future[Any]:
        """Post a command, to be carried out by whoever holds the lock next. Its answer or error is the future's."""
        future: Future[Any] = Future()
        self._inbox.append((command, future))
        if self.closed:
            self.answer()
        return future

    @property
    def waiting(self) -> int:
        """How many posted commands are not carried out yet."""
        return len(self._inbox)

    def answer(self, seconds: float = math.inf) -> bool:
        """Carry out the commands posted so far that may be carried out now, within about so many seconds; once closed,
        refuse them. Those that come meanwhile wait for the next call. Returns whether it ended for lack of time."""
        with self.lock:
            self._settle()
            answered, left, end = False, len(self._inbox), time.perf_counter() + seconds
            while left and self._inbox and (self.closed or self._may_come(self._inbox[0][0])):
                if answered and not self.closed and time.perf_counter() > end:
                    break
                answered, left = True, left - 1
                command, future = self._inbox.popleft()
                try:
                    future.set_result(self._carry_out(command))
                except Exception as error:
                    future.set_exception(error)
            else:
                left = 0
            if answered and not self.closed:
                self._save()
                self._tell()
            return left > 0

    def _carry_out(self, command: C) -> Any:
        if self.closed:
            raise UserError(CLOSED)
        return self.carry_out(command)

    def do(self, command: C) -> Any:
        """Ask, and wait for the answer; for callers that may block."""
        future = self.ask(command)
        self.answer()
        return future.result()

    def settle(self) -> None:
        """For callers that may block: wait until a page may show what was done so far."""

    def close(self) -> None:
        """Refuse what is asked from now on, tell the listeners, and wait until all that was done is on the disk."""
        with self.lock:
            try:
                if not self.closed:
                    self._record_end()
            finally:
                self.closed = True
                self.answer()
        self._tell()
        wait(filter(None, [self.saving]))

    # viewers

    def drives(self, token: str) -> bool:
        """Whether this token drives it."""
        return hmac.compare_digest(digest(token), self.key)

    def due_to(self, viewer: object) -> bool:
        """Whether a frame made for `viewer` would train something."""
        return not self.closed and self.busy and self.may_drive(viewer)

    def may_drive(self, viewer: object) -> bool:
        """Whether `viewer` drives: the first one with the key does, another once that one was silent for a second."""
        driver, last = self._driver
        first = driver is None or driver is viewer or time.monotonic() - last > DRIVER_SECONDS
        return first and getattr(viewer, "drives", True)

    def _driven_by(self, viewer: object) -> None:
        self._driver = (viewer, time.monotonic())

    def _tell(self) -> None:
        self.version += 1
        for listener in tuple(self.listeners):
            listener()
