"""The live channel takes a page if and only if Streamlit's own websocket takes it."""

from unittest.mock import MagicMock

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from streamlit import config, net_util
from streamlit.web.server.starlette.starlette_websocket import create_websocket_routes

from pages.live.server.channel import live

client = TestClient(
    Starlette(routes=[WebSocketRoute("/live/{token}", live), *create_websocket_routes(MagicMock(), "")])
)

CASES = [  # origin of the page, Host that the server gets, settings, whether it is taken
    (None, "panda.example", {}, True),
    ("http://panda.example", "panda.example", {}, True),
    ("https://panda.example:8443", "panda.example:8443", {}, True),
    ("https://panda.example:8443", "panda.example", {}, False),
    ("http://panda.example", "127.0.0.1:8501", {}, False),
    ("http://localhost:3000", "127.0.0.1:8501", {}, True),
    ("http://203.0.113.7", "127.0.0.1:8501", {}, True),
    ("http://panda.example", "127.0.0.1:8501", {"browser.serverAddress": "panda.example"}, True),
    ("http://evil.example", "127.0.0.1:8501", {"browser.serverAddress": "panda.example"}, False),
    ("http://panda.example", "127.0.0.1:8501", {"server.corsAllowedOrigins": ["http://panda.example"]}, True),
    ("http://panda.example", "127.0.0.1:8501", {"server.enableCORS": False}, True),
    ("http://panda.example", "panda.example", {"server.allowedHosts": ["other.example"]}, False),
    ("null", "panda.example", {}, False),
]


@pytest.fixture(autouse=True)
def addresses(monkeypatch):
    """What Streamlit finds out about this machine's address."""
    monkeypatch.setattr(net_util, "get_internal_ip", lambda: "192.168.7.7")
    monkeypatch.setattr(net_util, "get_external_ip", lambda: "203.0.113.7")


@pytest.fixture
def settings():
    """Sets options of the server for one test."""
    before = {}

    def put(options):
        for name, value in options.items():
            before[name] = config._config_options[name]
            config._set_option(name, value, "a test")

    config.get_config_options()
    kept = {name: (option.value, option.where_defined) for name, option in config._config_options.items()}
    yield put
    for name in before:
        config._set_option(name, *kept[name])


def headers(origin, host):
    return {"host": host} | ({"origin": origin} if origin else {})


def streamlit_takes(origin, host):
    try:
        with client.websocket_connect("/_stcore/stream", ["streamlit"], headers=headers(origin, host)):
            return True
    except WebSocketDisconnect:
        return False


@pytest.mark.parametrize(("origin", "host", "options", "taken"), CASES)
def test_both_websockets_take_the_same_pages(origin, host, options, taken, settings):
    settings(options)
    assert streamlit_takes(origin, host) == taken
    with client.websocket_connect("/live/nothing", headers=headers(origin, host)) as socket:
        assert ("no run at this address" in socket.receive_json()["sentence"]) == taken


def test_who_is_refused_is_told_what_to_set(settings):
    with client.websocket_connect("/live/nothing", headers=headers("http://panda.example", "a:1")) as socket:
        words = socket.receive_json()["sentence"]
    assert "proxy_set_header Host $http_host;" in words
    assert "--browser.serverAddress=panda.example" in words
    settings({"server.allowedHosts": ["other.example"]})
    with client.websocket_connect("/live/nothing", headers=headers("http://panda.example", "a:1")) as socket:
        assert "server.allowedHosts" in socket.receive_json()["sentence"]


@pytest.mark.parametrize("origin", ["http://[", "http://a:b", "x" * 100])
def test_what_is_no_address_is_refused_in_words(origin):
    with client.websocket_connect("/live/nothing", headers=headers(origin, "panda.example")) as socket:
        assert "refuses pages from" in socket.receive_json()["sentence"]
