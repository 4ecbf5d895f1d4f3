"""When a run is saved: nudges and branches before they are acknowledged, its progress every second and at a pause."""

from __future__ import annotations

from core.runs.replay import Replay
from core.runs.run import Run
from core.sessions.run_recorder import RunRecorder
from core.sessions.save_state import SaveState


class RunRecording:
    """Saves one run through its `recorder`, or nothing where there is none. See `SaveState` for `state`."""

    def __init__(self, recorder: RunRecorder | None) -> None:
        self.recorder = recorder
        self.state = SaveState("What you do now", self._failed, self._behind)

    def _failed(self) -> None:
        if self.recorder:
            self.recorder.forget()

    def _behind(self) -> bool:
        return self.recorder is not None and self.recorder.behind

    def save(self, run: Run) -> None:
        """Save nudges that are new or changed; frames wait for this."""
        if self.recorder:
            self.state.follow(self.recorder.journal(run))

    def rest(self, run: Run) -> None:
        """Save how far the run is, with a snapshot, as it pauses or has been replayed."""
        if self.recorder:
            self.recorder.rest(run)

    def trained(self, run: Run, seconds: float) -> bool:
        """Save every second how far the run is, after so many more seconds of training; returns whether a save that
        failed is to be repeated now."""
        return self.recorder is not None and self.recorder.moved(run, seconds) and bool(self.state.unsaved)

    def fork(self, old: Run, new: Replay[Run], at: int) -> None:
        """Save `old`, and the branch `new` that leaves it at step `at`; frames wait for this."""
        if self.recorder:
            self.state.follow(self.recorder.fork(old, new, at))

    def open_branch(self, old: Run, line: str) -> Replay[Run] | None:
        """Save `old`, and return another branch, still to be replayed; None where nothing is stored."""
        if not self.recorder:
            return None
        replay, saving = self.recorder.open_line(old, line)
        self.state.follow(saving)
        return replay

    def keep_twins(self, twins: bool) -> None:
        """Save whether gestures get twins."""
        if self.recorder:
            self.recorder.store.set_twins(self.recorder.run_id, twins)

    def close(self, run: Run | None) -> None:
        """Save for the last time how far `run` is, None where it is still being replayed."""
        if self.recorder and run:
            self.state.follow(self.recorder.rest(run))
        self.recorder = None
