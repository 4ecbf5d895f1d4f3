"""The live channel, through Starlette's own client: frames, commands, and what it refuses."""

import asyncio
import contextlib
import gc
import json
import sqlite3
import time

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from core.charts.packet import unpack
from core.runs.run import Run
from core.search.plan import Plan
from core.search.search import Search
from core.search.space import SEARCHABLE, Space
from core.sessions.commands import Nudge, Play, Read, Region, Step
from core.sessions.decoder import LONGEST_MESSAGE
from core.sessions.lab_session import LAB_SESSIONS
from core.sessions.run_registry import RUN_SESSIONS
from core.sessions.search_registry import SEARCH_SESSIONS
from core.settings.table import RunSpec, Settings
from core.store import key_of, the_store
from pages.live.server import channel
from pages.live.server.channel import live

OWNER = "o" * 22
client = TestClient(Starlette(routes=[WebSocketRoute("/live/{token}", live)]))


@pytest.fixture
def opened():
    return RUN_SESSIONS.open(Run(RunSpec(examples=60, hidden=(4,))), OWNER)


@pytest.fixture
def socket(opened):
    with client.websocket_connect(f"/live/{key_of(OWNER, opened.token)}") as socket:
        yield socket


@pytest.fixture
def watcher(opened):
    """Who has the link and not the key."""
    with client.websocket_connect(f"/live/{opened.token}") as socket:
        yield socket


def frame(socket, charts=("loss",), seq=1):
    socket.send_json({"type": "frame", "charts": list(charts), "seq": seq})
    return unpack(socket.receive_bytes())


def test_a_frame_says_what_is_true_and_carries_the_asked_charts(socket, opened):
    header, charts = frame(socket, ("loss", "activations"), seq=7)
    assert header["seq"] == 7
    assert header["status"]["step"] == 0
    assert header["status"]["settings"]["learning_rate"] == opened.run.settings.learning_rate
    assert set(charts) == {"loss", "activations"}


def test_playing_trains_and_the_loss_chart_grows(socket, opened):
    frame(socket)
    socket.send_json({"type": "speed", "steps": 10})
    socket.send_json({"type": "play"})
    steps = [frame(socket, seq=i)[0]["status"]["step"] for i in range(6)]
    assert steps == sorted(steps)
    assert steps[-1] >= 30


def test_a_nudge_is_in_the_next_frame_with_its_step(socket, opened):
    opened.run.advance(5)
    socket.send_json({"type": "nudge", "changes": {"learning_rate": 0.03}, "gesture": 1, "id": 1})
    for i in range(3):
        status = frame(socket, (("loss",), ("z",), ("gradients",))[i], seq=i)[0]["status"]
        if status["settings"]["learning_rate"] == 0.03:
            break
    assert status["settings"]["learning_rate"] == 0.03
    assert status["since"]["learning_rate"] == 5
    assert len(opened.run.journal) == 1


def test_a_still_run_is_shown_once_then_the_answer_waits_for_a_change(socket, opened):
    frame(socket)
    socket.send_json({"type": "frame", "charts": ["loss"], "seq": 2})
    socket.send_json({"type": "step"})
    header, _ = unpack(socket.receive_bytes())
    assert header["seq"] == 2
    assert header["status"]["step"] <= 1


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("not json", "one JSON object"),
        ("[1]", "one JSON object"),
        ("[" * 4000, "one JSON object"),
        ("x" * (LONGEST_MESSAGE + 1), "characters"),
        ('{"type": "dance"}', "no message type 'dance'"),
        ('{"type": "frame"}', "list of chart names"),
        ('{"type": "frame", "charts": ["loss"], "seq": -1}', "whole number"),
        ('{"type": "nudge", "changes": {}}', "needs 'changes'"),
        ('{"type": "nudge", "changes": {"learning_rate": 1e308}}', "1e-06 to 10"),
        ('{"type": "nudge", "changes": {"learning_rate": NaN}}', "1e-06 to 10"),
        ('{"type": "nudge", "changes": {"learning_rate": "0.1"}}', "1e-06 to 10"),
        ('{"type": "nudge", "changes": {"__class__": 1}}', "no setting called"),
        ('{"type": "speed", "steps": 7}', "Speed cannot be 7"),
        ('{"type": "rewind", "step": 99}', "not in this run"),
        ('{"type": "stop_at", "step": true}', "whole number"),
        ('{"type": "stop_at", "epochs": 0}', "whole number"),
        ('{"type": "stop_at", "loss": 0}', "a number above 0"),
        ('{"type": "stop_at", "loss": NaN}', "a number above 0"),
        ('{"type": "stop_at", "loss": 1, "step": 5}', "at one of them"),
    ],
)
def test_what_is_not_understood_is_answered_by_a_sentence_and_changes_nothing(socket, opened, message, words):
    before = opened.run.fingerprint()
    socket.send_text(message)
    answer = socket.receive_json()
    assert answer["type"] == "error"
    assert words in answer["sentence"]
    assert opened.run.fingerprint() == before
    assert frame(socket)[0]["status"]["step"] == 0


