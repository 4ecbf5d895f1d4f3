"""A farm: the models of a search trained by Dask workers, in other processes or on other machines, chunk by chunk.

A chunk is a `Caviar` of its own, so every model has the bits that it has in this process. Dask is an optional install
(requirements-dask.txt) and trusts its network: who reaches its scheduler can run anything on its workers.
"""

from __future__ import annotations

import base64
import math
import os
import secrets
import subprocess
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import asdict, dataclass, field, fields
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.caviar import Caviar, Origin, Plan
from core.errors import UserError
from core.run_file import journal_of, journal_rows, settings_of, spec_of
from core.search import Point, from_json, to_json
from core.stack import State
from core.tables import SHELF, Table, is_table
from core.trials import Group

if TYPE_CHECKING:
    from distributed import Client

Array = np.ndarray
Result = dict[str, Any]  # what became of one trial: see `train_chunk`
TOLD = ("state", "step", "loss", "best", "accuracy", "why")  # of a trial, beside what it is
CHUNK = 2.0  # seconds that a chunk is to take, about
LEAST_CHUNKS = 4  # that a search is divided into, if it can be: stacks that are too small take longer
AHEAD = 2  # chunks that are handed out for each thread of a worker: one to work on, one to go on with
ASKING = 0.5  # seconds between two looks of a chunk at the flag that stops it, and of a farm at its workers
NAP = 0.005  # seconds that a look lasts which finds nothing new
CONNECTING = 5.0  # seconds that a scheduler has to answer
STOPPING = 30.0  # seconds that chunks have to see the flag
ROOT = Path(__file__).resolve().parents[1]
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def farm_address() -> str | None:
    """Where searches can be farmed out: the scheduler that PANDA_DASK names, "" for workers to be started on this
    machine where it says "here", None where it says nothing: whoever runs the server decides, not a visitor."""
    named = os.environ.get("PANDA_DASK", "")
    return {"": None, "here": ""}.get(named, named)


# a plan as plain dicts, for the way to a worker


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The plan with all that a worker needs to train its models, also uploaded data, as lists, dicts, strings, numbers
    that come back to the bit."""
    told = {name: getattr(plan, name) for name in ("kind", "models", "steps", "seed", "halving")}
    data, origin = plan.space.spec.dataset, plan.origin
    return told | {
        "space": to_json(plan.space),
        "origin": origin and _origin_to_json(origin),
        "table": base64.b64encode(SHELF.get(data).to_bytes()).decode() if is_table(data) else None,
    }


def plan_from_json(found: dict[str, Any]) -> Plan:
    """The plan of `plan_to_json`; its table is put on the shelf. Raises `UserError` for what cannot be."""
    rest = dict(found)
    table, space, origin = rest.pop("table"), from_json(rest.pop("space")), rest.pop("origin")
    if table:
        SHELF.add(Table.from_bytes(base64.b64decode(table)))
    return Plan(space, **rest, origin=origin and _origin_from_json(origin))


def _origin_to_json(origin: Origin) -> dict[str, Any]:
    spec, state = asdict(origin.spec), origin.state
    return {
        "spec": spec | {"hidden": list(spec["hidden"])},
        "settings": asdict(origin.settings),
        "journal": journal_rows(origin.journal),
        "step": origin.step,
        "state": state and {one.name: _packed(getattr(state, one.name)) for one in fields(State)},
    }


def _origin_from_json(found: dict[str, Any]) -> Origin:
    state = found["state"] and State(**{name: _unpacked(value) for name, value in found["state"].items()})
    journal = journal_of(found["journal"])
    return Origin(spec_of(found["spec"]), settings_of(found["settings"]), journal, found["step"], state)


def _packed(value: Any) -> Any:
    """An array as its type, shape and bytes; a number as it is."""
    if not isinstance(value, np.ndarray):
        return value
    return [value.dtype.str, list(value.shape), base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()]


def _unpacked(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return np.frombuffer(base64.b64decode(value[2]), value[0]).reshape(value[1]).copy()


# what a worker does


class Chunk(Caviar):
    """Some models of a search, measured at the `steps` (p,) of the whole."""

    def __init__(self, plan: Plan, points: Sequence[Point], steps: Sequence[int]) -> None:
        self._given = np.array(steps, np.int64)
        super().__init__(plan, points)

    def _measured_steps(self) -> Array:
        return self._given

    def result(self, place: int, number: int) -> Result:
        """What became of a model."""
        told = {name: getattr(self.trials[place], name) for name in TOLD}
        curves = {"losses": self.losses[place].tolist(), "accuracies": self.accuracies[place].tolist()}
        return {"number": number, **told, **curves, "fingerprint": self.fingerprint(place)}


def train_chunk(
    plan: dict[str, Any], points: list[Point], numbers: list[int], steps: list[int], flag: str = ""
) -> list[Result]:
    """Train the models at some points of a plan (see `plan_to_json`) to the end, measured at `steps`, and say of each,
    under its number, what `TOLD` names, its curves and its fingerprint.

    On a worker, nothing comes back once the event `flag` is set: Dask itself does not stop what has begun.
    """
    stopped = _asked(flag) if flag else bool
    if stopped():
        return []
    chunk = Chunk(plan_from_json(plan), points, steps)
    while not chunk.done:
        until = time.perf_counter() + ASKING
        chunk.advance(lambda until=until: time.perf_counter() > until)
        if stopped():
            return []
    return [chunk.result(place, number) for place, number in enumerate(numbers)]


def _asked(flag: str) -> Callable[[], bool]:
    from distributed import Event

    return Event(flag).is_set


# workers on this machine


class _Here:
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
        """See `core.farm_here`: it ends when its standard input does, so it never outlives this process."""
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "core.farm_here"],
            cwd=ROOT,
            env=os.environ | ONE_THREAD | {"PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._address = self._process.stdout.readline().strip()
        if not self._address:
            raise UserError("Dask did not start on this machine: the server's log says why. Train here without it.")

    def stop(self) -> None:
        """End it, if it was started."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._process:
            self._process.stdin.close()
            self._process.wait(STOPPING)
            self._process.stdout.close()
            self._process = None


