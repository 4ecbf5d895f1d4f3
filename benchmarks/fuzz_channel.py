"""Sends malformed messages and handshakes to a real server while somebody else's run plays, and judges what comes of it.

`python -m benchmarks.fuzz_channel [MESSAGES] [SEED] [app.py | app:app]`: the first starts `streamlit run app.py`, the
second `uvicorn app:app`. Exit code 1 where there is a traceback in the log, more than one line for a connection, too
much memory, or a frame of the other session came too late.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
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
MOST_MEMORY, MOST_SECONDS = 50.0, 0.250  # MB more than before; from asking for a frame to having it
PATIENCE = 10.0
WATCHER = """
import json, sys, threading, time
from websockets.sync.client import connect
ended, waits = threading.Event(), []
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
with connect(sys.argv[1], max_size=None) as socket:
    socket.send('{"type": "speed", "steps": 10}')
    socket.send('{"type": "play"}')
    while not ended.is_set():
        start = time.monotonic()
        socket.send('{"type": "frame", "charts": ["loss", "activations"], "seq": %d}' % len(waits))
        socket.recv(timeout=30)
        waits.append(time.monotonic() - start)
        time.sleep(0.02)
print(json.dumps(waits))
"""  # in a process of its own, so that it does not wait for this one


class Fuzzer:
    """Connections to one server, and what came of them."""

    def __init__(self, port: int, tokens: list[str], seed: int) -> None:
        self.port, self.tokens, self.rng = port, tokens, random.Random(seed)
        self.outcomes: Counter[str] = Counter()

    async def handshake(self) -> None:
        """One that is malformed; what the server answers."""
        reader, writer = await self._connect()
        writer.write(handshake(self.rng, self.port, self.rng.choice(self.tokens)))
        answer = b""
        if self.rng.random() < 0.8:
            answer = await self._within(reader.read(12), 0.5)
        self.outcomes[f"handshake: {answer[9:12].decode('latin-1') or 'no answer'}"] += 1
        await self._leave(writer)

    async def messages(self, most: int) -> int:
        """Some malformed messages on one connection, until the server closes it; how many."""
        reader, writer = await self._connect()
        request = f"GET /live/{self.rng.choice(self.tokens)} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUpgrade: websocket\r\n"
        request += "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
        if self.rng.random() < 0.3:
            request += "Sec-WebSocket-Extensions: permessage-deflate\r\n"
        writer.write(request.encode() + b"\r\n")
        await self._within(reader.readuntil(b"\r\n\r\n"), PATIENCE)
        sent = 0
        while sent < most:
            sent += 1
            try:
                writer.write(self.rng.choice(MESSAGES)(self.rng))
                await asyncio.wait_for(writer.drain(), 1)
            except (OSError, TimeoutError):
                break
            if self.rng.random() < 0.7 and await self._within(reader.read(1 << 16), 0.05) == b"" and reader.at_eof():
                break
        self.outcomes["messages"] += sent
        await self._leave(writer)
        return sent

    async def is_alive(self) -> bool:
        """Whether the channel still answers a message that is none in words."""
        reader, writer = await self._connect()
        request = f"GET /live/{self.tokens[0]} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        writer.write(request.encode() + b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n")
        await self._within(reader.readuntil(b"\r\n\r\n"), PATIENCE)
        writer.write(frame(TEXT, b"\xff"))
        answer = await self._within(reader.read(4096), PATIENCE)
        writer.close()
        return b"one JSON object" in answer

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.wait_for(asyncio.open_connection("127.0.0.1", self.port), PATIENCE)

    async def _within(self, awaited: Any, seconds: float) -> bytes:
        try:
            return bytes(await asyncio.wait_for(awaited, seconds))
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return b""

    async def _leave(self, writer: asyncio.StreamWriter) -> None:
        """Close politely, or as a lost connection ends."""
        if self.rng.random() < 0.3 and not writer.is_closing():
            writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

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
        seen.append(it.memory())
        await asyncio.sleep(0.2)
    task.result()
    return seen


def bench(count: int, seed: int, script: str) -> int:
    """Attack once and print what came of it; the exit code."""
    with tempfile.TemporaryDirectory(prefix="panda-fuzz-") as folder:
        log, store = Path(folder) / "log", Path(folder) / "panda.db"
        *tokens, other = prepare(store)
        with server(script, store, log=log) as it:
            command = [sys.executable, "-c", WATCHER, f"ws://127.0.0.1:{it.port}/live/{other}"]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT, "env": dict(os.environ)}
            with subprocess.Popen(command, **pipes) as watcher:
                time.sleep(15)  # until steps are compiled and the watched run plays
                fuzzer = Fuzzer(it.port, tokens, seed)
                lines, start = len(log.read_text().splitlines()), time.monotonic()
                memory = asyncio.run(attack(it, fuzzer, count))
                seconds = time.monotonic() - start
                waits = json.loads(watcher.communicate("", timeout=60)[0])[20:]
            alive = asyncio.run(fuzzer.is_alive())
        said = log.read_text()
    return report(fuzzer, said, len(said.splitlines()) - lines, memory, waits, seconds, alive, seed, script)


def report(
    fuzzer: Fuzzer, said: str, lines: int, memory: list[float], waits: list[float], seconds: float, alive: bool, seed: int, script: str
) -> int:
    """Print the figures; the exit code."""
    connections = fuzzer.outcomes.total() - fuzzer.outcomes["messages"]
    tracebacks = said.count("Traceback (most")
    waits = sorted(waits)
    print(f"{script}, seed {seed}: {fuzzer.outcomes.total():,} messages and handshakes in {seconds:.0f} s")
    print("outcomes                ", dict(fuzzer.outcomes))
    print("tracebacks in the log   ", tracebacks)
    print("errors                  ", dict(Counter(re.findall(r"^(?:[\w.]+(?:Error|Exception|Disconnect\w*)\b.{0,70})", said, re.M)).most_common(12)))
    print("lines in the log        ", lines, dict(Counter(re.sub(r"[\d.:]+", "#", line)[:60] for line in said.splitlines()).most_common(12)))
    print(f"memory                   {memory[0]:.0f} MB before, {max(memory) - memory[0]:+.0f} MB at most, {memory[-1] - memory[0]:+.0f} MB after")
    print(f"frames of another session {len(waits)}: {1000 * waits[len(waits) // 2]:.0f} ms (median), {1000 * waits[-1]:.0f} ms (longest)")
    print("answers in words after   ", alive, f"({connections} handshakes)")
    return 0 if not tracebacks and alive and max(memory) - memory[0] <= MOST_MEMORY and waits[-1] <= MOST_SECONDS else 1


if __name__ == "__main__":
    given = sys.argv[1:]
    numbers = [*map(int, given[:2]), *(COUNT, time.time_ns() % 10**6)[len(given[:2]) :]]
    raise SystemExit(bench(numbers[0], numbers[1], given[2] if len(given) > 2 else APP))
