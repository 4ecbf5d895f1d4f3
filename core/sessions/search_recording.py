"""When a search is saved: generations before they train, models as they finish, checkpoints, the selected region."""

from __future__ import annotations

from concurrent.futures import Future

from core.search.regions import Region, region_to_json
from core.search.search import Search
from core.sessions.save_state import SaveState
from core.sessions.search_recorder import SearchRecorder
from core.sessions.search_training import SearchTraining


class SearchRecording:
    """Saves one search through its `recorder`, or nothing where there is none. See `SaveState` for `state`.

    `started` says whether the search was ever played; from then on it is in its owner's list.
    """

    def __init__(self, recorder: SearchRecorder | None, started: bool) -> None:
        self.recorder, self.started = recorder, started
        self.state = SaveState("This search", self._failed)

    def _failed(self) -> None:
        if self.recorder:
            self.recorder.forget()

    def start(self, origin: str) -> None:
        """Save that the search is played for the first time; its models start from the run with the token `origin`.
        Waits for the store. `UserError` where the owner's list is full."""
        if self.recorder and not self.started:
            self.recorder.start(origin).result()
        self.started = True

    def add(self, search: Search) -> None:
        """Save another generation, and wait for the store."""
        if self.recorder:
            self.recorder.add(search).result()

    def save(self, training: SearchTraining, generation: int, region: Region) -> None:
        """Save the selected region of a generation, finished models and checkpoints: at once where a generation is done
        or the search is paused, else every few seconds."""
        if not self.recorder:
            return
        written: list[Future[None] | None] = []
        if self.started:
            written += self.recorder.record(training.generations, not training.playing)
        if self.started and training.contest:
            written.append(self.recorder.record_contest(training.contest))
        written.append(self.recorder.record_region(region_to_json(generation, region)))
        for saving in filter(None, written):  # in the order in which they are carried out: the last is done last
            self.state.follow(saving)