HERE = _Here()


# a search's way to its workers


def aside(work: Callable[..., Any], *given: Any) -> Future[Any]:
    """Have something that may wait done by a thread of its own, which does not keep the process from ending."""
    done: Future[Any] = Future()

    def do() -> None:
        try:
            done.set_result(work(*given))
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=do, daemon=True).start()
    return done


@dataclass
class Line:
    """A connection to a scheduler: what is handed out there, and the flag that stops it."""

    client: Client
    executor: Executor
    flag: str
    running: dict[Future[list[Result]], list[int]] = field(default_factory=dict)
    plan: Any = None  # the search's, a task of Dask's, so that it is not lost with a worker

    @property
    def holds(self) -> bool:
        """Whether the scheduler is still there."""
        return self.client.status == "running"

    def end(self) -> None:
        """Stop what runs, and hang up."""
        try:
            if self.holds and self.running:
                from distributed import Event

                event = Event(self.flag, self.client)
                event.set()
                wait(self.running, STOPPING)
                event.clear()
        finally:
            self.client.close()


def connect(address: str) -> Line:
    """A connection to the scheduler at an address, "" for one on this machine; `UserError` where none answers."""
    from distributed import Client

    place = address or HERE.address()
    try:
        client = Client(place, timeout=CONNECTING, set_as_default=False, name="panda")
    except (OSError, ValueError) as error:
        raise UserError(f"No Dask scheduler answers at {place}: start it, or correct PANDA_DASK.") from error
    return Line(client, client.get_executor(pure=False), f"panda-{secrets.token_hex(8)}")