def test_a_message_may_come_as_bytes_and_bytes_that_are_none_are_answered(socket, opened):
    frame(socket)
    socket.send_bytes(b"\xff\x00")
    assert "one JSON object" in socket.receive_json()["sentence"]
    socket.send_bytes(b'{"type": "speed", "steps": 7, "id": 3}')
    answer = socket.receive_json()
    assert (answer["id"], answer["sentence"][:17]) == (3, "Speed cannot be 7")


def test_an_unknown_token_is_told_so():
    with client.websocket_connect("/live/nothing") as socket:
        assert socket.receive_json()["type"] == "gone"


def test_another_sites_page_may_not_connect(opened):
    with client.websocket_connect(f"/live/{opened.token}", headers={"origin": "http://evil.example"}) as socket:
        words = socket.receive_json()
        assert words["type"] == "gone"
        assert "--browser.serverAddress=evil.example" in words["sentence"]
        with pytest.raises(WebSocketDisconnect) as left:
            socket.receive_json()
        assert left.value.code == 1008
    assert not opened.listeners


def test_the_servers_own_page_may(opened):
    with client.websocket_connect(f"/live/{opened.token}", headers={"origin": "http://testserver"}) as socket:
        assert frame(socket)[0]["type"] == "frame"


def test_a_closed_connection_leaves_nobody_listening(opened):
    with client.websocket_connect(f"/live/{opened.token}") as socket:
        frame(socket)
        assert opened.listeners
    assert not opened.listeners


