"""Where the database is: a path that `PANDA_DB` may name, with `~` and links followed."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from core.store.trouble import StoreError

SCHEME = re.compile(r":|[A-Za-z][\w+.-]+:")  # ":memory:", "file:...", "sqlite:///..."; not "C:\panda.db"
NO_PATH = "PANDA_DB names no file: “{}”. Runs are kept in a file, so give its path, such as ~/panda.db."


def place_of(named: Path | str) -> Path:
    """The whole path of a database, the same by whatever path or link it is named. Raises `StoreError`."""
    text = str(named)
    if not text.isprintable() or SCHEME.match(text):
        raise StoreError(NO_PATH.format("".join(c if c.isprintable() else "?" for c in text)))
    try:
        path = Path(text).expanduser().resolve()
        found = path.stat() if path.exists() else None
    except (OSError, RuntimeError) as error:  # a loop of links, a home that is not known
        raise StoreError(f"The store {text} cannot be used ({error}): name another file in PANDA_DB.") from error
    if why := _wrong(path, found and found.st_mode, found.st_nlink if found else 1):
        raise StoreError(f"The store {path} cannot be used ({why}): name another file in PANDA_DB.")
    return path


def _wrong(path: Path, mode: int | None, names: int) -> str:
    """What is wrong with it as a place for a database, "" where nothing is."""
    if mode is None:
        return "" if path.parent.is_dir() else f"there is no folder {path.parent}"
    if not stat.S_ISREG(mode):
        return "a folder" if stat.S_ISDIR(mode) else "it is no ordinary file"
    return "the file has a second name, a hard link, and SQLite needs a file with one" if names > 1 else ""
