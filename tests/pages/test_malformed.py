"""A hundred malformed files and links: each is answered by one sentence within a second, and memory stays bounded."""

import base64
import io
import json
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from core.data.csv_reader import read_csv
from core.data.uploads import label_guess, table_of
from core.errors import UserError
from core.runs import run_file
from core.runs.run import Run
from core.sessions.run_registry import RUN_SESSIONS
from core.settings.table import RunSpec
from pages.live.server.channel import live
from pages.panels.panda.open_file import opened_from

FRAME = Path(__file__).parents[2] / "pages" / "_frame.py"
MOST_SECONDS = 1.0
MOST_BYTES = 64 * 2**20
SOUND = Run(RunSpec(examples=60, hidden=(4,)))
SOUND.advance(20)
SOUND.nudge(learning_rate=0.02)
SOUND.advance(5)
FILE = json.loads(run_file.dump(SOUND))


def changed(**parts):
    return json.dumps(FILE | parts).encode()


def nudges(*rows):
    return changed(journal=list(rows))


def zipped(*members):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return base64.b64encode(held.getvalue()).decode()


def npy(array, pickled=False):
    held = io.BytesIO()
    np.save(held, array, allow_pickle=pickled)
    return held.getvalue()


TABLE = FILE["spec"] | {"dataset": "table-" + "0" * 32}
NUDGE = {"step": 20, "changes": {"learning_rate": [0.1, 0.02]}}

RUN_FILES = {
    "empty": b"",
    "a space": b" ",
    "binary": bytes(range(256)),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "UTF-16": "{}".encode("utf-16"),
    "half a file": run_file.dump(SOUND)[:200],
    "two objects": run_file.dump(SOUND) * 2,
    "a list": b"[]",
    "null": b"null",
    "a number": b"1e999",
    "an empty object": b"{}",
    "deep": b"[" * 100_000,
    "deep objects": b'{"a":' * 50_000,
    "a huge number": b'{"step": ' + b"9" * 100_000 + b"}",
    "twice the same key": b'{"format": "panda-run", "format": "panda-run"}',
    "NaN": b'{"step": NaN}',
    "a lone surrogate": b'{"name": "\\ud800"}',
    "5 MB of spaces": b" " * (5 << 20) + b"x",
    "6 MB": b'{"name": "' + b"x" * (6 << 20) + b'"}',
    "another format": changed(format="keras"),
    "a newer version": changed(version=99),
    "version as text": changed(version="1"),
    "an unknown part": changed(weights=[1, 2]),
    "no spec": changed(spec=None),
    "a spec that is a list": changed(spec=[]),
    "a spec with code": changed(spec=FILE["spec"] | {"__class__": "os.system"}),
    "an unknown data set": changed(spec=FILE["spec"] | {"dataset": "../../etc/passwd"}),
    "ten million units": changed(spec=FILE["spec"] | {"hidden": [10_000_000]}),
    "a thousand layers": changed(spec=FILE["spec"] | {"hidden": [8] * 1000}),
    "no layers": changed(spec=FILE["spec"] | {"hidden": []}),
    "a billion examples": changed(spec=FILE["spec"] | {"examples": 10**9}),
    "a seed below 0": changed(spec=FILE["spec"] | {"seed": -1}),
    "a seed of text": changed(spec=FILE["spec"] | {"seed": "1; import os"}),
    "a learning rate of text": changed(settings=FILE["settings"] | {"learning_rate": "0.1"}),
    "an endless learning rate": changed(settings=FILE["settings"] | {"learning_rate": 1e308}),
    "an optimizer that is not": changed(settings=FILE["settings"] | {"optimizer": "lion"}),
    "a journal of text": changed(journal="none"),
    "a nudge that is a number": nudges(7),
    "a nudge with no step": nudges({"changes": {"learning_rate": [0.1, 0.2]}}),
    "a nudge before the start": nudges(NUDGE | {"step": -1}),
    "a nudge at half a step": nudges(NUDGE | {"step": 0.5}),
    "a nudge after the end": nudges(NUDGE | {"step": 10**6}),
    "nudges that go back": nudges(NUDGE, NUDGE | {"step": 3}),
    "a nudge of nothing known": nudges(NUDGE | {"changes": {"temperature": [0, 1]}}),
    "a nudge to nowhere": nudges(NUDGE | {"changes": {"learning_rate": [0.1, -5]}}),
    "a nudge with one value": nudges(NUDGE | {"changes": {"learning_rate": [0.1]}}),
    "a nudge of nothing": nudges(NUDGE | {"changes": {}}),
    "a note of a megabyte": nudges(NUDGE | {"note": "x" * 2**20}),
    "a million nudges": changed(journal=[{"step": 1, "changes": {"beta1": [0, 1]}}] * 29_000),
    "an endless run": changed(step=10**12),
    "a step of truth": changed(step=True),
    "a fingerprint of text": changed(fingerprint="yes"),
    "data that are not there": changed(spec=TABLE),
    "data that are no base64": changed(spec=TABLE, table="§§§"),
    "data that are no zip": changed(spec=TABLE, table=base64.b64encode(b"PK" * 50).decode()),
    "data that are pickled": changed(
        spec=TABLE, table=zipped(("points.npy", npy(np.array([{}], object), pickled=True)))
    ),
    "a bomb": changed(spec=TABLE, table=zipped(*[(f"{i}.npy", bytes(60 << 20)) for i in range(4)])),
    "data of another name": changed(spec=TABLE, table=zipped(("points.npy", npy(np.zeros((4, 2), np.float32))))),
}

