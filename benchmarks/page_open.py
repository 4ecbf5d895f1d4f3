"""What it costs the server to open a page: processor time and waiting, by opens one after another.

`python -m benchmarks.page_open [--opens 20] [--page ""]` starts the app twice, with Streamlit's file watcher and as the
app is configured, opens the page through Streamlit's own websocket as a browser does, and prints both.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect

from benchmarks.live_process import APP, Server, server

LONGEST = 60.0  # seconds that one page may take
WARM_UP = 3  # opens that are not counted
WAYS = {"with the file watcher": ["--server.fileWatcherType", "auto"], "as configured": []}


async def open_page(url: str, page: str) -> float:
    """Seconds from connecting until the page's script has finished."""
    start = time.monotonic()
    async with asyncio.timeout(LONGEST), connect(url, max_size=None, subprotocols=["streamlit"]) as socket:
        ask = BackMsg()
        ask.rerun_script.page_name = page
        await socket.send(ask.SerializeToString())
        async for packet in socket:
            message = ForwardMsg.FromString(packet)
            if message.WhichOneof("type") == "script_finished":
                break
    return time.monotonic() - start


def measure(app: Server, page: str, opens: int) -> tuple[float, list[float]]:
    """Processor seconds of the server for one open, in the mean, and the seconds that each took."""
    process, url = psutil.Process(app.pid), f"ws://127.0.0.1:{app.port}/_stcore/stream"
    for _ in range(WARM_UP):
        asyncio.run(open_page(url, page))
    time.sleep(8)  # the compiler's start, and what the last visitor left, are over
    before = process.cpu_times()
    waits = [asyncio.run(open_page(url, page)) for _ in range(opens)]
    after = process.cpu_times()
    return (after.user + after.system - before.user - before.system) / opens, waits


def main() -> None:
    """Print a row for each way to start the app."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--opens", type=int, default=20)
    parser.add_argument("--page", default="", help='such as "caviar"; the first page is ""')
    chosen = parser.parse_args()
    print(f"{'':24} {'processor s an open':>20} {'page open s, median':>20} {'longest':>8}")
    for name, options in WAYS.items():
        with server(APP, options=options) as app:
            cost, waits = measure(app, chosen.page, chosen.opens)
        print(f"{name:24} {cost:20.3f} {statistics.median(waits):20.3f} {max(waits):8.3f}")


if __name__ == "__main__":
    main()
