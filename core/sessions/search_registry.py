"""The searches that are open in this process. Those on Dask workers are polled, so that they end also when unseen."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress

from core.errors import UserError
from core.search.regions import region_from_json
from core.search.search import Search
from core.sessions.poller import Poller
from core.sessions.registry import Registry
from core.sessions.search_recall import recall, recall_contest
from core.sessions.search_recorder import SearchRecorder
from core.sessions.search_session import SearchSession
from core.store import Store, digest, key_of, new_token, the_store

MOST_OPEN = 60
IDLE_SECONDS = 3600.0
STUCK = "Something went wrong with the workers, and the server's log says what. Play goes on from here."


def search_sessions(
    store: Callable[[], Store] | None = None, most: int = MOST_OPEN, idle: float = IDLE_SECONDS
) -> Registry[..., SearchSession]:
    """A registry of searches. Its `open(search, owner)` opens and stores a new search of the person with the token
    `owner`."""

    def create(token: str, search: Search, owner: str = "") -> SearchSession:
        owner, recorder = owner or new_token(), None
        if store:
            recorder, saving = SearchRecorder.begin(store(), token, owner, search)
            saving.result()
        return polled(SearchSession(search, token, digest(key_of(owner, token)), recorder))

    def find(token: str) -> str | None:
        entry = store().searches.find(token) if store and token else None
        return entry.id if entry else None

    def reopen(token: str) -> SearchSession | None:
        session = _reopened(store(), token) if store else None
        return polled(session) if session else None

    def polled(session: SearchSession) -> SearchSession:
        session.on_play = poller.wake
        return session

    sessions = Registry(create, most, idle, find, reopen)
    poller = Poller(lambda: _poll(sessions.sessions()))
    sessions.at_end = poller.stop
    return sessions


def _reopened(store: Store, token: str) -> SearchSession | None:
    """A stored search as it was left; None where it was deleted, or can no longer be searched."""
    entry = store.searches.find(token)
    if not entry:
        return None
    try:
        generations = recall(store, entry)
    except UserError:
        return None
    recorder = SearchRecorder(store, entry.id, generations, entry.region)
    session = SearchSession(generations, entry.id, entry.key, recorder, entry.started is not None)
    session.origin = entry.origin
    try:
        session.training.contest = recall_contest(store, entry, generations)
    except UserError as error:
        session.training.said = str(error)
    with suppress(UserError):  # a region that no longer fits is dropped
        found = region_from_json(entry.region, [search.plan.space for search in generations])
        if found:
            session.viewing.generation, session.viewing.region = found
    return session


def _poll(sessions: list[SearchSession]) -> bool:
    """Poll every search, also where one fails; returns whether workers train any."""
    polled = [_poll_one(session) for session in sessions]
    return any(polled)


def _poll_one(session: SearchSession) -> bool:
    try:
        return session.poll()
    except UserError as error:
        session.rest(str(error))
    except Exception:
        logging.getLogger(__name__).exception("A search on Dask cannot go on.")
        session.rest(STUCK)
    return False


SEARCH_SESSIONS = search_sessions(the_store)
