"""The runs that are open in this process, found by token, each with its lock.

Pages and live channels hold only a token, so a rerun, a change of page, a lost connection or a second viewer never
touches the run itself. A run trains only while somebody looks: training is part of making a frame.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from core.errors import UserError
from core.journal import Gesture
from core.run import Run

MOST_OPEN = 300
IDLE_SECONDS = 3600.0
DRIVER_SECONDS = 1.0
PART_SECONDS = 0.002
FLAT_OUT = 0
SPEEDS: dict[int, str] = {
    1: "1 step a frame",
    3: "3 steps a frame",
    10: "10 steps a frame",
    30: "30 steps a frame",
    100: "100 steps a frame",
    FLAT_OUT: "flat out",
}


class OpenRun:
    """A run that people look at: whether it plays and how fast, who drives it, and the one way in for every change.

    `version` counts whatever a viewer could see change; `listeners` are called, from any thread, when it does.
    """

    def __init__(self, run: Run) -> None:
        self.token = secrets.token_urlsafe(16)
        self.run = run
        self.playing, self.speed = False, 10
        self.stop_at: int | None = None
        self.rate = 0.0
        self.version = 0
        self.seen = time.monotonic()
        self.listeners: set[Callable[[], None]] = set()
        self.lock = threading.RLock()
        self._inbox: deque[tuple[Callable[[OpenRun], Any], Future[Any]]] = deque()
        self._owed = 0
        self._driver: tuple[object, float] = (None, 0.0)
        self._pace = 1e-4
        self._marks: deque[tuple[float, int]] = deque(maxlen=40)

    # the one way in

    def ask(self, command: Callable[[OpenRun], Any]) -> Future[Any]:
        """Post a command, to be carried out between two steps by whoever holds the lock next.

        Its result or error is the future's.
        """
        future: Future[Any] = Future()
        self._inbox.append((command, future))
        return future

    def answer(self) -> None:
        """Carry out what was asked."""
        with self.lock:
            changed = bool(self._inbox)
            while self._inbox:
                command, future = self._inbox.popleft()
                try:
                    future.set_result(command(self))
                except Exception as error:
                    future.set_exception(error)
            if changed:
                self._tell()

    def do(self, command: Callable[[OpenRun], Any]) -> Any:
        """Ask, and wait for the answer; for callers that may block."""
        future = self.ask(command)
        self.answer()
        return future.result()

    def _tell(self) -> None:
        self.version += 1
        for listener in tuple(self.listeners):
            listener()

    # training

    def may_drive(self, viewer: object) -> bool:
        """Whether `viewer` drives: the first one does, and another once it has been silent for a second."""
        driver, last = self._driver
        return driver is None or driver is viewer or time.monotonic() - last > DRIVER_SECONDS

    def due_to(self, viewer: object) -> bool:
        """Whether a frame made for `viewer` would train."""
        return self.busy and self.may_drive(viewer)

    @property
    def busy(self) -> bool:
        """Whether a frame would train."""
        return (self.playing or self._owed > 0) and not self.run.trouble

    def train(self, viewer: object, seconds: float) -> int:
        """Train what a frame is owed at this speed, within `seconds`, for the viewer that drives; the steps done."""
        with self.lock:
            self.answer()
            self._driver = (viewer, time.monotonic())
            start, first = time.perf_counter(), self.run.step
            turn = self._owed or (self.speed if self.playing else 0)
            flat_out = self.playing and not self._owed and self.speed == FLAT_OUT
            deadline = start + seconds
            done = 0
            while self.busy and (left := self._left(None if flat_out else turn - done)) > 0:
                done += self._advance(left, deadline)
                self.answer()
                if time.perf_counter() >= deadline:
                    break
            self._after(done, time.perf_counter() - start, self.run.step - first)
            return done

    def _left(self, left: int | None) -> int:
        until = 1 << 40 if self.stop_at is None else self.stop_at - self.run.step
        return until if left is None else min(left, until)

    def _advance(self, steps: int, deadline: float) -> int:
        def enough() -> bool:
            return bool(self._inbox) or time.perf_counter() >= deadline - self._pace

        return self.run.advance(steps, enough, at_once=max(1, int(PART_SECONDS / self._pace)))

    def _after(self, done: int, seconds: float, moved: int) -> None:
        self._owed = max(0, self._owed - done)
        if done:
            self._pace += 0.2 * (seconds / done - self._pace)
        at_end = self.stop_at is not None and self.run.step >= self.stop_at
        if self.playing and (self.run.trouble or at_end):
            self.playing = False
            self._tell()
        elif moved:
            self._tell()
        self._mark()

    def _mark(self) -> None:
        """Steps per second over the last second or so of play."""
        if not self.playing:
            self._marks.clear()
            return
        now = time.perf_counter()
        self._marks.append((now, self.run.step))
        while len(self._marks) > 2 and now - self._marks[0][0] > 1.5:
            self._marks.popleft()
        (then, step), (now, last) = self._marks[0], self._marks[-1]
        if now > then and last >= step:
            self.rate = (last - step) / (now - then)

    # commands

    def play(self) -> None:
        """Train from the next frame on."""
        if self.run.trouble:
            raise UserError("The loss is not a finite number any more: go back to an earlier step first.")
        if self.stop_at is not None and self.run.step >= self.stop_at:
            self.stop_at = None
        self.playing, self._owed = True, 0

    def pause(self) -> None:
        """Stop training; what was owed is dropped."""
        self.playing, self._owed = False, 0

    def owe(self, steps: int) -> None:
        """Train `steps` more, then stand still."""
        self.playing, self._owed = False, steps

    def owe_epoch(self) -> None:
        """Train to the end of this epoch."""
        stack = self.run.stack
        left = self.run.data.train.labels.size - stack.state.cursor
        self.owe(-(-left // stack.batch))

    def set_speed(self, steps: int) -> None:
        """Steps a frame; 0 is as many as fit."""
        if steps not in SPEEDS:
            raise UserError(f"Speed cannot be {steps}: it is one of {', '.join(SPEEDS.values())}.")
        self.speed = steps

    def set_stop(self, step: int | None) -> None:
        """Stop by itself when `step` is reached; None: never."""
        if step is not None and not self.run.step < step <= 10_000_000:
            raise UserError(f"The stopping step cannot be {step:,}: it takes {self.run.step + 1:,} to 10,000,000.")
        self.stop_at = step

    def nudge(self, changes: dict[str, Any], gesture: int = 0) -> None:
        """Change settings from the present step on."""
        self.run.nudge(gesture, **changes)

    def undo(self) -> Gesture:
        """Take back the last gesture: the run goes to the step before it, without it, and stands still."""
        self.pause()
        self._marks.clear()
        return self.run.undo()

    def rewind(self, step: int) -> None:
        """Pause, and go back to `step`."""
        self.pause()
        self.run.rewind(step)
        self._marks.clear()


class OpenRuns:
    """The open runs of a process. The longest unseen are closed when there are too many or nobody came back."""

    def __init__(self, most: int = MOST_OPEN, idle: float = IDLE_SECONDS) -> None:
        self._most, self._idle = most, idle
        self._runs: dict[str, OpenRun] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._runs)

    def open(self, run: Run) -> OpenRun:
        """Take in a run; its token is 128 random bits."""
        opened = OpenRun(run)
        with self._lock:
            self._close_unseen()
            self._runs[opened.token] = opened
        return opened

    def get(self, token: str) -> OpenRun | None:
        """The run of this token, None where it is not open (any more)."""
        opened = self._runs.get(token)
        if opened:
            opened.seen = time.monotonic()
        return opened

    def _close_unseen(self) -> None:
        now = time.monotonic()
        by_age = sorted((o for o in self._runs.values() if not o.listeners), key=lambda o: o.seen)
        surplus = len(self._runs) + 1 - self._most
        for i, opened in enumerate(by_age):
            if i < surplus or now - opened.seen > self._idle:
                del self._runs[opened.token]


OPEN_RUNS = OpenRuns()
