"""The journal of a run as JSON rows, and back. Types, ranges and sizes of rows that are read are checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from core.data.checks import known_fields, short_text, whole_number
from core.data.safe_load import FileError, shown
from core.errors import UserError
from core.runs.journal import MOST_NUDGES, MOST_STEPS, Nudge
from core.settings.table import FIELDS, Settings

GESTURES = 2**53  # whole numbers up to here are exact in every JSON reader
NOTE = 500  # characters
TEXT = 200  # characters of an old value
_START = Settings()
_SETTINGS = tuple(field.name for field in fields(Settings))


def journal_rows(journal: Iterable[Nudge]) -> list[dict[str, Any]]:
    """A dict for each nudge; a gesture of 0 and an empty note are left out."""
    rows = []
    for nudge in journal:
        row: dict[str, Any] = {"step": nudge.step, "changes": {n: list(pair) for n, pair in nudge.changes.items()}}
        rows.append(row | ({"gesture": nudge.gesture} if nudge.gesture else {}))
        if nudge.note:
            rows[-1]["note"] = nudge.note[:NOTE]
    return rows


def journal_of(rows: Any) -> tuple[Nudge, ...]:
    """The nudges of `journal_rows`. Raises `UserError` that names the nudge and what is wrong with it.

    The old values are the file's; a replay finds the true ones.
    """
    if not isinstance(rows, list):
        raise FileError("The file's journal is no list of nudges.")
    if len(rows) > MOST_NUDGES:
        raise FileError(f"The file's journal has more than {MOST_NUDGES:,} nudges: that is too many.")
    found: list[Nudge] = []
    for number, row in enumerate(rows, start=1):
        try:
            found.append(_nudge(row, found[-1].step if found else 0))
        except UserError as error:
            raise FileError(f"Nudge {number:,} of the file's journal: {error}") from None
    return tuple(found)


def _nudge(row: Any, earliest: int) -> Nudge:
    row = known_fields(row, ("step", "changes", "gesture", "note"), "nudge")
    step = whole_number(row.get("step"), "step", MOST_STEPS)
    if step < earliest:
        raise FileError(f"Its step {step:,} lies before step {earliest:,} of the nudge above it.")
    changes = known_fields(row.get("changes"), _SETTINGS, "nudge's changes")
    if not changes:
        raise FileError("It changes nothing: leave it out.")
    gesture, note = row.get("gesture", 0), row.get("note", "")
    pairs = {name: _change(name, pair) for name, pair in changes.items()}
    return Nudge(step, pairs, whole_number(gesture, "gesture", GESTURES), short_text(note, "note", NOTE))


def _change(name: str, pair: Any) -> tuple[Any, Any]:
    """(old, new) of a setting: the new value checked by the table of settings, the old one of the same type."""
    if not isinstance(pair, list) or len(pair) != 2:
        raise FileError(f"{shown(name)} has no old and new value, as in [0.1, 0.01].")
    new, kind = FIELDS[name].parse(pair[1]), type(getattr(_START, name))
    old = float(pair[0]) if kind is float and type(pair[0]) is int else pair[0]
    if type(old) is not kind or (isinstance(old, str) and len(old) > TEXT):
        raise FileError(f"{shown(name)} had the value {shown(old)}, which is none that it could have.")
    return old, new
