"""What the store keeps of runs: their lines (branches), nudges and snapshots; and the tables that people uploaded."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.store import searches
from core.store.file import File, done
from core.store.searches import Searches
from core.store.tokens import bounded_name, digest, key_of

MOST_RUNS = 1000  # of one person
MOST_LINES = 200  # of one run
SNAPSHOTS = 8  # of one line
SNAPSHOT_BYTES = 48 * 2**20  # of all lines of a run
TABLE_BYTES = 200 * 2**20  # of all tables of a person
UNTOUCHED_SECONDS = 24 * 3600.0  # that a run which nobody trained or nudged is kept
DELETED_SECONDS = 30 * 24 * 3600.0  # that a deleted run can be brought back

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


class Store(File):
    """The file at `path` with all that is kept in it: runs and tables, and in `searches` the searches.

    Raises `UserError` where it cannot be used.
    """

    def __init__(self, path: Path | str) -> None:
        super().__init__(path)
        self.searches = Searches(self)
        self.write(_sweep)

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
        return [_entry(row) for row in self.rows(query, *values)]

    def lines(self, run: str) -> list[Line]:
        """The lines of a run, oldest first."""
        return [_line(row) for row in self.rows("SELECT * FROM lines WHERE run = ? ORDER BY created", run)]

    def journal(self, line: str) -> list[dict[str, Any]]:
        """The nudges of a line as `journal_json.journal_rows` wrote them."""
        rows = self.rows("SELECT nudge FROM nudges WHERE line = ? ORDER BY place", line)
        return [json.loads(row["nudge"]) for row in rows]

    def snapshots(self, line: str) -> list[bytes]:
        """The snapshots of a line, oldest first."""
        return [row["bytes"] for row in self.rows("SELECT bytes FROM snapshots WHERE line = ? ORDER BY step", line)]

    def table(self, name: str) -> bytes | None:
        """An uploaded table's bytes, whoever uploaded it: its name is known only to who has a run on it."""
        rows = self.rows("SELECT bytes FROM tables WHERE name = ? LIMIT 1", name)
        return rows[0]["bytes"] if rows else None

    def tables_of(self, owner_token: str) -> dict[str, str]:
        """Name and title of the tables that a person uploaded, the newest first."""
        query = "SELECT name, title FROM tables WHERE owner = ? ORDER BY created DESC"
        return {row["name"]: row["title"] for row in self.rows(query, digest(owner_token))}

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
            query = f"SELECT count(*) FROM runs WHERE owner = ? AND deleted IS NULL AND {TOUCHED}"
            (count,) = db.execute(query, (owner,)).fetchone()
            if count >= MOST_RUNS:
                raise UserError(f"You have {MOST_RUNS:,} runs: delete some on the page Runs before you start another.")
            row = (run, owner, key, bounded_name(name), json.dumps(spec), json.dumps(settings), line, now, now)
            columns = "id, owner, key, name, spec, settings, line, created, changed"
            db.execute(f"INSERT INTO runs ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            _add_line(db, run, line, None, 0, nudges, progress)

        return self.write(job)

    def add_line(
        self, run: str, line: str, parent: str, forked_at: int, nudges: Sequence[dict[str, Any]], progress: Progress
    ) -> Future[None]:
        """A new line, which is in hand from now on. Of too many, the oldest without a name goes."""

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
            _touch(db, line)

        return self.write(job)

    def advance(self, line: str, progress: Progress) -> Future[None]:
        """How far a line has come; its journal is as it was."""
        return self.write(lambda db: _set_progress(db, line, progress))

    def take_in_hand(self, run: str, line: str) -> Future[None]:
        """Another line of the run is in hand."""
        query = "UPDATE runs SET line = ?, changed = ? WHERE id = ?"
        return self.write(lambda db: done(db.execute(query, (line, time.time(), run))))

    def set_twins(self, run: str, twins: bool) -> Future[None]:
        """Whether gestures leave a twin behind."""
        return self.write(lambda db: done(db.execute("UPDATE runs SET twins = ? WHERE id = ?", (int(twins), run))))

    def rename_line(self, run: str, line: str, name: str) -> Future[None]:
        """Give a line of a run a name."""
        query = "UPDATE lines SET name = ? WHERE id = ? AND run = ?"
        return self.write(lambda db: done(db.execute(query, (bounded_name(name), line, run))))

    def delete_line(self, run: str, line: str) -> Future[None]:
        """Delete a line that is not in hand; its branches become branches of its parent."""

        def job(db: sqlite3.Connection) -> None:
            if db.execute("SELECT 1 FROM runs WHERE id = ? AND line = ?", (run, line)).fetchone():
                raise UserError("This branch is open: open another one first.")
            _delete_line(db, run, line)

        return self.write(job)

    def rename(self, run: str, owner_token: str, name: str) -> Future[None]:
        """Give one's run a name."""
        return self.change_own("runs", "name", bounded_name(name), run, owner_token)

    def delete(self, run: str, owner_token: str) -> Future[None]:
        """Delete one's run; `bring_back` undoes it for 30 days."""
        return self.change_own("runs", "deleted", time.time(), run, owner_token)

    def bring_back(self, run: str, owner_token: str) -> Future[None]:
        """Undo `delete`."""
        return self.change_own("runs", "deleted", None, run, owner_token)

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
    """How far a line has come; only what is new makes its run one that has changed."""
    columns = "step, best, dev, accuracy, curve"
    values = (progress.step, progress.best, progress.dev, progress.accuracy, json.dumps(progress.curve))
    query = f"UPDATE lines SET ({columns}) = (?, ?, ?, ?, ?) WHERE id = ? AND ({columns}) IS NOT (?, ?, ?, ?, ?)"
    if db.execute(query, (*values, line, *values)).rowcount:
        _touch(db, line)
    if progress.snapshot and db.execute("SELECT 1 FROM lines WHERE id = ?", (line,)).fetchone():
        db.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)", (line, *progress.snapshot))
        _thin_snapshots(db, line)


def _touch(db: sqlite3.Connection, line: str) -> None:
    db.execute("UPDATE runs SET changed = ? WHERE id = (SELECT run FROM lines WHERE id = ?)", (time.time(), line))


def _thin_snapshots(db: sqlite3.Connection, line: str) -> None:
    """Few of a line, the closer the nearer to its end; and few bytes of a run: they only spare replays."""
    steps = [row[0] for row in db.execute("SELECT step FROM snapshots WHERE line = ? ORDER BY step", (line,))]
    while len(steps) > SNAPSHOTS:
        gaps = zip([0, *steps], steps[1:], strict=False)
        shares = [(after - before) / (steps[-1] - before) for before, after in gaps]  # of the way back from now
        step = steps.pop(shares.index(min(shares)))
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
    """Forget runs and searches that were deleted long ago, and those that nobody ever touched."""
    long_ago, yesterday = time.time() - DELETED_SECONDS, time.time() - UNTOUCHED_SECONDS
    db.execute("DELETE FROM runs WHERE deleted < ?", (long_ago,))
    db.execute(f"DELETE FROM runs WHERE changed < ? AND NOT {TOUCHED}", (yesterday,))
    searches.sweep(db, long_ago, yesterday)
