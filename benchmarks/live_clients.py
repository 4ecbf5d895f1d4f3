"""Clients of the live channel without a browser: many that play in step with a clock, or one that plays flat out.

`python -m benchmarks.live_clients steady PORT SECONDS TOKENS CHARTS` or `... until PORT STEP SPEED TOKENS CHARTS`
(tokens and charts separated by commas) prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import struct
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

PERIOD = 0.2  # seconds between the requests of one client
WARM_UP = 2.0  # seconds that are not counted
LONGEST = 20.0  # seconds that a frame may take
MOST_SECONDS = 400.0


@dataclass
class Tally:
    """What one client saw: the seconds from asking for each frame until it was here, and what went wrong."""

    latencies: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


async def ask(socket: ClientConnection, charts: list[str], seq: int) -> dict[str, Any]:
    """Ask for a frame; its status. Raises `RuntimeError` for any other answer."""
    await socket.send(json.dumps({"type": "frame", "charts": charts, "seq": seq}))
    async with asyncio.timeout(LONGEST):
        message = await socket.recv()
    if isinstance(message, str):
        raise RuntimeError(message)
    (length,) = struct.unpack_from("<I", message)
    return json.loads(message[4 : 4 + length])["status"]


async def begin(socket: ClientConnection, speed: int, stop: int | None = None) -> None:
    """Set the speed and where to stop, and play."""
    await socket.send(json.dumps({"type": "speed", "steps": speed}))
    await socket.send(json.dumps({"type": "stop_at", "step": stop}))
    await socket.send(json.dumps({"type": "play"}))


async def steady(url: str, charts: list[str], first: float, seconds: float, tally: Tally) -> None:
    """Ask for a frame every `PERIOD`, or as soon as the last one is here; what was missed is not made up for."""
    try:
        async with connect(url, max_size=None) as socket:
            await begin(socket, 10)
            due, seq = first, 0
            while (now := time.monotonic()) < first + WARM_UP + seconds:
                await asyncio.sleep(due - now)
                start, seq = time.monotonic(), seq + 1
                await ask(socket, charts, seq)
                if first + WARM_UP <= start < first + WARM_UP + seconds:
                    tally.latencies.append(time.monotonic() - start)
                due = max(due + PERIOD, time.monotonic())
    except Exception as error:
        tally.errors.append(f"{type(error).__name__}: {error}")


async def many(port: str, seconds: str, tokens: str, charts: str) -> dict[str, Any]:
    """All clients at once, their clocks spread evenly over a period."""
    urls = [f"ws://127.0.0.1:{port}/live/{token}" for token in tokens.split(",")]
    tallies = [Tally() for _ in urls]
    start = time.monotonic() + 0.5
    spread = [start + PERIOD * i / len(urls) for i in range(len(urls))]
    await asyncio.gather(
        *(steady(url, charts.split(","), spread[i], float(seconds), tallies[i]) for i, url in enumerate(urls))
    )
    return {"latencies": [it.latencies for it in tallies], "errors": sum((it.errors for it in tallies), [])}


async def until(port: str, step: str, speed: str, tokens: str, charts: str) -> dict[str, Any]:
    """Each run in turn plays to `step`; the run's last status."""
    status: dict[str, Any] = {}
    deadline = time.monotonic() + MOST_SECONDS
    for token in tokens.split(","):
        async with connect(f"ws://127.0.0.1:{port}/live/{token}", max_size=None) as socket:
            await begin(socket, int(speed), int(step))
            status, seq = await ask(socket, charts.split(","), 1), 1
            while status["step"] < int(step) and time.monotonic() < deadline:
                seq += 1
                status = await ask(socket, charts.split(","), seq)
    return {"step": status["step"]}


MODES = {"steady": many, "until": until}

if __name__ == "__main__":
    print(json.dumps(asyncio.run(MODES[sys.argv[1]](*sys.argv[2:]))))
