"""Whether what was done to a run is on the disk: a change that cannot be saved is taken back, progress is caught up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future

from core.errors import UserError


class RunSaves:
    """Follows the writes of one run: its changes (nudges, notes, branches), and how far it has come.

    `saving` is done once the last change is on the disk. `unsaved` says what is not, "" where all is well; `refusals`
    counts how often a change could not be saved. `tell` is called, from any thread, when progress is no longer saved,
    or is again.
    """

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell
        self.saving: Future[None] | None = None
        self.refusals = 0
        self._changes: deque[Future[None]] = deque()
        self._progress: Future[None] | None = None
        self._refused = self._behind = ""

    @property
    def pending(self) -> bool:
        """Whether a change is still being written."""
        return bool(self._changes)

    @property
    def unsaved(self) -> str:
        """The sentence about what is not saved."""
        self._look_at_progress()
        return " ".join(filter(None, [self._refused, self._behind]))

    def change(self, write: Future[None]) -> None:
        """Follow the write of a change."""
        self.saving, self._refused = write, ""
        self._changes.append(write)

    def progress(self, write: Future[None]) -> None:
        """Follow a write of how far the run is; while one is under way, those after it are not looked at."""
        self._look_at_progress()
        if self._progress is None:
            self._progress = write
            write.add_done_callback(self._news)

    def settle(self) -> bool:
        """Look at the writes that are done. Returns whether a change could not be saved: no later one then is."""
        self._look_at_progress()
        while self._changes and self._changes[0].done():
            if error := self._changes.popleft().exception():
                self._refused = f"Your last change is not being saved: {_why(error)} It was taken back."
                self._changes.clear()
                self.saving = self._progress = None
                self.refusals += 1
                return True
            self._behind = ""  # a change is written with how far the run is
        return False

    def _news(self, write: Future[None]) -> None:
        if write.exception() or self._behind:
            self._tell()

    def _look_at_progress(self) -> None:
        if self._progress and self._progress.done():
            error, self._progress = self._progress.exception(), None
            self._behind = f"How far the run is, is not being saved: {_why(error)}" if error else ""


def _why(error: BaseException) -> str:
    return str(error) if isinstance(error, UserError) else f"the store says “{error}”."
