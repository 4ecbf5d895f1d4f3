"""What must outlive the process, in SQLite: people's runs with their lines, nudges and snapshots, tables, and searches.

Nothing here knows a network: texts, numbers, bytes. Tokens are not stored, only what they lead to.
"""

from __future__ import annotations

import math
import os
import threading
import time
from pathlib import Path

from core.store.generations import Finished, Generation
from core.store.lines import Line, Progress
from core.store.migrations import MIGRATIONS
from core.store.runs import Entry, Store
from core.store.searches import SearchEntry
from core.store.tokens import bounded_name, digest, key_of, new_token
from core.store.trouble import DamagedError, StoreError

DEFAULT = Path(__file__).parents[2] / "panda.db"

AGAIN_SECONDS = 2.0  # a damaged file is not opened again sooner

_lock = threading.Lock()
_opened: dict[str, Store] = {}
_damaged: dict[str, tuple[float, DamagedError]] = {}  # when it was last tried, by the seconds of `time.monotonic`


def the_store() -> Store:
    """The store of this process: PANDA_DB names the file, "panda.db" beside app.py where it does not.

    Raises `StoreError` where it cannot be used. A damaged file is tried again later: it may have been put in order.
    """
    named = os.environ.get("PANDA_DB") or str(DEFAULT)
    with _lock:
        if named not in _opened:
            tried, error = _damaged.get(named, (-math.inf, None))
            if error and time.monotonic() - tried < AGAIN_SECONDS:
                raise DamagedError(str(error))
            _opened[named] = _open(named)
        return _opened[named]


def _open(named: str) -> Store:
    try:
        return Store(named)
    except DamagedError as error:
        _damaged[named] = time.monotonic(), error
        raise


__all__ = [
    "MIGRATIONS",
    "DamagedError",
    "Entry",
    "Finished",
    "Generation",
    "Line",
    "Progress",
    "SearchEntry",
    "Store",
    "StoreError",
    "bounded_name",
    "digest",
    "key_of",
    "new_token",
    "the_store",
]
