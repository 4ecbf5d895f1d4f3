"""The file of the store: one thread writes, every other thread has a connection of its own to read what is committed.

The writer commits what has gathered in one transaction (WAL, synchronous FULL); a write is a future that is done when
it is on the disk.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakSet

from core.errors import UserError
from core.store.migrations import MIGRATIONS
from core.store.private import create_private, keep_private
from core.store.tokens import digest

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]
BUSY_SECONDS = 5.0
NOT_YOURS = "This {what} is not yours: open it and {instead} to have one of your own."
INSTEAD = {"runs": ("run", "branch it"), "searches": ("search", "start another like it")}


class _Connection(sqlite3.Connection):
    """Closed when nothing holds it any more, such as a reader's when its thread has ended."""

    def __del__(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # of a file that could not be opened
            self.close()


class File:
    """The file at `path`, made or brought up to date. Raises `UserError` where it cannot be used."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._jobs: queue.SimpleQueue[tuple[Job[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._local = threading.local()
        self._readers: WeakSet[sqlite3.Connection] = WeakSet()
        self._closed = False
        create_private(self.path)
        self._migrate()
        keep_private(self.path)
        self._thread = threading.Thread(target=self._write_on, name="panda-store", daemon=True)
        self._thread.start()

    # writing

    def write(self, job: Job[T]) -> Future[T]:
        """Carry out `job` in the coming transaction; the future is done once that is on the disk."""
        future: Future[T] = Future()
        if self._closed:
            future.set_exception(UserError("The server is closing: this was not saved."))
        else:
            self._jobs.put((job, future))
        return future

    def change_own(self, table: str, column: str, value: Any, row: str, owner_token: str) -> Future[None]:
        """Change a column of one's own run or search. `UserError` where it is somebody else's."""
        query = f"UPDATE {table} SET {column} = ? WHERE id = ? AND owner = ?"

        def job(db: sqlite3.Connection) -> None:
            if not db.execute(query, (value, row, digest(owner_token))).rowcount:
                what, instead = INSTEAD[table]
                raise UserError(NOT_YOURS.format(what=what, instead=instead))

        return self.write(job)

    def close(self) -> None:
        """Write what has gathered, and end."""
        self._closed = True
        self._jobs.put(None)
        self._thread.join(BUSY_SECONDS)
        self._local = threading.local()
        for connection in list(self._readers):  # Windows does not delete a file that is open
            connection.close()

    def _write_on(self) -> None:
        connection = self._connect()
        while True:
            batch = [self._jobs.get()]
            while not self._jobs.empty():
                batch.append(self._jobs.get())
            _commit(connection, [one for one in batch if one])
            if None in batch:
                connection.close()
                return

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, factory=_Connection
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def _migrate(self) -> None:
        known = len(MIGRATIONS)
        try:
            with closing(self._connect()) as connection:
                connection.execute("BEGIN IMMEDIATE")  # of two processes that open an old file one waits
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                if version > known:
                    raise UserError(
                        f"{self.path} was written by a newer Panda (version {version}; this one knows {known})."
                    )
                for statement in ";".join(MIGRATIONS[version:]).split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {known}")
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            words = f"The store {self.path} cannot be used ({error}): move it away, or name another file in PANDA_DB."
            raise UserError(words) from error

    # reading

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        if not hasattr(self._local, "connection"):
            self._local.connection = self._connect()
            self._local.connection.row_factory = sqlite3.Row
            self._readers.add(self._local.connection)
        found: list[sqlite3.Row] = self._local.connection.execute(query, values).fetchall()
        return found

    def check(self) -> str:
        """SQLite's own `quick_check`: "ok" where the file is sound."""
        return str(self.rows("PRAGMA quick_check")[0][0])


def done(cursor: sqlite3.Cursor) -> None:
    """None: the result of a job that is one statement."""


def _commit(connection: sqlite3.Connection, batch: Sequence[tuple[Job[Any], Future[Any]]]) -> None:
    """One transaction for all; a job that fails is taken back alone."""
    results: list[tuple[Future[Any], Any, BaseException | None]] = []
    try:
        connection.execute("BEGIN IMMEDIATE")
        for job, future in batch:
            connection.execute("SAVEPOINT job")
            try:
                results.append((future, job(connection), None))
            except Exception as error:
                connection.execute("ROLLBACK TO job")
                results.append((future, None, error))
            connection.execute("RELEASE job")
        connection.execute("COMMIT")
    except Exception as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        results = [(future, None, error) for _, future in batch]
    for future, result, failure in results:
        if failure:
            future.set_exception(failure)
        else:
            future.set_result(result)