TABLES = {
    "empty": b"",
    "blank lines": b"\n\n\n",
    "one name": b"a",
    "names only": b"a,b,label\n",
    "one row": b"1,2,yes\n",
    "one column": b"1\n2\n3\n",
    "one class": b"1,2,yes\n3,4,yes\n",
    "a class of one": b"1,2,yes\n3,4,yes\n5,6,no\n",
    "no numbers": b"a,b,c\nd,e,f\ng,h,i\n",
    "text among numbers": b"x,y,label\n1,2,a\n3,oops,b\n5,6,a\n7,8,b\n",
    "a missing value": b"x,y,label\n1,2,a\n3,,b\n5,6,a\n7,8,b\n",
    "a missing label": b"x,y,label\n1,2,a\n3,4,\n5,6,a\n7,8,b\n",
    "ragged": b"x,y,label\n1,2,a\n3,4\n5,6,a\n7,8,b,9\n",
    "endless": b"x,label\n1e999,a\n2,b\n3,a\n4,b\n",
    "not a number": b"x,label\nnan,a\n2,b\n3,a\n4,b\n",
    "Latin-1": "x,größe,label\n1,2,ä\n".encode("latin-1") * 3,
    "UTF-16": "x,y,label\n1,2,a\n".encode("utf-16"),
    "NUL": b"x,label\n1\x00,a\n2,b\n",
    "an open quote": b'x,label\n"1,a\n2,b\n' * 50,
    "a spreadsheet": b"PK\x03\x04" + bytes(2000),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(2000),
    "21 classes": "".join(f"{i},c{i % 21}\n" for i in range(200)).encode(),
    "a class for each row": "".join(f"{i},c{i}\n" for i in range(200)).encode(),
    "300 columns": (",".join(["1"] * 300) + ",a\n").encode() * 4,
    "100,000 columns": b"," * 100_000 + b"\n1" + b"," * 100_000,
    "60,000 rows": b"1,a\n2,b\n" * 30_000,
    "a cell of a megabyte": b"x,label\n" + b"9" * (1 << 20) + b",a\n2,b\n",
    "10 MB": b"1,2,a\n" * 1_700_000,
}

