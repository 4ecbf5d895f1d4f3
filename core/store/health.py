"""Whether the store's file is sound, and still the one that was opened.

SQLite goes on with a file that was deleted or replaced, and what it writes then is lost. So the file's identity is
compared before each read and around each write. A file that somebody else has written to is checked again.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from core.store.private import beside
from core.store.trouble import DAMAGED, DamagedError, in_words
from core.store.wal import is_header, wal_state

AT_ONCE = 64 * 2**20  # bytes: a larger file is checked in the background, so that a start takes no longer
GONE = (
    "{name} is gone: it was deleted or moved while the server ran, and nothing more is saved. Put it back, or stop the "
    "server, put a backup in its place and start the server again."
)
REPLACED = (
    "{name} was replaced by another file while the server ran, and nothing more is saved. Put the old one back, or "
    "start the server again to use the new one."
)
Connect = Callable[[], sqlite3.Connection]


class Health:
    """The health of the database at `path`, which is open in WAL mode; `connect` opens another connection to it."""

    def __init__(self, path: Path, connect: Connect) -> None:
        self._path, self._connect = path, connect
        self._damage = ""
        self._files = {name: _identity(name) for name in (path, beside(path, "-wal"), beside(path, "-shm"))}
        self._content = _content(path)
        self._wal = wal_state(beside(path, "-wal"))
        self._writing = self._checking = False
        self._lock = threading.Lock()
        self._check_content()

    def check(self) -> None:
        """Raise `DamagedError` where the file is damaged, or not the one that was opened."""
        for name, known in self._files.items():
            found = _identity(name)
            if found != known:
                raise DamagedError((REPLACED if found else GONE).format(name=name))
        if not self._writing and _content(self._path) != self._content:
            with self._lock:
                self._check_again()
        if self._damage:
            raise DamagedError(self._damage)

    def begin(self) -> None:
        """Before a transaction of the writer: as `check`."""
        size, header = wal_state(beside(self._path, "-wal"))
        if not is_header(header):
            self._damage = DAMAGED.format(path=beside(self._path, "-wal"))
        elif size < self._wal[0]:  # another program has brought all into the file, or has cut it
            self._check_content()
            self._wal = size, header
        self.check()
        self._writing = True

    def end(self) -> None:
        """After it: what has changed in the file until now is the writer's own doing."""
        with self._lock:
            if self._writing:
                self._content = _content(self._path)
                self._wal = wal_state(beside(self._path, "-wal"))
                self._writing = False

    def found(self, error: DamagedError) -> None:
        """A query has met damage: from now on, `check` says so."""
        self._damage = str(error)

    def _check_again(self) -> None:
        content = _content(self._path)
        if content != self._content and not self._writing:
            self._content = content
            self._check_content()

    def _check_content(self) -> None:
        """Check it now, or in the background where that takes long."""
        if not self._content[0]:  # SQLite would delete the -wal of an empty file, and with it what can be saved
            self._damage = DAMAGED.format(path=self._path)
        elif self._content[0] <= AT_ONCE:
            self._run_check()
        elif not self._checking:
            self._checking = True
            threading.Thread(target=self._run_check, name="panda-check", daemon=True).start()

    def _run_check(self) -> None:
        try:
            with closing(self._connect()) as connection:  # a new one, which has no pages in memory
                (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.Error as error:
            words = in_words(error, self._path)
            said = "ok" if words is None or not isinstance(words, DamagedError) else str(error)
        if said != "ok":
            self._damage = DAMAGED.format(path=self._path)
            logging.getLogger(__name__).error("%s SQLite says: %s", self._damage, " ".join(said.split()))
        self._checking = False


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of a file, None where it is not there."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _content(path: Path) -> tuple[int, int]:
    """Size (bytes) and time of the last change (ns) of a file."""
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns
