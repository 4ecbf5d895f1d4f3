"""One run as a row of the list: its name, and how the list is searched and sorted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from core.sessions.run_session import RunSession
from core.settings.digits import in_full
from core.settings.names import DEFAULTS, run_name
from core.settings.plain import missing
from core.settings.table import FIELDS, RunSpec, Settings
from core.store import Entry
from pages.common.identity import owner_token

AGES = (("minute", 60), ("hour", 3600), ("day", 86_400), ("month", 30 * 86_400), ("year", 365 * 86_400))


@dataclass(frozen=True)
class Listed:
    """A run as the list shows it: `name` is the person's own or, where there is none, what it is `about`: data, layers,
    and what differs from the defaults."""

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
    values = values_of(entry)
    about = run_name(values, titles.get(values["dataset"], ""))
    return Listed(entry, entry.name or about, about)


def values_of(entry: Entry) -> dict[str, Any]:
    """The fields of a stored run's spec and first settings, by name."""
    off = missing(RunSpec) | missing(Settings)
    return {**DEFAULTS, **off, **entry.spec, **entry.settings}


def told_apart(runs: Iterable[Listed]) -> list[Listed]:
    """The runs, in this order; of those with the same name and none of their own, the second ends in "(2)", by age."""
    runs, seen, names = list(runs), Counter[str](), {}
    for it in sorted(runs, key=lambda it: it.entry.created):
        seen[it.name] += 1
        number = seen[it.name]
        names[it.entry.id] = it.name if it.entry.name or number == 1 else f"{it.name} ({number})"
    return [replace(it, name=names[it.entry.id]) for it in runs]


def name_of(opened: RunSession) -> str:
    """What the list of runs calls an open run, its number left out."""
    recorder = opened.recorder
    entry = recorder.store.find(opened.token) if recorder else None
    if recorder and entry:
        return listed(entry, recorder.store.tables.of(owner_token())).name
    return run_name(asdict(opened.run.spec) | asdict(opened.run.start))


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
    began = [values_of(it.entry) for it in runs]
    words = {name: [field.word(values[name]) for values in began] for name, field in FIELDS.items()}
    return {FIELDS[name].label: row for name, row in words.items() if len(set(row)) > 1}


def number(loss: float | None) -> str:
    """A loss as the list shows it."""
    return "–" if loss is None else in_full(loss, 3)
