"""A chunk of a search: what a Dask worker does, in another process or on another machine.

It is a `Search` of its own, so every model has the bits that it has in the app's process.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from core.search.plan import Result
from core.search.plan_json import plan_from_json
from core.search.search import Search
from core.training import jit

ASKING = 0.5  # seconds between two looks of a chunk at the flag that stops it


def train_chunk(plan: dict[str, Any], numbers: list[int], steps: list[int], flag: str = "") -> list[Result]:
    """Train the models with these numbers of a plan (see `core.search.plan_json`) to the end, measured at `steps`.

    Returns what became of each (see `Search.result`), with its fingerprint.

    On a worker, nothing comes back once the event `flag` is set: Dask itself does not stop what has begun.
    """
    jit.begin()
    stopped = _flag_is_set(flag) if flag else bool
    if stopped():
        return []
    searched, points = plan_from_json(plan)
    chunk = Search(searched, [points[number] for number in numbers], steps)
    while not chunk.done:
        chunk.advance(_after(ASKING))
        if stopped():
            return []
    return [_result(chunk, place, number) for place, number in enumerate(numbers)]


def _result(chunk: Search, place: int, number: int) -> Result:
    return chunk.result(place) | {"number": number, "fingerprint": chunk.fingerprint(place)}


def _after(seconds: float) -> Callable[[], bool]:
    """Says whether so many seconds have passed since now."""
    until = time.perf_counter() + seconds
    return lambda: time.perf_counter() > until


def _flag_is_set(flag: str) -> Callable[[], bool]:
    from distributed import Event

    return Event(flag).is_set
