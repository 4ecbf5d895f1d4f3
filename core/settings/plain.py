"""A spec and settings as plain dicts, as files and the store have them, and back."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from core.data.checks import known_fields
from core.settings.table import FIELDS, RunSpec, Settings


def as_dict(chosen: RunSpec | Settings) -> dict[str, Any]:
    """The fields by name, for files, links and hashes, with lists for tuples. Those at `off` are left out (`Field`)."""
    kept = {name: value for name, value in asdict(chosen).items() if not FIELDS[name].at_off(value)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in kept.items()}


def missing(kind: type[RunSpec] | type[Settings]) -> dict[str, Any]:
    """What fields have where a file or link leaves them out, for those that do not have their defaults (`off`)."""
    offs = {field.name: FIELDS[field.name].off for field in fields(kind)}
    return {name: off for name, off in offs.items() if off is not None}


def spec_of(given: Any) -> RunSpec:
    """The spec with these fields, and `missing` or defaults for missing ones. Raises `UserError`."""
    known = known_fields(given, [field.name for field in fields(RunSpec)], "spec")
    return RunSpec(**missing(RunSpec) | {name: FIELDS[name].parse(value) for name, value in known.items()})


def settings_of(given: Any) -> Settings:
    """The settings with these fields, and `missing` or defaults for missing ones. Raises `UserError`."""
    return Settings(**missing(Settings) | known_fields(given, [field.name for field in fields(Settings)], "settings"))
