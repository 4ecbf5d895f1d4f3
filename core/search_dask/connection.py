"""Where the Dask workers are: a scheduler's address, workers started on this machine, and a connection to either.

Dask is an optional install (requirements-dask.txt) and trusts its network: whoever reaches its scheduler can run
anything on its workers.
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

CONNECTING = 5.0  # seconds that a scheduler has to answer
STOPPING = 30.0  # seconds that chunks have to see the flag
ROOT = Path(__file__).resolve().parents[2]
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def dask_address() -> str | None:
    """The address of the scheduler that PANDA_DASK names, "" for workers on this machine where it says "here", None
    where searches train without Dask. Whoever runs the server decides, not a visitor."""
    named = os.environ.get("PANDA_DASK", "")
    return {"": None, "here": ""}.get(named, named)


# workers on this machine


class _LocalCluster:
    """A cluster on this machine, in a process of its own: one for all searches, started by the first."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._address, self._lock = "", threading.Lock()

    def address(self) -> str:
        """That of its scheduler, which is started where there is none. Raises `UserError` where it does not come up."""
        with self._lock:
            if not self._process or self._process.poll() is not None:
                self._end()
                self._start()
            return self._address

    def _start(self) -> None:
        """See `core.search_dask.local_cluster`: it ends when its standard input does, so before this process."""
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
    """Call something that may block in a thread of its own, which does not keep the process from ending."""
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
    plan: Any = None  # the search's, a task of Dask's, so that it is not lost with a worker

    @property
    def open(self) -> bool:
        """Whether the scheduler is still there."""
        return self.client.status == "running"

    def close(self) -> None:
        """Stop what runs, and disconnect."""
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
    """A connection to the scheduler at an address, "" for one on this machine; `UserError` where none answers."""
    from distributed import Client

    place = address or LOCAL_CLUSTER.address()
    try:
        client = Client(place, timeout=CONNECTING, set_as_default=False, name="panda")
    except (OSError, ValueError) as error:
        raise UserError(f"No Dask scheduler answers at {place}: start it, or correct PANDA_DASK.") from error
    return SchedulerConnection(client, client.get_executor(pure=False), f"panda-{secrets.token_hex(8)}")
