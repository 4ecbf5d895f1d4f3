"""One run as a row of the list: its name, and how the list is searched and sorted."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.settings.digits import in_full
from core.settings.table import FIELDS, RunSpec, Settings
from core.store import Entry

DEFAULTS = asdict(RunSpec()) | asdict(Settings())
AGES = (("minute", 60), ("hour", 3600), ("day", 86_400), ("month", 30 * 86_400), ("year", 365 * 86_400))


@dataclass(frozen=True)
class Listed:
    """A run as the list shows it: `name` is the person's own or, where there is none, its data and layers."""

    entry: Entry
    name: str
    about: str

    @property
    def best(self) -> float:
        """The best dev loss of all its lines, infinite where there is none."""
        return float("inf") if self.entry.best is None else self.entry.best


SORTS: dict[str, Callable[[Listed], Any]] = {
    "Last changed first": lambda it: -it.entry.changed,
    "Lowest dev loss first": lambda it: it.best,
    "Most steps first": lambda it: -it.entry.line.step,
    "By name": lambda it: it.name.casefold(),
}


def listed(entry: Entry, titles: dict[str, str]) -> Listed:
    """A stored run with its name; `titles` are those of uploaded tables."""
    spec = DEFAULTS | entry.spec
    data = titles.get(spec["dataset"]) or FIELDS["dataset"].word(spec["dataset"])
    about = f"{data}, {FIELDS['hidden'].word(spec['hidden'])}"
    return Listed(entry, entry.name or about, about)


def fitting(runs: Sequence[Listed], search: str) -> list[Listed]:
    """The runs that have every word of `search` in their name, data or layers."""
    words = search.casefold().split()
    return [it for it in runs if all(word in f"{it.name} {it.about}".casefold() for word in words)]


def since(deleted: float | None, now: float) -> float:
    """Seconds since a deletion; infinite where there was none."""
    return math.inf if deleted is None else now - deleted


def ago(seconds: float) -> str:
    """Such as "3 hours ago"."""
    unit, size = next(((unit, size) for unit, size in reversed(AGES) if seconds >= size), ("", 0))
    if not size:
        return "just now"
    count = int(seconds // size)
    return f"{count} {unit}{'s' * (count > 1)} ago"


def differing(runs: Sequence[Listed]) -> dict[str, list[str]]:
    """The settings in which these runs differed at step 0: label -> its value in each run."""
    began = [DEFAULTS | it.entry.spec | it.entry.settings for it in runs]
    words = {name: [field.word(values[name]) for values in began] for name, field in FIELDS.items()}
    return {FIELDS[name].label: row for name, row in words.items() if len(set(row)) > 1}


def number(loss: float | None) -> str:
    """A loss as the list shows it."""
    return "–" if loss is None else in_full(loss, 3)
