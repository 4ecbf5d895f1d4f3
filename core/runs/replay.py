"""Going back, and going through a known journal: restore a snapshot, then train again what came after it.

All of it takes time, so each function returns a `Replay`, which is advanced a slice at a time or finished at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, Protocol, Self, TypeVar

from core.errors import UserError
from core.runs.journal import Nudge, before_last_gesture, last_gesture


class Rewindable(Protocol):
    """What a replay needs of a run; see `Run` for what each does."""

    journal: tuple[Nudge, ...]

    @property
    def step(self) -> int: ...
    @property
    def trouble(self) -> object: ...
    @property
    def twin_end(self) -> int: ...
    def advance(self, steps: int, should_stop: Callable[[], bool] | None = None) -> int: ...
    def repeat(self, nudge: Nudge) -> None: ...
    def find_trouble(self) -> None: ...
    def restore_before(self, step: int) -> None: ...
    def restore_packed(self, packed: Iterable[bytes], journal: tuple[Nudge, ...], step: int) -> None: ...
    def branch(self, step: int | None = None, diverged_at: int = 0) -> Self: ...


R = TypeVar("R", bound=Rewindable)


class Replay(Generic[R]):
    """Trains `run` to `step` and makes `nudges` again on the way, a slice at a time, so that others get their turn."""

    def __init__(self, run: R, nudges: Iterable[Nudge], step: int) -> None:
        self.run, self.step = run, step
        self._nudges = deque(nudges)
        self.journal = (*run.journal, *self._nudges)  # the run's at the end of the replay

    @property
    def done(self) -> bool:
        """Whether the run has reached the step, or stopped in trouble before it; nudges at that step are still made."""
        if self._nudges:
            return bool(self.run.trouble) and self._nudges[0].step > self.run.step
        return bool(self.run.trouble) or self.run.step >= self.step

    def advance(self, should_stop: Callable[[], bool] | None = None) -> None:
        """Go on until `should_stop()`, which is asked between steps, or to the end, where a trouble is found again."""
        while not self.done:
            goal = self._nudges[0].step if self._nudges else self.step
            self.run.advance(goal - self.run.step, should_stop)
            if self._nudges and self.run.step >= goal:
                self.run.repeat(self._nudges.popleft())
            if should_stop and should_stop() and not self.done:
                return
        self.run.find_trouble()

    def finish(self) -> R:
        """Go to the end; returns the run."""
        self.advance()
        return self.run


def rewinding(run: R, step: int) -> Replay[R]:
    """As `Run.rewind`, in slices: `run` stands at the nearest snapshot before `step`, and the replay brings it there.

    Raises `UserError` where `step` is not from 0 to the run's own.
    """
    if not 0 <= step <= run.step:
        raise UserError(f"Step {step} is not in this run: it goes from 0 to {run.step}.")
    return _back(run, step, tuple(nudge for nudge in run.journal if nudge.step < step), step)


def undoing(run: R) -> Replay[R]:
    """As `Run.undo`, in slices. Raises `UserError` where there is no nudge to undo."""
    first = last_gesture(run.journal).first
    return _back(run, first, before_last_gesture(run.journal), first)


def twinning(run: R) -> Replay[R]:
    """As `Run.make_twin`, in slices: the replay trains a branch, and `run` is left as it is."""
    last = last_gesture(run.journal)
    until = min(run.step, run.twin_end)
    return _back(run.branch(diverged_at=last.step), last.first, before_last_gesture(run.journal), until)


def taking_back(run: R, journal: tuple[Nudge, ...], step: int) -> Replay[R]:
    """From a run that has gone on from `step`, where it had this journal: the run as it was there."""
    run.restore_before(step)
    nudges = journal[len(run.journal) :]
    run.journal = journal[: len(run.journal)]  # whose notes may have been others
    return Replay(run, nudges, step)


def reopening(run: R, packed: Iterable[bytes], journal: tuple[Nudge, ...], step: int) -> Replay[R]:
    """Bring a new run through `journal` to `step`, from the last of the `packed` snapshots (`Run.pack`) on the way."""
    run.restore_packed(packed, journal, step)
    return Replay(run, journal[len(run.journal) :], step)


def _back(run: R, before: int, journal: tuple[Nudge, ...], step: int) -> Replay[R]:
    """From the nearest snapshot before the step `before`, with the rest of `journal`, to `step`."""
    run.restore_before(before)
    return Replay(run, journal[len(run.journal) :], step)
