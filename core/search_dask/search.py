"""A search whose models are trained in chunks by Dask workers, in other processes or on other machines.

Nothing here blocks: each `advance` collects results and submits chunks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from core.errors import UserError
from core.search.plan import Plan, Receive, Result
from core.search.search import Search
from core.search.space import Point
from core.search.trials import Group
from core.search_dask.chunk_pool import ChunkPool
from core.search_dask.worker import train_chunk

CHUNK = 2.0  # seconds that a chunk should take
LEAST_CHUNKS = 4  # if possible; more are not better, because small stacks train slowly
NAP = 0.005  # seconds to sleep if nothing new has come in


class DaskSearch(Search):
    """A search whose models are trained by Dask workers.

    Raises `UserError` as `Search` does, and for successive halving, which must compare all models as they train.
    """

    remote = True

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
        self._pool = ChunkPool(train_chunk, plan, [trial.point for trial in self.trials], self.steps.tolist(), address)
        self._trial_seconds = {trial.number: self._seconds(group) for group in self._groups for trial in group.trials}
        self._submitted = False

    def _seconds(self, group: Group) -> float:
        """About how many seconds a worker needs for one of a group's models."""
        fit = min(group.fit, len(group.trials))
        training = self.plan.steps * group.step_seconds(fit)
        return (training + self.steps.size * group.measuring_seconds(fit)) / fit

    @property
    def notice(self) -> str:
        """What a person should know about the workers, in a sentence; "" for nothing."""
        return "" if self.done else self._pool.notice

    def on_results(self, receive: Receive) -> None:
        """Call `receive` with results as they come in, from another thread, even if nobody watches the search.

        A result that comes twice is passed on twice.
        """
        self._pool.receive = receive

    def advance(self, should_stop: Callable[[], bool]) -> None:
        """Collect the results that have come in, without waiting. Raises `UserError` (see `ChunkPool.collect`)."""
        if self.done:
            return
        self._clock.start()
        if not self._submitted:
            self._pool.submit(self._chunks())
            self._submitted = True
        found = self.put_results(self._pool.collect())
        self._mark_running()
        if not found and not self.done and not should_stop():
            time.sleep(NAP)
        self._clock.stop()

    def put_results(self, results: Iterable[Result]) -> list[Result]:
        """Add results, and return those that are new: Dask may train a chunk twice.

        They may also come from an earlier search of this plan, out of the store.
        """
        found = [self._put_new(result) for result in results if result["number"] not in self._fingerprints]
        if found:
            self._clock.ahead(sum(self._trial_seconds[trial.number] for trial in self.trials if trial.going))
        if not self.done and not any(trial.going for trial in self.trials):
            self.done = True
            self._pool.cancel()
        return found

    def _put_new(self, result: Result) -> Result:
        self.put_result(result)
        self._clock.count(self._trial_seconds[result["number"]], result["step"] - self.plan.first_step)
        return result

    def _chunks(self) -> list[list[int]]:
        """The models that are not trained yet in chunks of `CHUNK` seconds, or less to get `LEAST_CHUNKS` of them.

        Models of one shape come after one another, so that a chunk can stack them.
        """
        left = [trial.number for group in self._groups for trial in group.trials if trial.going]
        most = min(CHUNK, sum(self._trial_seconds[number] for number in left) / LEAST_CHUNKS)
        chunks: list[list[int]] = []
        seconds_free = 0.0
        for number in left:
            if seconds_free < self._trial_seconds[number]:
                chunks.append([])
                seconds_free = most
            chunks[-1].append(number)
            seconds_free -= self._trial_seconds[number]
        return chunks

    def _mark_running(self) -> None:
        running = set(self._pool.running)
        for trial in self.trials:
            if trial.going:
                trial.state = "running" if trial.number in running else "waiting"

    def cancel(self) -> None:
        """Stop the workers. `advance` later continues with the unfinished models."""
        self._pool.cancel()
        self._mark_running()

    def stop(self) -> None:
        """End the search. Unfinished models count as stopped at their first step: workers send only finished ones."""
        self._pool.cancel()
        super().stop()

    def another(self, plan: Plan) -> Search:
        """A search with another plan on the same workers."""
        return DaskSearch(plan, address=self._pool.address)
