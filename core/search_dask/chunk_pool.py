"""Chunks of a search on the workers of a Dask scheduler: submitted, collected, and submitted again when lost."""

from __future__ import annotations

import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from functools import partial
from importlib.util import find_spec

from core.errors import UserError
from core.search.plan import Plan, Receive, Result
from core.search.plan_json import plan_to_json
from core.search.space import Point
from core.search_dask.connection import SchedulerConnection, connect, in_thread

TrainChunk = Callable[..., list[Result]]
AHEAD = 2  # chunks submitted per worker thread: one to work on, one that waits
ASKING = 0.5  # seconds between two counts of the workers


class ChunkPool:
    """Chunks of a search, trained by the workers of a scheduler with `train_chunk` (see `core.search_dask.worker`).

    Nothing here blocks; `collect` connects, collects results and submits chunks. If `receive` is set, it is called from
    another thread with the results of each chunk as soon as they come in.
    """

    def __init__(
        self, train_chunk: TrainChunk, plan: Plan, points: Sequence[Point], steps: Sequence[int], address: str = ""
    ) -> None:
        if not find_spec("distributed"):
            raise UserError("Dask is not installed here: run pip install -r requirements-dask.txt, or train without.")
        self.address, self.workers, self._most = address, 0, 0
        self.receive: Receive | None = None
        self._train_chunk = train_chunk
        self._plan, self._steps = plan_to_json(plan, points, whole=True), [int(step) for step in steps]
        self._waiting: deque[list[int]] = deque()
        self._connection: SchedulerConnection | None = None
        self._connecting: Future[SchedulerConnection] | None = None
        self._counting: tuple[float, Future[dict[str, int]]] | None = None
        self._error: UserError | None = None

    def submit(self, chunks: Iterable[list[int]]) -> None:
        """Queue chunks, each a list of model numbers, for training."""
        self._waiting.extend(chunks)

    @property
    def running(self) -> list[int]:
        """The numbers of the models in submitted chunks."""
        return [number for chunk in self._connection.running.values() for number in chunk] if self._connection else []

    @property
    def notice(self) -> str:
        """What a person should know about the workers, in a sentence; "" if all is well."""
        place = self.address or "this machine"
        if not self._connection:
            return f"Connecting to the workers at {place}." if self._connecting else ""
        if not self.workers:
            missing = f"The scheduler at {place} has no workers at present: start some with dask worker {self.address}."
            return missing if self.address else "The workers on this machine are starting."
        lost = self._most - self.workers
        return f"{lost} of {self._most} workers are lost: the others train their models again." if lost > 0 else ""

    def collect(self) -> list[Result]:
        """Results that have come in since the last call.

        Raises `UserError` if the scheduler is gone or does not answer, or a chunk cannot be trained. The chunks are
        kept, and the next call tries again.
        """
        if self._error:
            error, self._error = self._error, None
            raise error
        connection = self._connection or self._connected()
        if not connection:
            return []
        done = [future for future in connection.running if future.done()]
        found = [result for future in done for result in self._results_of(connection, future)]
        if not connection.open:
            self._error = self._error or UserError(self._lost_words())
            self.cancel()
        else:
            self._count_workers(connection)
            self._submit_waiting(connection)
        return found

    def _lost_words(self) -> str:
        what = f"The Dask scheduler at {self.address}" if self.address else "The Dask scheduler on this machine"
        return f"{what} is gone. What has come in is kept: start it again where it ran, and play on."

    def _connected(self) -> SchedulerConnection | None:
        """A new connection, or None while it is being made."""
        connecting = self._connecting = self._connecting or in_thread(connect, self.address)
        if not connecting.done():
            return None
        self._connecting = None
        connection = self._connection = connecting.result()
        # Called by `cancel`, or when the pool is garbage-collected without it.
        self._disconnect = weakref.finalize(self, in_thread, connection.close)
        self._disconnect.atexit = False
        self.workers = self._most = 0
        return connection

    def _results_of(self, connection: SchedulerConnection, future: Future[list[Result]]) -> list[Result]:
        """The results of a chunk. If it failed or was cancelled, it is queued again."""
        numbers = connection.running.pop(future)
        error = None if future.cancelled() else future.exception()
        if not future.cancelled() and not error:
            return future.result()
        self._waiting.append(numbers)
        if error:
            self._error = error if isinstance(error, UserError) else UserError(_error_words(numbers, error))
        return []

    def _count_workers(self, connection: SchedulerConnection) -> None:
        """Count the workers' threads, at most every `ASKING` seconds."""
        if self._counting and self._counting[1].done() and not self._counting[1].exception():
            self.workers = sum(self._counting[1].result().values())
            self._most = max(self._most, self.workers)
        if not self._counting or time.monotonic() > self._counting[0] + ASKING:
            self._counting = time.monotonic(), in_thread(connection.client.nthreads)

    def _submit_waiting(self, connection: SchedulerConnection) -> None:
        """Submit only as many chunks as keep the workers busy: those that wait here can still be cancelled."""
        if self._waiting and not connection.plan:
            connection.plan = connection.client.submit(dict, self._plan, pure=False)
        while self._waiting and len(connection.running) < AHEAD * max(1, self.workers):
            numbers = self._waiting.popleft()
            args = connection.plan, numbers, self._steps, connection.flag
            future = connection.executor.submit(self._train_chunk, *args)
            connection.running[future] = numbers
            if self.receive:
                future.add_done_callback(partial(_pass_on, self.receive))

    def cancel(self) -> None:
        """Stop the workers, which takes a second, and disconnect. `collect` later continues with unfinished chunks."""
        if self._connection:
            self._waiting.extendleft(list(self._connection.running.values())[::-1])
            self._disconnect()
            self._connection = self._counting = None
        elif self._connecting:
            connecting, self._connecting = self._connecting, None
            connecting.add_done_callback(_close_new)


def _close_new(connecting: Future[SchedulerConnection]) -> None:
    if not connecting.exception():
        connecting.result().close()


def _pass_on(receive: Receive, future: Future[list[Result]]) -> None:
    if not future.cancelled() and not future.exception() and future.result():
        receive(future.result())


def _error_words(numbers: list[int], error: BaseException) -> str:
    """A sentence about a chunk's error that is no `UserError`."""
    models = f"models {numbers[0]} to {numbers[-1]}" if len(numbers) > 1 else f"model {numbers[0]}"
    if type(error).__name__ == "KilledWorker":
        return f"Several workers died over {models}: give them more memory, or search smaller networks."
    said = f"{type(error).__name__}: {error}"[:200]
    needed = "they and the scheduler need the same version of this app, on their PYTHONPATH, and of its packages"
    return f"The workers cannot train {models} ({said}): {needed}."
