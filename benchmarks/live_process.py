"""Servers and clients as processes of their own, ended by process id; servers listen on 127.0.0.1 only."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PORTS = range(8720, 8740)
PATIENCE = 180.0  # seconds until a server must answer, also on a machine that is busy
APP, BENCH, OBVIOUS = "app.py", "benchmarks/live_server.py", "benchmarks/obvious_app.py"


@dataclass(frozen=True)
class Server:
    """A running server."""

    pid: int
    port: int

    @property
    def address(self) -> str:
        """Where its page is."""
        return f"http://127.0.0.1:{self.port}/"

    def ask(self, path: str) -> Any:
        """The JSON at a path."""
        with urllib.request.urlopen(self.address + path, timeout=PATIENCE) as answer:
            return json.loads(answer.read())

    def memory(self) -> float:
        """Resident memory, in MB of 1,000,000 bytes."""
        shown = subprocess.run(["ps", "-o", "rss=", "-p", str(self.pid)], capture_output=True, text=True, check=True)
        return int(shown.stdout) * 1024 / 1e6

    def kept_waiting(self) -> float:
        """As the function of that name."""
        return kept_waiting(self.pid)


def kept_waiting(pid: int) -> float:
    """Seconds for which the threads of a process were ready to run and had no processor, all together; 0 where the
    system, which is not Linux, does not say."""
    seconds = 0.0
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):  # of a thread that has ended
            seconds += int(path.read_text().split()[1]) / 1e9
    return seconds


@contextlib.contextmanager
def server(
    script: str, store: Path | None = None, options: Sequence[str] = (), log: Path | None = None
) -> Iterator[Server]:
    """`streamlit run SCRIPT OPTIONS` as the README starts the app, or uvicorn where it is "app:app", with the store in
    that file or with one of its own; what it says goes to `log` if there is one. Ended on the way out."""
    port = free_port()
    with contextlib.ExitStack() as held:
        said: Any = held.enter_context(log.open("w")) if log else subprocess.PIPE
        quiet = {"stdout": said if log else subprocess.DEVNULL, "stderr": said, "text": True, "start_new_session": True}
        folder = held.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        env = os.environ | {"PANDA_DB": str(store or Path(folder) / "panda.db")}
        process = subprocess.Popen(_command(script, port, options), cwd=ROOT, env=env, **quiet)
        held.callback(end, process)
        await_health(process, port)
        yield Server(process.pid, port)


def _command(script: str, port: int, options: Sequence[str]) -> list[str]:
    if ":" in script:
        return [sys.executable, "-m", "uvicorn", script, "--host", "127.0.0.1", "--port", str(port), *options]
    usual = ["--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true"]
    return [sys.executable, "-m", "streamlit", "run", script, *usual, *options]


def free_port() -> int:
    """A port of ours that nobody listens on; another process starts to look at another one."""
    first = os.getpid() % len(PORTS)
    for port in [*PORTS[first:], *PORTS[:first]]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise SystemExit(f"Ports {PORTS[0]} to {PORTS[-1]} are all taken.")


def await_health(process: subprocess.Popen[str], port: int) -> None:
    """Wait until the server answers."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).close()
            return
        time.sleep(0.1)
    end(process)
    said = process.stderr.read() if process.stderr else ""
    raise SystemExit(f"The server did not start.\n{said}")


def end(process: subprocess.Popen[str]) -> None:
    """End a process and those that it started: politely, then not."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
            return


def clients(*arguments: object, seconds: float) -> dict[str, Any]:
    """What `benchmarks.live_clients` prints, within so many seconds."""
    command = [sys.executable, "-m", "benchmarks.live_clients", *map(str, arguments)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds)
    if said.returncode:
        raise SystemExit(f"The clients stopped.\n{said.stderr}")
    return json.loads(said.stdout)
