"""The runs that are open in this process, found by token, each with its lock.

Pages and live channels hold only a token, so a rerun, a change of page, a lost connection or a second viewer never
touches the run itself. A run trains only while somebody looks: training is part of making a frame.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from core.data.shelf import SHELF
from core.errors import UserError
from core.runs.journal import Gesture
from core.runs.run import Replay, Run, differences
from core.runs.seed_test import SeedTest
from core.sessions.run_recorder import RunRecorder, load
from core.sessions.session import Session
from core.settings.table import changed
from core.store import Store, digest, key_of, new_token, the_store

MOST_OPEN = 300
IDLE_SECONDS = 3600.0
PART_SECONDS = 0.002
BUSY_SECONDS = 5.0  # that a closing run waits for the store
MOST_STEPS = 10_000_000  # as a file takes them
SLICE_SECONDS = 0.030
FLAT_OUT = 0
SPEEDS: dict[int, str] = {
    1: "1 step per frame",
    3: "3 steps per frame",
    10: "10 steps per frame",
    30: "30 steps per frame",
    100: "100 steps per frame",
    FLAT_OUT: "full speed",
}


def _nothing(*run: Run) -> None:
    """What is replayed needs nothing more once it has arrived."""


def _unsaved(error: BaseException) -> str:
    words = str(error) if isinstance(error, UserError) else f"the store says “{error}”."
    return f"What you do now is not being saved: {words}"


class RunSession(Session):
    """A run that people look at: whether it plays and how fast, who drives it, and the one way in for every change.

    `run` is the line in hand where it stands, `view` an earlier step of it that is looked at. Where there is a
    `recorder`, `saving` is done once the last nudge is stored.
    """

    def __init__(self, run: Run, token: str = "", key: str = "", recorder: RunRecorder | None = None) -> None:
        super().__init__(token, key)
        self.run, self.recorder = run, recorder
        self.view: Run | None = None
        self.playing, self.speed = False, 10
        self.stop_at: int | None = None
        self.rate = 0.0
        self.said = ""  # what the last replay came to
        self.saving: Future[None] | None = None
        self.unsaved = ""
        self._replays: deque[tuple[Replay, Callable[[Run], None]]] = deque()
        self._owed = 0
        self._pace = 1e-4
        self._marks: deque[tuple[float, int]] = deque(maxlen=40)

    @property
    def shown(self) -> Run:
        """What is looked at: an earlier step, or the run where it stands."""
        return self.view or self.run

    @property
    def settled(self) -> bool:
        """Whether the run in hand stands where it was asked to be."""
        return all(replay.run is not self.run for replay, _ in self._replays)

    @property
    def catching_up(self) -> Replay | None:
        """What is being replayed before anything else can be done."""
        return self._replays[0][0] if self._replays else None

    # the one way in

    def _may_come(self, command: Callable[[RunSession], Any]) -> bool:
        """While something is replayed, all but a pause, and a look in place of another, waits for its end."""
        looks = getattr(command, "func", None) is RunSession.look
        return not self._replays or command is RunSession.pause or (looks and self.view is not None)

    def do(self, command: Callable[[RunSession], Any]) -> Any:
        """Ask, and wait until it is done and saved; for callers that may block."""
        future = self.ask(command)
        self.answer()
        while self._replays or not future.done():
            self._catch_up(time.perf_counter() + SLICE_SECONDS)
            self.answer()
        result = future.result()
        if self.saving and (error := self.saving.exception()):
            raise UserError(_unsaved(error))
        return result

    def _save(self) -> None:
        if self.recorder and self.settled:
            self._await(self.recorder.journal(self.run))

    def _await(self, saving: Future[None] | None) -> None:
        """Nothing is shown before this write is on the disk."""
        if saving:
            self.saving = saving
            saving.add_done_callback(self._saved)

    def _saved(self, saving: Future[None]) -> None:
        error = saving.exception()
        recorder = self.recorder
        if error:
            self.unsaved = _unsaved(error)
            if recorder:
                recorder.forget()
        elif not recorder or not recorder.behind:
            self.unsaved = ""

    # training

    def due_to(self, viewer: object) -> bool:
        """Whether a frame made for `viewer` would move something: whoever looks moves a replay on."""
        return not self.closed and (bool(self._replays) or (self.busy and self.may_drive(viewer)))

    @property
    def busy(self) -> bool:
        """Whether a frame would train the run, or the models that it is compared with."""
        return self._trains or bool(self._replays) or self._compares

    @property
    def _trains(self) -> bool:
        return (self.playing or self._owed > 0) and not self.run.trouble and not self._replays

    @property
    def _compares(self) -> bool:
        return self.run.seed_test is not None and not self.run.seed_test.done

    def train(self, viewer: object, seconds: float) -> int:
        """Train what a frame is owed at this speed, within `seconds`, for the viewer that drives; the steps done."""
        with self.lock:
            self.answer()
            self._take_wheel(viewer)
            start, first = time.perf_counter(), self.run.step
            end = start + seconds
            self._catch_up(end)
            turn = self._owed or (self.speed if self.playing else 0)
            flat_out = self.playing and not self._owed and self.speed == FLAT_OUT
            deadline = (start + end) / 2 if self._compares else end
            done = 0
            while self._trains and (left := self._left(None if flat_out else turn - done)) > 0:
                done += self._advance(left, deadline)
                self.answer()
                if time.perf_counter() >= deadline:
                    break
            self._after(done, time.perf_counter() - start, self.run.step - first)
            if self._compares:
                self.run.seed_test.advance(lambda: bool(self._inbox) or time.perf_counter() >= end)
                self._tell()
            return done

    def _catch_up(self, deadline: float) -> None:
        """Go on with what is being replayed."""
        with self.lock:
            while self._replays and time.perf_counter() < deadline:
                replay, arrived = self._replays[0]
                replay.advance(lambda: bool(self._inbox) or time.perf_counter() >= deadline)
                if replay.done:
                    self._replays.popleft()
                    arrived(replay.run)
                    self._save()
                self._tell()
                self.answer()

    def _left(self, left: int | None) -> int:
        until = (MOST_STEPS if self.stop_at is None else self.stop_at) - self.run.step
        return until if left is None else min(left, until)

    def _advance(self, steps: int, deadline: float) -> int:
        def enough() -> bool:
            return bool(self._inbox) or time.perf_counter() >= deadline - self._pace

        return self.run.advance(steps, enough, at_once=max(1, int(PART_SECONDS / self._pace)))

    def _after(self, done: int, seconds: float, moved: int) -> None:
        self._owed = max(0, self._owed - done)
        if done:
            self._pace += 0.2 * (seconds / done - self._pace)
            if self.recorder and self.recorder.moved(self.run, seconds) and self.unsaved:
                self._save()
        at_end = self.run.step >= (MOST_STEPS if self.stop_at is None else self.stop_at)
        if self.playing and (self.run.trouble or at_end):
            self.pause()
            self._tell()
        elif moved:
            self._tell()
        self._mark()

    def _mark(self) -> None:
        """Steps per second over the last second or so of play."""
        if not self.playing:
            self._marks.clear()
            return
        now = time.perf_counter()
        self._marks.append((now, self.run.step))
        while len(self._marks) > 2 and now - self._marks[0][0] > 1.5:
            self._marks.popleft()
        (then, step), (now, last) = self._marks[0], self._marks[-1]
        if now > then and last >= step:
            self.rate = (last - step) / (now - then)

    # commands

    def play(self) -> None:
        """Train from the next frame on; from an earlier step that is looked at, as a branch."""
        self._go_on()
        if self.run.trouble:
            raise UserError("The loss is not a finite number any more: go back to an earlier step first.")
        if self.run.step >= MOST_STEPS:
            raise UserError(f"A run has {MOST_STEPS:,} steps at most: go back to an earlier step, or start another.")
        if self.stop_at is not None and self.run.step >= self.stop_at:
            self.stop_at = None
        self.playing, self._owed = True, 0

    def pause(self) -> None:
        """Stop training; what was owed is dropped."""
        if self.playing and self.recorder and self.settled:
            self.recorder.rest(self.run)
        self.playing, self._owed = False, 0

    def owe(self, steps: int) -> None:
        """Train `steps` more than are owed already, then stand still."""
        owed = self._owed
        self._go_on()
        self.pause()
        self._owed = owed + steps

    def owe_epoch(self) -> None:
        """Train to the end of this epoch, or of the epoch in which the steps that are owed already end."""
        stack, examples = self.shown.stack, self.run.data.train.labels.size
        left = -(-(examples - stack.state.cursor) // stack.batch)
        epoch = -(-examples // stack.batch)
        self.owe(left - self._owed if self._owed < left else epoch - (self._owed - left) % epoch)

    def set_speed(self, steps: int) -> None:
        """Steps a frame; 0 is as many as fit."""
        if steps not in SPEEDS:
            raise UserError(f"Speed cannot be {steps}: it is one of {', '.join(SPEEDS.values())}.")
        self.speed = steps

    def set_stop(self, step: int | None) -> None:
        """Stop by itself when `step` is reached; None: never."""
        if step is not None and not self.run.step < step <= MOST_STEPS:
            raise UserError(f"The stopping step cannot be {step:,}: it takes {self.run.step + 1:,} to {MOST_STEPS:,}.")
        self.stop_at = step

    def nudge(self, changes: dict[str, Any], gesture: int = 0) -> None:
        """Change settings from the present step on; at an earlier step that is looked at, on a branch."""
        settings = self.shown.settings
        if differences(settings, changed(settings, changes)):
            self._go_on()
            self.run.nudge(gesture, **changes)

    def annotate(self, place: int, note: str) -> None:
        """Write a note on the nudge at `place` of the journal."""
        self.run.annotate(place, note)

    # other times and other branches

    def look(self, step: int | None) -> None:
        """Show the run as it was at `step`; None, or where it stands: as it is."""
        self.pause()
        self._replays.clear()
        if step is None or step >= self.run.step:
            self.view = None
            return
        self.view, twin = self.run.branch(), self.run.twin
        self._replays.append((self.view.rewinding(step), _nothing))
        if twin and step > self.run.last_gesture().first:
            past = twin.branch()
            self._replays.append((past.rewinding(step), partial(setattr, self.view, "twin")))

    def rewind(self, step: int) -> None:
        """Go back to `step` and stand there; what came after stays as a branch."""
        self._settle()
        other = self.run.branch()
        self._fork(other.rewinding(step), step)

    def undo(self) -> Gesture:
        """Take back the last gesture: the run goes to the step before it, without it; what came after is a branch."""
        self._settle()
        undone = self.run.last_gesture()
        if undone.first == self.run.step:
            self.run.undo()
            self._want_twin()
        else:
            other = self.run.branch()
            self._fork(other.undoing(), undone.first)
        return undone

    def open_line(self, line: str) -> None:
        """Take another branch of the run in hand."""
        self._settle()
        if self.recorder:
            replay, saving = self.recorder.open_line(self.run, line)
            self._await(saving)
            replay.run.twins = self.run.twins
            self.hold(replay)

    def adopt(self, replay: Replay, at: int) -> None:
        """Go on as `replay`, a way that was found elsewhere and leaves this run at step `at`."""
        self._settle()
        self._fork(replay, at)

    def keep_twins(self, twins: bool) -> None:
        """Whether every gesture leaves behind a twin that goes on without it; the last one does at once."""
        self.run.twins, self.run.twin = twins, None
        if self.recorder:
            self.recorder.store.set_twins(self.token, twins)
        self._want_twin()

    def start_seed_test(self) -> None:
        """Replay the last gesture, with it and without it, under other seeds."""
        self._settle()
        self.run.seed_test = SeedTest(self.run)

    def drop_seed_test(self) -> None:
        """Leave the other seeds."""
        self.run.seed_test = None

    def _settle(self) -> None:
        self.pause()
        self.view = None
        self._marks.clear()

    def _go_on(self) -> None:
        """From an earlier step that is looked at, the run goes on as a branch."""
        if self.view:
            view, self.view = self.view, None
            self._fork(Replay(view, (), view.step), view.step)

    def _fork(self, replay: Replay, at: int) -> None:
        if self.recorder:
            self._await(self.recorder.fork(self.run, replay, at))
        replay.run.twins = self.run.twins
        self.hold(replay)

    def hold(self, replay: Replay, then: Callable[..., None] = _nothing) -> None:
        """Go on with another run, which is first replayed to its step; `then` is called when it is there."""

        def arrived(run: Run) -> None:
            if self.recorder:
                self.recorder.rest(run)  # with a snapshot: what was replayed need not be replayed again
            then()
            self._want_twin()

        self.run = replay.run
        if replay.done:
            then()
            self._want_twin()
        else:
            self._replays.append((replay, arrived))

    def _want_twin(self) -> None:
        """Replay the twin of the last gesture, where twins are kept and it is not there."""
        run, journal = self.run, self.run.journal
        if not run.twins or not journal or run.twin:
            return

        def arrived(twin: Run) -> None:
            if run is self.run and run.journal is journal and run.step == twin.step:
                run.twin = twin

        self._replays.append((run.twinning(), arrived))

    def close(self) -> None:
        """Write down where the run stands; it takes no command any more, and who looks is told."""
        with self.lock:
            if self.recorder and self.settled:
                with contextlib.suppress(Exception):  # a store that cannot write has said so before
                    self.recorder.rest(self.run).result(BUSY_SECONDS)
            self.recorder = None
        self.shut()


class RunSessions:
    """The open runs of a process. The longest unseen are closed when there are too many or nobody came back; where
    there is a store, a run that is asked for is opened again."""

    def __init__(self, most: int = MOST_OPEN, idle: float = IDLE_SECONDS, store: Callable[[], Store] | None = None):
        self._most, self._idle, self._store = most, idle, store
        self._runs: dict[str, RunSession] = {}
        self._by_key: dict[str, RunSession] = {}
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._runs)

    def open(
        self, run: Run | Replay, owner: str = "", name: str = "", arrived: Callable[[RunSession], None] | None = None
    ) -> RunSession:
        """Take in a new run of the person with the token `owner`, and store it. One that is still to be replayed
        catches up when it is looked at; `arrived` is then called."""
        replay = run if isinstance(run, Replay) else Replay(run, (), run.step)
        token, owner = new_token(), owner or new_token()
        recorder = None
        if self._store:
            recorder, saving = RunRecorder.begin(self._store(), token, replay, owner, name)
            saving.result()
        opened = RunSession(replay.run, token, digest(key_of(owner, token)), recorder)
        opened.hold(replay, partial(arrived, opened) if arrived else _nothing)
        return self._keep(opened)

    def get(self, token: str) -> RunSession | None:
        """The run that a token reads or drives, opened again where it was closed; None where there is none."""
        with self._lock:
            opened = self._runs.get(token) or self._by_key.get(digest(token)) or self._reopened(token)
        if opened:
            opened.seen = time.monotonic()
        return opened

    def _reopened(self, token: str) -> RunSession | None:
        entry = self._store().find(token) if self._store else None
        if not entry:
            return None
        store, line = self._store(), entry.line.id
        replay = load(store, entry, line)
        opened = RunSession(replay.run, entry.id, entry.key, RunRecorder(store, entry.id, line, replay.journal))
        replay.run.twins = entry.twins
        opened.hold(replay)
        return self._keep(opened)

    def close(self, token: str) -> None:
        """Close a run; where there is a store, its link opens it again."""
        with self._lock:
            opened = self._runs.pop(token, None)
        if opened:
            self._by_key.pop(opened.key, None)
            opened.close()

    def close_all(self) -> None:
        """Close every run, as the server ends."""
        for token in list(self._runs):
            self.close(token)

    def _keep(self, opened: RunSession) -> RunSession:
        with self._lock:
            self._close_unseen()
            self._runs[opened.token] = opened
            self._by_key[opened.key] = opened
        return opened

    def _close_unseen(self) -> None:
        now = time.monotonic()
        by_age = sorted((o for o in self._runs.values() if not o.listeners), key=lambda o: o.seen)
        surplus = len(self._runs) + 1 - self._most
        for i, opened in enumerate(by_age):
            if i < surplus or now - opened.seen > self._idle:
                self.close(opened.token)


RUN_SESSIONS = RunSessions(store=the_store)
SHELF.source = lambda name: the_store().table(name)  # uploaded data that are in the store but no longer in memory
