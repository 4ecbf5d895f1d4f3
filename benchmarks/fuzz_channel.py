"""Sends malformed messages and handshakes to a real server while somebody else's run plays, and judges the outcome.

`python -m benchmarks.fuzz_channel [MESSAGES] [SEED] [app.py | app:app]`: the first starts `streamlit run app.py`, the
second `uvicorn app:app`. Exit code 1 where there is a traceback in the log, more than a line for each connection, too
much memory, a frame of the other session too late, or a channel that no longer answers in words. A frame that is late
because the machine gave the server no processor, see `frame_watcher`, is counted apart.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

from benchmarks.fuzz_messages import MESSAGES, TEXT, frame, handshake
from benchmarks.live_process import APP, ROOT, Server, server
from core.runs.run import Run
from core.sessions.run_registry import run_sessions
from core.store import Store, key_of, new_token

COUNT = 5_000
AT_ONCE = 8  # connections
HANDSHAKES = 0.3  # share of the count
BEFORE = 10.0  # seconds of the other session's frames before the attack, to compare with
WARM_UP = 12.0  # seconds before that, and until the steps are compiled and memory has not grown for so long
CALM, MOST_WARM_UP = 5.0, 180.0
MOST_MEMORY, MOST_SECONDS = 50.0, 0.250  # MB more than before; from asking for a frame to having it
PATIENCE = 10.0
OPEN = (
    "GET /live/{} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
)
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate\r\n"


@dataclass
class Report:
    """What came of an attack: when it began and ended, the server's memory in MB, the other session's frames as (when
    asked for, seconds until it came, seconds without a processor), the lines of the log, and whether the channel still
    answers."""

    began: float
    ended: float
    memory: list[float]
    frames: list[tuple[float, float, float]]
    log: list[str]
    alive: bool

    def waits(self, begun: float, ended: float) -> list[tuple[float, float]]:
        """Seconds of the frames that were asked for in this time, and of those without a processor, sorted."""
        return sorted((wait, kept) for start, wait, kept in self.frames if begun <= start < ended)


class Fuzzer:
    """Connections to one server, and what came of them."""

    def __init__(self, port: int, tokens: list[str], seed: int) -> None:
        self.port, self.tokens, self.rng = port, tokens, random.Random(seed)
        self.outcomes: Counter[str] = Counter()
        self.connections = 0

    async def run(self, count: int) -> None:
        """So many handshakes and messages, `AT_ONCE` connections at a time."""
        left = [int(count * HANDSHAKES), count - int(count * HANDSHAKES)]

        async def work() -> None:
            while max(left) > 0:
                if left[0] > 0:
                    left[0] -= 1
                    await self.handshake()
                if left[1] > 0:
                    most = min(left[1], self.rng.randrange(1, 12))
                    left[1] -= most
                    unsent = most - await self.messages(most)
                    left[1] += unsent

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))

    async def handshake(self) -> None:
        """One that is malformed; what the server answers."""
        reader, writer = await self._connect()
        writer.write(handshake(self.rng, self.port, self.rng.choice(self.tokens)))
        answer = await _within(reader.read(12), 0.5) if self.rng.random() < 0.8 else b""
        self.outcomes[f"handshake: {answer[9:12].decode('latin-1') or 'left'}"] += 1
        self._leave(writer)

    async def messages(self, most: int) -> int:
        """Some malformed messages on one connection, until the server closes it; how many."""
        reader, writer = await self._open(self.rng.choice(self.tokens), DEFLATE * (self.rng.random() < 0.3))
        sent = 0
        while sent < most and not reader.at_eof():
            sent += 1
            try:
                writer.write(self.rng.choice(MESSAGES)(self.rng))
                await asyncio.wait_for(writer.drain(), 1)
            except (OSError, TimeoutError):
                break
            if self.rng.random() < 0.7:
                await _within(reader.read(1 << 16), 0.05)
        self.outcomes["messages"] += sent
        self._leave(writer)
        return sent

    async def is_alive(self) -> bool:
        """Whether the channel still answers a message that is none in words."""
        reader, writer = await self._open(self.tokens[0])
        writer.write(frame(TEXT, b"\xff"))
        answer = await _within(reader.read(4096), PATIENCE)
        writer.close()
        return b"one JSON object" in answer

    async def _open(self, token: str, more: str = "") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await self._connect()
        writer.write(f"{OPEN.format(token)}{more}\r\n".encode())
        await _within(reader.readuntil(b"\r\n\r\n"), PATIENCE)
        return reader, writer

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self.connections += 1
        return await asyncio.wait_for(asyncio.open_connection("127.0.0.1", self.port), PATIENCE)

    def _leave(self, writer: asyncio.StreamWriter) -> None:
        """Close, at times as a lost connection ends."""
        if self.rng.random() < 0.3 and not writer.is_closing():
            writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()


async def _within(awaited: Any, seconds: float) -> bytes:
    """What comes within so many seconds; nothing where nothing does."""
    try:
        return bytes(await asyncio.wait_for(awaited, seconds))
    except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return b""


def prepare(path: Path) -> tuple[str, str, str]:
    """A file with two new runs: the link and the key of the first, and the key of the second."""
    store, owner = Store(path), new_token()
    opened = [run_sessions(lambda: store).open(Run(), owner).token for _ in range(2)]
    store.close()
    return opened[0], key_of(owner, opened[0]), key_of(owner, opened[1])


async def attack(it: Server, fuzzer: Fuzzer, count: int) -> list[float]:
    """The server's memory while it is attacked, in MB, every 0.2 s."""
    seen = [it.memory()]
    task = asyncio.ensure_future(fuzzer.run(count))
    while not task.done():
        await asyncio.sleep(0.2)
        seen.append(it.memory())
    task.result()
    return seen


