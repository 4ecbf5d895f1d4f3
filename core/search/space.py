"""What to search and where to sample it: ranges on their right scales, random points, grids, and regions to zoom into.

A `Space` is a run's spec and settings with a range for each setting that is searched; a point says a value for each of
those. Course rows C1 (what to tune), C2 (random, not grid), C3 (coarse to fine), C4 and C5 (the right scale).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from core.data.safe_load import FileError, shown
from core.errors import UserError
from core.runs.run_file import settings_of, spec_of
from core.settings.scales import SCALES, sample
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
LEAST_BEST = 3  # points that a region is proposed from

# fmt: off
_NETWORK = (
    Field("units", "n[l]", "hidden units", "Units of every hidden layer.",
          "log", "second", 1, MAX_UNITS, integer=True, course="C1"),
    Field("layers", "", "number of hidden layers", "How many hidden layers there are.",
          "linear", "third", 1, MAX_LAYERS, integer=True, course="C1"),
    replace(FIELDS["activation"], group="seldom"),
    replace(FIELDS["initialization"], group="seldom"),
)
RANK = ("learning_rate", "beta1", "units", "batch_size", "layers", "decay")  # C1; in a group, others come after these
USUAL: Mapping[str, tuple[float, float]] = {  # what is searched of a setting, where that is not all it can be
    "learning_rate": (1e-4, 1.0),  # C4
    "beta1": (0.9, 0.999),  # C5
    "units": (4, 128),
    "batch_size": (8, 256),
    "layers": (1, 4),
    "decay_rate": (1e-3, 0.5),
    "decay_every": (1, 100),
    "bn_decay": (0.5, 0.99),
    "bn_epsilon": (1e-8, 0.1),
    "beta2": (0.9, 0.9999),
    "epsilon": (1e-10, 1e-4),
}
# fmt: on
POWERS = ("batch_size",)  # drawn from the powers of two: few values make few shapes, and so large stacks


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

    def held(self, value: Any) -> Any:
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
    return Range(field.name, *USUAL.get(field.name, (field.low, field.high)), field.scale)


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


# scales


def wrong(searched: Range) -> Range:
    """The same range on the linear scale, for comparison with the right one (C4, C5)."""
    return searched if searched.choices else replace(searched, scale="linear")


def positions(searched: Range, points: Sequence[Point]) -> Array:
    """Where the points lie in the range on the setting's right scale, even if it is searched on the wrong one: (n,) in
    0..1, outside taken as the nearer end. Choices stand at equal distances; `KeyError` for one not in the range."""
    values = [point[searched.name] for point in points]
    if searched.choices:
        places = {choice: place for place, choice in enumerate(searched.choices)}
        return np.array([places[value] for value in values], np.float64) / max(1, len(places) - 1)
    return SCALES[searched.field.scale].to_unit(np.array(values, np.float64), searched.low, searched.high)


# sampling


def random_points(space: Space, n: int, seed: int) -> list[Point]:
    """`n` points drawn evenly on each range's scale, each setting on its own (C2, C4, C5).

    The same space and seed give the same points, and fewer of them are the first of more. What is drawn of a setting
    does not depend on what else is searched.
    """
    drawn = [_drawn(one, n, np.random.default_rng([seed, *one.name.encode()])) for one in space.ranges]
    return _points(space, zip(*drawn, strict=True))


def _drawn(searched: Range, n: int, rng: np.random.Generator) -> list[Any]:
    """`n` values of the range. A mini-batch size is a power of two. Any other whole number k stands for k - 1/2 to
    k + 1/2, so that the ends are not drawn half as often as they should be."""
    if searched.choices:
        return [searched.choices[place] for place in rng.integers(len(searched.choices), size=n)]
    if powers := _powers(searched):
        return [powers[place] for place in rng.integers(len(powers), size=n)]
    if not searched.field.integer:
        return sample(searched.scale, searched.low, searched.high, rng, n).tolist()
    values = np.rint(sample(searched.scale, searched.low - 0.5, searched.high + 0.5, rng, n))
    return np.clip(values, searched.low, searched.high).astype(int).tolist()


def _powers(searched: Range) -> list[int]:
    """The powers of two in the range, which are even on a log scale, for a setting that is drawn from them; else none,
    as for a range that has none or is searched on the linear scale."""
    if searched.name not in POWERS or searched.scale == "linear":
        return []
    return [2**k for k in range(searched.high.bit_length()) if searched.low <= 2**k]


def grid_points(space: Space, n: int) -> list[Point]:
    """The points of a full grid of at most `n`, with `sides` values of each range, the last setting changing first.

    Raises `UserError` where `n` is too small for a grid.
    """
    levels = [_levels(one, side) for one, side in zip(space.ranges, sides(space, n), strict=True)]
    return _points(space, product(*levels))


def sides(space: Space, n: int) -> tuple[int, ...]:
    """How many values of each range a grid of at most `n` points tries: all choices, and at least two numbers.

    The sides grow one by one, the smallest and most important first, until none can grow any more. A range of numbers
    too narrow for its side to be told apart gives fewer. Raises `UserError` where `n` is too small.
    """
    most = [_values(one) for one in space.ranges]
    found = [count if one.choices else min(2, count) for one, count in zip(space.ranges, most, strict=True)]
    if math.prod(found) > n:
        raise UserError(_too_small(space, found, n))
    while True:
        for i in sorted(range(len(found)), key=found.__getitem__):
            grown = [side + (i == k) for k, side in enumerate(found)]
            if grown[i] <= most[i] and math.prod(grown) <= n:
                found = grown
                break
        else:
            return tuple(found)


def _values(searched: Range) -> float:
    """How many values the range has."""
    if searched.choices:
        return len(searched.choices)
    if searched.field.integer:
        return searched.high - searched.low + 1
    return 1 if searched.low == searched.high else math.inf


def _too_small(space: Space, least: list[int], n: int) -> str:
    parts = [f"{one.field.label} ({side})" for one, side in zip(space.ranges, least, strict=True)]
    return (
        f"The smallest grid, {' by '.join(parts)}, has {math.prod(least):,} points, and {n:,} are allowed: search "
        "fewer settings or choices, allow more models, or search at random."
    )


def _levels(searched: Range, side: int) -> list[Any]:
    """`side` different values at equal distances on the range's scale, both ends among them; all choices.

    Whole numbers that crowd at the low end of a log scale move up to the next free ones.
    """
    if searched.choices:
        return list(searched.choices)
    values = SCALES[searched.scale].from_unit(np.linspace(0.0, 1.0, side), searched.low, searched.high)  # (side,)
    if not searched.field.integer:
        return np.unique(values).tolist()  # fewer in a range too narrow to tell so many apart
    place = np.arange(side)
    # None is pushed past the high end: on both scales of whole numbers the steps do not shrink on the way up.
    return (np.maximum.accumulate(np.rint(values) - place) + place).astype(int).tolist()


def _points(space: Space, rows: Iterable[Sequence[Any]]) -> list[Point]:
    names = [one.name for one in space.ranges]
    return [dict(zip(names, row, strict=True)) for row in rows]


def made(space: Space, point: Point) -> tuple[RunSpec, Settings]:
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


# coarse to fine


def zoomed(space: Space, points: Sequence[Point], losses: Sequence[float] | Array, share: float = 0.1) -> Space:
    """The region of the best `share` of the points, at least three, by `losses` (n,) (C3).

    Each range goes half way on to the next point tried outside, or to its end where there is none. Of choices, those
    among the best remain. A loss that is not finite is never among the best; `UserError` where fewer than three are.
    """
    losses = np.asarray(losses, np.float64)
    finite = int(np.isfinite(losses).sum())
    if finite < LEAST_BEST:
        raise UserError(
            f"A region is proposed from the best {LEAST_BEST} models or more, and {finite} of {losses.size} have a "
            "loss: train more of them first, or search smaller learning rates."
        )
    order = np.argsort(np.where(np.isfinite(losses), losses, np.inf), kind="stable")
    best = order[: min(finite, max(LEAST_BEST, round(share * losses.size)))]
    return within(space, {one.name: _box(one, points, best) for one in space.ranges})


def _box(searched: Range, points: Sequence[Point], best: Array) -> tuple[Any, ...]:
    """The choices of the best points, or the ends of the region around them."""
    values = [points[k][searched.name] for k in best]
    if searched.choices:
        return tuple(values)
    at = positions(searched, points)  # (n,)
    below, above = at[at < at[best].min()], at[at > at[best].max()]
    start = (below.max() + at[best].min()) / 2 if below.size else 0.0
    stop = (above.min() + at[best].max()) / 2 if above.size else 1.0
    ends = SCALES[searched.field.scale].from_unit([start, stop], searched.low, searched.high)
    return min(ends[0], *values), max(ends[1], *values)  # rounding must not lose a best point


def within(space: Space, box: Mapping[str, Sequence[Any]]) -> Space:
    """The part of the space in a region: for some settings their (low, high) or choices, cut to what is searched.

    Raises `UserError` for a setting that is not searched, and where the region holds nothing of one.
    """
    ranges = {one.name: one for one in space.ranges}
    for name, ends in box.items():
        if name not in ranges:
            raise UserError(f"The region is one of {shown(name)}, which is not searched: select it again.")
        ranges[name] = _cut(ranges[name], ends)
    return replace(space, ranges=tuple(ranges.values()))


def _cut(searched: Range, ends: Sequence[Any]) -> Range:
    label = searched.field.label
    if not isinstance(ends, list | tuple):
        raise UserError(f"The region says {shown(ends)} of {label}: select it again.")
    if searched.choices:
        choices = tuple(choice for choice in searched.choices if choice in ends)
        if not choices:
            raise UserError(f"The region holds no {label} that is searched: select a larger one.")
        return replace(searched, choices=choices)
    if len(ends) != 2 or not all(isinstance(end, int | float) and end == end for end in ends):
        raise UserError(f"The region has no two ends for {label}: select it again.")
    low, high = max(searched.low, min(ends)), min(searched.high, max(ends))
    if searched.field.integer and low <= high:
        low, high = math.ceil(low), math.floor(high)
    if low > high:
        raise UserError(f"The region holds no value of {label} that is searched: select a larger one.")
    return replace(searched, low=low, high=high)


# random against grid


def spread(points: Iterable[Point], name: str) -> int:
    """How many different values of a setting the points try (C2): of a learning rate, n random points try n, and a
    grid of n points as many as one of its sides."""
    return len({point[name] for point in points})


def projection(searched: Range, points: Iterable[Point]) -> tuple[Array, Array]:
    """The points as they fall on one axis (C2): `positions` of the different values (k,), rising, and how many points
    have each (k,) int. k is their `spread`."""
    counts = Counter(point[searched.name] for point in points)
    at = positions(searched, [{searched.name: value} for value in counts])
    order = np.argsort(at, kind="stable")
    return at[order], np.array(list(counts.values()), int)[order]


# to JSON and back


def to_json(space: Space) -> dict[str, Any]:
    """The space as plain dicts, lists, strings and numbers, which come back to the bit. Points are that already."""
    spec = asdict(space.spec)
    ranges = [
        {"name": one.name, "choices": list(one.choices)}
        if one.choices
        else {"name": one.name, "low": one.low, "high": one.high, "scale": one.scale}
        for one in space.ranges
    ]
    return {"spec": spec | {"hidden": list(spec["hidden"])}, "settings": asdict(space.settings), "ranges": ranges}


def from_json(found: Any) -> Space:
    """The space of `to_json`, all of it checked. Raises `UserError` that says what is wrong."""
    _check_names(found, ("spec", "settings", "ranges"), "search")
    rows = found["ranges"]
    if not isinstance(rows, list):
        raise FileError("The search has no list of ranges: save it again.")
    for row in rows:
        chosen = isinstance(row, dict) and "choices" in row
        _check_names(row, ("name", "choices") if chosen else ("name", "low", "high", "scale"), "range")
    return Space(spec_of(found["spec"]), settings_of(found["settings"]), tuple(Range(**row) for row in rows))


def points_from_json(space: Space, found: Any) -> list[Point]:
    """Points that came as JSON, at most 1,000, each of them in the space. Raises `UserError` that says what is not."""
    if not isinstance(found, list) or len(found) > MOST_POINTS:
        raise FileError(f"The search has no list of at most {MOST_POINTS:,} points: save it again.")
    for point in found:
        _check_names(point, [one.name for one in space.ranges], "point")
    return [{one.name: one.held(point[one.name]) for one in space.ranges} for point in found]


def _check_names(found: Any, names: Iterable[str], what: str) -> None:
    if not isinstance(found, dict) or found.keys() != set(names):
        raise FileError(f"The {what} in the file is {shown(found)}: it takes {', '.join(names)} and nothing else.")
