"""What a search costs beside its training: `python -m benchmarks.search_cost`, about two minutes.

256 models of the default network, 1,000 steps each, through `core.search.search`; then 64 models whose shapes differ
more and more, which leaves fewer and fewer to a stack. `python -m benchmarks.caviar` measures training steps alone.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from core.search.plan import Plan
from core.search.sampling import random_points
from core.search.search import Search
from core.search.space import SEARCHABLE, Point, Range, Space
from core.settings.table import RunSpec, Settings
from core.training import jit
from core.training.stack import Stack

RATES = ("learning_rate", "beta1")
SHAPES = ("units", "batch_size")
DIGITS = RunSpec(dataset="digits", hidden=(64, 32))


@dataclass
class Cost:
    """Seconds by the wall clock, seconds of the processor, and the share of those not spent in `Stack.advance`."""

    took: float
    worked: float
    share: float
    model_steps: int
    stacks: int
    foreseen: float
    slices: list[float]

    def __str__(self) -> str:
        longest = 1000 * np.quantile(self.slices, [0.5, 0.99, 1])
        return (
            f"{self.took:6.2f} s, {self.model_steps / self.took:9,.0f} model-steps/s, "
            f"{1e6 * self.worked / self.model_steps:6.1f} µs of the processor each, {self.share:5.1%} not in training, "
            f"{self.stacks:3} shapes, foreseen {self.foreseen:.2f} s; "
            f"asked every {longest[0]:.1f} ms of the processor (99 %: {longest[1]:.1f}, longest: {longest[2]:.1f})"
        )


@contextmanager
def timed_training() -> Iterator[dict[str, float]]:
    """Counts the processor's seconds in `Stack.advance`, and the model-steps done there."""
    counted, advance = {"seconds": 0.0, "model_steps": 0}, Stack.advance

    def timed(stack: Stack, *rest: Any) -> int:
        start = time.process_time()
        done = advance(stack, *rest)
        counted["seconds"] += time.process_time() - start
        counted["model_steps"] += done * stack.members
        return done

    Stack.advance = timed  # type: ignore[method-assign]
    try:
        yield counted
    finally:
        Stack.advance = advance  # type: ignore[method-assign]


def cost(plan: Plan, points: list[Point] | None = None) -> Cost:
    """Work through a search."""
    search, asked = Search(plan, points), []
    goal = 0.05  # then it is asked how long it will take

    def should_stop() -> bool:
        asked.append(time.process_time())
        return search.progress >= goal

    with timed_training() as counted:
        start, worked = time.perf_counter(), time.process_time()
        search.advance(should_stop)
        foreseen, goal = (time.perf_counter() - start) + search.left, 1.0
        search.advance(should_stop)
        took, worked = time.perf_counter() - start, time.process_time() - worked
    shapes = len(
        {(t.spec.hidden, t.spec.activation, t.settings.batch_size, t.settings.optimizer) for t in search.trials}
    )
    share = 1 - counted["seconds"] / worked
    return Cost(took, worked, share, int(counted["model_steps"]), shapes, foreseen, np.diff(asked).tolist())


def plan(names: tuple[str, ...], models: int, steps: int, spec: RunSpec | None = None, **chosen: Any) -> Plan:
    """A random search of the settings `names` in their usual ranges."""
    ranges = tuple(SEARCHABLE[name] for name in names)
    return Plan(Space(spec or RunSpec(), Settings(), ranges), "random", models, steps, **chosen)


def few_values(search: Plan, counts: dict[str, int]) -> list[Point]:
    """The plan's points, with some settings moved to the nearest of so many values, which are even on their scale."""
    points = random_points(search.space, search.models, search.seed)
    for name, count in counts.items():
        values = levels(SEARCHABLE[name], count)
        for point in points:
            point[name] = int(values[np.argmin(np.abs(np.log(values / point[name])))])
    return points


def levels(searched: Range, count: int) -> np.ndarray:
    """Whole numbers even on the log scale, (count,)."""
    return np.rint(np.geomspace(searched.low, searched.high, count))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=256)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--mixed-steps", type=int, default=500, help="steps of each of the 64 models of other shapes")
    chosen = parser.parse_args()
    jit.wait()
    with threadpool_limits(1):
        models, steps = chosen.models, chosen.steps
        print(f"{models} models of the default network, {steps:,} steps each")
        print("  α, β searched      ", cost(plan(RATES, models, steps)))
        print("  with halving       ", cost(plan(RATES, models, steps, halving=True)))
        print("64 models of digits 64-64-32-10")
        print("  α, β searched      ", cost(plan(RATES, 64, steps, DIGITS)))
        print(f"64 models of the default network, {chosen.mixed_steps:,} steps each")
        mixed(chosen.mixed_steps)


def mixed(steps: int) -> None:
    """Models whose units and mini-batch sizes take any value, a few, or one."""
    print("  α, β               ", cost(plan(RATES, 64, steps)))
    for count in (2, 4, 6, 8):
        search = plan((*RATES, "batch_size"), 64, steps)
        print(f"  batch: {count} values    ", cost(search, few_values(search, {"batch_size": count})))
    print("  batch: powers of 2 ", cost(plan((*RATES, "batch_size"), 64, steps)))
    for count in (2, 4, 6, 8):
        search = plan((*RATES, *SHAPES), 64, steps)
        print(f"  batch, units: {count} each", cost(search, few_values(search, dict.fromkeys(SHAPES, count))))
    print("  and units: any     ", cost(plan((*RATES, *SHAPES), 64, steps)))


if __name__ == "__main__":
    main()
