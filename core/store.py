"""What must outlive the process, in SQLite: people's runs, their lines (branches), nudges, snapshots, uploaded tables.

One writer thread holds the one writing connection and commits what has gathered in one transaction (WAL, synchronous
FULL); a write is a future that is done when it is on the disk. Nothing here knows a network: texts, numbers, bytes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import queue
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from core.errors import UserError

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]
DEFAULT = Path(__file__).parents[1] / "panda.db"
BUSY_SECONDS = 5.0
MOST_RUNS = 1000  # of one person
MOST_LINES = 200  # of one run
SNAPSHOTS = 5  # of one line
SNAPSHOT_BYTES = 48 * 2**20  # of all lines of a run
TABLE_BYTES = 200 * 2**20  # of all tables of a person
UNTOUCHED_SECONDS = 24 * 3600.0  # that a run which nobody trained or nudged is kept
DELETED_SECONDS = 30 * 24 * 3600.0  # that a deleted run can be brought back

# Each entry leads from one version of the file to the next; those that were released are never changed.
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE runs (
        id TEXT PRIMARY KEY,            -- the read-only token
        owner TEXT NOT NULL,            -- SHA-256 of the owner's token
        key TEXT NOT NULL UNIQUE,       -- SHA-256 of the token that drives this run
        name TEXT NOT NULL,
        spec TEXT NOT NULL,
        settings TEXT NOT NULL,         -- that it began with
        line TEXT NOT NULL,             -- the one in hand
        twins INTEGER NOT NULL DEFAULT 0,
        created REAL NOT NULL,
        changed REAL NOT NULL,
        deleted REAL
    );
    CREATE INDEX runs_of_owner ON runs (owner, changed);
    CREATE TABLE lines (
        id TEXT PRIMARY KEY,
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        parent TEXT,
        forked_at INTEGER NOT NULL DEFAULT 0,
        name TEXT NOT NULL DEFAULT '',
        step INTEGER NOT NULL DEFAULT 0,
        best REAL,
        dev REAL,
        accuracy REAL,
        curve TEXT NOT NULL DEFAULT '[[], []]',
        created REAL NOT NULL
    );
    CREATE INDEX lines_of_run ON lines (run);
    CREATE TABLE nudges (
        line TEXT NOT NULL REFERENCES lines (id) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        nudge TEXT NOT NULL,
        PRIMARY KEY (line, place)
    ) WITHOUT ROWID;
    CREATE TABLE snapshots (
        line TEXT NOT NULL REFERENCES lines (id) ON DELETE CASCADE,
        step INTEGER NOT NULL,
        nudges INTEGER NOT NULL,
        bytes BLOB NOT NULL,
        PRIMARY KEY (line, step)
    );
    CREATE TABLE tables (
        name TEXT NOT NULL,
        owner TEXT NOT NULL,
        title TEXT NOT NULL,
        bytes BLOB NOT NULL,
        created REAL NOT NULL,
        PRIMARY KEY (name, owner)
    );
    """,
)

TOUCHED = """EXISTS (SELECT 1 FROM lines AS l WHERE l.run = runs.id AND (l.step > 0 OR l.parent IS NOT NULL
    OR EXISTS (SELECT 1 FROM nudges WHERE nudges.line = l.id)))"""  # somebody trained or nudged the run


@dataclass(frozen=True)
class Line:
    """A line of a run: its own way from `forked_at` on. Losses are dev losses in nats; `curve` is (steps, losses)."""

    id: str
    run: str
    parent: str | None
    forked_at: int
    name: str
    step: int
    best: float | None
    dev: float | None
    accuracy: float | None
    curve: tuple[list[int], list[float | None]]
    created: float


@dataclass(frozen=True)
class Entry:
    """A run as a list shows it, with its line in hand; `best` is the best of all its lines."""

    id: str
    owner: str
    key: str
    name: str
    spec: dict[str, Any]
    settings: dict[str, Any]
    twins: bool
    created: float
    changed: float
    deleted: float | None
    lines: int
    best: float | None
    line: Line


