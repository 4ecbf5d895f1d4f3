"""Regions that a person selects: stretches of the axes of a chart as values of the settings, and back again (C3).

A region holds, by the names of some settings, (low, high) or the choices that it leaves; of the others it leaves all.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.errors import UserError
from core.search.space import Range, Space, positions
from core.search.zoom import within
from core.settings.scales import SCALES

Region = dict[str, tuple[Any, ...]]
MARGIN = 0.06  # of an axis, at most, by which a stretch reaches over the choices at its ends
NARROW = 0.006  # of an axis: what a single value is drawn as, to either side


def selected(space: Space, region: Region, axes: Space, places: Mapping[str, Any]) -> Region:
    """The region with some settings selected anew, by places (low, high) in 0..1 on the axes of `axes`; None leaves all
    of a setting. It is cut to `space`; a setting of which all is left is not in it.

    Raises `UserError` for what is no such place, and where nothing of a setting is left.
    """
    ranges = {one.name: one for one in axes.ranges}
    found = dict(region)
    for name, stretch in places.items():
        found.pop(name, None)
        if stretch is not None:
            found[name] = values_at(ranges[name], stretch) if name in ranges else ()
    inside = within(space, found)
    both = zip(inside.ranges, space.ranges, strict=True)
    return {one.name: one.choices or (one.low, one.high) for one, whole in both if one != whole}


def narrowed(space: Space, region: Region, values: Region) -> Region:
    """The region with (low, high) or choices of some settings in place of what it had of them; () leaves all of one.
    Raises `UserError` as `selected` does."""
    return selected(space, {name: kept for name, kept in (region | values).items() if kept}, space, {})


def typed(searched: Range, now: tuple[Any, ...], end: int, value: float | None) -> tuple[Any, ...]:
    """(low, high) of a setting whose `end` (0 or 1) is typed anew, None for that of what is searched; `now` is what the
    region has of it, () for all. An end that passes the other sets that free. Raises `UserError` for one outside."""
    whole, word = (searched.low, searched.high), searched.field.word
    value = whole[end] if value is None else value
    if not whole[0] <= value <= whole[1]:
        label = searched.field.label.capitalize()
        raise UserError(f"{label} is searched from {word(whole[0])} to {word(whole[1])}: type a number in between.")
    other = (now or whole)[1 - end]
    low, high = (value, other) if end == 0 else (other, value)
    return (low, high) if low <= high else ((value, whole[1]) if end == 0 else (whole[0], value))


def values_at(searched: Range, stretch: Any) -> tuple[Any, ...]:
    """The (low, high), or the choices, of a stretch (low, high) of the axis of a setting, where the range lies in 0..1
    on its right scale. Raises `UserError` for what is no stretch, and where nothing lies in it."""
    if not isinstance(stretch, list | tuple) or len(stretch) != 2 or not all(map(_is_place, stretch)):
        words = f"A region of {searched.field.label} goes from one place on its axis to another: select it again."
        raise UserError(words)
    low, high = min(stretch), max(stretch)
    if searched.choices:
        at = positions(searched, [{searched.name: choice} for choice in searched.choices])
        found = tuple(choice for choice, place in zip(searched.choices, at, strict=True) if low <= place <= high)
    else:
        found = _numbers(searched, low, high) if low <= 1 and high >= 0 else ()
    if not found:
        raise UserError(f"The region holds no {searched.field.label} that is searched: select a larger one.")
    return found


def _is_place(place: Any) -> bool:
    return isinstance(place, int | float) and not isinstance(place, bool) and abs(place) < 1e6


def _numbers(searched: Range, low: float, high: float) -> tuple[Any, ...]:
    ends = SCALES[searched.field.scale].from_unit(np.clip([low, high], 0.0, 1.0), searched.low, searched.high)
    if not searched.field.integer:
        return tuple(ends.tolist())
    first, last = math.ceil(ends[0] - 1e-9), math.floor(ends[1] + 1e-9)
    return (first, last) if first <= last else ()


def stretch_of(searched: Range, values: tuple[Any, ...]) -> tuple[float, float]:
    """Where values of a region lie on the axis of a setting, (low, high) in 0..1: a little more for choices and for a
    single value, so that it can be seen. What lies outside the range is taken as its nearer end."""
    if searched.choices:
        values = tuple(value for value in values if value in searched.choices) or searched.choices
    at = positions(searched, [{searched.name: value} for value in values])
    low, high = float(at.min()), float(at.max())
    more = min(MARGIN, 0.4 / max(1, len(searched.choices) - 1)) if searched.choices else NARROW * (low == high)
    return low - more, high + more


# to JSON and back


def region_to_json(generation: int, region: Region) -> str:
    """A region of a generation (from 0) as JSON; "" where nothing is selected."""
    return json.dumps({"generation": generation, "region": region}, allow_nan=False) if region else ""


def region_from_json(text: str, spaces: Sequence[Space]) -> tuple[int, Region] | None:
    """The generation and the region of `region_to_json`, None where nothing was selected; `spaces` are those of all
    generations. Raises `UserError` where it is no region of them any more."""
    if not text:
        return None
    kept = json.loads(text)
    space = spaces[kept["generation"]]
    return kept["generation"], selected(space, kept["region"], space, {})
