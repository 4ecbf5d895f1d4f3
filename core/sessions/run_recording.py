"""When a run is saved: changes before they are acknowledged, its progress every second and at a pause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.runs.journal import Nudge
from core.runs.replay import Replay
from core.runs.run import Run
from core.sessions.run_recorder import RunRecorder
from core.sessions.run_saves import RunSaves


@dataclass(frozen=True)
class Saved:
    """A run as the store has it: with this journal at this step, on this line, with or without twins."""

    run: Run
    journal: tuple[Nudge, ...]
    step: int
    twins: bool
    line: str


class RunRecording:
    """Saves one run through its `recorder`, or nothing where there is none. See `RunSaves` for `state` and `tell`."""

    def __init__(self, recorder: RunRecorder | None, tell: Callable[[], None]) -> None:
        self.recorder = recorder
        self.state = RunSaves(tell)
        self._saved: Saved | None = None

    # what cannot be saved

    def keep(self, run: Run) -> None:
        """Remember the run before it is changed, where all of it is in the store."""
        if self.recorder and not self.state.pending:
            self._saved = Saved(run, run.journal, run.step, run.twins, self.recorder.line)

    def refused(self) -> Saved | None:
        """The run as the store has it, where a change since then could not be saved; None where all could."""
        if not self.state.settle() or not self.recorder or not self._saved:
            return None
        self.recorder.back_to(self._saved.line, self._saved.journal)
        return self._saved

    # saving

    def save(self, run: Run) -> None:
        """Save nudges that are new or changed; frames wait for this."""
        if self.recorder and (write := self.recorder.journal(run)):
            self.state.change(write)

    def rest(self, run: Run) -> None:
        """Save how far the run is, with a snapshot, as it pauses or has been replayed."""
        if self.recorder:
            self.state.progress(self.recorder.rest(run))

    def trained(self, run: Run, seconds: float) -> None:
        """Save every second how far the run is, after so many more seconds of training."""
        if self.recorder and (write := self.recorder.moved(run, seconds)):
            self.state.progress(write)

    def fork(self, old: Run, new: Replay[Run], at: int) -> None:
        """Save `old`, and the branch `new` that leaves it at step `at`; frames wait for this."""
        if self.recorder:
            self.state.change(self.recorder.fork(old, new, at))

    def open_branch(self, old: Run, line: str) -> Replay[Run] | None:
        """Save `old`, and return another branch, still to be replayed; None where nothing is stored."""
        if not self.recorder:
            return None
        replay, saving = self.recorder.open_line(old, line)
        self.state.change(saving)
        return replay

    def keep_twins(self, twins: bool) -> None:
        """Save whether gestures get twins."""
        if self.recorder:
            self.state.change(self.recorder.keep_twins(twins))

    def close(self, run: Run | None) -> None:
        """Save for the last time how far `run` is, None where it is still being replayed."""
        if self.recorder and run:
            self.state.change(self.recorder.rest(run))
        self.recorder = None
