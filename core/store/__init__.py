"""What must outlive the process, in SQLite: people's runs with their lines, nudges and snapshots, tables, and searches.

Nothing here knows a network: texts, numbers, bytes. Tokens are not stored, only what they lead to.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from core.store.generations import Finished, Generation
from core.store.lines import Line, Progress
from core.store.migrations import MIGRATIONS
from core.store.runs import Entry, Store
from core.store.searches import SearchEntry
from core.store.tokens import bounded_name, digest, key_of, new_token

DEFAULT = Path(__file__).parents[2] / "panda.db"

_lock = threading.Lock()
_opened: dict[Path, Store] = {}


def the_store() -> Store:
    """The store of this process: PANDA_DB names the file, "panda.db" beside app.py where it does not."""
    path = Path(os.environ.get("PANDA_DB") or DEFAULT)
    with _lock:
        if path not in _opened:
            _opened[path] = Store(path)
        return _opened[path]


__all__ = [
    "MIGRATIONS",
    "Entry",
    "Finished",
    "Generation",
    "Line",
    "Progress",
    "SearchEntry",
    "Store",
    "bounded_name",
    "digest",
    "key_of",
    "new_token",
    "the_store",
]
