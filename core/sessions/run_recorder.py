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


class RunRecorder:
    """Writes one run into the store as it trains; `line` is the id of the current line."""

    def __init__(self, store: Store, run_id: str, line: str, saved: Sequence[Nudge]) -> None:
        self.store, self.run_id, self.line = store, run_id, line
        self._saved: tuple[Nudge, ...] | None = tuple(saved)
        self._fork: tuple[str, int] | None = None  # of a line whose first write may have failed
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
        future = store.add_run(run_id, owner, name, as_dict(run.spec), as_dict(run.start), line, rows, come)
        return cls(store, run_id, line, journal), future

    def journal(self, run: Run) -> Future[None] | None:
        """Write the nudges that are new or changed; None where there are none."""
        old, new = self._saved, run.journal
        if old is new:
            return None
        if old is None:
            return self._write_again(run)
        same = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a is not b and a != b), None)
        place = min(len(old), len(new)) if same is None else same
        self._saved = new
        if place == len(old) == len(new):
            return None
        return self.store.record(self.line, place, journal_rows(new[place:]), progress(run))

    @property
    def behind(self) -> bool:
        """Whether a write has failed and was not repeated yet."""
        return self._saved is None

    def forget(self) -> None:
        """A write has failed: the next one writes the whole journal."""
        self._saved = None

    def _write_again(self, run: Run) -> Future[None]:
        self._saved, rows, come = run.journal, journal_rows(run.journal), progress(run)
        if self._fork and self.line not in {line.id for line in self.store.lines(self.run_id)}:
            return self.store.add_line(self.run_id, self.line, *self._fork, rows, come)
        return self.store.record(self.line, 0, rows, come)

    def moved(self, run: Run, seconds: float) -> bool:
        """Write how far the run is, at most once a second, after so many seconds of training. Whether it did."""
        self._trained += seconds
        due = time.monotonic() - self._recorded >= EVERY_SECONDS
        if due:
            self.rest(run, snapshot=self._trained >= SNAPSHOT_SECONDS)
        return due

    def rest(self, run: Run, snapshot: bool = True) -> Future[None]:
        """Write how far the run is, as it pauses or closes."""
        self._recorded = time.monotonic()
        if snapshot:
            self._trained = 0.0
        return self.store.advance(self.line, progress(run, snapshot))

    def fork(self, old: Run, new: Replay[Run], at: int) -> Future[None]:
        """Add a line: the run continues as `new` from step `at` of the current line, whose last state is `old`."""
        self.journal(old)
        self.rest(old)
        parent, self.line = self.line, secrets.token_hex(8)
        self._fork = (parent, at)
        self._saved = tuple(new.journal)
        come = replace(progress(new.run, snapshot=True), step=new.step)
        return self.store.add_line(self.run_id, self.line, parent, at, journal_rows(self._saved), come)

    def open_line(self, old: Run, line: str) -> tuple[Replay[Run], Future[None]]:
        """Make another line the current one; returns its replay and the write. `UserError` where it was deleted."""
        self.rest(old).result()
        entry = self.store.find(self.run_id)
        if not entry or line not in {one.id for one in self.store.lines(self.run_id)}:
            raise UserError("There is no such branch any more.")
        replay = load(self.store, entry, line)
        self.line, self._saved = line, tuple(replay.journal)
        return replay, self.store.set_line(self.run_id, line)


def load(store: Store, entry: Entry, line: str) -> Replay[Run]:
    """A line of a stored run, at its last snapshot; the replay brings it to its last recorded step."""
    journal = journal_of(store.journal(line))
    step = next(one.step for one in store.lines(entry.id) if one.id == line)
    step = max([step, *(nudge.step for nudge in journal[-1:])])
    spec, settings = spec_of(entry.spec), settings_of(entry.settings)
    return reopening(Run(spec, settings), store.snapshots(line), journal, step)
