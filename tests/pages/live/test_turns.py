"""A client that floods the server is slowed; whoever shares the server with it is not."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.sessions.session import Session
from pages.live.server import turns
from pages.live.server.turns import A_SECOND, AT_ONCE, Allowance, Turns


class Slow(Session):
    """Takes 4 ms for each command."""

    def carry_out(self, command):
        time.sleep(0.004)


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(turns.time, "monotonic", lambda: now[0])
    return now


def test_a_client_may_send_some_messages_at_once_and_then_so_many_a_second(clock):
    allowance = Allowance()
    assert [allowance.take() for _ in range(AT_ONCE - 1)] == [0] * (AT_ONCE - 1)
    assert allowance.take() == pytest.approx(1 / A_SECOND)
    assert allowance.take() == pytest.approx(2 / A_SECOND)
    clock[0] += 10 * AT_ONCE / A_SECOND
    assert [allowance.take() for _ in range(AT_ONCE - 1)] == [0] * (AT_ONCE - 1)


def test_a_drag_is_never_slowed(clock):
    allowance = Allowance()
    for _ in range(10_000):
        clock[0] += 1 / 240  # a nudge and a request for a frame, 120 times a second
        assert allowance.take() == 0


def test_a_session_has_one_turn_however_many_ask_for_it():
    worker, held = ThreadPoolExecutor(max_workers=1), threading.Event()
    worker.submit(held.wait)
    flooded, its_turns = Slow(), Turns(worker)
    futures = [flooded.ask("a command") for _ in range(100)]
    for _ in range(100):
        its_turns.ask(flooded)
    queued = worker._work_queue.qsize()
    start, came = time.monotonic(), worker.submit(time.monotonic)
    held.set()
    assert queued == 1
    assert came.result() - start < 0.1  # of 0.4 s that all commands take
    assert [future.result(10) for future in futures] == [None] * 100
    worker.shutdown()
