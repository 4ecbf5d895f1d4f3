"""A spec and settings from plain dicts, as files and the store have them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from core.data.checks import known_fields
from core.settings.table import FIELDS, RunSpec, Settings


def spec_of(given: Any) -> RunSpec:
    """The spec with these fields, and defaults for missing ones. Raises `UserError`."""
    known = known_fields(given, [field.name for field in fields(RunSpec)], "spec")
    return RunSpec(**{name: FIELDS[name].parse(value) for name, value in known.items()})


def settings_of(given: Any) -> Settings:
    """The settings with these fields, and defaults for missing ones. Raises `UserError`."""
    return Settings(**known_fields(given, [field.name for field in fields(Settings)], "settings"))
