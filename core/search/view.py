"""What the charts of a search show: its models, the picked one, and the two settings that a scatter has as axes.

Models are ranked by their newest dev loss; those that diverged have no rank.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from core.search.regions import Region
from core.search.search import Search

Array = np.ndarray
BEST = 0.1  # share of the models that are drawn as the best


@dataclass(frozen=True)
class SearchView:
    """What is shown of a search; `axes` names two searched settings (the same one twice where there is only one).

    `search` is the generation shown, `generations` are all; `region` is what is selected of the one shown. Where
    `whole`, the scatter shows all generations, else only that one. `seed_losses` (2, pairs) are the best dev losses
    of random and of grid where the two are compared under many seeds.
    """

    search: Search
    picked: int | None
    axes: tuple[str, str]
    generations: tuple[Search, ...] = ()
    region: Region = field(default_factory=dict)
    whole: bool = False
    seed_losses: Array | None = None


def short(value: float, digits: int = 2) -> str:
    """A number in few signs: 0.0032, 0.999, 1e-08."""
    if isinstance(value, int):
        return f"{value:,}"
    if value and 1 - value < 0.01 and value < 1:
        return f"{value:.{digits + math.ceil(-math.log10(1 - value))}g}"
    return f"{value:.{digits}g}"


def last_finite(losses: Array) -> Array:
    """The last dev loss that was measured of each model, (models,), NaN where none is finite.

    `losses` (models, p) holds NaN where not yet measured or diverged; a model that was measured and then became NaN
    has diverged only if its trial says so, so the last finite one counts.
    """
    finite = np.isfinite(losses)
    last = losses.shape[1] - 1 - np.argmax(finite[:, ::-1], axis=1)
    found = losses[np.arange(len(losses)), last]
    return np.where(finite.any(axis=1), found, np.nan)


def newest_losses(search: Search) -> Array:
    """Newest dev loss of each model (models,), infinite for those that diverged, NaN for those not yet measured."""
    diverged = np.array([trial.state == "diverged" for trial in search.trials])
    return np.where(diverged, np.inf, last_finite(search.losses))


def ranking(search: Search) -> Array:
    """The numbers of the models that have a finite newest loss, best first."""
    losses = newest_losses(search)
    ranked = np.argsort(np.where(np.isnan(losses), np.inf, losses), kind="stable")
    finite: Array = ranked[np.isfinite(losses[ranked])]
    return finite


def least_loss(search: Search) -> float | None:
    """The least dev loss that was measured of any model, in nats; None where none was finite."""
    return min((trial.best for trial in search.trials if math.isfinite(trial.best)), default=None)
