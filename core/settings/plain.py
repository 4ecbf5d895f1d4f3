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


def spec_of(given: Any) -> RunSpec:
    """The spec with these fields, and defaults for missing ones. Raises `UserError`."""
    known = known_fields(given, [field.name for field in fields(RunSpec)], "spec")
    return RunSpec(**{name: FIELDS[name].parse(value) for name, value in known.items()})


def settings_of(given: Any) -> Settings:
    """The settings with these fields, and defaults for missing ones. Raises `UserError`."""
    return Settings(**known_fields(given, [field.name for field in fields(Settings)], "settings"))
