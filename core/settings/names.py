"""Short names: of a setting's value, and of a run, so that runs can be told apart in a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

from core.settings.digits import in_full
from core.settings.table import FIELDS, SETTINGS, SPEC, RunSpec, Settings

MOST = 5  # differences in a name
WITHOUT_LABEL = ("optimizer", "decay", "activation", "initialization")  # only the value is shown, such as "Adam"
SAID_ANYWAY = ("dataset", "hidden", "rules")
DEFAULTS: Mapping[str, Any] = asdict(RunSpec()) | asdict(Settings())


def short_value(name: str, value: Any) -> str:
    """A setting's value in few signs, such as "α 0.01", "Adam" or "batch norm off"."""
    field = FIELDS[name]
    if name in WITHOUT_LABEL:
        return f"no {name}" if value == "none" else field.word(value)
    word = in_full(value, 3) if isinstance(value, float) else field.word(value)
    return f"{field.symbol or field.label} {word}"


def run_name(values: Mapping[str, Any], data: str = "") -> str:
    """Such as "spiral 16-16, α 1, m 1": data, layers, and in which of its first settings a run differs from the
    defaults. `values` are the fields of its spec and settings by name; `data` is the title of own data."""
    words = f"{data or FIELDS['dataset'].word(values['dataset'])} {FIELDS['hidden'].word(values['hidden'])}"
    return ", ".join(filter(None, [words, changed_words(values)]))


def changed_words(values: Mapping[str, Any]) -> str:
    """What differs from the defaults, such as "α 1, m 1"; of many the first, and how many more."""
    changed = [short_value(name, values[name]) for name in differing(values)]
    more = [f"+{len(changed) - MOST}"] if len(changed) > MOST else []
    return ", ".join([*changed[:MOST], *more])


def differing(values: Mapping[str, Any]) -> Iterator[str]:
    """The settings, then the fields of the spec, that have an effect and not their defaults."""
    chosen = SimpleNamespace(**values)
    for field in (*SETTINGS, *SPEC):
        if field.name not in SAID_ANYWAY and values[field.name] != DEFAULTS[field.name] and not field.idle(chosen):
            yield field.name
