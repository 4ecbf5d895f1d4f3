"""Files of the store that only the account of the server may read: people's runs and data are in them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

PRIVATE = 0o600  # to read and write for the owner of the file, nothing for anybody else
SUFFIXES = ("-wal", "-shm", "-journal")  # what SQLite writes beside the file, with the mode of the file


def beside(path: Path, suffix: str) -> Path:
    """A file that is kept beside the database, such as SQLite's "-wal" and "-shm"."""
    return path.with_name(path.name + suffix)


def create_private(path: Path) -> None:
    """Make an empty file where there is none; where that cannot be done, who opens it says why."""
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE))
        path.chmod(PRIVATE)  # also under a umask that takes away more


def keep_private(path: Path) -> None:
    """Close a file that earlier versions left open to others, with the files beside it."""
    for file in (path, *(beside(path, suffix) for suffix in SUFFIXES)):
        with suppress(OSError):  # there is none, or it is somebody else's
            if file.stat().st_mode & 0o077:
                file.chmod(PRIVATE)
