"""What a Dask worker does: it trains a chunk of a search, in another process or on another machine.

A chunk is trained as a `Search`, so every model gets the same bits as in the app's process.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from core.search.plan import Result
from core.search.plan_json import plan_from_json
from core.search.search import Search
from core.training import jit

ASKING = 0.5  # seconds between two checks of the flag that stops a chunk


def train_chunk(plan: dict[str, Any], numbers: list[int], steps: list[int], flag: str = "") -> list[Result]:
    """Train the models with these numbers of a plan (see `core.search.plan_json`) to the end, measured at `steps`.

    Returns the result of each (see `Search.result`) with its fingerprint, or nothing once the Dask event `flag` is set.
    The flag is needed because Dask does not stop a task that has begun.
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
    """A function that is true once so many seconds have passed."""
    until = time.perf_counter() + seconds
    return lambda: time.perf_counter() > until


def _flag_is_set(flag: str) -> Callable[[], bool]:
    from distributed import Event

    return Event(flag).is_set
