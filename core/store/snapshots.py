"""The snapshots of a line in SQL: a run reopens at the last one, and only has to replay what came after it."""

from __future__ import annotations

import sqlite3

SNAPSHOTS = 8  # of one line
SNAPSHOT_BYTES = 48 * 2**20  # of all lines of a run


def add_snapshot(db: sqlite3.Connection, line: str, snapshot: tuple[int, int, bytes]) -> None:
    """Insert a snapshot (step, nudges before it, bytes) of a line; the limits may cost older ones their place."""
    db.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)", (line, *snapshot))
    _thin_out(db, line)
    _bound_bytes(db, line)


def _thin_out(db: sqlite3.Connection, line: str) -> None:
    """Keep `SNAPSHOTS` of a line, closer together towards its end."""
    steps = [row[0] for row in db.execute("SELECT step FROM snapshots WHERE line = ? ORDER BY step", (line,))]
    while len(steps) > SNAPSHOTS:
        gaps = zip([0, *steps], steps[1:], strict=False)
        shares = [(after - before) / (steps[-1] - before) for before, after in gaps]  # of the way back from now
        step = steps.pop(shares.index(min(shares)))
        db.execute("DELETE FROM snapshots WHERE line = ? AND step = ?", (line, step))


def _bound_bytes(db: sqlite3.Connection, line: str) -> None:
    """Keep `SNAPSHOT_BYTES` of the run: this line's come first, the latest of each line before its others."""
    query = """SELECT s.line, s.step, length(s.bytes) FROM snapshots AS s JOIN lines ON lines.id = s.line
        WHERE lines.run = (SELECT run FROM lines WHERE id = ?) ORDER BY s.line = ? DESC, s.step DESC"""
    used = 0
    for owner, step, size in db.execute(query, (line, line)).fetchall():
        used += size
        if used > SNAPSHOT_BYTES and used > size:
            db.execute("DELETE FROM snapshots WHERE line = ? AND step = ?", (owner, step))
