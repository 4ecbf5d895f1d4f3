"""The sessions of one kind that are open in this process, found by token.

The registry's lock is held only to look something up or to change what is open. A session is read from the store, and
recorded as it closes, outside the lock: only those who ask for that same session wait until this is done.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from core.sessions.session import Listener, Session
from core.store import digest, new_token

P = ParamSpec("P")
S = TypeVar("S", bound=Session[Any])


class Registry(Generic[P, S]):
    """At most about `most` sessions: when there are more, those unseen for longest are closed, and so is what nobody
    has seen for `idle` seconds. A session that has listeners is never closed for that.

    `create(token, ...)` makes the session that `open(...)` returns. Where there is a store, `find` returns the token of
    the stored session that a token or key belongs to, None if there is none, and `reopen` reads that session.
    """

    def __init__(
        self,
        create: Callable[Concatenate[str, P], S],
        most: int,
        idle: float,
        find: Callable[[str], str | None] = lambda token: None,
        reopen: Callable[[str], S | None] = lambda token: None,
    ) -> None:
        self.most, self.idle = most, idle
        self.at_end: Callable[[], None] = lambda: None  # called before all are closed
        self._create, self._find, self._reopen = create, find, reopen
        self._by_token: dict[str, S] = {}
        self._by_key: dict[str, S] = {}
        self._busy: set[str] = set()  # tokens of sessions that are being opened or closed
        self._changed = threading.Condition()  # its lock guards the three above

    def __len__(self) -> int:
        return len(self._by_token)

    def sessions(self) -> list[S]:
        """All that are open now."""
        with self._changed:
            return [*self._by_token.values()]

    def open(self, *args: P.args, **kwargs: P.kwargs) -> S:
        """A new session, made by `create`."""
        token = new_token()
        with self._alone(token):
            session = self._create(token, *args, **kwargs)
            self._add(session)
        self._close_unseen(session)
        return session

    def get(self, token: str, listener: Listener | None = None) -> S | None:
        """The session that a token reads or a key drives, reopened where it was closed; None where there is none.

        A `listener` is called at every change from now on; while it is there, the session is not closed as unseen.
        """
        return self._held(token, listener) or self._reopened(token, listener)

    def close(self, token: str) -> None:
        """Close the session with this token, and wait until it is recorded. Where there is a store, `get` reopens it,
        unless it was deleted."""
        with self._changed:
            self._changed.wait_for(lambda: token not in self._busy)
            session = self._by_token.get(token)
            if session:
                self._remove(session)
        if session:
            self._close(session)

    def close_all(self) -> None:
        """Close every session: the server ends."""
        self.at_end()
        for token in [*self._by_token]:
            self.close(token)

    def _held(self, token: str, listener: Listener | None) -> S | None:
        with self._changed:
            session = self._by_token.get(token) or self._by_key.get(digest(token))
            if session:
                session.seen = time.monotonic()
                _listen(session, listener)
            return session

    def _reopened(self, asked: str, listener: Listener | None) -> S | None:
        token = self._find(asked)
        if token is None:
            return None
        with self._alone(token):
            held = self._held(token, listener)  # somebody else may have opened it
            session = held or self._reopen(token)
            if session and not held:
                _listen(session, listener)
                self._add(session)
        if session and not held:
            self._close_unseen(session)
        return session

    @contextmanager
    def _alone(self, token: str) -> Iterator[None]:
        """Nobody else opens or closes the session with this token meanwhile."""
        with self._changed:
            self._changed.wait_for(lambda: token not in self._busy)
            self._busy.add(token)
        try:
            yield
        finally:
            self._free(token)

    def _free(self, token: str) -> None:
        with self._changed:
            self._busy.discard(token)
            self._changed.notify_all()

    def _add(self, session: S) -> None:
        with self._changed:
            self._by_token[session.token] = self._by_key[session.key] = session

    def _remove(self, session: S) -> None:
        """From now on nobody gets it; who asks for it waits until `_close` is done. Needs the lock."""
        del self._by_token[session.token], self._by_key[session.key]
        self._busy.add(session.token)

    def _close(self, session: S) -> None:
        try:
            session.close()
        except Exception:
            logging.getLogger(__name__).exception("A session could not be closed properly.")
        finally:
            self._free(session.token)

    def _close_unseen(self, opened: S) -> None:
        """Close sessions, one by one, until the limits hold again; not `opened`."""
        while session := self._unseen(opened):
            self._close(session)

    def _unseen(self, opened: S) -> S | None:
        """Take out the session that was unseen for longest, where the limits demand it."""
        with self._changed:
            idle = (one for one in self._by_token.values() if not one.listeners and one is not opened)
            unseen = [one for one in idle if one.token not in self._busy]
            oldest = min(unseen, key=lambda one: one.seen, default=None)
            if oldest is None:
                return None
            if len(self._by_token) <= self.most and time.monotonic() - oldest.seen <= self.idle:
                return None
            self._remove(oldest)
            return oldest


def _listen(session: Session[Any], listener: Listener | None) -> None:
    if listener:
        session.listeners.add(listener)
