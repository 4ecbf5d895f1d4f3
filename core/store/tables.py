"""What the store keeps of the tables that people uploaded, as bytes."""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import Future

from core.errors import UserError
from core.store.file import File
from core.store.tokens import bounded_name, digest

TABLE_BYTES = 200 * 2**20  # of all tables of a person


class Tables:
    """The uploaded tables in a file."""

    def __init__(self, file: File) -> None:
        self._file = file

    def find(self, name: str) -> bytes | None:
        """A table's bytes, whoever uploaded it: its name is known only to who has a run on it. None where there is
        none."""
        rows = self._file.rows("SELECT bytes FROM tables WHERE name = ? LIMIT 1", name)
        return rows[0]["bytes"] if rows else None

    def of(self, owner_token: str) -> dict[str, str]:
        """Name and title of the tables that a person uploaded, the newest first."""
        query = "SELECT name, title FROM tables WHERE owner = ? ORDER BY created DESC"
        return {row["name"]: row["title"] for row in self._file.rows(query, digest(owner_token))}

    def add(self, name: str, owner_token: str, title: str, data: bytes) -> Future[None]:
        """Keep a table. `UserError` where the person's take more than `TABLE_BYTES`."""
        owner = digest(owner_token)

        def job(db: sqlite3.Connection) -> None:
            (used,) = db.execute("SELECT total(length(bytes)) FROM tables WHERE owner = ?", (owner,)).fetchone()
            if used + len(data) > TABLE_BYTES:
                raise UserError("Your uploaded data take more than 200 MB: no more can be kept here.")
            row = (name, owner, bounded_name(title), data, time.time())
            db.execute("INSERT OR REPLACE INTO tables VALUES (?, ?, ?, ?, ?)", row)

        return self._file.write(job)
