"""An open run: every change to it is a command.

Pages and live channels hold only a token, so a rerun, a change of page, a lost connection or a second viewer never
touches the run itself. A run trains only while somebody looks: training is part of making a frame.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, wait
from typing import Any, assert_never

from core.errors import UserError
from core.runs.run import Run, differences
from core.runs.seed_test import SeedTest
from core.sessions.commands import (
    Adopt,
    Annotate,
    Dismiss,
    DropSeedTest,
    Epoch,
    KeepTwins,
    Look,
    Nudge,
    OpenBranch,
    Pause,
    Play,
    Read,
    Repair,
    Rewind,
    RunCommand,
    RunMessage,
    Speed,
    StartSeedTest,
    Step,
    StopAt,
    Undo,
)
from core.sessions.decoder import Decoder
from core.sessions.pacing import Pacing
from core.sessions.run_recorder import RunRecorder
from core.sessions.run_recording import RunRecording
from core.sessions.run_training import RunTraining
from core.sessions.session import Session
from core.sessions.stopping import stop_of
from core.sessions.timeline import Timeline
from core.settings.table import changed

SLICE_SECONDS = 0.030


class RunSession(Session[RunCommand]):
    """A run: its branches and present step (`timeline`), its speed (`pacing`), how it trains (`training`), and when it
    is saved (`recording`)."""

    decode = Decoder(RunMessage)

    def __init__(self, run: Run, token: str = "", key: str = "", recorder: RunRecorder | None = None) -> None:
        super().__init__(token, key)
        self.recording = RunRecording(recorder, self._tell)
        self.timeline = Timeline(run, self.recording)
        self.pacing = Pacing()
        self.training = RunTraining(self.timeline, self.pacing, self.recording)
        self.said = ""  # outcome of the last replay

    @property
    def run(self) -> Run:
        """The current branch, at its present step."""
        return self.timeline.run

    @property
    def shown(self) -> Run:
        """What is shown: an earlier step, or the run at its present one."""
        return self.timeline.shown

    @property
    def playing(self) -> bool:
        """Whether it trains until it is paused."""
        return self.pacing.playing

    @property
    def recorder(self) -> RunRecorder | None:
        """What writes the run into the store; None where there is no store, or once the session is closed."""
        return self.recording.recorder

    @property
    def saving(self) -> Future[None] | None:
        """Done once the last nudge or branch is on the disk."""
        return self.recording.state.saving

    # commands

    def carry_out(self, command: RunCommand) -> Any:
        """Carry out a command, with the lock, and return its answer. Raises `UserError` where that cannot be done."""
        match command:
            case Play():
                self.training.play()
            case Pause():
                self.training.pause()
            case Step(steps):
                self.training.owe(steps)
            case Epoch():
                self.training.owe_epoch()
            case Speed(steps):
                self.pacing.set_speed(steps)
            case StopAt(step, epochs, loss):
                self.pacing.set_stop(stop_of(step, epochs, loss), self.run)
            case Nudge(changes, gesture):
                self._nudge(changes, gesture)
            case Annotate(place, note):
                self.run.annotate(place, note)
            case KeepTwins(twins):
                self.timeline.keep_twins(twins)
            case Dismiss():
                self.timeline.dismiss()
            case DropSeedTest():
                self.run.seed_test = None
            case Read(of):
                return of(self)
            case _:
                return self._move(command)
        return None

    def _move(self, command: Look | Rewind | Repair | Undo | OpenBranch | Adopt | StartSeedTest) -> Any:
        """Carry out a command before which the run pauses: most go to another step or branch."""
        self.training.pause()
        if isinstance(command, Look):
            return self.timeline.look(command.step)
        self.pacing.restart_measuring()
        self.pacing.said = ""
        match command:
            case Rewind(step):
                self.timeline.rewind(step)
            case Repair():
                self.timeline.repair()
            case Undo():
                return self.timeline.undo()
            case OpenBranch(line):
                self.timeline.open_branch(line)
            case Adopt(replay, at):
                self.timeline.fork(replay, at)
            case StartSeedTest():
                self.timeline.view = None
                self.run.seed_test = SeedTest(self.run)
            case _:
                assert_never(command)
        return None

    def _nudge(self, changes: dict[str, Any], gesture: int) -> None:
        settings = self.shown.settings
        if differences(settings, changed(settings, changes)):
            self.timeline.go_on()
            self.run.nudge(gesture, **changes)

    def do(self, command: RunCommand) -> Any:
        """Ask, and wait until it is done, replayed and saved; for callers that may block."""
        refusals = self.recording.state.refusals
        future = self.ask(command)
        self.answer()
        while not self.closed and (self.timeline.replays or not future.done()):
            self._catch_up(time.perf_counter() + SLICE_SECONDS)
            self.answer()
        result = future.result()
        self.settle()
        while not self.closed and self.timeline.replays:
            self._catch_up(time.perf_counter() + SLICE_SECONDS)
        if self.recording.state.refusals != refusals:
            raise UserError(self.recording.state.unsaved)
        return result

    def settle(self) -> None:
        """Wait until what was done so far is on the disk, or taken back."""
        if saving := self.saving:
            wait([saving])
        self.answer()

    def _may_come(self, command: RunCommand) -> bool:
        """During a replay, only a pause, or another step to look at while one is shown, does not wait."""
        looks_elsewhere = isinstance(command, Look) and self.timeline.view is not None
        return not self.timeline.replays or isinstance(command, Pause) or looks_elsewhere

    def _settle(self) -> None:
        if saved := self.recording.refused():
            self.timeline.take_back(saved)
            self._tell()
        elif not self.timeline.pending:
            self.recording.keep(self.run)

    def _save(self) -> None:
        if not self.timeline.pending:
            self.recording.save(self.run)

    def _record_end(self) -> None:
        self.recording.close(None if self.timeline.pending else self.run)

    # training

    def due_to(self, viewer: object) -> bool:
        """Whether a frame made for `viewer` would move something: any viewer advances a replay."""
        return not self.closed and (bool(self.timeline.replays) or super().due_to(viewer))

    @property
    def busy(self) -> bool:
        """Whether a frame would train the run, or the models that it is compared with."""
        return self.training.busy

    def train(self, viewer: object, seconds: float) -> int:
        """Train what a frame is owed at this speed, within `seconds`, for the viewer that drives; the steps done."""
        with self.lock:
            self.answer()
            self._driven_by(viewer)
            start, first = time.perf_counter(), self.run.step
            end = start + seconds
            self._catch_up(end)
            deadline = (start + end) / 2 if self.training.comparison else end
            done = self.training.advance(deadline, self._interrupted, self.answer)
            self._trained(done, time.perf_counter() - start, self.run.step != first)
            if comparison := self.training.comparison:
                comparison.advance(lambda: self._interrupted() or time.perf_counter() >= end)
                self._tell()
            return done

    def _interrupted(self) -> bool:
        return bool(self._inbox)

    def _trained(self, done: int, seconds: float, moved: bool) -> None:
        """Save and tell what a frame has trained."""
        if done:
            self.recording.trained(self.run, seconds)
        if self.training.count(done, seconds) or moved:
            self._tell()

    def _catch_up(self, deadline: float) -> None:
        """Continue the replays."""
        with self.lock:
            while self.timeline.replays and time.perf_counter() < deadline:
                if self.timeline.replays.advance(deadline, self._interrupted):
                    self._save()
                self._tell()
                self.answer()
