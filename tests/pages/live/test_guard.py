"""What a client does on the wire, against a real uvicorn: it is bounded, answered in words, and one line in the log."""

import asyncio
import json
import logging
import os
import random
import socket
import sys
import threading
import time
from contextlib import contextmanager, suppress
from unittest.mock import MagicMock

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from streamlit.web.server.starlette.starlette_server import _get_websocket_protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Opcode
from websockets.sync.client import connect

from benchmarks.fuzz_messages import MESSAGES, frame, handshake
from core.charts.packet import unpack
from core.runs.run import Run
from core.sessions.decoder import LONGEST_MESSAGE
from core.sessions.run_registry import RUN_SESSIONS
from core.settings.table import RunSpec
from core.store import key_of
from pages.live.server import channel
from pages.live.server.channel import live
from pages.live.server.guard import Guard, handle_loop_error, in_a_line, is_address
from pages.live.server.limits import READ_BYTES, allow_connections
from pages.live.server.redact import redact_logs

OWNER = "o" * 22
EVIL = ["http://[", "http://[::1", "http://]", "http://x:port", "http://x:99999999", "//[", "http://[v1.x]:["]


async def echo(websocket):
    """Stands for Streamlit's own websocket: says how long a message is."""
    await websocket.accept()
    await websocket.send_text(str(len((await websocket.receive()).get("bytes") or b"")))
    await websocket.close()


async def faulty(websocket):
    await websocket.accept()
    raise ZeroDivisionError("a fault of\nthe server")


async def early(websocket):
    raise KeyError("before it was accepted")


@pytest.fixture(scope="module")
def port():
    """Of a server with the channel as app.py has it."""
    routes = [WebSocketRoute("/live/{token}", live), WebSocketRoute("/_stcore/stream", echo)]
    routes += [WebSocketRoute("/faulty", faulty), WebSocketRoute("/early", early)]

    async def start():
        asyncio.get_running_loop().set_exception_handler(handle_loop_error)

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        app = Starlette(routes=routes, middleware=[Middleware(Guard)])
        config = uvicorn.Config(app, log_config=None, ws_max_size=200_000_000, ws_ping_interval=None)
        server = uvicorn.Server(config)

        async def serve():
            await start()
            await server.serve(sockets=[listening])

        thread = threading.Thread(target=lambda: asyncio.run(serve()))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join()


@pytest.fixture
def logged(caplog):
    """Gives the records of a test so far, as the app logs them."""
    before = logging.getLogRecordFactory()
    redact_logs()
    caplog.set_level(logging.INFO)
    yield lambda: [record for record in caplog.records if record.name != "websockets.client"]
    logging.setLogRecordFactory(before)


@pytest.fixture
def opened():
    return RUN_SESSIONS.open(Run(RunSpec(examples=60, hidden=(4,))), OWNER)


@contextmanager
def channel_of(port, token, **more):
    with connect(f"ws://127.0.0.1:{port}/live/{token}", max_size=None, **more) as it:
        yield it


def raw(it, data):
    """Send bytes as they are."""
    it.socket.sendall(data)


def answers(it, seq=9):
    """Whether the connection still gives frames."""
    it.send(json.dumps({"type": "frame", "charts": ["loss"], "seq": seq, "anew": True}))
    while isinstance(message := it.recv(timeout=10), str):
        pass
    return unpack(message)[0]["seq"] == seq


def end_of(it):
    """The code with which the server closes the connection."""
    with suppress(ConnectionClosed):
        while True:
            it.recv(timeout=5)
    return it.close_code


def no_traceback(records):
    return all(record.exc_info is None and "Traceback" not in record.getMessage() for record in records)


def test_both_ways_to_start_the_server_use_the_implementation_that_is_bounded():
    for ws in ("auto", _get_websocket_protocol()):
        assert uvicorn.config.import_from_string(uvicorn.config.WS_PROTOCOLS[ws]) is WebSocketsSansIOProtocol


@pytest.mark.parametrize("size", [LONGEST_MESSAGE + 1, 1 << 20, 140_000_000, (1 << 63) - 1])
@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY])
def test_a_message_that_is_too_long_is_refused_in_words_before_it_is_sent(port, opened, logged, size, opcode):
    with channel_of(port, opened.token) as it:
        raw(it, frame(opcode, b"x" * 100, said=size))
        assert "4,096 characters" in json.loads(it.recv(timeout=5))["sentence"]
        with pytest.raises(ConnectionClosed) as closed:
            it.recv(timeout=5)
        assert closed.value.rcvd.code == 1009
    assert no_traceback(logged())


@pytest.mark.parametrize("part", [b"", b"x", b"x" * 100, b"x" * 4096])
def test_a_message_in_endless_parts_is_refused(port, opened, part):
    with channel_of(port, opened.token) as it:
        raw(it, frame(Opcode.TEXT, part, fin=False))
        for _ in range(70):
            with suppress(OSError):
                raw(it, frame(Opcode.CONT, part, fin=False))
        assert end_of(it) in (1009, 1006)  # the second where it is closed on bytes that are still on their way


