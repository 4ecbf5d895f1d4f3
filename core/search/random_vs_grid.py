"""Random search against grid search under many seeds: how often each of the two finds the better model.

A seed draws the random points, the weights, the order of the examples and the split. The points of the grid are the
same under every seed. Course row C2.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.errors import UserError
from core.search.outcome import Outcome, outcome_of
from core.search.plan import Plan
from core.search.progress import ProgressClock
from core.search.search import Search
from core.settings.table import FIELDS

Array = np.ndarray
SIDES = ("random", "grid")
LEAST_SEEDS, MOST_SEEDS = 6, 50  # under fewer than 6 no outcome is more than chance
SECONDS = 4 * 3600.0  # that all of it may take, about, where it has a core to itself


@dataclass(frozen=True)
class BestModel:
    """The best model of a search: dev loss and accuracy at the end, and its point; infinite where every one broke."""

    loss: float
    accuracy: float
    point: Mapping[str, Any]


class RandomVsGrid:
    """A random and a grid search under `seeds` seeds, trained one after the other in slices.

    `first` are the two under the first seed, trained here where they are not done yet; `make` makes the others.
    `found` holds the best model of every finished search, in the order of the seeds; nothing else is stored.
    Raises `UserError` where one of the searches cannot be made, or all together would take too long.
    """

    def __init__(
        self,
        first: Sequence[Search],
        seeds: int,
        make: Callable[[Plan], Search] = Search,
        found: Mapping[str, Sequence[BestModel]] | None = None,
    ) -> None:
        self.seeds, self._make = seeds if found else check_seeds(seeds), make  # older ones may have 5
        self._plans = {search.plan.kind: search.plan for search in first}
        if tuple(self._plans) != SIDES:
            raise ValueError(f"the two are {SIDES}, not {tuple(self._plans)}")
        self.found = {side: [*found[side]] if found else [] for side in SIDES}
        self._first = {search.plan.kind: search for search in first if not self.found[search.plan.kind]}
        self._search: Search | None = None
        self.stopped = False
        self._estimates = _estimates(self._plans, seeds, len(self.found["grid"]))
        _check_time(sum(map(sum, self._estimates)), seeds)
        self._clock = ProgressClock(self._estimated_ahead())

    # what there is to see

    @property
    def done(self) -> bool:
        """Whether every search is finished, or none will be any more."""
        return self.stopped or len(self.found["grid"]) == self.seeds

    @property
    def losses(self) -> Array:
        """The best dev loss at random and on the grid of every seed of which both are finished, (2, pairs)."""
        pairs = zip(*self.found.values(), strict=False)
        return np.array([[one.loss for one in pair] for pair in pairs]).reshape(-1, 2).T

    @property
    def progress(self) -> float:
        """The share of the searches that are done, 0 to 1."""
        under_way = [*self._first.values(), *filter(None, [self._search])]
        return (self._finished + sum(search.progress for search in under_way)) / (2 * self.seeds)

    @property
    def rate(self) -> float:
        """Steps of models in a second, lately; 0 before the first slice."""
        return self._clock.rate or sum(search.rate for search in self._first.values())

    @property
    def left(self) -> float:
        """Seconds until it is done if it goes on at the present speed; at first, an estimate."""
        return self._clock.left + max((search.left for search in self._first.values()), default=0.0)

    @property
    def notice(self) -> str:
        """What a person should know about the search under way; "" for nothing."""
        return getattr(self._search, "notice", "")

    @property
    def remote(self) -> bool:
        """Whether the search under way is trained elsewhere."""
        return not self.done and self._under_way().remote

    @property
    def outcome(self) -> Outcome | None:
        """The outcome; None until it is done, and where it was stopped before one seed was done."""
        return outcome_of(*self.losses) if self.done and self.losses.size else None

    @property
    def words(self) -> str:
        """The outcome, or the count so far."""
        if self.outcome:
            return self.outcome.words
        if self.done:
            return "Stopped before both searches of one seed were done."
        random, grid = self.losses
        so_far = f"{np.sum(random < grid)} at random, {np.sum(grid < random)} on the grid"
        better = f" The better model so far: {so_far}." if random.size else ""
        return f"{random.size} of {self.seeds} seeds are done.{better}"

    # the work

    def to_json(self) -> str:
        """Its seeds and the best models found, for `random_vs_grid_from_json`."""
        found = {side: [_plain(one) for one in models] for side, models in self.found.items()}
        return json.dumps({"seeds": self.seeds, "found": found, "stopped": self.stopped}, allow_nan=False)

    def stop(self) -> None:
        """End it for good: the seeds of which both searches are finished count."""
        if self._search and not self.done:
            self._search.stop()
        self.stopped, self._search, self._first = True, None, {}

    @property
    def _finished(self) -> int:
        return sum(map(len, self.found.values()))

    def advance(self, should_stop: Callable[[], bool]) -> None:
        """Work until `should_stop()`, which is asked every few milliseconds, or to the end."""
        self._clock.start()
        while not self.done:
            self._search_on(should_stop)
            if should_stop():
                break
        self._clock.stop()

    def _search_on(self, should_stop: Callable[[], bool]) -> None:
        """A slice of the search under way, or of the next one."""
        seed, side = divmod(self._finished, len(SIDES))
        search = self._under_way()
        before = search.progress
        search.advance(should_stop)
        if seed:
            share = search.progress - before
            model_steps = share * len(search.trials) * search.plan.steps
            self._clock.count(share * self._estimates[seed][side], round(model_steps))
        if search.done:
            self.found[SIDES[side]].append(best_model(search))
            self._search = None
            self._clock.ahead(self._estimated_ahead())

    def _under_way(self) -> Search:
        """The search that is worked on, or the next one, newly made."""
        if not self._search:
            seed, side = divmod(self._finished, len(SIDES))
            first = self._first.pop(SIDES[side], None)
            self._search = first or self._make(with_seed(self._plans[SIDES[side]], seed))
        return self._search

    def _estimated_ahead(self) -> float:
        """Estimated seconds of the searches that are not finished, those under the first seed left out."""
        return sum(sum(self._estimates, ())[max(self._finished, len(SIDES)) :])


def _plain(one: BestModel) -> list[Any]:
    """A best model as JSON, None where a number is not finite."""
    return [*(value if math.isfinite(value) else None for value in (one.loss, one.accuracy)), dict(one.point)]


def random_vs_grid_from_json(
    text: str, first: Sequence[Search], make: Callable[[Plan], Search] = Search
) -> RandomVsGrid:
    """The comparison of `RandomVsGrid.to_json`, between the same two searches; it goes on from there with those that
    `make` makes."""
    kept = json.loads(text)
    found = {
        side: [BestModel(math.inf if loss is None else loss, math.nan if accuracy is None else accuracy, point)
               for loss, accuracy, point in kept["found"][side]]
        for side in SIDES
    }  # fmt: skip
    comparison = RandomVsGrid(first, kept["seeds"], make, found)
    if kept["stopped"]:
        comparison.stop()
    return comparison


def with_seed(plan: Plan, seed: int) -> Plan:
    """The plan under another seed, the `seed`-th after its own: of the points, the weights and the data."""
    highest = int(FIELDS["seed"].high) + 1
    spec = plan.space.spec
    seeds = {name: (getattr(spec, name) + seed) % highest for name in ("seed", "data_seed")}
    return replace(plan, space=replace(plan.space, spec=replace(spec, **seeds)), seed=(plan.seed + seed) % highest)


def best_model(search: Search) -> BestModel:
    """The best model of a search by the dev loss at the end."""
    done = [trial for trial in search.trials if trial.state == "done" and np.isfinite(trial.loss)]
    trial = min(done, key=lambda trial: trial.loss, default=None)
    return BestModel(trial.loss, trial.accuracy, trial.point) if trial else BestModel(np.inf, np.nan, {})


# bounds, before the work


def check_seeds(seeds: Any) -> int:
    """A number of seeds that is allowed; else a `UserError`."""
    if isinstance(seeds, bool) or not isinstance(seeds, int) or not LEAST_SEEDS <= seeds <= MOST_SEEDS:
        raise UserError(
            f"Random and grid cannot be compared under {str(seeds)[:40]} seeds: it takes {LEAST_SEEDS} to {MOST_SEEDS}."
        )
    return seeds


def _estimates(plans: Mapping[str, Plan], seeds: int, done: int) -> list[tuple[float, float]]:
    """Estimated seconds of both searches of every seed, 0 for those that are done. Other points at random may take
    longer, or be too much."""
    grid = Search(plans["grid"]).left
    ahead = [(Search(with_seed(plans["random"], seed)).left, grid) for seed in range(done, seeds)]
    return [(0.0, 0.0)] * done + ahead


def _check_time(seconds: float, seeds: int) -> None:
    if seconds > SECONDS:
        raise UserError(
            f"Both searches under {seeds} seeds would take about {seconds / 3600:,.1f} hours of work, and "
            f"{SECONDS / 3600:,.0f} are allowed: take fewer seeds, models or steps."
        )