class Farm:
    """Chunks of a search on the workers of a scheduler. Nothing here waits: who looks now and then moves it on."""

    def __init__(self, plan: Plan, points: Sequence[Point], steps: Sequence[int], address: str = "") -> None:
        if not find_spec("distributed"):
            raise UserError("Dask is not installed here: run pip install -r requirements-dask.txt, or train without.")
        self.address, self.workers, self._most = address, 0, 0
        self._plan, self._points, self._steps = plan_to_json(plan), list(points), [int(step) for step in steps]
        self._waiting: deque[list[int]] = deque()
        self._line: Line | None = None
        self._coming: Future[Line] | None = None
        self._looking: tuple[float, Future[dict[str, int]]] | None = None
        self._trouble: UserError | None = None

    def submit(self, chunks: Iterable[list[int]]) -> None:
        """Have the models with these numbers trained, a list of them at once."""
        self._waiting.extend(chunks)

    @property
    def running(self) -> list[int]:
        """The numbers of the models that are with the workers."""
        return [number for chunk in self._line.running.values() for number in chunk] if self._line else []

    @property
    def notice(self) -> str:
        """What a person should know, in a sentence; "" where all is as it should be."""
        place = self.address or "this machine"
        if not self._line:
            return f"Connecting to the workers at {place}." if self._coming else ""
        if not self.workers:
            missing = f"The scheduler at {place} has no workers at present: start some with dask worker {self.address}."
            return missing if self.address else "The workers on this machine are starting."
        lost = self._most - self.workers
        return f"{lost} of {self._most} workers are lost: the others train their models again." if lost > 0 else ""

    def collect(self) -> list[Result]:
        """What has come in since the last time. Raises `UserError` where the scheduler is gone, does not answer, or a
        chunk cannot be trained; what it was to do is kept, and collecting again tries again."""
        if self._trouble:
            trouble, self._trouble = self._trouble, None
            raise trouble
        if not self._line and not self._connected():
            return []
        found = [result for future in [*self._line.running] if future.done() for result in self._got(future)]
        if not self._line.holds:
            self._trouble = self._trouble or UserError(self._gone())
            self.cancel()
        else:
            self._count_workers()
            self._hand_out()
        return found

    def _gone(self) -> str:
        what = f"The Dask scheduler at {self.address}" if self.address else "The Dask scheduler on this machine"
        return f"{what} is gone. What has come in is kept: start it again where it ran, and play on."

    def _connected(self) -> bool:
        if not self._coming:
            self._coming = aside(connect, self.address)
        if not self._coming.done():
            return False
        coming, self._coming = self._coming, None
        self._line = coming.result()
        self._leave = weakref.finalize(self, aside, self._line.end)  # also where a search is only forgotten
        self._leave.atexit = False
        self.workers = self._most = 0
        return True

    def _got(self, future: Future[list[Result]]) -> list[Result]:
        """The results of a chunk; where there are none, it waits to be handed out again."""
        numbers = self._line.running.pop(future)
        error = None if future.cancelled() else future.exception()
        if not future.cancelled() and not error:
            return future.result()
        self._waiting.append(numbers)
        if error:
            self._trouble = error if isinstance(error, UserError) else UserError(_words(numbers, error))
        return []

    def _count_workers(self) -> None:
        """How many threads the workers have, asked now and then."""
        if self._looking and self._looking[1].done() and not self._looking[1].exception():
            self.workers = sum(self._looking[1].result().values())
            self._most = max(self._most, self.workers)
        if not self._looking or time.monotonic() > self._looking[0] + ASKING:
            self._looking = time.monotonic(), aside(self._line.client.nthreads)

    def _hand_out(self) -> None:
        """Keep the workers busy, with no more than they need: what waits here can still be left undone."""
        line = self._line
        if self._waiting and not line.plan:
            line.plan = line.client.submit(dict, self._plan, pure=False)
        while self._waiting and len(line.running) < AHEAD * max(1, self.workers):
            numbers = self._waiting.popleft()
            points = [self._points[number] for number in numbers]
            future = line.executor.submit(train_chunk, line.plan, points, numbers, self._steps, line.flag)
            line.running[future] = numbers

    def cancel(self) -> None:
        """Stop the workers, which takes them a second, and hang up. Collecting goes on with what was not done."""
        if self._line:
            self._waiting.extendleft(list(self._line.running.values())[::-1])
            self._leave()
            self._line = self._looking = None
        elif self._coming:
            coming, self._coming = self._coming, None
            coming.add_done_callback(lambda done: done.exception() or done.result().end())


def _words(numbers: list[int], error: BaseException) -> str:
    """What went wrong with a chunk, where it is nothing that the search itself says."""
    models = f"models {numbers[0]} to {numbers[-1]}" if len(numbers) > 1 else f"model {numbers[0]}"
    if type(error).__name__ == "KilledWorker":
        return f"Several workers died over {models}: give them more memory, or search smaller networks."
    said = f"{type(error).__name__}: {error}"[:200]
    return f"The workers cannot train {models} ({said}): they need the same version of this app and its packages."


