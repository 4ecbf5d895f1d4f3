"""The registry: one session for all who ask for it, and nobody waits for a session that is not theirs."""

import contextlib
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from core.errors import UserError
from core.runs.run import Run
from core.sessions.commands import Nudge, Read
from core.sessions.registry import Registry
from core.sessions.run_registry import run_sessions
from core.sessions.session import Session
from core.settings.table import RunSpec
from core.store import digest, key_of

OWNER = "o" * 22
LONG = 10.0  # seconds; what waits for so long is stuck


class Slow(Session[object]):
    """A session whose closing waits until it is allowed."""

    def __init__(self, token, key):
        super().__init__(token, key)
        self.closing, self.may_close, self.recorded = threading.Event(), threading.Event(), False

    def close(self):
        self.closing.set()
        assert self.may_close.wait(LONG)
        super().close()
        self.recorded = True


class Shelf:
    """A registry over a store that is a dict; `may_open` holds up who reads it, and `read` counts who did."""

    def __init__(self, most=10, idle=3600.0):
        self.stored, self.read = {}, []
        self.opening, self.may_open = threading.Event(), threading.Event()
        self.may_open.set()
        self.registry = Registry(self.create, most, idle, self.find, self.reopen)

    def create(self, token):
        self.stored[token] = Slow(token, digest(key_of(OWNER, token)))
        return self.stored[token]

    def find(self, asked):
        return next((token for token in self.stored if asked in (token, key_of(OWNER, token))), None)

    def reopen(self, token):
        self.opening.set()
        assert self.may_open.wait(LONG)
        assert self.stored[token].recorded, "reopened before it was recorded"
        self.read.append(token)
        return self.create(token)


@pytest.fixture
def pool():
    with ThreadPoolExecutor(8) as pool:
        yield pool


def close_soon(session):
    session.may_close.set()
    return session


def test_a_session_that_closes_slowly_keeps_nobody_from_another(pool):
    shelf = Shelf()
    slow, other, third = (shelf.registry.open() for _ in range(3))
    closing = pool.submit(shelf.registry.close, slow.token)
    assert slow.closing.wait(LONG)
    assert pool.submit(shelf.registry.get, other.token).result(1) is other
    assert pool.submit(shelf.registry.get, key_of(OWNER, other.token)).result(1) is other
    assert pool.submit(shelf.registry.open).result(1)
    assert pool.submit(shelf.registry.close, close_soon(third).token).result(1) is None
    assert pool.submit(shelf.registry.get, third.token).result(1) is not third
    assert not closing.done()
    slow.may_close.set()
    closing.result(1)


def test_a_session_that_opens_slowly_keeps_nobody_from_another(pool):
    shelf = Shelf()
    slow, other = close_soon(shelf.registry.open()), shelf.registry.open()
    shelf.registry.close(slow.token)
    shelf.may_open.clear()
    opening = pool.submit(shelf.registry.get, slow.token)
    assert shelf.opening.wait(LONG)
    assert pool.submit(shelf.registry.get, other.token).result(1) is other
    shelf.may_open.set()
    assert opening.result(1).token == slow.token


def test_all_who_ask_at_once_for_a_closed_session_get_the_same():
    shelf = Shelf()
    closed = close_soon(shelf.registry.open())
    shelf.registry.close(closed.token)
    together = threading.Barrier(8)

    def get(token):
        together.wait(LONG)
        return shelf.registry.get(token)

    with ThreadPoolExecutor(8) as pool:
        shelf.may_open.clear()
        asked = [pool.submit(get, token) for token in (closed.token, key_of(OWNER, closed.token)) * 4]
        assert shelf.opening.wait(LONG)
        time.sleep(0.05)
        shelf.may_open.set()
        found = {one.result(LONG) for one in asked}
    assert len(found) == len(shelf.read) == 1
    assert found == {*shelf.registry.sessions()}


def test_a_session_that_is_asked_for_while_it_closes_is_reopened_once_it_is_recorded(pool):
    shelf = Shelf(most=1)
    first = shelf.registry.open()
    opening = pool.submit(shelf.registry.open)
    assert first.closing.wait(LONG)
    asked = [pool.submit(shelf.registry.get, token) for token in (first.token, key_of(OWNER, first.token))]
    time.sleep(0.05)
    assert shelf.read == []
    for session in shelf.stored.values():
        session.may_close.set()
    again = {one.result(LONG) for one in asked}
    opening.result(LONG)
    assert len(again) == 1
    assert first not in again
    assert first.recorded


