"""Successive halving: at some steps, the worse half of the models still training is stopped.

Jamieson & Talwalkar 2016, "Non-stochastic best arm identification and hyperparameter optimization".
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from core.search.trials import Trial


def stop_worse_half(trials: Iterable[Trial], step: int) -> None:
    """Stop the worse half of these trials, all measured at `step`, by dev loss."""
    ranked = sorted(trials, key=_rank)
    kept = -(-len(ranked) // 2)
    for trial in ranked[kept:]:
        behind = f"{trial.loss:.4g}, behind {ranked[kept - 1].loss:.4g}, the highest that went on"
        loss = "not a finite number" if math.isnan(trial.loss) else behind
        trial.state, trial.stopped_at = "stopped", step
        trial.why = f"Stopped at step {step:,}, in the worse half of {len(ranked):,}: its dev loss is {loss}."


def _rank(trial: Trial) -> float:
    """What trials are ranked by: a loss that is not finite is the worst."""
    return math.inf if math.isnan(trial.loss) else trial.loss
