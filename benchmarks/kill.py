"""Kills the whole server with -9 at random moments while a run is nudged, played and branched, and counts the losses.

`python -m benchmarks.kill [KILLS] [SEED]`. After every kill the server starts again and the run's link is opened; what
frames had acknowledged is then looked for in the file. While it runs, a second process asks for the same file, every
tenth time a whole server. Exit code 1 where anything is missing or too slow, or a second process is not refused.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from benchmarks.kill_book import Book, Line, faults_of_reopening, judge, lines_of, lost_play, quick_check
from benchmarks.live_process import APP, ROOT, Server, server
from core.charts.packet import unpack
from core.runs.run import Run
from core.sessions.pacing import FLAT_OUT
from core.sessions.run_recorder import load
from core.sessions.run_registry import run_sessions
from core.store import Store, key_of, new_token

KILLS = 50
LIFE = (0.2, 3.0)  # seconds from the first command to the kill
PAUSE = (0.005, 0.060)  # seconds between two commands
FORK = 0.015  # share of the commands that go back to an earlier step
BACK = 400  # steps, at most
QUIET = 0.2  # share of the lives in which the run mostly just plays
SPEEDS = (10, 100, FLAT_OUT)
LONGEST_REOPEN = 5.0  # seconds
PATIENCE = 30.0
SECOND_PATIENCE = 120.0  # until a second process has ended; the machine may be slow
CHARTS = ["loss", "activations"]
SERVER_EVERY = 10  # lives in which the second process is a whole server; in the others it only opens the store
SECOND = [sys.executable, "-m", "uvicorn", "app:app", "--port", "0"]
OPENS = [sys.executable, "-c", "import os; from core.store import Store; Store(os.environ['PANDA_DB'])"]


@dataclass(frozen=True)
class Reopening:
    """Seconds of one reopening: until the server answers, the socket is open, the first frame has come, and the run is
    replayed, which trained so many steps again; and how long the machine kept the server waiting for a processor."""

    start: float
    connect: float
    frame: float
    replay: float
    steps: int
    kept_waiting: float

    @property
    def connected(self) -> float:
        """From connecting to the run as it was left."""
        return self.connect + self.frame + self.replay

    def __str__(self) -> str:
        parts = f"start {self.start:.2f} s, connect {self.connect:.2f}, first frame {self.frame:.2f}"
        return f"{parts}, replay of {self.steps:,} steps {self.replay:.2f}; no processor for {self.kept_waiting:.2f}"


@dataclass
class Report:
    """The reopenings and what they lost, and what was wrong with them."""

    reopenings: list[Reopening] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    refused: list[bool] = field(default_factory=list)  # whether each second process was
    faults: list[str] = field(default_factory=list)


def prepare(path: Path, owner: str) -> str:
    """A file with one new run; its token."""
    store = Store(path)
    opened = run_sessions(lambda: store).open(Run(), owner)
    store.close()
    return opened.token


def say(socket: ClientConnection, **message: Any) -> None:
    """Send a message."""
    socket.send(json.dumps(message))


def ask_for_frame(socket: ClientConnection) -> None:
    """Ask for the next frame."""
    say(socket, type="frame", charts=CHARTS, seq=0)


def next_status(socket: ClientConnection) -> dict[str, Any]:
    """The status of the next frame."""
    ask_for_frame(socket)
    status: dict[str, Any] = unpack(socket.recv(timeout=PATIENCE))[0]["status"]
    return status


@contextmanager
def reopened(it: Server, key: str, began: float) -> Iterator[tuple[ClientConnection, dict[str, Any], Reopening]]:
    """The run, opened on a server whose start `began`, as soon as it stands where it was left: a socket, its status,
    and what that took."""
    marks, before = [began, time.monotonic()], it.kept_waiting()
    with connect(f"ws://127.0.0.1:{it.port}/live/{key}", max_size=None) as socket:
        marks.append(time.monotonic())
        status = next_status(socket)
        marks.append(time.monotonic())
        first = status["step"]
        while status["catching_up"] is not None:
            status = next_status(socket)
        marks.append(time.monotonic())
        spans = [b - a for a, b in itertools.pairwise(marks)]
        yield socket, status, Reopening(*spans, status["step"] - first, it.kept_waiting() - before)


def one_life(path: Path, run: str, key: str, book: Book, report: Report, rng: random.Random | None) -> None:
    """Start the server, open the run and compare it with the book; where there is `rng`, use it until it is killed."""
    begun = time.monotonic()
    with server(APP, path) as it, reopened(it, key, begun) as (socket, status, took):
        if book.shown:
            report.reopenings.append(took)
        _compare(path, run, book, report, status)
        report.refused.append(refuses(path, server=len(report.refused) % SERVER_EVERY == 0))
        if rng:
            _use_until_killed(socket, it, book, rng)


def refuses(path: Path, server: bool) -> bool:
    """Whether a second process, a whole server or not, is told that another one has the file, and ends."""
    env = os.environ | {"PANDA_DB": str(path)}
    command = SECOND if server else OPENS
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=SECOND_PATIENCE)
    return done.returncode != 0 and f"uses {path}" in done.stderr + done.stdout


def _compare(path: Path, run: str, book: Book, report: Report, status: dict[str, Any]) -> None:
    lines = lines_of(path, run)
    report.faults += faults_of_reopening(book, status, lines)
    steps, seconds = lost_play(book, status["step"])
    report.steps.append(steps)
    report.seconds.append(seconds)
    verdict = judge(book, lines)
    if verdict.lost or verdict.doubled or verdict.unknown or verdict.disordered:
        report.faults.append(str(verdict))


def _use_until_killed(socket: ClientConnection, it: Server, book: Book, rng: random.Random) -> None:
    book.new_life()
    slower = 20 if rng.random() < QUIET else 1
    killing = threading.Timer(rng.uniform(*LIFE), os.killpg, (it.pid, signal.SIGKILL))
    killing.start()
    try:
        say(socket, type="speed", steps=rng.choice(SPEEDS))
        say(socket, type="play")
        ask_for_frame(socket)
        while True:
            _listen(socket, book, time.monotonic() + slower * rng.uniform(*PAUSE))
            _command(socket, book, rng)
    except ConnectionClosed:
        _drain(socket, book)
    killing.join()


def _listen(socket: ClientConnection, book: Book, until: float) -> None:
    """Take in what comes, and ask for the next frame after each."""
    while (left := until - time.monotonic()) > 0:
        try:
            frame = _take(book, socket.recv(timeout=left))
        except TimeoutError:
            return
        if frame:
            ask_for_frame(socket)


def _drain(socket: ClientConnection, book: Book) -> None:
    """What the server had sent before its end counts as acknowledged."""
    try:
        while True:
            _take(book, socket.recv(timeout=PATIENCE))
    except ConnectionClosed:
        return


def _take(book: Book, message: str | bytes) -> bool:
    """Note a message in the book; whether it was a frame."""
    if isinstance(message, bytes):
        book.take(unpack(message)[0]["status"], time.monotonic())
        return True
    answer = json.loads(message)
    book.refuse(answer["sentence"], answer.get("id"))
    return False


def _command(socket: ClientConnection, book: Book, rng: random.Random) -> None:
    """Mostly a nudge; now and then the run goes back to an earlier step and on from there, as a branch."""
    if rng.random() >= FORK or book.leaving or not book.steps:
        number = len(book.rates)
        say(socket, type="nudge", changes={"learning_rate": book.next_rate()}, gesture=number // 8, id=number)
        return
    book.leaving, head = book.shown["watch"]["line"], book.steps[-1][1]
    step = rng.randrange(max(0, head - BACK), head) if head else 0
    say(socket, type=rng.choice(["look", "rewind"]), step=step)
    say(socket, type="play")


def replays(path: Path, run: str) -> bool:
    """Whether the run as it reopens from its snapshots is the one that its journal alone leads to."""
    store = Store(path)
    entry = store.find(run)
    found = load(store, entry, entry.line.id).finish()
    store.close()
    return Run.replay(found.spec, found.start, found.journal, found.step).fingerprint() == found.fingerprint()


def bench(kills: int, seed: int) -> int:
    """Kill so many times and print what came of it; the exit code."""
    rng, book, report, owner = random.Random(seed), Book(), Report(), new_token()
    with tempfile.TemporaryDirectory(prefix="panda-kill-") as folder:
        path = Path(folder) / "panda.db"
        run = prepare(path, owner)
        for rest in range(kills, -1, -1):
            one_life(path, run, key_of(owner, run), book, report, rng if rest else None)
        lines, check, same = lines_of(path, run), quick_check(path), replays(path, run)
    _print(seed, kills, book, lines, report, check, same)
    verdict, problems = judge(book, lines), [*report.faults, *book.said]
    print(*problems, sep="\n", end="")
    whole = not (problems or verdict.lost or verdict.doubled) and check == "ok" and same and all(report.refused)
    return 0 if whole and max(one.connected for one in report.reopenings) <= LONGEST_REOPEN else 1


def _print(seed: int, kills: int, book: Book, lines: dict[str, Line], report: Report, check: str, same: bool) -> None:
    verdict = judge(book, lines)
    rows = {
        "seed": seed,
        "kills of the whole server": kills,
        "nudges sent": len(book.rates),
        "  acknowledged by a frame": len(book.acknowledged),
        "  acknowledged and lost": len(verdict.lost),
        "  made twice": len(verdict.doubled),
        "  out of order, or never sent": verdict.disordered + verdict.unknown,
        "second processes meanwhile": len(report.refused),
        "  refused": sum(report.refused),
        "branches": len(lines) - 1,
        "steps of the run at the end": max(line.step for line in lines.values()),
        "quick_check": check,
        "replay of the journal alone": "the same fingerprint" if same else "DIFFERS",
        "reopened after connecting": _times([one.connected for one in report.reopenings]),
        "reopened, with the server's start": _times([one.connected + one.start for one in report.reopenings]),
        "  the longest": max(report.reopenings, key=lambda one: one.connected),
        "steps shown and gone": f"{max(report.steps):,} at most, {max(report.seconds):.2f} s of play at most",
    }
    for name, value in rows.items():
        print(f"{name:34} {value:,}" if isinstance(value, int) else f"{name:34} {value}")


def _times(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} s (median), {max(seconds):.2f} s (longest)"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kills", nargs="?", type=int, default=KILLS, help=f"{KILLS} if not given")
    parser.add_argument("seed", nargs="?", type=int, default=time.time_ns() % 10**6, help="of what is done, and when")
    given = parser.parse_args()
    raise SystemExit(bench(given.kills, given.seed))