class FarmedCaviar(Caviar):
    """A search whose models are trained by Dask workers: what a `Caviar` is otherwise, and what it shows.

    `keep` is called with the results that came in, each number once. Raises `UserError` as `Caviar` does, and for
    successive halving, which has to compare all models again and again.
    """

    def __init__(
        self,
        plan: Plan,
        points: Sequence[Point] | None = None,
        address: str = "",
        keep: Callable[[list[Result]], None] | None = None,
    ) -> None:
        if plan.halving:
            raise UserError("Successive halving compares all models as they go: switch it off, or train without Dask.")
        super().__init__(plan, points)
        self._work = iter(())  # the workers do it
        self._prints: dict[int, str] = {}
        self._keep = keep
        self._farm = Farm(plan, [trial.point for trial in self.trials], self.steps, address)
        self._each = {trial.number: self._seconds(group) for group in self._groups for trial in group.trials}
        self._submitted = False

    def _seconds(self, group: Group) -> float:
        """About how long one of a group's models takes a worker."""
        fit = min(group.fit, len(group.trials))
        training = self.plan.steps * group.step_seconds(fit)
        return (training + self.steps.size * group.measuring_seconds(fit)) / fit

    @property
    def notice(self) -> str:
        """What a person should know about the workers, in a sentence; "" for nothing."""
        return "" if self.done else self._farm.notice

    def advance(self, enough: Callable[[], bool]) -> None:
        """Take in what has come; never waits for more. Raises `UserError` (see `Farm.collect`)."""
        if self.done:
            return
        self._clock.start()
        if not self._submitted:
            self._farm.submit(self._chunks())
            self._submitted = True
        found = self.take(self._farm.collect())
        self._mark_running()
        if found and self._keep:
            self._keep(found)
        elif not found and not self.done and not enough():
            time.sleep(NAP)
        self._clock.stop()

    def take(self, results: Iterable[Result]) -> list[Result]:
        """Take in results, and return those that were new: Dask may train a chunk twice, what comes second is left out.

        Those of an earlier search of this plan count too, also as the store keeps them: None where not a number, curves
        as far as the model came.
        """
        found = []
        for result in results:
            if result["number"] not in self._prints:
                self._record_result(**result)
                found.append(result)
        if found:
            self._clock.ahead(sum(self._each[trial.number] for trial in self.trials if trial.going))
        if not self.done and not any(trial.going for trial in self.trials):
            self.done = True
            self._farm.cancel()
        return found

    def _record_result(
        self, number: int, losses: list[float], accuracies: list[float], fingerprint: str, **told: Any
    ) -> None:
        trial = self.trials[number]
        for name in TOLD:
            setattr(trial, name, math.nan if told[name] is None else told[name])
        trial.stopped_at = None if trial.state == "done" else trial.step
        for curves, values in ((self.losses, losses), (self.accuracies, accuracies)):
            curves[number, : len(values)] = np.array(values, np.float64)
        self._prints[number] = fingerprint
        self._clock.count(self._each[number], trial.step - self._first)

    def _chunks(self) -> list[list[int]]:
        """The models that are still to be trained, those of one shape together, in chunks that take `CHUNK` seconds, or
        less where that gives too few."""
        left = [trial.number for group in self._groups for trial in group.trials if trial.going]
        most = min(CHUNK, sum(self._each[number] for number in left) / LEAST_CHUNKS)
        chunks: list[list[int]] = []
        room = 0.0
        for number in left:
            if room < self._each[number]:
                chunks.append([])
                room = most
            chunks[-1].append(number)
            room -= self._each[number]
        return chunks

    def _mark_running(self) -> None:
        running = set(self._farm.running)
        for trial in self.trials:
            if trial.going:
                trial.state = "running" if trial.number in running else "waiting"

    def cancel(self) -> None:
        """Stop the workers; advancing again goes on with the models that were not done."""
        self._farm.cancel()
        self._mark_running()

    def stop(self) -> None:
        """End the search: what the workers have not finished is stopped where it began, for they tell only of models
        that are finished."""
        self._farm.cancel()
        super().stop()

    def another(self, plan: Plan) -> Caviar:
        """A search of another plan for the same workers."""
        return FarmedCaviar(plan, address=self._farm.address)

    def fingerprint(self, number: int) -> str:
        """That of the trial's `run`, at the trial's step; it is trained again where a result did not say."""
        if number not in self._prints:
            return super().fingerprint(number)
        return self._prints[number] or self.run(number).finish().fingerprint()
