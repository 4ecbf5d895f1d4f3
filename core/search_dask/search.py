"""A farm: the models of a search trained by Dask workers, in other processes or on other machines, chunk by chunk.

Nothing here waits: whoever looks at the search takes in what has come, and hands out what the workers have room for.
"""

from __future__ import annotations

import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from functools import partial
from importlib.util import find_spec

from core.errors import UserError
from core.search.plan_json import plan_to_json
from core.search.search import Plan, Result, Search
from core.search.space import Point
from core.search.trials import Group
from core.search_dask.connection import Line, aside, connect
from core.search_dask.worker import train_chunk

Keep = Callable[[list[Result]], object]
CHUNK = 2.0  # seconds that a chunk is to take, about
LEAST_CHUNKS = 4  # that a search is divided into, if it can be: stacks that are too small take longer
AHEAD = 2  # chunks that are handed out for each thread of a worker: one to work on, one to go on with
ASKING = 0.5  # seconds between two looks at what workers there are
NAP = 0.005  # seconds that a look lasts which finds nothing new


class Farm:
    """Chunks of a search on the workers of a scheduler. Nothing here waits: who looks now and then moves it on.

    `keep`, where there is one, is called from another thread with what a chunk gave as soon as it comes in.
    """

    def __init__(self, plan: Plan, points: Sequence[Point], steps: Sequence[int], address: str = "") -> None:
        if not find_spec("distributed"):
            raise UserError("Dask is not installed here: run pip install -r requirements-dask.txt, or train without.")
        self.address, self.workers, self._most = address, 0, 0
        self.keep: Keep | None = None
        self._plan, self._steps = plan_to_json(plan, points, whole=True), [int(step) for step in steps]
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
            future = line.executor.submit(train_chunk, line.plan, numbers, self._steps, line.flag)
            line.running[future] = numbers
            if self.keep:
                future.add_done_callback(partial(_keep, self.keep))

    def cancel(self) -> None:
        """Stop the workers, which takes them a second, and hang up. Collecting goes on with what was not done."""
        if self._line:
            self._waiting.extendleft(list(self._line.running.values())[::-1])
            self._leave()
            self._line = self._looking = None
        elif self._coming:
            coming, self._coming = self._coming, None
            coming.add_done_callback(lambda done: done.exception() or done.result().end())


def _keep(keep: Keep, future: Future[list[Result]]) -> None:
    if not future.cancelled() and not future.exception() and future.result():
        keep(future.result())


def _words(numbers: list[int], error: BaseException) -> str:
    """What went wrong with a chunk, where it is nothing that the search itself says."""
    models = f"models {numbers[0]} to {numbers[-1]}" if len(numbers) > 1 else f"model {numbers[0]}"
    if type(error).__name__ == "KilledWorker":
        return f"Several workers died over {models}: give them more memory, or search smaller networks."
    said = f"{type(error).__name__}: {error}"[:200]
    needed = "they and the scheduler need the same version of this app, on their PYTHONPATH, and of its packages"
    return f"The workers cannot train {models} ({said}): {needed}."


class DaskSearch(Search):
    """A search whose models are trained by Dask workers: what a `Caviar` is otherwise, and what it shows.

    Raises `UserError` as `Caviar` does, and for successive halving, which has to compare all models again and again.
    """

    away = True

    def __init__(
        self,
        plan: Plan,
        points: Sequence[Point] | None = None,
        steps: Sequence[int] | None = None,
        address: str = "",
    ) -> None:
        if plan.halving:
            raise UserError("Successive halving compares all models as they go: switch it off, or train without Dask.")
        super().__init__(plan, points, steps)
        self._work = iter(())  # the workers do it
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

    def keep_with(self, keep: Keep) -> None:
        """Have results handed to `keep` as they come in, by another thread and whether or not anybody looks; one that
        comes twice is handed on twice."""
        self._farm.keep = keep

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
        if not found and not self.done and not enough():
            time.sleep(NAP)
        self._clock.stop()

    def take(self, results: Iterable[Result]) -> list[Result]:
        """Take in results, and return those that were new: Dask may train a chunk twice, what comes second is left out.

        Those of an earlier search of this plan count too, as the store keeps them.
        """
        found = [self._put_new(result) for result in results if result["number"] not in self._prints]
        if found:
            self._clock.ahead(sum(self._each[trial.number] for trial in self.trials if trial.going))
        if not self.done and not any(trial.going for trial in self.trials):
            self.done = True
            self._farm.cancel()
        return found

    def _put_new(self, result: Result) -> Result:
        self.put(result)
        self._clock.count(self._each[result["number"]], result["step"] - self._first)
        return result

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

    def another(self, plan: Plan) -> Search:
        """A search of another plan for the same workers."""
        return DaskSearch(plan, address=self._farm.address)
