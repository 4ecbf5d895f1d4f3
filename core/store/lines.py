"""The lines (branches) of a run in SQL: each has a journal of nudges, how far it has come, and snapshots."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import UserError
from core.store.journals import add_journal, pass_on_journal, write_journal
from core.store.snapshots import add_snapshot

MOST_LINES = 200  # of one run


@dataclass(frozen=True)
class Line:
    """A line of a run, which leaves its parent at step `forked_at`. Losses are dev losses in nats; `curve` is (steps,
    losses)."""

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
class Progress:
    """How far a line has come, with `best`, `dev` and `curve` as in `Line`; perhaps a snapshot (step, nudges before it,
    bytes)."""

    step: int
    best: float | None
    dev: float | None
    accuracy: float | None
    curve: tuple[list[int], list[float | None]]
    snapshot: tuple[int, int, bytes] | None = None


def line_of(row: sqlite3.Row) -> Line:
    """The line in a row that has the columns of `lines`."""
    values = {name: row[name] for name in Line.__dataclass_fields__}
    steps, losses = json.loads(values.pop("curve"))
    return Line(curve=(steps, losses), **values)


def add_line(
    db: sqlite3.Connection,
    run: str,
    line: str,
    parent: str | None,
    forked_at: int,
    nudges: Sequence[dict[str, Any]],
    progress: Progress,
) -> None:
    """Insert a line with its journal."""
    row = (line, run, parent, forked_at, time.time())
    db.execute("INSERT INTO lines (id, run, parent, forked_at, created) VALUES (?, ?, ?, ?, ?)", row)
    add_journal(db, line, parent, nudges)
    set_progress(db, line, progress)


def replace_journal(
    db: sqlite3.Connection,
    line: str,
    place: int,
    nudges: Sequence[dict[str, Any]],
    progress: Progress,
    rest: bool = False,
) -> None:
    """Replace the journal of a line from `place` on, or with `rest` only these nudges of it; snapshots made after that,
    or after its step, are deleted."""
    write_journal(db, line, place, nudges, rest)
    db.execute("DELETE FROM snapshots WHERE line = ? AND (nudges > ? OR step > ?)", (line, place, progress.step))
    set_progress(db, line, progress)
    _touch(db, line)


def set_progress(db: sqlite3.Connection, line: str, progress: Progress) -> None:
    """Write how far a line has come; only where that is new does its run count as changed."""
    columns = "step, best, dev, accuracy, curve"
    values = (progress.step, progress.best, progress.dev, progress.accuracy, json.dumps(progress.curve))
    query = f"UPDATE lines SET ({columns}) = (?, ?, ?, ?, ?) WHERE id = ? AND ({columns}) IS NOT (?, ?, ?, ?, ?)"
    if db.execute(query, (*values, line, *values)).rowcount:
        _touch(db, line)
    if progress.snapshot and db.execute("SELECT 1 FROM lines WHERE id = ?", (line,)).fetchone():
        add_snapshot(db, line, progress.snapshot)


def _touch(db: sqlite3.Connection, line: str) -> None:
    db.execute("UPDATE runs SET changed = ? WHERE id = (SELECT run FROM lines WHERE id = ?)", (time.time(), line))


def drop_surplus_lines(db: sqlite3.Connection, run: str) -> None:
    """Delete the oldest lines of a run that has more than `MOST_LINES`; not the first, the current, or a named one."""
    query = """SELECT id FROM lines WHERE run = ? AND name = '' AND parent IS NOT NULL
        AND id != (SELECT line FROM runs WHERE id = ?) ORDER BY created"""
    (count,) = db.execute("SELECT count(*) FROM lines WHERE run = ?", (run,)).fetchone()
    for (line,) in db.execute(query, (run, run)).fetchall()[: max(0, count - MOST_LINES)]:
        delete_line(db, run, line)


def delete_line(db: sqlite3.Connection, run: str, line: str) -> None:
    """Delete a line; its branches become branches of its parent. Raises `UserError` where the run has no such line."""
    found = db.execute("SELECT parent, forked_at FROM lines WHERE id = ? AND run = ?", (line, run)).fetchone()
    if not found:
        raise UserError("There is no such branch any more.")
    parent, forked_at = found
    move = "UPDATE lines SET parent = ?, forked_at = min(forked_at, ?) WHERE parent = ? AND run = ?"
    db.execute(move, (parent, forked_at, line, run))
    pass_on_journal(db, line)
    db.execute("DELETE FROM lines WHERE id = ?", (line,))
