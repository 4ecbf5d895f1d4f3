"""How a run trains: what a frame is owed at its speed, until the run stops or breaks; beside it, the seed test."""

from __future__ import annotations

import time
from collections.abc import Callable

from core.errors import UserError
from core.runs.seed_test import SeedTest
from core.sessions.pacing import Pacing
from core.sessions.run_recording import RunRecording
from core.sessions.timeline import Timeline


class RunTraining:
    """Trains the run of `timeline` as `pacing` says; each time it pauses, `recording` saves how far it is."""

    def __init__(self, timeline: Timeline, pacing: Pacing, recording: RunRecording) -> None:
        self.timeline, self.pacing, self.recording = timeline, pacing, recording

    @property
    def trains(self) -> bool:
        """Whether a frame would train the run."""
        return self.pacing.trains and not self.timeline.run.trouble and not self.timeline.replays

    @property
    def comparison(self) -> SeedTest | None:
        """The seed test that is not done yet, if there is one."""
        test = self.timeline.run.seed_test
        return test if test is not None and not test.done else None

    @property
    def busy(self) -> bool:
        """Whether a frame would train or replay anything."""
        return self.trains or bool(self.timeline.replays) or self.comparison is not None

    # what can be asked

    def play(self) -> None:
        """Train until it is paused. `UserError` where the loss is no longer finite, or at the last step."""
        self.timeline.go_on()
        if self.timeline.run.trouble:
            raise UserError("The loss is not a finite number any more: go back to an earlier step first.")
        self.pacing.play(self.timeline.run)

    def pause(self) -> None:
        """Train nothing more."""
        if self.pacing.playing and not self.timeline.pending:
            self.recording.rest(self.timeline.run)
        self.pacing.pause()

    def owe(self, steps: int) -> None:
        """Train `steps` more than are owed already, then pause."""
        self._pause_but_owe()
        self.pacing.owe(steps, self.timeline.run)

    def owe_epoch(self) -> None:
        """Train to the end of this epoch, or of the one in which the steps that are owed already end; then pause."""
        self._pause_but_owe()
        self.pacing.owe_epoch(self.timeline.run)

    def _pause_but_owe(self) -> None:
        owed = self.pacing.owed
        self.timeline.go_on()
        self.pause()
        self.pacing.owed = owed

    # a frame

    def advance(self, deadline: float, interrupted: Callable[[], bool], answer: Callable[[], object]) -> int:
        """Train what a frame is owed, at most until the deadline; returns the steps done.

        It stops early when `interrupted()`; then `answer()` is called, which may change what is left to train.
        """
        owed, done = self.pacing.owed_to_frame(), 0
        while self.trains and (left := self._left(owed, done)) > 0:
            done += self.pacing.advance(self.timeline.run, left, deadline, interrupted)
            answer()
            if time.perf_counter() >= deadline:
                break
        return done

    def _left(self, owed: int | None, done: int) -> int:
        return self.pacing.left(self.timeline.run, None if owed is None else owed - done)

    def count(self, done: int, seconds: float) -> bool:
        """Count the steps of a frame; pause where the run broke or is at its stop. Returns whether it did."""
        run = self.timeline.run
        self.pacing.trained(done, seconds)
        stops = self.pacing.trains and (bool(run.trouble) or not self.pacing.to_end(run))
        if stops:
            self.pause()
            self.pacing.say(run)
        self.pacing.measure(run.step)
        return stops