def test_eight_unfinished_messages_take_no_memory(port, opened):
    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    before, highest = resident(), 0.0
    for _ in range(8):
        with channel_of(port, opened.token) as it:
            raw(it, frame(Opcode.TEXT, b"", said=140_000_000))
            with suppress(OSError):
                for _ in range(140):
                    raw(it, b"x" * 1_000_000)
            highest = max(highest, resident())
    assert highest - before < 30


def test_streamlits_own_messages_are_not_bounded(port):
    with connect(f"ws://127.0.0.1:{port}/_stcore/stream", max_size=None) as it:
        it.send(b"x" * 20_000_000)
        assert it.recv(timeout=10) == "20000000"


def test_a_message_of_the_most_characters_is_read(port, opened):
    with channel_of(port, opened.token) as it:
        it.send("x" * LONGEST_MESSAGE)
        assert "one JSON object" in json.loads(it.recv(timeout=5))["sentence"]
        assert answers(it)


@pytest.mark.parametrize("compression", ["deflate", None])
@pytest.mark.parametrize(
    "data", [b"\xff", b"\xc3", b'{"type":"\xf0\x9f\x90"}', b"\xed\xa0\x80", b"\x00", b"", b"[" * 4096, b'{"type":[]}',
             b'{"type":{}}', b'{"type":"nudge","changes":{"\\ud800":1}}', b'{"type":"\\ud800"}', b"9" * 4096, b"1e999",
             b'{"type":"frame","charts":["\\udfff"],"seq":1e400}'])  # fmt: skip
def test_any_message_is_answered_in_words_and_the_connection_stays(port, opened, logged, data, compression):
    with channel_of(port, key_of(OWNER, opened.token), compression=compression) as it:
        for opcode in (Opcode.TEXT, Opcode.BINARY):
            raw(it, frame(opcode, data))
            assert json.loads(it.recv(timeout=5))["type"] == "error"
        raw(it, frame(Opcode.TEXT, data[:1], fin=False) + frame(Opcode.CONT, data[1:]))
        assert json.loads(it.recv(timeout=5))["type"] == "error"
        assert answers(it)
    assert no_traceback(logged())


def test_pings_are_answered_and_a_flood_of_them_ends_the_connection(port, opened, logged):
    with channel_of(port, opened.token) as it:
        assert it.ping().wait(5)
        assert answers(it)
        raw(it, frame(Opcode.PING, b"x" * 125) * 100)
        with pytest.raises(ConnectionClosed) as closed:
            it.recv(timeout=5)
        assert closed.value.rcvd.code == 1002
    assert no_traceback(logged())


@pytest.mark.parametrize("origin", EVIL)
@pytest.mark.parametrize("path", ["/live/nothing", "/_stcore/stream", "/faulty"])
def test_an_origin_that_is_no_address_is_refused_in_one_line(port, logged, origin, path):
    with pytest.raises(InvalidStatus, match="403"):
        connect(f"ws://127.0.0.1:{port}{path}", additional_headers={"Origin": origin}, legacy=True)
    time.sleep(0.05)
    assert len(logged()) <= 1
    assert no_traceback(logged())


@pytest.mark.parametrize("origin", ["", "null", "http://localhost:8501", "https://[::1]:8501", "http://x"])
def test_an_origin_that_is_an_address_is_not_the_guards_business(origin):
    assert is_address(origin)


def test_500_clients_with_a_wrong_token_write_a_line_each_at_most(port, logged):
    def leave(how):
        it = connect(f"ws://127.0.0.1:{port}/live/wrong", close_timeout=0, legacy=True)
        if how == 1:
            assert json.loads(it.recv(timeout=10))["type"] == "gone"
        with suppress(OSError):  # the server was first
            if how == 2:
                raw(it, b"\x00\xff" * 30)
            it.socket.shutdown(socket.SHUT_RDWR)
        it.close()

    for i in range(500):
        leave(i % 3)
    time.sleep(0.5)
    assert len(logged()) <= 500
    assert no_traceback(logged())


@pytest.mark.parametrize("path", ["/faulty", "/early"])
def test_a_fault_of_the_server_is_one_line_that_says_where(port, logged, path):
    with (
        pytest.raises((ConnectionClosed, InvalidStatus), match="1011|403"),
        connect(f"ws://127.0.0.1:{port}{path}") as it,
    ):
        it.recv(timeout=5)
    time.sleep(0.1)
    (line,) = [record for record in logged() if record.levelno == logging.ERROR]
    assert "test_guard.py" in line.getMessage()
    assert "\n" not in line.getMessage()
    assert no_traceback(logged())


def test_an_error_of_a_connection_in_the_event_loop_is_one_line_and_others_are_as_before(logged):
    loop = asyncio.new_event_loop()
    handle_loop_error(loop, {"message": "Fatal error", "exception": ValueError("x\ny"), "transport": None})
    handle_loop_error(loop, {"message": "Task exception was never retrieved", "exception": ValueError("x")})
    loop.close()
    assert "ValueError: x y" in logged()[0].getMessage()
    assert (logged()[0].exc_info, bool(logged()[1].exc_info)) == (None, True)
    assert in_a_line(KeyError("a" * 900)).count("a") < 210


