"""Runs to be replayed to a step, one after the other, before anything else is done."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from core.runs.replay import Replay
from core.runs.run import Run
from core.training import jit

LONG = 1000  # steps
Arrived = Callable[[Run], None]


class ReplayQueue:
    """Replays the first run in it, a slice at a time; when that has arrived, its function is called with the run."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Replay[Run], Arrived]] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @property
    def first(self) -> Replay[Run] | None:
        """What is being replayed now."""
        return self._waiting[0][0] if self._waiting else None

    def has(self, run: Run) -> bool:
        """Whether this run is still to be replayed."""
        return any(replay.run is run for replay, _ in self._waiting)

    def add(self, replay: Replay[Run], arrived: Arrived = lambda run: None) -> None:
        """Replay this after the others. A server that has just started may have trained far by compiled steps before:
        it loads them at once where numpy would take long."""
        if replay.step - replay.run.step > LONG:
            jit.hurry()
        self._waiting.append((replay, arrived))

    def clear(self) -> None:
        """Replay nothing more."""
        self._waiting.clear()

    def advance(self, deadline: float, interrupted: Callable[[], bool]) -> bool:
        """Replay the first until it arrives, the deadline, or an interruption; returns whether it has arrived."""
        replay, arrived = self._waiting[0]
        replay.advance(lambda: interrupted() or time.perf_counter() >= deadline)
        if replay.done:
            self._waiting.popleft()
            arrived(replay.run)
        return replay.done
