"""How fast a run trains: the steps of a frame at the chosen speed, how many fit in its time, and when to stop."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from core.errors import UserError
from core.runs.journal import MOST_STEPS
from core.runs.run import Run
from core.sessions.stopping import Stop, steps_to

PART_SECONDS = 0.002  # of training between two looks at the clock
RATE_SECONDS = 1.5  # over which the rate is measured
FLAT_OUT = 0
SPEEDS: dict[int, str] = {
    1: "1 step per frame",
    3: "3 steps per frame",
    10: "10 steps per frame",
    30: "30 steps per frame",
    100: "100 steps per frame",
    FLAT_OUT: "full speed",
}


class Pacing:
    """Whether a run plays, its `speed` in steps per frame, the steps `owed` besides, and where to stop.

    `rate` is the speed of play in steps per second, measured over the last second or so. `said` is why the run paused
    by itself, "" where it did not.
    """

    def __init__(self) -> None:
        self.playing, self.speed, self.owed = False, 10, 0
        self.stop: Stop | None = None
        self.said = ""
        self.rate = 0.0
        self._step_seconds = 1e-4  # of one step, on average
        self._marks: deque[tuple[float, int]] = deque(maxlen=40)  # (time, step) of the last frames

    @property
    def trains(self) -> bool:
        """Whether there is anything to train."""
        return self.playing or self.owed > 0

    def to_end(self, run: Run) -> int:
        """Steps that can be trained before the run stops by itself, or it has to be asked again; 0 where it stops."""
        left = MOST_STEPS - run.step
        return left if self.stop is None else min(left, self.stop.left(run))

    # what can be asked

    def play(self, run: Run) -> None:
        """Train from the present step on; a stop that was reached is dropped. `UserError` at the last step."""
        self._pass_stop(run)
        self.playing, self.owed = True, 0

    def _pass_stop(self, run: Run) -> None:
        if run.step >= MOST_STEPS:
            raise UserError(f"A run has {MOST_STEPS:,} steps at most: go back to an earlier step, or start another.")
        if self.stop is not None and not self.stop.left(run):
            self.stop = None
        self.said = ""

    def pause(self) -> None:
        """Train nothing; steps that were owed are dropped."""
        self.playing, self.owed = False, 0

    def owe(self, steps: int, run: Run) -> None:
        """Train `steps` more, after those still owed, then pause. `UserError` at the last step."""
        self._pass_stop(run)
        self.playing, self.owed = False, self.owed + steps

    def owe_epoch(self, run: Run) -> None:
        """Train to the end of this epoch, or of the one in which the steps that are owed already end."""
        left = steps_to(run, run.epoch + 1)
        epoch = steps_to(run, run.epoch + 2) - left
        more = left - self.owed if self.owed < left else epoch - (self.owed - left) % epoch
        self.owe(more, run)

    def set_speed(self, steps: int) -> None:
        """Steps per frame; 0 is as many as fit."""
        if steps not in SPEEDS:
            raise UserError(f"Speed cannot be {steps}: it is one of {', '.join(SPEEDS.values())}.")
        self.speed = steps

    def set_stop(self, stop: Stop | None, run: Run) -> None:
        """Stop there by itself, None: never. `UserError` where the run is there already."""
        if stop is not None:
            stop.check(run)
        self.stop, self.said = stop, ""

    def say(self, run: Run) -> None:
        """Say why the run has paused by itself, where it is at its stop."""
        self.said = self.stop.said(run) if self.stop is not None and not self.stop.left(run) else ""

    # training

    def owed_to_frame(self) -> int | None:
        """How many steps one frame trains, None for as many as fit."""
        if self.playing and not self.owed and self.speed == FLAT_OUT:
            return None
        return self.owed or (self.speed if self.playing else 0)

    def left(self, run: Run, owed: int | None) -> int:
        """How many of the `owed` steps can be trained at once."""
        return self.to_end(run) if owed is None else min(owed, self.to_end(run))

    def advance(self, run: Run, steps: int, deadline: float, interrupted: Callable[[], bool]) -> int:
        """Train until `steps`, the deadline, or an interruption; returns the steps done."""

        def should_stop() -> bool:
            return interrupted() or time.perf_counter() >= deadline - self._step_seconds

        return run.advance(steps, should_stop, at_once=max(1, int(PART_SECONDS / self._step_seconds)))

    def trained(self, done: int, seconds: float) -> None:
        """Count the `done` steps of a frame, trained in so many seconds."""
        self.owed = max(0, self.owed - done)
        if done:
            self._step_seconds += 0.2 * (seconds / done - self._step_seconds)

    def measure(self, step: int) -> None:
        """Measure the rate after a frame, at this step."""
        if not self.playing:
            self.restart_measuring()
            return
        now = time.perf_counter()
        self._marks.append((now, step))
        while len(self._marks) > 2 and now - self._marks[0][0] > RATE_SECONDS:
            self._marks.popleft()
        (then, first), (now, last) = self._marks[0], self._marks[-1]
        if now > then and last >= first:
            self.rate = (last - first) / (now - then)

    def restart_measuring(self) -> None:
        """Forget the measured speed: the run continues from another step."""
        self._marks.clear()
