"""A link with a spec and settings only, for a teacher's slide: it does not depend on a run on a server.

The query has the fields of both under their names. Numbers are written so that they are read back to the bit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from core.data.shelf import is_table
from core.errors import UserError
from core.settings.plain import as_dict, missing
from core.settings.table import FIELDS, Field, RunSpec, SettingError, Settings

SWITCH = {"on": True, "off": False}
LONGEST = 64  # characters of a value, at most
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE)
UNITS = re.compile(r"[0-9]+(-[0-9]+)*")
OTHER_UNITS = re.compile(r"[(\[]? *[0-9]+([ ,;]+[0-9]+)+ *,?[)\]]?")  # what people write instead


def to_query(spec: RunSpec, settings: Settings) -> dict[str, str]:
    """The fields of both as short text, such as {"learning_rate": "0.1", "hidden": "16-16", "batch_norm": "on", ...}.

    Raises `UserError` for own data, which does not fit into a link.
    """
    if is_table(spec.dataset):
        raise UserError("A link cannot hold your own data: share the run itself, or save it as a file.")
    return {name: _text(FIELDS[name], value) for name, value in (as_dict(spec) | as_dict(settings)).items()}


def from_query(query: Mapping[str, str]) -> tuple[RunSpec, Settings] | None:
    """Spec and settings with the fields that a query has, `missing` or defaults for the others; None without fields.

    Keys that are not fields are ignored. Raises `SettingError` for an invalid value, and for own data.
    """
    found = {name: _value(FIELDS[name], query[name]) for name in FIELDS if name in query}
    if not found:
        return None
    if is_table(found.get("dataset", "")):
        raise SettingError("This link names somebody's own data, which no link can hold: ask for the run or its file.")
    return _made(RunSpec, found), _made(Settings, found)


def is_written_by_hand(query: Mapping[str, str]) -> bool:
    """Whether a query leaves out fields that all links of the app have: then it asks for a new run, and is not that of
    a run that was made, whose rules it would name or, if they are the first, leave out."""
    return any(field.off is None and name not in query for name, field in FIELDS.items())


def _made(kind: type, found: Mapping[str, Any]) -> Any:
    return kind(**missing(kind) | {field.name: found[field.name] for field in fields(kind) if field.name in found})


def _text(field: Field, value: Any) -> str:
    if field.scale == "switch":
        return "on" if value else "off"
    if field.scale == "layers":
        return "-".join(map(str, value))
    return value if field.choices else repr(value)


def _value(field: Field, text: str) -> Any:
    """The value of a text. If it has none, the text itself, which the field will refuse."""
    if field.choices or len(text) > LONGEST:
        return text
    if field.scale == "switch":
        return SWITCH.get(text, text)
    if field.scale == "layers":
        return _layers(text)
    return float(text) if NUMBER.fullmatch(text) else text


def _layers(text: str) -> tuple[int, ...] | str:
    """The layers of a text such as "8-8"; one such as "8,8" is refused with the right form."""
    if UNITS.fullmatch(text):
        return tuple(map(int, text.split("-")))
    if OTHER_UNITS.fullmatch(text):
        right = "-".join(re.findall("[0-9]+", text))
        raise SettingError(
            f"Hidden layers cannot be {text!r}: it takes {FIELDS['hidden'].range_words()}. Write {right}."
        )
    return text
