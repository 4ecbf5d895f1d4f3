"""The nudges of a run's lines in SQL. A line stores only what it does not share with the line `source` that it left.

A line's journal is that of its `source` up to the place `shared`, with the line's own rows over it and after it. So a
branch of a long journal takes no more than what is done in it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

DEEPEST = 1000  # lines from one to the next; a run has fewer

# Place and nudge of the whole journal of the line :line. The nearest line on the way that has a place counts.
WHOLE = f"""
    WITH RECURSIVE way (line, upto, depth) AS (
        SELECT :line, {2**60}, 0
        UNION ALL
        SELECT lines.source, min(way.upto, lines.shared), way.depth + 1 FROM way JOIN lines ON lines.id = way.line
        WHERE lines.shared > 0 AND lines.source IS NOT NULL AND way.depth < {DEEPEST})
    SELECT nudges.place, nudges.nudge, min(way.depth) FROM way
    JOIN nudges ON nudges.line = way.line AND nudges.place < way.upto GROUP BY nudges.place ORDER BY nudges.place"""


def add_journal(db: sqlite3.Connection, line: str, source: str | None, nudges: Sequence[dict[str, Any]]) -> None:
    """Write the journal of a new line, which shares with `source` the nudges with which both begin."""
    rows = [json.dumps(nudge) for nudge in nudges]
    known = [nudge for _, nudge, _ in db.execute(WHOLE, {"line": source})] if source and rows else []
    pairs = enumerate(zip(rows, known, strict=False))
    shared = next((place for place, (row, other) in pairs if row != other), min(len(rows), len(known)))
    db.execute("UPDATE lines SET source = ?, shared = ? WHERE id = ?", (source, shared, line))
    _insert(db, line, shared, rows[shared:])


def write_journal(
    db: sqlite3.Connection, line: str, place: int, nudges: Sequence[dict[str, Any]], rest: bool = False
) -> None:
    """Replace the journal of a line from `place` on. With `rest`, what comes after these nudges stays."""
    end = place + len(nudges) if rest else 2**60
    _keep_for_branches(db, line, place, end)
    if not rest:
        db.execute("UPDATE lines SET shared = ? WHERE id = ? AND shared > ?", (place, line, place))
    db.execute("DELETE FROM nudges WHERE line = ? AND place >= ? AND place < ?", (line, place, end))
    _insert(db, line, place, [json.dumps(nudge) for nudge in nudges])


def pass_on_journal(db: sqlite3.Connection, line: str) -> None:
    """Before a line is deleted: the branch that shares most of its journal takes it over, also for the others."""
    query = "SELECT id FROM lines WHERE source = ? ORDER BY shared DESC LIMIT 1"
    heir = db.execute(query, (line,)).fetchone()
    if not heir:
        return
    names = {"line": line, "heir": heir[0]}
    known = db.execute(WHOLE, {"line": line}).fetchall()
    own = {place for (place,) in db.execute("SELECT place FROM nudges WHERE line = :heir", names)}
    others = db.execute("SELECT id, shared FROM lines WHERE source = :line AND id != :heir", names).fetchall()
    kept = [(one, place, nudge) for one, shared in others for place, nudge, _ in known if place < shared]
    _insert_missing(db, [row for row in kept if row[1] in own])  # where the heir goes its own way, they go the old one
    (shared,) = db.execute("SELECT shared FROM lines WHERE id = :heir", names).fetchone()
    mine = db.execute("SELECT place, nudge FROM nudges WHERE line = :line", names).fetchall()
    _insert_missing(db, [(names["heir"], place, nudge) for place, nudge in mine if place < shared])
    db.execute("UPDATE lines SET source = :heir WHERE source = :line AND id != :heir", names)
    db.execute(
        """UPDATE lines SET (source, shared) = (SELECT l.source, min(l.shared, lines.shared) FROM lines AS l
        WHERE l.id = :line) WHERE id = :heir""",
        names,
    )


def _keep_for_branches(db: sqlite3.Connection, line: str, place: int, end: int) -> None:
    """Give the branches of a line the nudges that they share with it, from `place` to `end`, before these change."""
    query = "SELECT id, shared FROM lines WHERE source = ? AND shared > ?"
    if branches := db.execute(query, (line, place)).fetchall():
        known = [row for row in db.execute(WHOLE, {"line": line}) if place <= row[0] < end]
        _insert_missing(db, [(one, at, nudge) for one, shared in branches for at, nudge, _ in known if at < shared])


def _insert(db: sqlite3.Connection, line: str, place: int, rows: Sequence[str]) -> None:
    numbered = [(line, place + i, row) for i, row in enumerate(rows)]
    db.executemany("INSERT INTO nudges VALUES (?, ?, ?)", numbered)


def _insert_missing(db: sqlite3.Connection, rows: Sequence[tuple[str, int, str]]) -> None:
    db.executemany("INSERT OR IGNORE INTO nudges VALUES (?, ?, ?)", rows)
