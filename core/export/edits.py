"""Checks of what a person has edited in an exported script. They run in the script, before it trains, and end it with
one sentence where a name or a value is none that it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Changes = dict[str, Any]


def check_name(what: str, name: Any, names: Iterable[Any]) -> None:
    """End the script, with the names that there are, if `name` is none of them."""
    if name not in list(names):
        raise SystemExit(f"{what} cannot be {name!r}: it takes one of {', '.join(map(str, names))}.")


def check_number(what: str, value: Any, low: float, high: float) -> None:
    """End the script if `value` is no number from `low` to `high`; it has to be a whole one where these are."""
    kinds, words = (int, "whole number") if isinstance(low, int) else (int | float, "number")
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        raise SystemExit(f"{what} cannot be {value!r}: it takes a {words} from {low} to {high}.")


def check_settings(
    settings: Changes,
    nudges: Iterable[tuple[int, Changes]],
    choices: Mapping[str, Iterable[Any]],
    ranges: Mapping[str, tuple[float, float]],
    **whole: Any,
) -> None:
    """End the script if a name, a value or a form is wrong, or settings are missing."""
    if not isinstance(nudges, list) or any(type(n) is not tuple or [*map(type, n)][1:] != [dict] for n in nudges):
        raise SystemExit("NUDGES takes a list of (step, {name: value}).")
    for what, value in *whole.items(), *(("A nudge's step", step) for step, _ in nudges):
        check_number(what, value, 0, 2**31)
    names = [*choices, *ranges]
    for name in names:
        if name not in settings:
            raise SystemExit(f"SETTINGS has no {name}: it takes {', '.join(names)}.")
    for changes in (settings, *(changes for _, changes in nudges)):
        for name, value in changes.items():
            check_name("A setting's name", name, names)
            if name in choices:
                check_name(name, value, choices[name])
            else:
                check_number(name, value, *ranges[name])


def in_order(nudges: Iterable[tuple[int, Changes]], steps: int) -> list[tuple[int, Changes]]:
    """The nudges up to step `steps`, in the order of their steps."""
    return sorted((nudge for nudge in nudges if nudge[0] <= steps), key=lambda nudge: nudge[0])
