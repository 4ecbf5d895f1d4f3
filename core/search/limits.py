"""What a search may be, checked before any work: memory, time, and what can be searched from a run that has begun."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import UserError
from core.search.plan import Plan
from core.search.trials import Group, Trial

PARAMETERS = 10_000_000  # of all models together
STACK_BYTES = 512 * 2**20  # that the largest stack may take
SECONDS = 3600.0  # that a search may take, about, where it has a core to itself


def check_origin(plan: Plan, trials: Sequence[Trial]) -> None:
    """Raises `UserError` where a model has another network than the run from which it goes on."""
    if plan.origin and any(trial.spec != plan.origin.spec for trial in trials):
        raise UserError(
            "Variants of a run keep its data and its network: search only settings that can be nudged, and no hidden "
            "units, layers, activation or initialization."
        )


def check_memory(groups: Sequence[Group]) -> None:
    """Raises `UserError` where the models, or the largest stack of them, need too much memory."""
    count = sum(group.parameters * len(group.trials) for group in groups)
    if count > PARAMETERS:
        raise UserError(
            f"The models have {count:,} parameters together, and a search may have {PARAMETERS:,}: search fewer models "
            "or smaller networks."
        )
    needed = max(group.stack_bytes(min(group.fit, len(group.trials))) for group in groups)
    if needed > STACK_BYTES:
        raise UserError(
            f"One of the models would take about {needed / 2**30:.1f} GB of memory to train, and "
            f"{STACK_BYTES / 2**30:.1f} GB are kept for it: search smaller mini-batches or smaller networks."
        )


def check_time(seconds: float) -> None:
    """Raises `UserError` where a search would take too long."""
    if seconds > SECONDS:
        raise UserError(
            f"This search would take about {seconds / 3600:,.1f} hours of work, and {SECONDS / 3600:,.0f} is allowed: "
            "search fewer models, fewer steps, or smaller networks and mini-batches."
        )
