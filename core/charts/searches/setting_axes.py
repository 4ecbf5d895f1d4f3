"""What charts of a search share that have settings as axes: ticks, places of the models, and how regions are drawn."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.charts.layout import axis, titled
from core.charts.palette import BLUE, VERMILLION, YELLOW
from core.search.search import Search
from core.search.space import Range, positions
from core.search.view import newest_losses, short
from core.settings.scales import SCALES

Array = np.ndarray
TICKS = 5
REGION = {"color": BLUE, "width": 2, "dash": "dash"}  # the outline of what is selected
RUG = -0.06  # where the projections lie, on axes from 0 to 1
SCALE = [[0.0, BLUE], [0.5, YELLOW], [1.0, VERMILLION]]


def places_and_ranks(search: Search, ranges: Mapping[str, Range], axes: tuple[str, str]) -> tuple[Array, Array, Array]:
    """x and y (models,) in 0..1 on the settings' right scales, and the rank of each model's dev loss (models,) from 0,
    the best, to 1; NaN where it has none yet, 2 where it diverged."""
    points = [trial.point for trial in search.trials]
    x, y = (positions(ranges[name], points) for name in axes)
    losses = newest_losses(search)
    finite = np.isfinite(losses)
    rank = np.full(losses.size, np.nan)
    rank[finite] = np.argsort(np.argsort(losses[finite])) / max(1, finite.sum() - 1)
    rank[np.isposinf(losses)] = 2.0
    return x, y, rank


def ticks(searched: Range) -> tuple[list[float], list[str]]:
    """Places in 0..1 of a range, and the values there as a person reads them."""
    if searched.choices:
        return list(positions(searched, [{searched.name: c} for c in searched.choices])), [
            searched.field.word(choice) for choice in searched.choices
        ]

    values = SCALES[searched.field.scale].from_unit(np.linspace(0, 1, TICKS), searched.low, searched.high)
    if searched.field.integer:
        values = np.unique(np.rint(values).astype(int))
    places = positions(searched, [{searched.name: value} for value in values.tolist()])
    return places.tolist(), [short(value) for value in values.tolist()]


def axis_of(searched: Range, high: float = 1.06) -> dict[str, object]:
    """The axis of a setting on its right scale, from below the projections up to the place `high`."""
    places, words = ticks(searched)
    label = f"{searched.field.symbol} {searched.field.label}".strip()
    return axis(tickmode="array", tickvals=places, ticktext=words, title=titled(label), range=[-0.1, high])
