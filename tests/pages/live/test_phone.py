"""The QR code for phones: which address it has, and that it has nothing that drives the run."""

import pytest
import segno
import streamlit as st
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from pages.live.server import phone
from pages.live.server.phone import LOOPBACK_ONLY, NO_ADDRESS, NO_NETWORK, PHONE_ROUTE, phone_code, send_code

TOKEN = "abcdefghijklmnopqrstuv"


def code_of(address):
    return tuple("".join(str(int(dark)) for dark in row) for row in segno.make_qr(address).matrix)


@pytest.fixture
def listening(monkeypatch):
    """Set where the server listens, and the machine's address in its network."""

    def at(server, lan="192.168.7.8"):
        monkeypatch.setattr(st, "get_option", {"server.address": server}.get)
        monkeypatch.setattr(phone, "lan_address", lambda: lan)

    return at


@pytest.mark.parametrize(
    "page", ["http://panda.example:8501/", "https://panda.example/class/", "http://[fd00::7]:8501/"]
)
def test_the_browsers_own_address_is_taken_unless_it_is_the_machine_itself(listening, page):
    listening("127.0.0.1")  # behind a proxy
    code = phone_code(TOKEN, page)
    assert code.rows == code_of(f"{page}?run={TOKEN}")
    assert code.shown == page.removesuffix("/class/").removesuffix("/")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "panda.localhost"])
@pytest.mark.parametrize("server", [None, "0.0.0.0", "192.168.7.8"])
def test_on_the_machine_itself_its_address_in_the_network_is_taken(listening, server, host):
    listening(server)
    assert phone_code(TOKEN, f"http://{host}:8501/").rows == code_of(f"http://192.168.7.8:8501/?run={TOKEN}")


@pytest.mark.parametrize("server", ["127.0.0.1", "localhost", "::1"])
def test_a_server_that_listens_on_the_machine_only_is_said_and_has_no_code(listening, server):
    listening(server)
    code = phone_code(TOKEN, "http://localhost:8501/")
    assert (code.rows, code.sentence) == ((), LOOPBACK_ONLY)


def test_a_machine_in_no_network_is_said(listening):
    listening(None, lan=None)
    assert phone_code(TOKEN, "http://localhost:8501/").sentence == NO_NETWORK


@pytest.mark.parametrize(
    "at", ["", "ftp://a/", "http://[", "http://a:99999/", "javascript:alert(1)", "http://a/" + "x" * 600]
)
def test_what_is_no_page_has_no_code(listening, at):
    listening(None)
    assert phone_code(TOKEN, at).sentence == NO_ADDRESS


def test_a_query_of_the_page_such_as_a_key_is_left_out(listening):
    listening(None)
    assert phone_code(TOKEN, f"http://a/?run={TOKEN}&key=secret#x").rows == code_of(f"http://a/?run={TOKEN}")


def test_the_code_comes_as_json_that_nobody_keeps(listening):
    listening(None)
    client = TestClient(Starlette(routes=[Route(f"/{PHONE_ROUTE}", send_code)]))
    answer = client.get(f"/{PHONE_ROUTE.format(token=TOKEN)}", params={"at": "http://a/"})
    assert tuple(answer.json()["rows"]) == code_of(f"http://a/?run={TOKEN}")
    assert answer.headers["cache-control"] == "no-store"
    assert phone_code("a b", "http://a/").sentence == NO_ADDRESS


def test_the_machines_address_is_not_its_own_loopback():
    found = phone.lan_address()
    assert found is None or not phone.is_loopback(found)
