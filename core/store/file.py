"""The file of the store: one thread writes, every other thread has a connection of its own to read what is committed.

The writer commits what has gathered in one transaction (WAL, synchronous FULL); a write is a future that is done when
it is on the disk. One process at a time has the file, see `core.store.lock`.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakSet

from core.errors import UserError
from core.store.health import Health
from core.store.lock import WriterLock
from core.store.migrations import MIGRATIONS
from core.store.place import place_of
from core.store.private import beside, create_private, keep_private
from core.store.tokens import digest
from core.store.trouble import ROW, DamagedError, StoreError, in_words

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]
Post = tuple[Job[Any], Future[Any], Future[Any] | None]  # with the write after which it comes
BUSY_SECONDS = 5.0
NOT_YOURS = "This {what} is not yours: open it and {instead} to have one of your own."
INSTEAD = {"runs": ("run", "branch it"), "searches": ("search", "start another like it")}


class _Connection(sqlite3.Connection):
    """Closed when nothing holds it any more, such as a reader's when its thread has ended."""

    def __del__(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # of a file that could not be opened
            self.close()


class File:
    """The file at `path`, made or brought up to date. Raises `StoreError` where it cannot be used, or another process
    uses it; `DamagedError` where it is damaged."""

    def __init__(self, path: Path | str) -> None:
        self.path = place_of(path)
        self._jobs: queue.SimpleQueue[Post | None] = queue.SimpleQueue()
        self._local = threading.local()
        self._readers: WeakSet[sqlite3.Connection] = WeakSet()
        self._closed = False
        self._lock = WriterLock(self.path)
        with ExitStack() as unless_sound:
            unless_sound.callback(self._lock.release)
            writer = unless_sound.enter_context(closing(self._migrated()))
            self.health = Health(self.path, self._connect)
            self.health.check()
            unless_sound.pop_all()
        self._thread = threading.Thread(target=self._write_on, args=(writer,), name="panda-store", daemon=True)
        self._thread.start()

    # writing

    def write(self, job: Job[T], after: Future[Any] | None = None) -> Future[T]:
        """Carry out `job` in the coming transaction; the future is done once that is on the disk. It fails with the
        error of the write `after` which it comes, where that one has failed."""
        future: Future[T] = Future()
        if self._closed:
            future.set_exception(UserError("The server is closing: this was not saved."))
        else:
            self._jobs.put((job, future, after))
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
        self._lock.release()

    def _write_on(self, connection: sqlite3.Connection) -> None:
        while True:
            batch = [self._jobs.get()]
            while not self._jobs.empty():
                batch.append(self._jobs.get())
            self._commit(connection, [one for one in batch if one])
            if None in batch:
                connection.close()
                return

    def _commit(self, connection: sqlite3.Connection, batch: Sequence[Post]) -> None:
        """One transaction for all; a job that fails is taken back alone."""
        results: dict[Future[Any], tuple[Any, BaseException | None]] = {}
        try:
            self.health.begin()
            self._lock.keep()
            connection.execute("BEGIN IMMEDIATE")
            for job, future, after in batch:
                failure = _failure(after, results)
                results[future] = (None, failure) if failure else _carried_out(connection, job)
            connection.execute("COMMIT")
            self.health.end()
            self.health.check()  # what went into a file that is gone is not saved
        except Exception as error:
            with suppress(sqlite3.Error):  # SQLite has rolled back already where the disk is full
                connection.execute("ROLLBACK")
            self.health.end()
            results = {future: (None, _failure(after, {}) or error) for _, future, after in batch}
        for future, (result, failure) in results.items():
            if failure:
                future.set_exception(self._told(failure))
            else:
                future.set_result(result)

    # opening

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self.path.as_uri()}?mode=rw",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            factory=_Connection,
        )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def _migrated(self) -> sqlite3.Connection:
        """The writer's connection, to a file of the newest version."""
        if not self.path.exists() and (left := beside(self.path, "-wal")).exists() and left.stat().st_size:
            raise DamagedError(
                f"{self.path} is missing, but its last changes are in {left}. Put the file back where it was, or move "
                f"{left.name} away to begin anew."
            )
        create_private(self.path)
        self._lock.hold_database()
        try:
            connection = self._connect()
            connection.execute("PRAGMA journal_mode = WAL")
            _migrate(connection, self.path)
            keep_private(self.path)
            return connection
        except sqlite3.Error as error:
            words = f"The store {self.path} cannot be used ({error}): move it away, or name another file in PANDA_DB."
            kind = DamagedError if isinstance(in_words(error, self.path), DamagedError) else StoreError
            raise kind(words) from error

    # reading

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """The rows that a query finds. Raises `StoreError` where the file cannot be read."""
        return self.read(lambda row: row, query, *values)

    def read(self, make: Callable[[sqlite3.Row], T], query: str, *values: Any) -> list[T]:
        """What `make` makes of each row that a query finds. Raises `StoreError` where the file, or a row, cannot be
        read."""
        self.health.check()
        try:
            return [make(row) for row in self._reader().execute(query, _bound(values)).fetchall()]
        except sqlite3.Error as error:
            raise self._told(error) from error
        except (ValueError, TypeError) as error:
            raise StoreError(ROW.format(path=self.path)) from error

    def _reader(self) -> sqlite3.Connection:
        """The connection of this thread."""
        if not hasattr(self._local, "connection"):
            self._local.connection = self._connect()
            self._local.connection.row_factory = sqlite3.Row
            self._readers.add(self._local.connection)
        connection: sqlite3.Connection = self._local.connection
        return connection

    def check(self) -> str:
        """SQLite's own `quick_check`: "ok" where the file is sound."""
        return str(self.rows("PRAGMA quick_check")[0][0])

    def _told(self, error: BaseException) -> BaseException:
        """The error as a sentence, where the file is to blame for it."""
        told = in_words(error, self.path) if isinstance(error, sqlite3.Error) else None
        if isinstance(told, DamagedError):
            self.health.found(told)
        return told or error


def done(cursor: sqlite3.Cursor) -> None:
    """None: the result of a job that is one statement."""


def _bound(values: tuple[Any, ...]) -> Any:
    """What a query is given: values in order, or one dict of names."""
    return values[0] if values and isinstance(values[0], dict) else values


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    known = len(MIGRATIONS)
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > known:
        raise StoreError(f"{path} was written by a newer Panda (version {version}; this one knows {known}).")
    for statement in ";".join(MIGRATIONS[version:]).split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {known}")
    connection.execute("COMMIT")


def _failure(after: Future[Any] | None, results: Mapping[Future[Any], tuple[Any, BaseException | None]]) -> Any:
    """The error of a write that came before, in this transaction or an earlier one; None where it has succeeded."""
    if after is None:
        return None
    return results[after][1] if after in results else after.exception()


def _carried_out(connection: sqlite3.Connection, job: Job[Any]) -> tuple[Any, BaseException | None]:
    """A job's result and error; what a failed job has changed is taken back."""
    result, failure = None, None
    connection.execute("SAVEPOINT job")
    try:
        result = job(connection)
    except Exception as error:
        if not connection.in_transaction:  # SQLite has taken back all of it, as where the disk is full
            raise
        failure = error
        connection.execute("ROLLBACK TO job")
    connection.execute("RELEASE job")
    return result, failure
