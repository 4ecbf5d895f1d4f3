"""What to search: ranges of settings, each on its right scale, and the space that they make up.

A `Space` is a run's spec and settings with a range for each setting that is searched; a point is a value for each of
those. Course rows C1 (what to tune), C4 and C5 (the right scale).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.data.safe_load import shown
from core.errors import UserError
from core.settings.scales import SCALES
from core.settings.table import (
    FIELDS,
    GROUPS,
    MAX_LAYERS,
    MAX_UNITS,
    SETTINGS,
    Field,
    RunSpec,
    SettingError,
    Settings,
    changed,
)

Array = np.ndarray
Point = dict[str, Any]  # a value for each searched setting, by its name
MOST_POINTS = 1000

# fmt: off
_NETWORK = (
    Field("units", "n[l]", "hidden units", "Units of every hidden layer.",
          "log", "second", 1, MAX_UNITS, integer=True, searched=(4, 128), course="C1"),
    Field("layers", "", "number of hidden layers", "How many hidden layers there are.",
          "linear", "third", 1, MAX_LAYERS, integer=True, searched=(1, 4), course="C1"),
    replace(FIELDS["activation"], group="seldom"),
    replace(FIELDS["initialization"], group="seldom"),
)
RANK = ("learning_rate", "beta1", "units", "batch_size", "layers", "decay")  # C1; in a group, others come after these
# fmt: on


def _rank(field: Field) -> tuple[int, int]:
    return list(GROUPS).index(field.group), RANK.index(field.name) if field.name in RANK else len(RANK)


# Not on_switch: it says what a nudge does, and a model that is searched is not nudged.
_KNOWN: Mapping[str, Field] = {
    field.name: field for field in sorted((*SETTINGS, *_NETWORK), key=_rank) if field.name != "on_switch"
}


@dataclass(frozen=True)
class Range:
    """What is searched of one setting: the numbers `low`..`high`, even on `scale`, or else `choices`.

    `scale` is the setting's own (see `field`) or "linear"; with choices, low, high and scale say nothing and are put
    to 0, 0 and the setting's own. Raises `SettingError` for what the setting cannot be, or cannot be searched in.
    """

    name: str
    low: float = 0.0
    high: float = 0.0
    scale: str = "linear"
    choices: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or self.name not in _KNOWN:
            raise SettingError(f"{shown(self.name)} cannot be searched: choose from {', '.join(_KNOWN)}.")
        found = _checked_choices(self) if _is_choice(self.field) else _checked_ends(self)
        for name, value in found.items():
            object.__setattr__(self, name, value)

    @property
    def field(self) -> Field:
        """The setting's row of the table: its label, symbol, group, own scale, and how a value reads."""
        return _KNOWN[self.name]

    def check(self, value: Any) -> Any:
        """`value` in the setting's own type; a `SettingError` where it does not lie in this range."""
        parsed = self.field.parse(value)
        if parsed not in self.choices if self.choices else not self.low <= parsed <= self.high:
            words = f"{self.field.label.capitalize()} {self.field.word(parsed)}"
            raise SettingError(f"{words} lies outside what is searched: leave that point out.")
        return parsed


def _is_choice(field: Field) -> bool:
    return field.scale in ("choice", "switch")


def _checked_choices(given: Range) -> dict[str, Any]:
    field = given.field
    if not isinstance(given.choices, list | tuple) or not given.choices:
        raise SettingError(f"Choose at least one {field.label} to search: it takes {field.range_words()}.")
    choices = tuple(dict.fromkeys(field.parse(choice) for choice in given.choices))
    return {"low": 0.0, "high": 0.0, "scale": field.scale, "choices": choices}


def _checked_ends(given: Range) -> dict[str, Any]:
    field, label = given.field, given.field.label.capitalize()
    if given.choices not in ((), []):
        raise SettingError(f"{label} is a number: give the ends of a range, no choices.")
    low, high = field.parse(given.low), field.parse(given.high)
    if low > high:
        raise SettingError(f"{label} goes from {field.word(low)} down to {field.word(high)}: exchange the ends.")
    if given.scale not in (field.scale, "linear"):
        own = "" if field.scale == "linear" else f"{field.scale!r} or "
        raise SettingError(f"{label} has no scale {shown(given.scale)}: choose {own}'linear'.")
    return {"low": low, "high": high, "choices": ()}


def _usual(field: Field) -> Range:
    if _is_choice(field):
        return Range(field.name, choices=tuple(field.choices or (True, False)))
    return Range(field.name, *(field.searched or (field.low, field.high)), field.scale)


# What can be searched, with what is searched of it unless somebody says otherwise; in the course's order (C1).
SEARCHABLE: Mapping[str, Range] = {name: _usual(field) for name, field in _KNOWN.items()}


@dataclass(frozen=True)
class Space:
    """What is searched: `ranges`, put in the course's order; all else stays as in `spec` and `settings`.

    Raises `UserError` where there is no range, or two of one setting.
    """

    spec: RunSpec
    settings: Settings
    ranges: tuple[Range, ...]

    def __post_init__(self) -> None:
        order = list(_KNOWN)
        object.__setattr__(self, "ranges", tuple(sorted(self.ranges, key=lambda one: order.index(one.name))))
        if not self.ranges:
            raise UserError("Nothing is searched: choose at least one setting.")
        for one, other in zip(self.ranges, self.ranges[1:], strict=False):
            if one.name == other.name:
                raise UserError(f"{one.field.label.capitalize()} is searched twice: leave out one of its ranges.")


def on_linear_scale(searched: Range) -> Range:
    """The same range on the linear scale, for comparison with the right one (C4, C5)."""
    return searched if searched.choices else replace(searched, scale="linear")


def positions(searched: Range, points: Sequence[Point]) -> Array:
    """Where the points lie in the range on the setting's right scale, even if it is searched on the wrong one: (n,) in
    0..1, outside taken as the nearer end. Choices lie at equal distances; `KeyError` for one not in the range."""
    values = [point[searched.name] for point in points]
    if searched.choices:
        places = {choice: place for place, choice in enumerate(searched.choices)}
        return np.array([places[value] for value in values], np.float64) / max(1, len(places) - 1)
    return np.asarray(SCALES[searched.field.scale].to_unit(np.array(values, np.float64), searched.low, searched.high))


def model_at(space: Space, point: Point) -> tuple[RunSpec, Settings]:
    """The spec and the settings of a model at `point`. Raises `SettingError` where a value cannot be, or is missing.

    More layers than the spec has are as wide as its last.
    """
    if point.keys() != {one.name for one in space.ranges}:
        names = ", ".join(one.name for one in space.ranges)
        raise SettingError(f"The point has other settings than those that are searched: it takes {names}.")
    values = {one.name: one.field.parse(point[one.name]) for one in space.ranges}
    hidden = space.spec.hidden
    layers = values.pop("layers", len(hidden))
    hidden = (hidden + hidden[-1:] * layers)[:layers]
    if "units" in values:
        hidden = (values.pop("units"),) * layers
    network = {name: values.pop(name) for name in ("activation", "initialization") if name in values}
    return replace(space.spec, hidden=hidden, **network), changed(space.settings, values)
