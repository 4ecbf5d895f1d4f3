"""What the store keeps of people's runs, and the store itself, which also has uploaded tables and searches."""

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
from core.store.journals import WHOLE
from core.store.lines import (
    Line,
    Progress,
    add_line,
    delete_line,
    drop_surplus_lines,
    line_of,
    replace_journal,
    set_progress,
)
from core.store.searches import Searches
from core.store.tables import Tables
from core.store.tokens import bounded_name, digest, key_of

MOST_RUNS = 1000  # of one person
UNTOUCHED_SECONDS = 24 * 3600.0  # a run that nobody trained or nudged is kept for so long
DELETED_SECONDS = 30 * 24 * 3600.0  # a deleted run can be brought back for so long

TOUCHED = """EXISTS (SELECT 1 FROM lines AS l WHERE l.run = runs.id AND (l.step > 0 OR l.parent IS NOT NULL
    OR EXISTS (SELECT 1 FROM nudges WHERE nudges.line = l.id)))"""  # somebody trained or nudged the run


@dataclass(frozen=True)
class Entry:
    """A run as a list shows it: `line` is its current one, `best` the best dev loss (nats) of all its lines."""

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


class Store(File):
    """The runs in the file at `path`, its `tables` and its `searches`. A write `after` another is not carried out where
    that one has failed.

    Raises `UserError` where it cannot be used.
    """

    def __init__(self, path: Path | str) -> None:
        super().__init__(path)
        self.tables, self.searches = Tables(self), Searches(self)
        self.write(_sweep)

    # reading

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
        return self.read(_entry, query, *values)

    def lines(self, run: str) -> list[Line]:
        """The lines of a run, oldest first."""
        return self.read(line_of, "SELECT * FROM lines WHERE run = ? ORDER BY created", run)

    def journal(self, line: str) -> list[dict[str, Any]]:
        """The nudges of a line as `journal_json.journal_rows` wrote them."""
        return self.read(lambda row: json.loads(row["nudge"]), WHOLE, {"line": line})

    def snapshots(self, line: str) -> list[bytes]:
        """The snapshots of a line, oldest first."""
        return [row["bytes"] for row in self.rows("SELECT bytes FROM snapshots WHERE line = ? ORDER BY step", line)]

    # writing

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
        twins: bool = False,
    ) -> Future[None]:
        """A new run with its first line; `twins` says whether its gestures get twins."""
        owner, key, now = digest(owner_token), digest(key_of(owner_token, run)), time.time()

        def job(db: sqlite3.Connection) -> None:
            query = f"SELECT count(*) FROM runs WHERE owner = ? AND deleted IS NULL AND {TOUCHED}"
            (count,) = db.execute(query, (owner,)).fetchone()
            if count >= MOST_RUNS:
                raise UserError(f"You have {MOST_RUNS:,} runs: delete some on the page Runs before you start another.")
            made = bounded_name(name), json.dumps(spec), json.dumps(settings), int(twins)
            columns = "id, owner, key, name, spec, settings, twins, line, created, changed"
            row = (run, owner, key, *made, line, now, now)
            db.execute(f"INSERT INTO runs ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            add_line(db, run, line, None, 0, nudges, progress)

        return self.write(job)

    def add_line(
        self,
        run: str,
        line: str,
        parent: str,
        forked_at: int,
        nudges: Sequence[dict[str, Any]],
        progress: Progress,
        after: Future[None] | None = None,
    ) -> Future[None]:
        """A new line, which is now the current one. Of more than `MOST_LINES`, the oldest without a name is deleted."""

        def job(db: sqlite3.Connection) -> None:
            add_line(db, run, line, parent, forked_at, nudges, progress)
            db.execute("UPDATE runs SET line = ?, changed = ? WHERE id = ?", (line, time.time(), run))
            drop_surplus_lines(db, run)

        return self.write(job, after)

    def record(
        self,
        line: str,
        place: int,
        nudges: Sequence[dict[str, Any]],
        progress: Progress,
        after: Future[None] | None = None,
        rest: bool = False,
    ) -> Future[None]:
        """Replace the journal of a line from `place` on, or with `rest` only these nudges of it, and write how far the
        line has come."""
        return self.write(lambda db: replace_journal(db, line, place, nudges, progress, rest), after)

    def advance(self, line: str, progress: Progress, after: Future[None] | None = None) -> Future[None]:
        """Write how far a line has come; its journal is as it was."""
        return self.write(lambda db: set_progress(db, line, progress), after)

    def set_line(self, run: str, line: str, after: Future[None] | None = None) -> Future[None]:
        """Make another line of the run the current one."""
        query = "UPDATE runs SET line = ?, changed = ? WHERE id = ?"
        return self.write(lambda db: done(db.execute(query, (line, time.time(), run))), after)

    def set_twins(self, run: str, twins: bool, after: Future[None] | None = None) -> Future[None]:
        """Write whether gestures get twins."""
        query = "UPDATE runs SET twins = ? WHERE id = ?"
        return self.write(lambda db: done(db.execute(query, (int(twins), run))), after)

    def rename_line(self, run: str, line: str, name: str) -> Future[None]:
        """Give a line of a run a name."""
        query = "UPDATE lines SET name = ? WHERE id = ? AND run = ?"
        return self.write(lambda db: done(db.execute(query, (bounded_name(name), line, run))))

    def delete_line(self, run: str, line: str) -> Future[None]:
        """Delete a line that is not the current one; its branches become branches of its parent."""

        def job(db: sqlite3.Connection) -> None:
            if db.execute("SELECT 1 FROM runs WHERE id = ? AND line = ?", (run, line)).fetchone():
                raise UserError("This branch is open: open another one first.")
            delete_line(db, run, line)

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
        line=line_of(row),
    )


def _sweep(db: sqlite3.Connection) -> None:
    """Remove runs and searches that were deleted long ago, and those that nobody ever touched."""
    long_ago, yesterday = time.time() - DELETED_SECONDS, time.time() - UNTOUCHED_SECONDS
    db.execute("DELETE FROM runs WHERE deleted < ?", (long_ago,))
    db.execute(f"DELETE FROM runs WHERE changed < ? AND NOT {TOUCHED}", (yesterday,))
    searches.sweep(db, long_ago, yesterday)
