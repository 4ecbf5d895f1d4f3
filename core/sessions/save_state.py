"""Whether what was done is on the disk: nothing is acknowledged before it is."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from core.errors import UserError


class SaveState:
    """Follows writes to the store: `saving` is done once the last of them is on the disk.

    `unsaved` says why a write failed, beginning with `what`, such as "This search"; "" where all is well. `failed` is
    called after such a write.
    """

    def __init__(self, what: str, failed: Callable[[], None]) -> None:
        self.saving: Future[None] | None = None
        self.unsaved = ""
        self._what, self._failed = what, failed

    def follow(self, saving: Future[None] | None) -> None:
        """From now on, `saving` is this write."""
        if saving:
            self.saving = saving
            saving.add_done_callback(self._done)

    def _done(self, saving: Future[None]) -> None:
        error = saving.exception()
        if error:
            self.unsaved = self._sentence(error)
            self._failed()
        else:
            self.unsaved = ""

    def _sentence(self, error: BaseException) -> str:
        why = str(error) if isinstance(error, UserError) else f"the store says “{error}”."
        return f"{self._what} is not being saved: {why}"