LINKS = [
    {"run": ""},
    {"run": "nothing"},
    {"run": "../../etc/passwd"},
    {"run": "' OR 1=1 --"},
    {"run": "<script>alert(1)</script>"},
    {"run": "x" * 5000},
    {"run": "\x00\ud7ff"},
    {"run": "AAAAAAAAAAAAAAAAAAAAAA", "key": "0" * 32},
    {"key": "0" * 32},
    {"learning_rate": "NaN"},
    {"learning_rate": "9" * 3000},
    {"learning_rate": "[0](http://x)"},
    {"batch_size": "1.5"},
    {"hidden": "16-"},
    {"hidden": "99999999"},
    {"hidden": "8-" * 500 + "8"},
    {"batch_norm": "True"},
    {"dataset": "table-" + "f" * 32},
    {"dataset": "spiral", "classes": "8"},
    {"dataset": "xor", "examples": "60", "dev_share": "0.05", "noise": "inf"},
    {"seed": "99999999999999999999"},
    {"optimizer": "adam; DROP TABLE runs"},
    {"epsilon": "0x1"},
]

TOKENS = ["nothing", "x" * 4000, "%00", "%2e%2e", "'%20OR%201=1", "%f0%9f%90%bc"]


def answered(action):
    """Seconds and bytes that `action` took at most, and what it raised: `UserError` and nothing else."""
    tracemalloc.start()
    start = time.process_time()
    try:
        with pytest.raises(UserError) as caught:
            action()
        return time.process_time() - start, tracemalloc.get_traced_memory()[1], str(caught.value)
    finally:
        tracemalloc.stop()


def assert_fine(seconds, memory, words):
    assert words[0].isupper() or words[0] in "“'"
    assert words.rstrip().endswith((".", "?", "…"))
    assert len(words) < 500
    assert memory < MOST_BYTES


def timed(action):
    """Seconds of the processor: what is slow under tracemalloc, or on a busy machine, counts without that."""
    start = time.process_time()
    with pytest.raises(UserError):
        action()
    return time.process_time() - start


def test_there_are_a_hundred():
    assert len(RUN_FILES) + len(TABLES) + len(LINKS) + len(TOKENS) >= 100


@pytest.mark.parametrize("name", RUN_FILES)
def test_a_run_file_that_is_wrong_is_answered_by_a_sentence(name):
    before = len(RUN_SESSIONS)
    assert timed(lambda: opened_from(RUN_FILES[name], "run.json")) < MOST_SECONDS
    assert_fine(*answered(lambda: opened_from(RUN_FILES[name], "run.json")))
    assert len(RUN_SESSIONS) == before


def read_table(data):
    sheet = read_csv(data)
    return table_of(sheet, label_guess(sheet).name)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_is_wrong_is_answered_by_a_sentence(name):
    assert timed(lambda: read_table(TABLES[name])) < MOST_SECONDS
    assert_fine(*answered(lambda: read_table(TABLES[name])))


@pytest.fixture(scope="module")
def _warm():
    AppTest.from_file(FRAME, default_timeout=30).run()


@pytest.mark.usefixtures("_warm")
@pytest.mark.parametrize("query", LINKS, ids=lambda query: "&".join(query)[:20])
def test_a_link_that_is_wrong_opens_a_new_run_and_says_so(query):
    app = AppTest.from_file(FRAME, default_timeout=30)
    for name, value in query.items():
        app.query_params[name] = value
    start = time.process_time()
    app.run()
    assert time.process_time() - start < MOST_SECONDS
    assert not app.exception
    said = [*app.error, *app.info]
    assert len(said) == (0 if query in ({"run": ""}, {"key": "0" * 32}) else 1)
    held = app.query_params["run"]
    assert RUN_SESSIONS.get(held if isinstance(held, str) else held[0]).run.step == 0


@pytest.mark.parametrize("token", TOKENS)
def test_a_channel_of_no_run_says_so(token):
    client = TestClient(Starlette(routes=[WebSocketRoute("/live/{token}", live)]))
    with client.websocket_connect(f"/live/{token}") as socket:
        assert "no run at this address" in socket.receive_json()["sentence"]