def test_what_nobody_has_seen_for_long_is_closed_but_never_what_has_listeners():
    shelf = Shelf(idle=0.0)
    watched = close_soon(shelf.registry.open())
    assert shelf.registry.get(watched.token, lambda: None) is watched
    for _ in range(3):
        idle = close_soon(shelf.registry.open())
    assert watched in shelf.registry.sessions()
    assert shelf.registry.sessions() == [watched, idle]
    watched.listeners.clear()
    shelf.registry.open()
    assert watched.closed


def test_a_listener_hears_of_changes_from_the_moment_the_session_is_found():
    shelf, told = Shelf(), []
    session = close_soon(shelf.registry.open())
    shelf.registry.close(session.token)
    found = shelf.registry.get(session.token, lambda: told.append(1))
    close_soon(found).close()
    assert told == [1]


def test_a_session_that_cannot_be_closed_properly_stands_in_nobodys_way(caplog):
    shelf = Shelf()
    broken = shelf.registry.open()
    broken.close = lambda: 1 / 0
    broken.recorded = True
    shelf.registry.close(broken.token)
    assert "ZeroDivisionError" in caplog.text
    assert shelf.registry.get(broken.token) is not broken


def test_a_session_that_cannot_be_read_can_be_asked_for_again():
    shelf = Shelf()
    session = close_soon(shelf.registry.open())
    shelf.registry.close(session.token)
    session.recorded = False
    with pytest.raises(AssertionError):
        shelf.registry.get(session.token)
    session.recorded = True
    assert shelf.registry.get(session.token)


def test_at_the_end_everything_is_closed():
    shelf = Shelf()
    sessions = [close_soon(shelf.registry.open()) for _ in range(3)]
    shelf.registry.close_all()
    assert all(session.closed for session in sessions)
    assert len(shelf.registry) == 0


# with runs and a store


def test_a_nudge_is_there_however_late_the_store_writes_it(store, pool):
    """The run is closed while the store is held up, and asked for at that moment."""
    runs = run_sessions(lambda: store)
    opened = runs.open(Run(RunSpec(examples=60, hidden=(4,))), OWNER)
    held, free = threading.Event(), threading.Event()

    def hold_up(db):
        held.set()
        free.wait(LONG)

    store.write(hold_up)
    assert held.wait(LONG)
    nudging = pool.submit(opened.do, Nudge({"learning_rate": 0.02}))
    while not opened.run.journal:
        time.sleep(0.001)
    closing = pool.submit(runs.close, opened.token)
    again = pool.submit(runs.get, opened.token)
    time.sleep(0.05)
    assert not closing.done()
    assert not again.done()
    assert not nudging.done()
    free.set()
    (nudge,) = again.result(LONG).do(Read(lambda it: it.run.journal))
    assert nudge.changes["learning_rate"][1] == 0.02


def test_while_runs_are_closed_and_reopened_all_the_time_no_acknowledged_nudge_is_lost(store):
    runs = run_sessions(lambda: store)
    token = runs.open(Run(RunSpec(examples=60, hidden=(4,))), OWNER).token
    acknowledged, over = [], threading.Event()

    def nudge(rate):
        while rate not in acknowledged:
            with contextlib.suppress(UserError):  # it was closed
                runs.get(token).do(Nudge({"learning_rate": rate}))
                acknowledged.append(rate)

    def close():
        while not over.is_set():
            runs.close(token)
            time.sleep(0.002)

    closer = threading.Thread(target=close)
    closer.start()
    rates = [0.001 * (i + 1) for i in range(40)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(nudge, rates))
    over.set()
    closer.join()
    assert sorted(acknowledged) == rates
    made = [nudge.changes["learning_rate"][1] for nudge in runs.get(token).do(Read(lambda it: it.run.journal))]
    assert sorted(made) == rates


def test_what_is_asked_of_a_session_as_it_closes_is_answered():
    for _ in range(50):
        session = run_sessions().open(Run(RunSpec(examples=60, hidden=(4,))))
        asked: list[Future] = []
        asking = threading.Thread(
            target=lambda ask=session.ask, asked=asked: asked.extend(
                ask(Nudge({"learning_rate": 0.02})) for _ in range(20)
            )
        )
        asking.start()
        session.close()
        asking.join()
        assert all(one.done() for one in [*asked, session.ask(Nudge({"learning_rate": 0.02}))])
