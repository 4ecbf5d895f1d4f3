"""The runs that are open in this process: new ones are stored, and those of the store are reopened when asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from core.data.shelf import SHELF
from core.runs.replay import Replay
from core.runs.run import Run
from core.sessions.registry import Registry
from core.sessions.run_recorder import RunRecorder, load
from core.sessions.run_session import RunSession
from core.store import Store, digest, key_of, new_token, the_store

MOST_OPEN = 300
IDLE_SECONDS = 3600.0
Arrived = Callable[[RunSession], None]


def run_sessions(
    store: Callable[[], Store] | None = None, most: int = MOST_OPEN, idle: float = IDLE_SECONDS
) -> Registry[..., RunSession]:
    """A registry of runs. Its `open(run, owner, name, arrived)` opens and stores a new run of the person with the
    token `owner`. A run that is still to be replayed catches up while somebody watches; `arrived` is then called with
    its session."""

    def create(
        token: str, run: Run | Replay[Run], owner: str = "", name: str = "", arrived: Arrived | None = None
    ) -> RunSession:
        replay = run if isinstance(run, Replay) else Replay(run, (), run.step)
        owner, recorder = owner or new_token(), None
        if store:
            recorder, saving = RunRecorder.begin(store(), token, replay, owner, name)
            saving.result()
        session = RunSession(replay.run, token, digest(key_of(owner, token)), recorder)
        session.timeline.hold(replay, partial(arrived, session) if arrived else None)
        return session

    def find(token: str) -> str | None:
        entry = store().find(token) if store else None
        return entry.id if entry else None

    def reopen(token: str) -> RunSession | None:
        return _reopened(store(), token) if store else None

    return Registry(create, most, idle, find, reopen)


def _reopened(store: Store, token: str) -> RunSession | None:
    entry = store.find(token)
    if not entry:
        return None
    line = entry.line.id
    replay = load(store, entry, line)
    session = RunSession(replay.run, entry.id, entry.key, RunRecorder(store, entry.id, line, replay.journal))
    replay.run.twins = entry.twins
    session.timeline.hold(replay)
    return session


RUN_SESSIONS = run_sessions(the_store)
SHELF.source = lambda name: the_store().tables.find(name)  # uploaded data that are in the store but no longer in memory
