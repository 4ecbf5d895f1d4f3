"""How fast a run trains: the steps of a frame at the chosen speed, how many fit in its time, and when to stop."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from core.errors import UserError
from core.runs.journal import MOST_STEPS
from core.runs.run import Run

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
    """Whether a run plays, its `speed` in steps per frame, the steps `owed` besides, and the step to stop at.

    `rate` is the speed of play in steps per second, measured over the last second or so.
    """

    def __init__(self) -> None:
        self.playing, self.speed, self.owed = False, 10, 0
        self.stop_at: int | None = None
        self.rate = 0.0
        self._step_seconds = 1e-4  # of one step, on average
        self._marks: deque[tuple[float, int]] = deque(maxlen=40)  # (time, step) of the last frames

    @property
    def trains(self) -> bool:
        """Whether there is anything to train."""
        return self.playing or self.owed > 0

    @property
    def end(self) -> int:
        """The step at which it stops by itself."""
        return MOST_STEPS if self.stop_at is None else self.stop_at

    # what can be asked

    def play(self, step: int) -> None:
        """Train from `step` on; a stopping step that was reached is dropped. `UserError` at the last step."""
        self._pass_stop(step)
        self.playing, self.owed = True, 0

    def _pass_stop(self, step: int) -> None:
        if step >= MOST_STEPS:
            raise UserError(f"A run has {MOST_STEPS:,} steps at most: go back to an earlier step, or start another.")
        if self.stop_at is not None and step >= self.stop_at:
            self.stop_at = None

    def pause(self) -> None:
        """Train nothing; steps that were owed are dropped."""
        self.playing, self.owed = False, 0

    def owe(self, steps: int, step: int) -> None:
        """Train `steps` more from `step` on, after those still owed, then pause. `UserError` at the last step."""
        self._pass_stop(step)
        self.playing, self.owed = False, self.owed + steps

    def owe_epoch(self, run: Run) -> None:
        """Train to the end of this epoch, or of the one in which the steps that are owed already end."""
        left, epoch = run.stack.steps_left(run.stack.state.cursor), run.stack.steps_left(0)
        more = left - self.owed if self.owed < left else epoch - (self.owed - left) % epoch
        self.owe(more, run.step)

    def set_speed(self, steps: int) -> None:
        """Steps per frame; 0 is as many as fit."""
        if steps not in SPEEDS:
            raise UserError(f"Speed cannot be {steps}: it is one of {', '.join(SPEEDS.values())}.")
        self.speed = steps

    def set_stop(self, step: int | None, now: int) -> None:
        """Stop by itself when `step` is reached, None: never. `UserError` where that is not after `now`."""
        if step is not None and not now < step <= MOST_STEPS:
            raise UserError(f"The stopping step cannot be {step:,}: it takes {now + 1:,} to {MOST_STEPS:,}.")
        self.stop_at = step

    # training

    def owed_to_frame(self) -> int | None:
        """How many steps one frame trains, None for as many as fit."""
        if self.playing and not self.owed and self.speed == FLAT_OUT:
            return None
        return self.owed or (self.speed if self.playing else 0)

    def left(self, step: int, owed: int | None) -> int:
        """How many of the `owed` steps can be trained from `step` on."""
        return self.end - step if owed is None else min(owed, self.end - step)

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