def warm_up(it: Server) -> None:
    """Wait until the server has compiled its steps: its memory then does not grow any more."""
    time.sleep(WARM_UP)
    until, calm, most = time.monotonic() + MOST_WARM_UP, time.monotonic(), it.memory()
    while time.monotonic() < until and time.monotonic() - calm < CALM:
        time.sleep(0.5)
        if (now := it.memory()) > most + 1:
            calm, most = time.monotonic(), now


def bench(count: int, seed: int, script: str) -> int:
    """Attack once and print what came of it; the exit code."""
    with tempfile.TemporaryDirectory(prefix="panda-fuzz-") as folder:
        log, store = Path(folder) / "log", Path(folder) / "panda.db"
        *tokens, other = prepare(store)
        with server(script, store, log=log) as it:
            fuzzer = Fuzzer(it.port, tokens, seed)
            address = f"ws://127.0.0.1:{it.port}/live/{other}"
            command = [sys.executable, "-m", "benchmarks.frame_watcher", address, str(it.pid)]
            pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
            with subprocess.Popen(command, **pipes) as watcher:
                warm_up(it)
                time.sleep(BEFORE)
                said, began = len(log.read_text().splitlines()), time.monotonic()
                memory = asyncio.run(attack(it, fuzzer, count))
                ended = time.monotonic()
                frames = json.loads(watcher.communicate("", timeout=60)[0])
            alive = asyncio.run(fuzzer.is_alive())
        lines = log.read_text().splitlines()[said:]
    print(f"{script}, seed {seed}")
    return show(fuzzer, Report(began, ended, memory, frames, lines, alive))


def show(fuzzer: Fuzzer, it: Report) -> int:
    """Print the figures; the exit code."""
    before, during = it.waits(it.began - BEFORE, it.began), it.waits(it.began, it.ended)
    more, tracebacks = max(it.memory) - it.memory[0], sum("Traceback" in line for line in it.log)
    count, seconds, after = fuzzer.outcomes.total(), it.ended - it.began, it.memory[-1] - it.memory[0]
    rows = {
        "messages and handshakes": f"{count:,} in {seconds:.0f} s: {dict(fuzzer.outcomes)}",
        "tracebacks in the log": tracebacks,
        "lines in the log": f"{len(it.log):,} of {fuzzer.connections:,} connections",
        "server's memory": f"{it.memory[0]:.0f} MB, {more:+.0f} MB at most, {after:+.0f} MB after",
        "frames of another session": _times(during),
        "  in the 10 s before": _times(before),
        "still answers in words": it.alive,
    }
    for name, value in rows.items():
        print(f"{name:26} {value}")
    sound = it.alive and not tracebacks and len(it.log) <= fuzzer.connections
    return 0 if sound and more <= MOST_MEMORY and not ours(during) else 1


def ours(waits: list[tuple[float, float]]) -> int:
    """How many frames were late also without the time in which there was no processor."""
    return sum(wait - kept > MOST_SECONDS for wait, kept in waits)


def _times(waits: list[tuple[float, float]]) -> str:
    late = sum(wait > MOST_SECONDS for wait, _ in waits)
    median, (longest, kept) = 1000 * waits[len(waits) // 2][0], waits[-1]
    words = f"{median:.0f} ms (median), {1000 * longest:.0f} ms (longest; no processor for {1000 * kept:.0f} ms of it)"
    return f"{len(waits):,}: {words}, {late} later than 250 ms, {ours(waits)} of them with a processor"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("messages", nargs="?", type=int, default=COUNT, help=f"and handshakes; {COUNT:,} if not given")
    parser.add_argument("seed", nargs="?", type=int, default=time.time_ns() % 10**6, help="of what is sent")
    parser.add_argument("script", nargs="?", default=APP, choices=[APP, "app:app"], help="what is started")
    given = parser.parse_args()
    raise SystemExit(bench(given.messages, given.seed, given.script))
