"""A poller looks as long as there is something to look after, and ends when it is told to."""

import threading
import time

import pytest

from core.sessions import poller as module
from core.sessions.poller import Poller


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(module, "EVERY", 0.005)


def pollers():
    return [thread for thread in threading.enumerate() if thread.name == "panda-poller"]


def wait(until):
    deadline = time.monotonic() + 5
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_it_looks_until_nothing_is_left_and_again_when_it_is_woken():
    left, looks = [3], []

    def look():
        looks.append(left[0])
        left[0] -= 1
        return left[0] > 0

    poller = Poller(look)
    for _ in range(2):
        left[0] = 3
        poller.wake()
        poller.wake()
        assert len(pollers()) == 1
        wait(lambda: not pollers())
    assert looks == [3, 2, 1] * 2


def test_woken_during_its_last_look_it_looks_again():
    looks = []
    poller = Poller(lambda: looks.append(len(looks)) or (poller.wake() if len(looks) == 1 else False))
    poller.wake()
    wait(lambda: not pollers())
    assert looks == [0, 1]


def test_told_to_stop_it_has_ended():
    poller = Poller(lambda: True)
    poller.wake()
    wait(pollers)
    poller.stop()
    assert not pollers()
    poller.stop()
    poller.wake()
    assert len(pollers()) == 1
    poller.stop()