class Visit:
    """A client that asks for one frame and leaves, at once or when it was sent. Sending to it fails, or is in vain."""

    def __init__(self, token, *, at_once, fails):
        self.scope = {"type": "websocket", "headers": [], "path_params": {"token": token}}
        request = {"type": "frame", "charts": ["loss"], "seq": 1}
        self.messages = [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": json.dumps(request)}]
        self.at_once, self.fails, self.logged = at_once, fails, []

    async def receive(self):
        await asyncio.sleep(0.05 if len(self.messages) == 1 else 0)  # until the writer waits for a request
        if self.messages:
            return self.messages.pop(0)
        if not self.at_once:
            await asyncio.wait_for(self.sent.wait(), 10)
        return {"type": "websocket.disconnect", "code": 1001}

    async def send(self, message):
        if message["type"] == "websocket.send":
            self.sent.set()
            if self.fails:
                raise OSError("the client has left")

    async def pay(self):
        self.sent, self.loop = asyncio.Event(), asyncio.get_running_loop()
        self.loop.set_exception_handler(lambda _, context: self.logged.append(context["message"]))
        ended, _ = await asyncio.wait(
            [self.loop.create_task(live(WebSocket(self.scope, self.receive, self.send)))], timeout=5
        )
        assert [task.result() for task in ended] == [None], "the connection does not end"
        ended.clear()
        await asyncio.sleep(0.2)
        gc.collect()  # an error in a task is logged when the task is collected


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_a_client_that_leaves_while_its_frame_is_made_leaves_nothing_in_the_log(opened, at_once, fails):
    opened.do(Play())
    visit = Visit(opened.token, at_once=at_once, fails=fails)
    asyncio.run(visit.pay())
    assert visit.messages == visit.logged == []
    assert visit.sent.is_set() or at_once


def test_an_error_of_a_frame_is_not_silent(opened, monkeypatch):
    def broken(*arguments):
        visit.loop.call_soon_threadsafe(visit.sent.set)
        raise ZeroDivisionError

    monkeypatch.setattr(channel, "make_frame", broken)
    visit = Visit(opened.token, at_once=False, fails=False)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(visit.pay())


def test_who_has_the_link_watches_and_changes_nothing(watcher, opened):
    header, charts = frame(watcher)
    assert (header["status"]["step"], set(charts)) == (0, {"loss"})
    nudge = {"type": "nudge", "changes": {"learning_rate": 0.02}}
    for message in ({"type": "play"}, nudge, {"type": "look", "step": 0}):
        watcher.send_json(message)
        assert "somebody else's" in watcher.receive_json()["sentence"]
    assert (opened.playing, opened.run.journal) == (False, ())


def test_a_watcher_sees_what_the_owner_does_and_does_not_train_the_run(socket, watcher, opened):
    frame(watcher)
    socket.send_json({"type": "play"})
    for i in range(4):
        frame(socket, seq=i)
    step = opened.run.step
    header, _ = frame(watcher, seq=9)
    assert header["status"]["step"] == step == opened.run.step


def test_a_frame_that_shows_a_nudge_comes_after_the_store_has_it(socket, opened):
    frame(socket)
    for i, rate in enumerate((0.01, 0.02, 0.03), start=2):
        socket.send_json({"type": "nudge", "changes": {"learning_rate": rate}})
        while frame(socket, seq=i)[0]["status"]["settings"]["learning_rate"] != rate:
            pass
        rows = the_store().journal(opened.recorder.line)
        assert rows[-1]["changes"]["learning_rate"][1] == rate


@contextlib.contextmanager
def locked(seconds):
    """Another program has the store's file; writes wait for so many seconds."""
    store = the_store()

    def patience(milliseconds):
        store.write(lambda db: db.execute(f"PRAGMA busy_timeout = {milliseconds}").fetchall()).result(5)

    patience(int(1000 * seconds))
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()
        patience(5000)


def test_no_frame_ever_shows_a_nudge_that_could_not_be_written(socket, opened):
    frame(socket)
    rate = opened.run.settings.learning_rate
    with locked(0.3):
        socket.send_json({"type": "nudge", "changes": {"learning_rate": 0.03}, "id": 1})
        statuses = [frame(socket, (chart,), seq=i)[0]["status"] for i, chart in enumerate(("z", "gradients"))]
    assert [status["settings"]["learning_rate"] for status in statuses] == [rate, rate]
    assert [status["watch"]["nudges"] for status in statuses] == [0, 0]
    assert "not being saved: Another program has locked" in statuses[-1]["notices"][0]
    socket.send_json({"type": "nudge", "changes": {"learning_rate": 0.02}, "id": 2})
    status = frame(socket, ("activations",), seq=9)[0]["status"]
    assert status["settings"]["learning_rate"] == 0.02
    assert status["notices"] == []
    assert len(the_store().journal(opened.recorder.line)) == 1


def test_progress_that_cannot_be_saved_is_said_without_being_asked_for(socket, opened):
    frame(socket)
    with locked(0.3):
        socket.send_json({"type": "play"})
        frame(socket, ("z",), seq=2)
        socket.send_json({"type": "pause"})
        notices = []
        for seq in range(3, 99):
            notices = frame(socket, seq=seq)[0]["status"]["notices"]
            if notices:
                break
    assert notices[0].startswith("How far the run is, is not being saved: Another program has locked")


def test_looking_back_and_going_on_from_there(socket, opened):
    opened.do(Step(200))
    while opened.run.step < 200:
        frame(socket, seq=opened.run.step)
    socket.send_json({"type": "look", "step": 70})
    status = {"looking": False}
    while not status["looking"] or status["catching_up"] is not None:
        status = frame(socket, ("z",), seq=1)[0]["status"]
    assert (status["step"], status["head"]) == (70, 200)
    socket.send_json({"type": "nudge", "changes": {"learning_rate": 0.02}})
    while status["settings"]["learning_rate"] != 0.02:
        status = frame(socket, ("loss",), seq=2)[0]["status"]
    assert (status["step"], status["head"], status["looking"]) == (70, 70, False)
    assert [line.step for line in the_store().lines(opened.token)] == [200, 70]


def test_a_run_that_was_closed_opens_again_by_its_link(opened):
    opened.do(Nudge({"learning_rate": 0.02}))
    RUN_SESSIONS.close(opened.token)
    with client.websocket_connect(f"/live/{opened.token}") as socket:
        assert frame(socket)[0]["status"]["settings"]["learning_rate"] == 0.02


def test_who_looks_at_a_run_that_is_closed_is_told(socket, opened):
    frame(socket)
    RUN_SESSIONS.close(opened.token)
    assert "closed or deleted" in socket.receive_json()["sentence"]


@pytest.fixture
def search():
    space = Space(RunSpec(examples=60, hidden=(4,)), Settings(), (SEARCHABLE["learning_rate"], SEARCHABLE["beta1"]))
    return SEARCH_SESSIONS.open(Search(Plan(space, "random", 6, 4_000)), OWNER)


@pytest.fixture
def search_socket(search):
    with client.websocket_connect(f"/live/{key_of(OWNER, search.token)}") as socket:
        yield socket


def test_a_region_that_one_selects_is_seen_by_all(search_socket, search):
    with client.websocket_connect(f"/live/{search.token}") as other:
        assert not frame(other, ["scatter"])[0]["status"]["selected"]
        search_socket.send_json({"type": "region", "of": 0, "places": {"learning_rate": [0.25, 0.5]}})
        deadline = time.monotonic() + 5
        while not search.viewing.region:  # until the command is taken up
            assert time.monotonic() < deadline
            time.sleep(0.01)
        header, charts = frame(other, ["scatter", "parallel"], seq=2)
        assert header["status"]["selected"]
        assert header["status"]["watch"]["region"] == "α 0.001–0.01"
        assert len(charts["scatter"]["region.x"]) == len(charts["parallel"]["bands.x"]) == 5
        other.send_json({"type": "region", "places": None})
        assert "somebody else's" in other.receive_json()["sentence"]
    assert search.viewing.region


def test_who_watches_sees_the_generation_they_chose_and_the_owner_the_same_as_before(search_socket, search):
    finer = Plan(search.search.plan.space, "grid", 4, 50)
    search.do(Read(lambda it: it.generations.append(Search(finer))))
    with client.websocket_connect(f"/live/{search.token}") as other:
        assert frame(other, ["scatter"])[0]["status"]["models"] == 6
        other.send_json({"type": "frame", "seq": 2, "charts": [], "sight": {"generation": 1, "whole": False}})
        status = unpack(other.receive_bytes())[0]["status"]
        assert (status["models"], status["watch"]["generation"], status["watch"]["whole"]) == (4, 1, False)
        other.send_json({"type": "frame", "seq": 3, "charts": [], "sight": {"axes": ["beta1", "beta1"]}})
        assert unpack(other.receive_bytes())[0]["status"]["models"] == 6
    status = frame(search_socket, ["scatter"])[0]["status"]
    assert (status["models"], status["watch"]["generation"], status["watch"]["whole"]) == (6, 0, True)


@pytest.mark.parametrize(
    "sight", [3, [1], {"generation": -1}, {"generation": "1"}, {"axes": "ab"}, {"axes": [1, 2]}, {"picked": 1}]
)
def test_a_sight_that_cannot_be_is_answered_by_a_sentence(search_socket, sight):
    search_socket.send_json({"type": "frame", "seq": 1, "charts": [], "sight": sight})
    assert "generation" in search_socket.receive_json()["sentence"]
    assert frame(search_socket, ["scatter"], seq=2)[0]["seq"] == 2


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"of": 0}, None),
        ({"places": {"learning_rate": [0, 1]}}, "whole number called 'of'"),
        ({"of": 9, "places": {}}, "There is no generation 10"),
        ({"of": 0, "places": [1, 2]}, "needs 'places'"),
        ({"of": 0, "places": {str(i): [0, 1] for i in range(41)}}, "needs 'places'"),
        ({"of": 0, "places": {"units": [0, 1]}}, "which is not searched"),
        ({"of": 0, "places": {"learning_rate": [0, float("nan")]}}, "select it again"),
        ({"of": 0, "places": {"learning_rate": [2, 3]}}, "select a larger one"),
    ],
)
def test_a_region_that_cannot_be_is_answered_by_a_sentence(search_socket, search, message, words):
    search.do(Region(0, {"beta1": [0, 0.5]}))
    search_socket.send_json({"type": "region", "id": 4} | message)
    if words:
        assert words in search_socket.receive_json()["sentence"]
        assert list(search.viewing.region) == ["beta1"]
    else:
        frame(search_socket, ["scatter"])
        assert search.viewing.region == {}


