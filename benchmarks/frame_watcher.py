"""Plays a run and asks for frame after frame, until its input ends; then prints what each took.

`python -m benchmarks.frame_watcher ADDRESS PID`: a process of its own, so that it does not wait for who attacks the
server, whose process id is PID. It prints [when asked, seconds until it came, seconds without a processor] of each
frame; the last is the sum over the threads of the server and of this process.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time

from websockets.sync.client import connect

from benchmarks.live_process import kept_waiting

GAP = 0.02  # seconds between two frames
ASKED = '{"type": "frame", "charts": ["loss", "activations"], "seq": %d}'


def watch(address: str, pids: list[int], ended: threading.Event) -> list[tuple[float, float, float]]:
    """What every frame took until `ended`."""
    waits: list[tuple[float, float, float]] = []
    with connect(address, max_size=None) as socket:
        socket.send('{"type": "speed", "steps": 10}')
        socket.send('{"type": "play"}')
        while not ended.is_set():
            before, start = sum(map(kept_waiting, pids)), time.monotonic()
            socket.send(ASKED % len(waits))
            socket.recv(timeout=60)
            took = time.monotonic() - start
            waits.append((start, took, sum(map(kept_waiting, pids)) - before))
            time.sleep(GAP)
    return waits


def main() -> None:
    """Watch until the input ends."""
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    print(json.dumps(watch(sys.argv[1], [int(sys.argv[2]), os.getpid()], ended)))


if __name__ == "__main__":
    main()
