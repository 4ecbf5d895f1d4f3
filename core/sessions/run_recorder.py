"""What of a run goes to the store, and when: every nudge and branch at once, its progress every second."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace

import numpy as np

from core.errors import UserError
from core.runs.journal import Nudge
from core.runs.journal_json import journal_of, journal_rows
from core.runs.replay import Replay, reopening
from core.runs.run import Run
from core.settings.plain import as_dict, settings_of, spec_of
from core.store import Entry, Progress, Store

EVERY_SECONDS = 1.0  # between two records of how far a run has come while it plays
SNAPSHOT_SECONDS = 1.0  # of training between two kept snapshots: a run reopens by replaying no more than that
CURVE = 48  # points of the dev loss that a list shows


def progress(run: Run, snapshot: bool = False) -> Progress:
    """How far a run has come, with its dev loss as a curve of few points."""
    history = run.history
    losses = history.column("dev_loss")[:, 0]
    at = np.unique(np.linspace(0, losses.size - 1, CURVE).astype(int))
    curve = (history.steps[at].tolist(), [_number(loss) for loss in losses[at].tolist()])
    finite = losses[np.isfinite(losses)]
    return Progress(
        step=run.step,
        best=float(finite.min()) if finite.size else None,
        dev=_number(history.latest("dev_loss")),
        accuracy=_number(history.latest("dev_accuracy")),
        curve=curve,
        snapshot=run.pack() if snapshot and run.step and not run.trouble else None,
    )


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _shared(old: Sequence[Nudge], new: Sequence[Nudge]) -> int:
    """How many nudges two journals begin with alike. Slices are compared at once: a journal may have thousands."""
    same, end = 0, min(len(old), len(new))
    if old[:end] == new[:end]:
        return end
    while same < end - 1:  # they agree up to `same`, but not up to `end`
        middle = (same + end) // 2
        if old[same:middle] == new[same:middle]:
            same = middle
        else:
            end = middle
    return same


def _last_difference(old: Sequence[Nudge], new: Sequence[Nudge]) -> int:
    """The last place at which two journals of one length differ, as where a note was written."""
    places = range(len(new) - 1, -1, -1)
    return next(place for place in places if old[place] is not new[place] and old[place] != new[place])


class RunRecorder:
    """Writes one run into the store as it trains; `line` is the id of the current line."""

    def __init__(self, store: Store, run_id: str, line: str, saved: Sequence[Nudge]) -> None:
        self.store, self.run_id, self.line = store, run_id, line
        self._saved = tuple(saved)
        self._change: Future[None] | None = None  # the last one: what follows it is not written where it failed
        self._recorded = time.monotonic()
        self._trained = 0.0

    @classmethod
    def begin(
        cls, store: Store, run_id: str, new: Replay[Run], owner: str, name: str
    ) -> tuple[RunRecorder, Future[None]]:
        """A recorder for a new run, which may still have to be replayed, and the write that adds it to the store."""
        run, line, journal = new.run, secrets.token_hex(8), tuple(new.journal)
        come = replace(progress(run, snapshot=True), step=new.step)
        rows = journal_rows(journal)
        spec, settings = as_dict(run.spec), as_dict(run.start)
        future = store.add_run(run_id, owner, name, spec, settings, line, rows, come, run.twins)
        return cls(store, run_id, line, journal), future

    def journal(self, run: Run) -> Future[None] | None:
        """Write the nudges that are new or changed; None where there are none."""
        old, new = self._saved, run.journal
        if old is new:
            return None
        place = _shared(old, new)
        self._saved = new
        if place == len(old) == len(new):
            return None
        last = _last_difference(old, new) if len(old) == len(new) else len(new) - 1
        rows = journal_rows(new[place : last + 1])
        self._change = self.store.record(self.line, place, rows, progress(run), self._change, last < len(new) - 1)
        return self._change

    def back_to(self, line: str, journal: tuple[Nudge, ...]) -> None:
        """A change could not be written: the store still has this line with this journal."""
        self.line, self._saved, self._change = line, journal, None

    def moved(self, run: Run, seconds: float) -> Future[None] | None:
        """Write how far the run is, at most once a second, after so many seconds of training; None before that."""
        self._trained += seconds
        if time.monotonic() - self._recorded < EVERY_SECONDS:
            return None
        return self.rest(run, snapshot=self._trained >= SNAPSHOT_SECONDS)

    def rest(self, run: Run, snapshot: bool = True) -> Future[None]:
        """Write how far the run is, as it pauses or closes."""
        self._recorded = time.monotonic()
        if snapshot:
            self._trained = 0.0
        return self.store.advance(self.line, progress(run, snapshot), self._change)

    def fork(self, old: Run, new: Replay[Run], at: int) -> Future[None]:
        """Add a line: the run continues as `new` from step `at` of the current line, whose last state is `old`."""
        self.journal(old)
        self.rest(old)
        parent, self.line = self.line, secrets.token_hex(8)
        self._saved = tuple(new.journal)
        come = replace(progress(new.run, snapshot=True), step=new.step)
        rows = journal_rows(self._saved)
        self._change = self.store.add_line(self.run_id, self.line, parent, at, rows, come, self._change)
        return self._change

    def open_line(self, old: Run, line: str) -> tuple[Replay[Run], Future[None]]:
        """Make another line the current one; returns its replay and the write. `UserError` where it was deleted."""
        self.rest(old).result()
        entry = self.store.find(self.run_id)
        if not entry or line not in {one.id for one in self.store.lines(self.run_id)}:
            raise UserError("There is no such branch any more.")
        replay = load(self.store, entry, line)
        self.line, self._saved = line, tuple(replay.journal)
        self._change = self.store.set_line(self.run_id, line, self._change)
        return replay, self._change

    def keep_twins(self, twins: bool) -> Future[None]:
        """Write whether gestures get twins."""
        self._change = self.store.set_twins(self.run_id, twins, self._change)
        return self._change


def load(store: Store, entry: Entry, line: str) -> Replay[Run]:
    """A line of a stored run, at its last snapshot; the replay brings it to its last recorded step."""
    journal = journal_of(store.journal(line))
    step = next(one.step for one in store.lines(entry.id) if one.id == line)
    step = max([step, *(nudge.step for nudge in journal[-1:])])
    spec, settings = spec_of(entry.spec), settings_of(entry.settings)
    return reopening(Run(spec, settings), store.snapshots(line), journal, step)