def test_stop_ends_a_search_for_good_however_often(search_socket, search):
    assert not frame(search_socket, ["curves"])[0]["status"]["stoppable"]
    search_socket.send_json({"type": "stop", "id": 1})
    assert "has not begun" in search_socket.receive_json()["sentence"]
    search_socket.send_json({"type": "play"})
    seq = 2
    while not (status := frame(search_socket, ["curves"], seq=seq)[0]["status"])["stoppable"]:
        seq += 1
    search_socket.send_json({"type": "stop"})
    search_socket.send_json({"type": "stop"})
    while not (status := frame(search_socket, ["curves", "scatter"][seq % 2 :], seq=seq)[0]["status"])["done"]:
        seq += 1
    assert not status["playing"]
    assert not status["stoppable"]
    assert status["states"]["stopped"] == 6


def test_networks_side_by_side_are_trained_and_watched():
    side = LAB_SESSIONS.open(OWNER)
    charts = ("side-losses", "side-inputs", "loss")
    with client.websocket_connect(f"/live/{key_of(OWNER, side.token)}") as socket:
        assert frame(socket, charts)[0]["status"]["step"] == 0
        socket.send_json({"type": "more"})
        for seq in range(2, 400):
            header, arrays = frame(socket, charts, seq)
            if not header["status"]["playing"]:
                break
        assert header["status"]["step"] == 50
        assert header["status"]["watch"] == {"rests_at": 50}
        assert set(arrays) == {"side-losses", "side-inputs"}
        socket.send_json({"type": "restart"})
        assert frame(socket, charts, 500)[0]["status"]["step"] == 0
    with client.websocket_connect(f"/live/{side.token}") as socket:
        socket.send_json({"type": "play"})
        assert "somebody else's" in socket.receive_json()["sentence"]
