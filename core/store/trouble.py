"""What can be wrong with the store's file, as sentences that name the file and say what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from core.errors import UserError

DAMAGED = (
    "{path} is damaged, and nothing more is saved. Stop the server, move the file away or put a backup in its place, "
    "and start the server again."
)
ROW = (
    "{path} has a row that cannot be read: it is damaged, or another program has changed it. Put a backup in the "
    "file's place, or leave this run or search alone."
)
# By SQLite's primary result codes, https://sqlite.org/rescode.html
WORDS = {
    sqlite3.SQLITE_FULL: "The disk is full: {path} takes nothing more. Free some space, then try again.",
    sqlite3.SQLITE_IOERR: (
        "The disk fails or is full: {path} could not be read or written ({error}). Look at the disk, then try again."
    ),
    sqlite3.SQLITE_BUSY: "Another program has locked {path}. End that program, or wait for it, then try again.",
    sqlite3.SQLITE_LOCKED: "Another program has locked {path}. End that program, or wait for it, then try again.",
    sqlite3.SQLITE_READONLY: "{path} is read-only: let the server write to the file and its folder, then try again.",
    sqlite3.SQLITE_PERM: "{path} is read-only: let the server write to the file and its folder, then try again.",
    sqlite3.SQLITE_CANTOPEN: "{path} cannot be opened: look whether the file and its folder are there and open to you.",
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_FORMAT: DAMAGED,
    sqlite3.SQLITE_NOMEM: "The server has no memory left: {path} could not be read or written. Then try again.",
}


class StoreError(UserError):
    """The store cannot be read or written; `str(error)` names its file and says what to do."""


class DamagedError(StoreError):
    """The file is not what the store wrote: damaged, deleted or replaced."""


def in_words(error: sqlite3.Error, path: Path) -> StoreError | None:
    """SQLite's error as a sentence; None for one that the file is not to blame for, such as a mistake in a query."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    if code is None and "decode" in str(error):  # text that is no UTF-8; Python gives no code
        return StoreError(ROW.format(path=path))
    if code == sqlite3.SQLITE_IOERR_SHORT_READ:  # the file, or its -wal, is shorter than SQLite knows it
        primary = sqlite3.SQLITE_CORRUPT
    if primary not in WORDS:
        return None
    kind = DamagedError if WORDS[primary] is DAMAGED else StoreError
    return kind(WORDS[primary].format(path=path, error=error))