@pytest.mark.parametrize("seed", range(4))
def test_random_messages_and_handshakes_leave_no_traceback_and_an_open_channel(port, opened, logged, seed):
    rng, connections = random.Random(seed), 0
    for _ in range(40):
        connections += 2
        with socket.create_connection(("127.0.0.1", port)) as it:
            it.sendall(handshake(rng, port, opened.token))
        with channel_of(port, rng.choice([opened.token, key_of(OWNER, opened.token)]), close_timeout=0) as it:
            with suppress(OSError):
                for _ in range(4):
                    raw(it, rng.choice(MESSAGES)(rng))
            it.socket.close()
    with channel_of(port, opened.token) as it:
        assert answers(it)
    assert no_traceback(logged())
    assert len(logged()) <= connections


# which command was refused


def refusals(it, *messages):
    for message in messages:
        it.send(json.dumps(message))
    return [json.loads(it.recv(timeout=5))["id"] for _ in messages]


def test_a_refusal_names_the_command(port, opened, monkeypatch):
    nudge = {"type": "nudge", "changes": {"learning_rate": 0.02}}
    with channel_of(port, opened.token) as it:
        assert refusals(it, nudge | {"id": 3}, {"type": "play", "id": 4}) == [3, 4]
    with channel_of(port, key_of(OWNER, opened.token)) as it:
        assert refusals(it, {"type": "nudge", "changes": {}, "id": 5}, {"type": "dance", "id": 6}) == [5, 6]
        assert refusals(it, *({"type": "dance", "id": odd} for odd in (-1, True, "7", 1 << 53, [], 0.5))) == [None] * 6
        assert refusals(it, {"type": "nudge", "changes": {"learning_rate": -1}, "id": 7}) == [7]
        monkeypatch.setattr(channel, "MOST_PENDING", 0)
        assert refusals(it, nudge | {"id": 8}, nudge | {"id": 9}, nudge) == [8, 9, None]


def test_past_256_waiting_commands_each_refusal_names_its_own(port, opened):
    with channel_of(port, key_of(OWNER, opened.token)) as it:
        held, free = threading.Event(), threading.Event()

        def hold():
            with opened.lock:
                held.set()
                free.wait(10)

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        for i in range(300):
            it.send(json.dumps({"type": "nudge", "changes": {"learning_rate": 0.01 + i * 1e-4}, "id": i}))
        refused = [json.loads(it.recv(timeout=5)) for _ in range(300 - 256)]
        free.set()
        thread.join()
        assert [one["id"] for one in refused] == list(range(256, 300))
        assert all("Too many changes" in one["sentence"] for one in refused)
        assert answers(it)
    assert opened.run.settings.learning_rate == pytest.approx(0.01 + 255e-4)


# many messages, many viewers


def test_a_flood_is_read_in_small_parts(port, opened, monkeypatch):
    sizes, received = [], WebSocketsSansIOProtocol.data_received

    def noted(self, data):
        sizes.append(len(data))
        received(self, data)

    with channel_of(port, opened.token) as it:
        assert answers(it)
        monkeypatch.setattr(WebSocketsSansIOProtocol, "data_received", noted)
        raw(it, frame(Opcode.TEXT, b"{}") * 20_000)
        for _ in range(50):
            it.recv(timeout=5)
    assert max(sizes) <= READ_BYTES


def test_who_has_asked_for_no_frame_is_not_woken_by_changes_but_told_of_the_end(port, opened):
    with channel_of(port, opened.token) as it:
        assert answers(it)
        (listener,) = opened.listeners
        viewer = listener.__self__
        loop, viewer._loop = viewer._loop, MagicMock()
        opened._tell()
        assert not viewer._loop.call_soon_threadsafe.called
        viewer._asked = (1, ["loss"])
        opened._tell()
        assert viewer._loop.call_soon_threadsafe.called
        viewer._asked, viewer._loop = None, loop
        opened.close()
        assert json.loads(it.recv(timeout=5))["type"] == "gone"


def test_more_viewers_than_there_is_room_for_are_told_so(port, opened, monkeypatch):
    monkeypatch.setattr(channel, "MOST_VIEWERS", 2)
    with channel_of(port, opened.token) as one, channel_of(port, opened.token) as two:
        assert answers(one)
        assert answers(two)
        with channel_of(port, opened.token) as third:
            assert "no room" in json.loads(third.recv(timeout=5))["sentence"]
    until = time.monotonic() + 5
    while channel.Viewer.connected and time.monotonic() < until:
        time.sleep(0.01)
    with channel_of(port, opened.token) as again:
        assert answers(again)


def test_connections_that_cannot_be_accepted_are_one_line(logged):
    context = {"message": "socket.accept() out of system resource", "exception": OSError(24, "Too many open files")}
    handle_loop_error(MagicMock(), context | {"socket": object()})
    assert no_traceback(logged())
    assert "Too many open files" in logged()[-1].getMessage()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_the_server_may_have_more_sockets_open_than_the_system_gives_it_at_first():
    if sys.platform == "win32":
        return  # it has no such limit
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
        allow_connections()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= min(before[1], 4096)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
