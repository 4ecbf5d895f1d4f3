"""The plan of a search: what is searched, how points are chosen, and the run that all models start from, if any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from core.errors import UserError
from core.runs.journal import Nudge, settings_after
from core.search.sampling import grid_points, random_points
from core.search.space import MOST_POINTS, Point, Space
from core.settings.table import FIELDS, RunSpec, Settings
from core.training.state import State

Result = dict[str, Any]  # what became of a trial, as plain numbers: see `Search.result`
Receive = Callable[[list[Result]], object]
LEAST_STEPS, MOST_STEPS = 10, 20_000
HALVINGS = (8, 4, 2)  # steps / 8, steps / 4, steps / 2: where successive halving stops the worse half

SAMPLERS: dict[str, Callable[[Plan], list[Point]]] = {
    "random": lambda plan: random_points(plan.space, plan.models, plan.seed),
    "grid": lambda plan: grid_points(plan.space, plan.models),
}


@dataclass(frozen=True)
class Origin:
    """The run that all models of a search start from: its first settings, its nudges, and its step.

    `state` is what that leads to; without it, the run is trained again.
    """

    spec: RunSpec
    settings: Settings
    journal: tuple[Nudge, ...]
    step: int
    state: State | None = field(default=None, compare=False, repr=False)

    @cached_property
    def present(self) -> Settings:
        """The settings at the run's step."""
        return settings_after(self.settings, self.journal)


@dataclass(frozen=True)
class Plan:
    """What is searched and how: points "random" or on a "grid" for `models` models at most, each trained for `steps`
    steps, with successive halving or without, from step 0 or from an origin."""

    space: Space
    kind: str
    models: int
    steps: int
    seed: int = 0
    halving: bool = False
    origin: Origin | None = None

    def __post_init__(self) -> None:
        if self.kind not in SAMPLERS:
            raise UserError(f"A search is {' or '.join(SAMPLERS)}, not {str(self.kind)[:40]!r}.")
        check_models(self.models)
        _check_whole("steps", self.steps, LEAST_STEPS, MOST_STEPS)
        _check_whole("seed", self.seed, 0, int(FIELDS["seed"].high))

    @property
    def first_step(self) -> int:
        """The step at which all models begin."""
        return self.origin.step if self.origin else 0

    @property
    def halving_steps(self) -> set[int]:
        """The steps at which the worse half of the models is stopped; none without halving."""
        return {self.first_step + self.steps // part for part in HALVINGS} if self.halving else set()


def check_models(models: Any) -> None:
    """Raises `UserError` unless a search may have so many models."""
    _check_whole("models", models, 1, MOST_POINTS)


def _check_whole(name: str, value: Any, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise UserError(f"A search's {name} cannot be {str(value)[:40]}: it takes a whole number, {low:,} to {high:,}.")
