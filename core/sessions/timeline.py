"""The branch and the step of a run that are shown and trained, and the replays that lead there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from core.errors import UserError
from core.runs.journal import Gesture, last_gesture
from core.runs.replay import Replay, rewinding, taking_back, twinning, undoing
from core.runs.run import Run
from core.runs.wrong import repairing, wrong
from core.sessions.replay_queue import ReplayQueue
from core.sessions.run_recording import RunRecording, Saved


@dataclass(frozen=True)
class Undone:
    """The gesture that was undone, and how many steps after it stay as a branch."""

    gesture: Gesture
    left: int


class Timeline:
    """`run` is the current branch at its present step; `view` an earlier step of it that is shown instead, if any."""

    def __init__(self, run: Run, recording: RunRecording) -> None:
        self.run, self.recording = run, recording
        self.view: Run | None = None
        self.replays = ReplayQueue()

    @property
    def shown(self) -> Run:
        """What is shown: an earlier step, or the run at its present one."""
        return self.view or self.run

    @property
    def pending(self) -> bool:
        """Whether the run is still being replayed to the step where it was asked to be."""
        return self.replays.has(self.run)

    def look(self, step: int | None) -> None:
        """Show the run as it was at `step`; for None or its present step, as it is."""
        self.replays.clear()
        if step is None or step >= self.run.step:
            self.view = None
            return
        self.view, twin = self.run.branch(), self.run.twin
        self.replays.add(rewinding(self.view, step))
        if twin and step > last_gesture(self.run.journal).first:
            past = twin.branch()
            self.replays.add(rewinding(past, min(step, past.step)), partial(setattr, self.view, "twin"))

    def go_on(self) -> None:
        """Continue from the step that is shown: from an earlier one as a new branch."""
        if self.view:
            view, self.view = self.view, None
            self.fork(Replay(view, (), view.step), view.step)

    def rewind(self, step: int) -> None:
        """Go back to `step`; what came after stays as a branch."""
        self.view = None
        self.fork(rewinding(self.run.branch(), step), step)

    def repair(self) -> None:
        """Go back to before what has gone wrong, with settings under which it should not; what came after stays as a
        branch. `UserError` where nothing has."""
        found = wrong(self.shown)
        if not found:
            raise UserError("Nothing is wrong any more: there is nothing to repair.")
        self.fork(repairing(self.run.branch(), found.repair), found.repair.step)

    def undo(self) -> Undone:
        """Undo the last gesture; what came after it stays as a branch."""
        self.view = None
        undone = last_gesture(self.run.journal)
        left = self.run.step - undone.first
        if undone.first == self.run.step:
            self.run.undo()
            self._want_twin()
        else:
            self.fork(undoing(self.run.branch()), undone.first)
        return Undone(undone, left)

    def open_branch(self, line: str) -> None:
        """Continue on another branch of the run."""
        self.view = None
        replay = self.recording.open_branch(self.run, line)
        if replay:
            replay.run.twins = self.run.twins
            self.hold(replay)

    def fork(self, replay: Replay[Run], at: int) -> None:
        """Continue as `replay`, a branch that leaves the run at step `at`."""
        self.view = None
        self.recording.fork(self.run, replay, at)
        replay.run.twins = self.run.twins
        self.hold(replay)

    def hold(self, replay: Replay[Run], then: Callable[[], None] | None = None) -> None:
        """Continue with another run, which is first replayed to its step; `then` is called when it is there."""

        def ready() -> None:
            if then:
                then()
            self._want_twin()

        def arrived(run: Run) -> None:
            self.recording.rest(run)
            ready()

        self.run = replay.run
        if replay.done:
            replay.finish()
            ready()
        else:
            self.replays.add(replay, arrived)

    def take_back(self, saved: Saved) -> None:
        """Return to the run as the store has it."""
        self.view, run = None, saved.run
        self.replays.clear()
        if run.journal is not saved.journal:
            replay = taking_back(run.branch(), saved.journal, saved.step)
            replay.run.twins = saved.twins
            self.hold(replay)
            return
        self.run, run.twins = run, saved.twins
        run.twin = run.twin if run.twins else None
        self._want_twin()

    def keep_twins(self, twins: bool) -> None:
        """Whether each gesture gets a twin, the same run without it; the last gesture gets one at once."""
        self.run.twins, self.run.twin = twins, None
        self.recording.keep_twins(twins)
        self._want_twin(though_over=True)

    def dismiss(self) -> None:
        """Drop the twin and the seed test of the last gesture."""
        self.run.twin = self.run.seed_test = None
        if self.view:
            self.view.twin = None

    def _want_twin(self, though_over: bool = False) -> None:
        """Replay the twin of the last gesture, where twins are kept and it has none; one that would have ended before
        the present step only where `though_over`."""
        run, journal = self.run, self.run.journal
        if not run.twins or not journal or run.twin or (run.step > run.twin_end and not though_over):
            return

        def arrived(twin: Run) -> None:
            if run is self.run and run.journal is journal and twin.step == min(run.step, run.twin_end):
                run.twin = twin

        self.replays.add(twinning(run), arrived)
