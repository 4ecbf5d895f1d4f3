"""The address that Streamlit asks another server for: asked once, in a thread, and nobody waits on the event loop."""

import asyncio
import threading
import time

import pytest
from streamlit import net_util
from streamlit.web.server.server_util import is_url_from_allowed_origins

from pages.live.server import external_address
from pages.live.server.external_address import AGAIN_SECONDS, ExternalAddress

FOUND = "203.0.113.7"


@pytest.fixture
def internet(monkeypatch):
    """Says what it is asked, and answers once it is let."""
    asked, answers = [], threading.Event()

    def ask():
        asked.append(time.monotonic())
        answers.wait(10)
        return FOUND

    monkeypatch.setattr(net_util, "get_external_ip", ask)
    monkeypatch.setattr(net_util, "get_internal_ip", lambda: "192.168.7.7")
    external_address.never_wait()
    yield asked, answers
    answers.set()


def test_streamlit_waits_for_nobody_and_asks_once(internet):
    asked, answers = internet
    start = time.monotonic()
    taken = [is_url_from_allowed_origins(f"http://{FOUND}") for _ in range(50)]
    assert time.monotonic() - start < 1
    assert taken == [False] * 50
    answers.set()
    asyncio.run(external_address.known())
    assert is_url_from_allowed_origins(f"http://{FOUND}")
    assert not is_url_from_allowed_origins("http://evil.example")
    assert len(asked) == 1


def test_what_was_not_found_is_asked_for_again_after_a_while(monkeypatch):
    asked, now = [], [1000.0]
    monkeypatch.setattr(external_address.time, "monotonic", lambda: now[0])

    def ask():
        asked.append(now[0])
        raise OSError("no network")

    address = ExternalAddress(ask)
    for _ in range(3):
        asyncio.run(address.known())
    assert (address(), len(asked)) == (None, 1)
    now[0] += AGAIN_SECONDS + 1
    asyncio.run(address.known())
    assert len(asked) == 2
