"""The Dask scheduler: its address, a cluster on this machine, and a connection to either.

Dask is an optional install (requirements-dask.txt). It trusts its network: anyone who can reach the scheduler can run
any code on its workers.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import UserError
from core.search.plan import Result

if TYPE_CHECKING:
    from distributed import Client

CONNECTING = 5.0  # seconds in which a scheduler must answer
STOPPING = 30.0  # seconds to wait for chunks to see the flag
ROOT = Path(__file__).resolve().parents[2]
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def dask_address() -> str | None:
    """The scheduler's address, "" for workers on this machine, or None to train without Dask.

    It comes from the environment variable PANDA_DASK ("here" for this machine), so the server's owner decides.
    """
    named = os.environ.get("PANDA_DASK", "")
    return {"": None, "here": ""}.get(named, named)


# workers on this machine


class _LocalCluster:
    """A cluster on this machine in its own process. The first search starts it, and all share it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._address, self._lock = "", threading.Lock()

    def address(self) -> str:
        """The address of its scheduler, which is started if necessary. Raises `UserError` if it does not start."""
        with self._lock:
            if not self._process or self._process.poll() is not None:
                self._end()
                self._start()
            return self._address

    def _start(self) -> None:
        """Start `core.search_dask.local_cluster`. It ends with its standard input, so it never outlives us."""
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        self._process = process = subprocess.Popen(
            [sys.executable, "-m", "core.search_dask.local_cluster"],
            cwd=ROOT,
            env=os.environ | ONE_THREAD | {"PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None  # it is a pipe
        self._address = process.stdout.readline().strip()
        if not self._address:
            raise UserError("Dask did not start on this machine: the server's log says why. Train here without it.")

    def stop(self) -> None:
        """End it, if it was started."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if process := self._process:
            assert process.stdin is not None  # both are pipes
            assert process.stdout is not None
            process.stdin.close()
            process.wait(STOPPING)
            process.stdout.close()
            self._process = None


LOCAL_CLUSTER = _LocalCluster()


# a connection


def in_thread(work: Callable[..., Any], *args: Any) -> Future[Any]:
    """Call `work`, which may block, in a daemon thread. Returns a future of its result."""
    done: Future[Any] = Future()

    def do() -> None:
        try:
            done.set_result(work(*args))
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=do, daemon=True).start()
    return done


@dataclass
class SchedulerConnection:
    """A connection to a scheduler: the chunks that run there, and the flag that stops them."""

    client: Client
    executor: Executor
    flag: str
    running: dict[Future[list[Result]], list[int]] = field(default_factory=dict)
    plan: Any = None  # the search's plan as a Dask task, so that Dask makes it again if a worker is lost

    @property
    def open(self) -> bool:
        """Whether the scheduler is still there."""
        return self.client.status == "running"

    def close(self) -> None:
        """Stop the running chunks, and disconnect."""
        try:
            if self.open and self.running:
                from distributed import Event

                event = Event(self.flag, self.client)
                event.set()
                wait(self.running, STOPPING)
                event.clear()
        finally:
            self.client.close()


def connect(address: str) -> SchedulerConnection:
    """A connection to the scheduler at `address`, "" for this machine. Raises `UserError` if none answers."""
    from distributed import Client

    place = address or LOCAL_CLUSTER.address()
    try:
        client = Client(place, timeout=CONNECTING, set_as_default=False, name="panda")
    except (OSError, ValueError) as error:
        raise UserError(f"No Dask scheduler answers at {place}: start it, or correct PANDA_DASK.") from error
    return SchedulerConnection(client, client.get_executor(pure=False), f"panda-{secrets.token_hex(8)}")
