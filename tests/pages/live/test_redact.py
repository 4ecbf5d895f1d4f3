"""Tokens stay out of the server's logs, in whatever form and whoever logs them."""

import importlib.util
import io
import logging
from urllib.parse import quote

import pytest
from uvicorn.logging import AccessFormatter, DefaultFormatter

from core.store import key_of, new_token
from pages.live.server.redact import redact_logs

TOKEN = "Zx-81_kQ9abcdEFGH12345"
ENCODED = "".join(f"%{ord(sign):02X}" for sign in TOKEN)


@pytest.fixture(autouse=True)
def _redacted():
    before = logging.getLogRecordFactory()
    redact_logs()
    yield
    logging.setLogRecordFactory(before)


def written(logger, formatter, log):
    """What a handler with this formatter writes of what `log(logger)` logs."""
    handler, it = logging.StreamHandler(io.StringIO()), logging.getLogger(logger)
    handler.setFormatter(formatter)
    it.addHandler(handler)
    before = it.level
    it.setLevel(logging.INFO)
    try:
        log(it)
    finally:
        it.removeHandler(handler)
        it.setLevel(before)
    return handler.stream.getvalue()


def access(address):
    """The line of uvicorn's access log for a request."""
    line = '%s - "%s %s HTTP/%s" %d'
    formatter = AccessFormatter('%(client_addr)s - "%(request_line)s" %(status_code)s', use_colors=False)
    return written("uvicorn.access", formatter, lambda it: it.info(line, "::1", "GET", address, "1.1", 200))


ADDRESSES = [
    "/?run={}",
    "/?search={}",
    "/caviar?search={}",
    "/?key={}",
    "/?watch={}",
    "/?a=1&run={}&key={}",
    "/?a=1;run={}",
    "/?RUN={}",
    "/?Search={}",
    "/?%72un={}",
    "/?r%75n={}&%4B%45%59={}",
    "/?run%3D{}",
    "/?run%253D{}",
    "/%3Frun%3D{}",
    "/?next=%2F%3Frun%3D{}",
    "/?{}",
    "/?x[]={}",
    "/?run[]={}",
    "/?run=+{}",
    "/?run=%20{}",
    "/live/{}",
    "/LIVE/{}",
    "//live//{}",
    "/panda/live/{}",
    "/live%2F{}",
    "/runs/{}",
    "/{}",
    "/live/{}?key={}",
]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("token", [TOKEN, ENCODED, ENCODED.lower(), TOKEN[:11] + ENCODED[33:], key_of("a", "b")])
def test_the_access_log_names_no_token(address, token):
    line = access(address.format(token, token))
    assert token not in line
    assert TOKEN[-8:] not in line
    assert line.startswith('::1 - "GET /')
    assert line.endswith('HTTP/1.1" 200 OK\n')


def test_a_short_token_that_is_named_is_left_out_too():
    for address in ("/?run=secret", "/?x=1&kEy=secret", "/live/secret", "/%3Fsearch%3Dsecret"):
        assert "secret" not in access(address)


@pytest.mark.parametrize("address", ["/", "/caviar", "/_stcore/health", "/live-files/0123456789ab/main.js"])
def test_an_address_without_one_is_logged_as_it_is(address):
    assert access(address) == f'::1 - "GET {address} HTTP/1.1" 200 OK\n'


@pytest.mark.parametrize("name", ["uvicorn.error", "core.sessions.registry", "streamlit.web", "asyncio", "new.logger"])
def test_no_other_log_names_one(name):
    def log(it):
        it.info('%s - "WebSocket %s" [accepted]', "::1", f"/live/{TOKEN}")
        it.info(f"closed /live/{TOKEN}")
        it.warning("run=%s of %d", TOKEN, 7)
        it.warning("Search %(run)s", {"run": TOKEN})
        it.warning("%r", {"token": TOKEN})
        it.warning(quote(f"/?run={TOKEN}", safe=""))
        try:
            {}[TOKEN]
        except KeyError:
            it.exception("not there")

    said = written(name, DefaultFormatter("%(message)s", use_colors=False), log)
    assert TOKEN not in said
    assert "run=… of 7" in said
    assert "KeyError" in said
    assert "test_redact.py" in said


def test_every_token_has_the_form_that_is_left_out():
    for _ in range(2000):
        token = new_token()
        assert token not in access(f"/{token}")


def test_what_has_no_token_stays_as_it_is():
    words = "Is this so? yes=no. WebSocketProtocol.run_coroutine_threadsafe at step 1,234 of monkey=1 in %s"
    said = written(
        "core.any", logging.Formatter(), lambda it: it.info(words, "/site-packages/starlette_websocket_x.py")
    )
    assert said.strip() == words % "/site-packages/starlette_websocket_x.py"


def test_arguments_that_do_not_fit_are_the_handlers_business(monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", False)
    assert written("core.any", logging.Formatter(), lambda it: it.info("%d", "x")) == ""


def test_a_connection_has_one_line_where_it_is_refused_and_none_else():
    def log(it):
        it.info('%s - "WebSocket %s" [accepted]', "::1", "/_stcore/stream")
        it.info('%s - "WebSocket %s" [accepted]', "::1", f"/live/{TOKEN}")
        it.info("connection open")
        it.info("connection closed")
        it.info('%s - "WebSocket %s" 403', "::1", f"/live/{TOKEN}")
        it.info("connection rejected (%d %s)", 403, "Forbidden")
        it.info('%s - "WebSocket %s" 403', "::1", "/panda/_stcore/stream")

    assert written("uvicorn.error", logging.Formatter(), log) == '::1 - "WebSocket /live/…" 403\n'


def test_what_streamlit_says_of_a_message_that_is_none_has_no_traceback():
    def log(it):
        try:
            raise ValueError
        except ValueError as error:
            it.warning("Error deserializing back message", exc_info=error)

    name = "streamlit.web.server.starlette.starlette_websocket"
    assert importlib.util.find_spec(name)
    assert written(name, logging.Formatter(), log) == "Error deserializing back message\n"