@dataclass(frozen=True)
class Progress:
    """How far a line has come, and perhaps a snapshot (step, nudges seen, bytes)."""

    step: int
    best: float | None
    dev: float | None
    accuracy: float | None
    curve: tuple[list[int], list[float | None]]
    snapshot: tuple[int, int, bytes] | None = None


def new_token() -> str:
    """128 random bits for an address."""
    return secrets.token_urlsafe(16)


def digest(token: str) -> str:
    """What is stored of a token: who reads the file cannot act for the person."""
    return hashlib.sha256(token.encode()).hexdigest()


def key_of(owner_token: str, run: str) -> str:
    """The token that drives a run: only its owner can compute it."""
    return hmac.new(owner_token.encode(), run.encode(), hashlib.sha256).hexdigest()[:32]


class Store:
    """The file at `path`, made or brought up to date. Raises `UserError` where it cannot be used."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._jobs: queue.SimpleQueue[tuple[Job[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._local = threading.local()
        self._closed = False
        self._migrate()
        self._thread = threading.Thread(target=self._write_on, name="panda-store", daemon=True)
        self._thread.start()
        self.write(_sweep)

    # writing

    def write(self, job: Job[T]) -> Future[T]:
        """Carry out `job` in the coming transaction; the future is done once that is on the disk."""
        future: Future[T] = Future()
        if self._closed:
            future.set_exception(UserError("The server is closing: this was not saved."))
        else:
            self._jobs.put((job, future))
        return future

    def close(self) -> None:
        """Write what has gathered, and end."""
        self._closed = True
        self._jobs.put(None)
        self._thread.join(BUSY_SECONDS)

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
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def _migrate(self) -> None:
        known = len(MIGRATIONS)
        try:
            connection = self._connect()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > known:
                raise UserError(
                    f"{self.path} was written by a newer Panda (version {version}; this one knows {known})."
                )
            for i in range(version, known):
                script = f"BEGIN IMMEDIATE; {MIGRATIONS[i]} PRAGMA user_version = {i + 1}; COMMIT;"
                connection.executescript(script)
            connection.close()
        except sqlite3.Error as error:
            words = f"The store {self.path} cannot be used ({error}): move it away, or name another file in PANDA_DB."
            raise UserError(words) from error

    # reading: each thread has a connection of its own, which sees what is committed

    def _rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        if not hasattr(self._local, "connection"):
            self._local.connection = self._connect()
            self._local.connection.row_factory = sqlite3.Row
        return self._local.connection.execute(query, values).fetchall()

    def check(self) -> str:
        """SQLite's own `quick_check`: "ok" where the file is sound."""
        return self._rows("PRAGMA quick_check")[0][0]

    def find(self, token: str) -> Entry | None:
        """The run that a token reads or drives; None where there is none or it is deleted."""
        where = "(runs.id = ? OR runs.key = ?) AND runs.deleted IS NULL"
        return next(iter(self._entries(where, token, digest(token))), None)

    def runs_of(self, owner_token: str, deleted: bool = False) -> list[Entry]:
        """A person's runs, the one changed last first; those that nobody has trained or nudged are left out."""
        state = "NOT NULL" if deleted else "NULL"
        where = f"runs.owner = ? AND runs.deleted IS {state} AND {TOUCHED} ORDER BY runs.changed DESC"
        return self._entries(where, digest(owner_token))

    def _entries(self, where: str, *values: Any) -> list[Entry]:
        query = f"""
            SELECT lines.*, runs.id AS run_id, runs.owner, runs.key, runs.name AS run_name,
                runs.spec, runs.settings, runs.twins,
                runs.created AS begun, runs.changed, runs.deleted,
                (SELECT count(*) FROM lines AS l WHERE l.run = runs.id) AS lines,
                (SELECT min(best) FROM lines AS l WHERE l.run = runs.id) AS best_of_all
            FROM runs JOIN lines ON lines.id = runs.line WHERE {where}"""
        return [_entry(row) for row in self._rows(query, *values)]

    def lines(self, run: str) -> list[Line]:
        """The lines of a run, oldest first."""
        return [_line(row) for row in self._rows("SELECT * FROM lines WHERE run = ? ORDER BY created", run)]

    def journal(self, line: str) -> list[dict[str, Any]]:
        """The nudges of a line as `run_file.journal_rows` wrote them."""
        rows = self._rows("SELECT nudge FROM nudges WHERE line = ? ORDER BY place", line)
        return [json.loads(row["nudge"]) for row in rows]

    def snapshots(self, line: str) -> list[bytes]:
        """The snapshots of a line, oldest first."""
        return [row["bytes"] for row in self._rows("SELECT bytes FROM snapshots WHERE line = ? ORDER BY step", line)]

    def table(self, name: str) -> bytes | None:
        """An uploaded table's bytes, whoever uploaded it: its name is known only to who has a run on it."""
        rows = self._rows("SELECT bytes FROM tables WHERE name = ? LIMIT 1", name)
        return rows[0]["bytes"] if rows else None

    def tables_of(self, owner_token: str) -> dict[str, str]:
        """Name and title of the tables that a person uploaded, the newest first."""
        query = "SELECT name, title FROM tables WHERE owner = ? ORDER BY created DESC"
        return {row["name"]: row["title"] for row in self._rows(query, digest(owner_token))}

    # what is written

    def add_run(
        self,
        run: str,
        owner_token: str,
        name: str,
        spec: dict[str, Any],
        settings: dict[str, Any],
        line: str,
        nudges: Sequence[dict[str, Any]],
        progress: Progress,
    ) -> Future[None]:
        """A new run with its first line."""
        owner, key, now = digest(owner_token), digest(key_of(owner_token, run)), time.time()

        def job(db: sqlite3.Connection) -> None:
            (count,) = db.execute(f"SELECT count(*) FROM runs WHERE owner = ? AND {TOUCHED}", (owner,)).fetchone()
            if count >= MOST_RUNS:
                raise UserError(f"You have {MOST_RUNS:,} runs: delete some on the page Runs before you start another.")
            row = (run, owner, key, name, json.dumps(spec), json.dumps(settings), line, now, now)
            columns = "id, owner, key, name, spec, settings, line, created, changed"
            db.execute(f"INSERT INTO runs ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            _add_line(db, run, line, None, 0, nudges, progress)

        return self.write(job)

    def add_line(
        self, run: str, line: str, parent: str, forked_at: int, nudges: Sequence[dict[str, Any]], progress: Progress
    ) -> Future[None]:
        """A new line, which is in hand from now on. Of too many, the oldest without a name or a branch goes."""

        def job(db: sqlite3.Connection) -> None:
            _add_line(db, run, line, parent, forked_at, nudges, progress)
            db.execute("UPDATE runs SET line = ?, changed = ? WHERE id = ?", (line, time.time(), run))
            _drop_surplus_lines(db, run)

        return self.write(job)

    def record(self, line: str, place: int, nudges: Sequence[dict[str, Any]], progress: Progress) -> Future[None]:
        """The journal of a line from `place` on, and how far the line has come."""

        def job(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM nudges WHERE line = ? AND place >= ?", (line, place))
            db.execute(
                "DELETE FROM snapshots WHERE line = ? AND (nudges > ? OR step > ?)", (line, place, progress.step)
            )
            _add_nudges(db, line, place, nudges)
            _set_progress(db, line, progress)

        return self.write(job)

    def advance(self, line: str, progress: Progress) -> Future[None]:
        """How far a line has come; its journal is as it was."""
        return self.write(lambda db: _set_progress(db, line, progress))

    def take_in_hand(self, run: str, line: str) -> Future[None]:
        """Another line of the run is in hand."""
        query = "UPDATE runs SET line = ?, changed = ? WHERE id = ?"
        return self.write(lambda db: _done(db.execute(query, (line, time.time(), run))))

    def set_twins(self, run: str, twins: bool) -> Future[None]:
        """Whether gestures leave a twin behind."""
        return self.write(lambda db: _done(db.execute("UPDATE runs SET twins = ? WHERE id = ?", (int(twins), run))))

    def rename_line(self, run: str, line: str, name: str) -> Future[None]:
        """Give a line of a run a name."""
        query = "UPDATE lines SET name = ? WHERE id = ? AND run = ?"
        return self.write(lambda db: _done(db.execute(query, (bounded_name(name), line, run))))

    def delete_line(self, run: str, line: str) -> Future[None]:
        """Delete a line that is not in hand; its branches become branches of its parent."""

        def job(db: sqlite3.Connection) -> None:
            if db.execute("SELECT 1 FROM runs WHERE id = ? AND line = ?", (run, line)).fetchone():
                raise UserError("This branch is the one in hand: open another one first.")
            _delete_line(db, run, line)

        return self.write(job)

    def rename(self, run: str, owner_token: str, name: str) -> Future[None]:
        """Give one's run a name."""
        return self._own("UPDATE runs SET name = ? WHERE id = ? AND owner = ?", bounded_name(name), run, owner_token)

    def delete(self, run: str, owner_token: str) -> Future[None]:
        """Delete one's run; `bring_back` undoes it for 30 days."""
        return self._own("UPDATE runs SET deleted = ? WHERE id = ? AND owner = ?", time.time(), run, owner_token)

    def bring_back(self, run: str, owner_token: str) -> Future[None]:
        """Undo `delete`."""
        return self._own("UPDATE runs SET deleted = ? WHERE id = ? AND owner = ?", None, run, owner_token)

    def _own(self, query: str, value: Any, run: str, owner_token: str) -> Future[None]:
        def job(db: sqlite3.Connection) -> None:
            if not db.execute(query, (value, run, digest(owner_token))).rowcount:
                raise UserError("This run is not yours: open it and branch it to have one of your own.")

        return self.write(job)

    def add_table(self, name: str, owner_token: str, title: str, data: bytes) -> Future[None]:
        """Keep an uploaded table."""
        owner = digest(owner_token)

        def job(db: sqlite3.Connection) -> None:
            (used,) = db.execute("SELECT total(length(bytes)) FROM tables WHERE owner = ?", (owner,)).fetchone()
            if used + len(data) > TABLE_BYTES:
                raise UserError("Your uploaded data take more than 200 MB: no more can be kept here.")
            row = (name, owner, bounded_name(title), data, time.time())
            db.execute("INSERT OR REPLACE INTO tables VALUES (?, ?, ?, ?, ?)", row)

        return self.write(job)


def bounded_name(name: str) -> str:
    """A person's name for something: one line of at most 80 characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())[:80]


def _done(cursor: sqlite3.Cursor) -> None:
    """A job's statement gives nothing."""


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
    for future, result, error in results:
        future.set_exception(error) if error else future.set_result(result)


def _line(row: sqlite3.Row) -> Line:
    values = {name: row[name] for name in Line.__dataclass_fields__}
    steps, losses = json.loads(values.pop("curve"))
    return Line(curve=(steps, losses), **values)


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(
        id=row["run_id"],
        owner=row["owner"],
        key=row["key"],
        name=row["run_name"],
        spec=json.loads(row["spec"]),
        settings=json.loads(row["settings"]),
        twins=bool(row["twins"]),
        created=row["begun"],
        changed=row["changed"],
        deleted=row["deleted"],
        lines=row["lines"],
        best=row["best_of_all"],
        line=_line(row),
    )


def _add_line(
    db: sqlite3.Connection,
    run: str,
    line: str,
    parent: str | None,
    forked_at: int,
    nudges: Sequence[dict[str, Any]],
    progress: Progress,
) -> None:
    row = (line, run, parent, forked_at, time.time())
    db.execute("INSERT INTO lines (id, run, parent, forked_at, created) VALUES (?, ?, ?, ?, ?)", row)
    _add_nudges(db, line, 0, nudges)
    _set_progress(db, line, progress)


def _add_nudges(db: sqlite3.Connection, line: str, place: int, nudges: Sequence[dict[str, Any]]) -> None:
    rows = [(line, place + i, json.dumps(nudge)) for i, nudge in enumerate(nudges)]
    db.executemany("INSERT INTO nudges VALUES (?, ?, ?)", rows)


def _set_progress(db: sqlite3.Connection, line: str, progress: Progress) -> None:
    values = (progress.step, progress.best, progress.dev, progress.accuracy, json.dumps(progress.curve), line)
    db.execute("UPDATE lines SET step = ?, best = ?, dev = ?, accuracy = ?, curve = ? WHERE id = ?", values)
    db.execute("UPDATE runs SET changed = ? WHERE id = (SELECT run FROM lines WHERE id = ?)", (time.time(), line))
    if progress.snapshot and db.execute("SELECT 1 FROM lines WHERE id = ?", (line,)).fetchone():
        db.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)", (line, *progress.snapshot))
        _thin_snapshots(db, line)


def _thin_snapshots(db: sqlite3.Connection, line: str) -> None:
    """Few of a line, spread over it; and few bytes of a run: they only spare replays."""
    steps = [row[0] for row in db.execute("SELECT step FROM snapshots WHERE line = ? ORDER BY step", (line,))]
    while len(steps) > SNAPSHOTS:
        gaps = [after - before for before, after in zip([0, *steps], steps[1:], strict=False)]
        step = steps.pop(gaps.index(min(gaps)))
        db.execute("DELETE FROM snapshots WHERE line = ? AND step = ?", (line, step))
    query = """SELECT s.line, s.step, length(s.bytes) FROM snapshots AS s JOIN lines ON lines.id = s.line
        WHERE lines.run = (SELECT run FROM lines WHERE id = ?) ORDER BY s.line = ? DESC, s.step DESC"""
    used = 0
    for owner, step, size in db.execute(query, (line, line)).fetchall():
        used += size
        if used > SNAPSHOT_BYTES and used > size:
            db.execute("DELETE FROM snapshots WHERE line = ? AND step = ?", (owner, step))


def _drop_surplus_lines(db: sqlite3.Connection, run: str) -> None:
    query = """SELECT id FROM lines WHERE run = ? AND name = '' AND parent IS NOT NULL
        AND id != (SELECT line FROM runs WHERE id = ?) ORDER BY created"""
    (count,) = db.execute("SELECT count(*) FROM lines WHERE run = ?", (run,)).fetchone()
    for (line,) in db.execute(query, (run, run)).fetchall()[: max(0, count - MOST_LINES)]:
        _delete_line(db, run, line)


def _delete_line(db: sqlite3.Connection, run: str, line: str) -> None:
    found = db.execute("SELECT parent, forked_at FROM lines WHERE id = ? AND run = ?", (line, run)).fetchone()
    if not found:
        raise UserError("There is no such branch any more.")
    parent, forked_at = found
    move = "UPDATE lines SET parent = ?, forked_at = min(forked_at, ?) WHERE parent = ? AND run = ?"
    db.execute(move, (parent, forked_at, line, run))
    db.execute("DELETE FROM lines WHERE id = ?", (line,))


def _sweep(db: sqlite3.Connection) -> None:
    """Forget runs that were deleted long ago, and those that nobody ever touched."""
    now = time.time()
    db.execute("DELETE FROM runs WHERE deleted < ?", (now - DELETED_SECONDS,))
    db.execute(f"DELETE FROM runs WHERE changed < ? AND NOT {TOUCHED}", (now - UNTOUCHED_SECONDS,))


_lock = threading.Lock()
_opened: dict[Path, Store] = {}


def the_store() -> Store:
    """The store of this process: PANDA_DB names the file, "panda.db" beside app.py where it does not."""
    path = Path(os.environ.get("PANDA_DB") or DEFAULT)
    with _lock:
        if path not in _opened:
            _opened[path] = Store(path)
        return _opened[path]
