"""A run as a JSON file, and back: spec, first settings, every nudge, the step, and the fingerprint they lead to.

Nothing of the trained network is in it, for the same spec and journal lead to the same bits. Everything in a file that
comes in is checked and bounded before any work is done with it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

from core.data.safe_load import FileError, read_json, shown, size_words
from core.data.shelf import SHELF, Table, is_table
from core.errors import UserError
from core.runs.journal import MOST_NUDGES, Nudge
from core.runs.run import Run
from core.settings.table import FIELDS, RunSpec, Settings

FORMAT = "panda-run"
VERSION = 1
MOST = 5 * 2**20  # bytes of a file
STEPS = 10_000_000
GESTURES = 2**53  # whole numbers that every reader of JSON holds exactly
NOTE = 500  # characters
NAME = 200  # characters
FINGERPRINT = re.compile(r"[0-9a-f]{64}")
KNOWN = ("format", "version", "name", "spec", "settings", "journal", "step", "fingerprint", "table")
_START = Settings()
_SETTINGS = tuple(field.name for field in fields(Settings))


@dataclass(frozen=True)
class RunFile:
    """What a file says: `settings` are those at step 0, `table` the uploaded data that the spec names, if it does.

    `fingerprint` is what replaying it has to give; "" where the file does not say.
    """

    name: str
    spec: RunSpec
    settings: Settings
    journal: tuple[Nudge, ...]
    step: int
    fingerprint: str
    table: Table | None


# out


def dump(run: Run, name: str = "") -> bytes:
    """The file of a run, UTF-8. Raises `FileError` where it would be larger than what `parse` takes."""
    whole: dict[str, Any] = {"format": FORMAT, "version": VERSION, "name": name[:NAME]}
    whole |= {"spec": asdict(run.spec), "settings": asdict(run.start), "journal": journal_rows(run.journal)}
    whole |= {"step": run.step, "fingerprint": run.fingerprint()}
    if is_table(run.spec.dataset):
        whole["table"] = base64.b64encode(SHELF.get(run.spec.dataset).to_bytes()).decode()
    data = _text(whole).encode()
    if len(data) > MOST:
        raise FileError(
            f"The run's file would be larger than {size_words(MOST)}, more than can be opened again: export the run "
            "as a script instead."
        )
    return data


def journal_rows(journal: Iterable[Nudge]) -> list[dict[str, Any]]:
    """Nudges for JSON; gesture and note are left out where there is none."""
    rows = []
    for nudge in journal:
        row: dict[str, Any] = {"step": nudge.step, "changes": {n: list(pair) for n, pair in nudge.changes.items()}}
        rows.append(row | ({"gesture": nudge.gesture} if nudge.gesture else {}))
        if nudge.note:
            rows[-1]["note"] = nudge.note[:NOTE]
    return rows


def _text(whole: dict[str, Any]) -> str:
    """JSON with a line for each field, and in the journal for each nudge."""
    lines = []
    for name, value in whole.items():
        text = json.dumps(value, allow_nan=False)
        if isinstance(value, dict):
            text = json.dumps(value, allow_nan=False, indent=1).replace("\n", "\n ")
        elif isinstance(value, list) and value:
            text = "[\n  " + ",\n  ".join(json.dumps(row, allow_nan=False) for row in value) + "\n ]"
        lines.append(f" {json.dumps(name)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


# in


def parse(data: bytes) -> RunFile:
    """What a file says, all of it checked. Raises `UserError` (`FileError` or `SettingError`) with a sentence."""
    found = read_json(data, MOST)
    if found.get("format") != FORMAT:
        raise FileError("The file is no run of this app: choose one that was saved here.")
    if found.get("version") != VERSION or isinstance(found["version"], bool):
        raise FileError(
            f"The file has version {shown(found.get('version'))}, and version {VERSION} is what can be opened here."
        )
    _known(found, KNOWN, "run file")
    step = _whole(found.get("step"), "step", STEPS)
    journal = journal_of(found.get("journal", []))
    if journal and journal[-1].step > step:
        raise FileError(f"The file ends at step {step:,}, before its last nudge at step {journal[-1].step:,}.")
    fingerprint = _string(found.get("fingerprint", ""), "fingerprint", 64)
    if fingerprint and not FINGERPRINT.fullmatch(fingerprint):
        raise FileError("The file's fingerprint is not one: it has 64 of the digits 0 to 9 and a to f.")
    name = _string(found.get("name", ""), "name", NAME)
    spec, settings = spec_of(found.get("spec", {})), settings_of(found.get("settings", {}))
    return RunFile(name, spec, settings, journal, step, fingerprint, _table(found, spec))


def spec_of(given: Any) -> RunSpec:
    """The spec with these fields, and the default of those that are not there. Raises `UserError`."""
    known = _known(given, [field.name for field in fields(RunSpec)], "spec")
    return RunSpec(**{name: FIELDS[name].parse(value) for name, value in known.items()})


def settings_of(given: Any) -> Settings:
    """The settings with these fields, and the default of those that are not there. Raises `UserError`."""
    return Settings(**_known(given, _SETTINGS, "settings"))


def journal_of(rows: Any) -> tuple[Nudge, ...]:
    """The nudges of `journal_rows`. Raises `UserError` that names the nudge and what is wrong with it.

    The old values are what a file says they were; a replay finds the true ones.
    """
    if not isinstance(rows, list):
        raise FileError("The file's journal is no list of nudges.")
    if len(rows) > MOST_NUDGES:
        raise FileError(f"The file's journal has more than {MOST_NUDGES:,} nudges: that is too many.")
    made: list[Nudge] = []
    for number, row in enumerate(rows, start=1):
        try:
            made.append(_nudge(row, made[-1].step if made else 0))
        except UserError as error:
            raise FileError(f"Nudge {number:,} of the file's journal: {error}") from None
    return tuple(made)


def _nudge(row: Any, earliest: int) -> Nudge:
    row = _known(row, ("step", "changes", "gesture", "note"), "nudge")
    step = _whole(row.get("step"), "step", STEPS)
    if step < earliest:
        raise FileError(f"Its step {step:,} lies before step {earliest:,} of the nudge above it.")
    changes = _known(row.get("changes"), _SETTINGS, "nudge's changes")
    if not changes:
        raise FileError("It changes nothing: leave it out.")
    gesture, note = row.get("gesture", 0), row.get("note", "")
    made = {name: _change(name, pair) for name, pair in changes.items()}
    return Nudge(step, made, _whole(gesture, "gesture", GESTURES), _string(note, "note", NOTE))


def _change(name: str, pair: Any) -> tuple[Any, Any]:
    """(old, new) of a setting: the new value as the table of settings has it, the old one of the same type."""
    if not isinstance(pair, list) or len(pair) != 2:
        raise FileError(f"{shown(name)} has no old and new value, as in [0.1, 0.01].")
    new, kind = FIELDS[name].parse(pair[1]), type(getattr(_START, name))
    old = float(pair[0]) if kind is float and type(pair[0]) is int else pair[0]
    if type(old) is not kind or (kind is str and len(old) > NAME):
        raise FileError(f"{shown(name)} had the value {shown(old)}, which is none that it could have.")
    return old, new


def _table(found: dict[str, Any], spec: RunSpec) -> Table | None:
    if not is_table(spec.dataset):
        if "table" in found:
            raise FileError("The file holds a table, and its spec names other data.")
        return None
    if "table" not in found:
        raise FileError("The file's spec names a table that is not in the file: save the run again.")
    try:
        packed = base64.b64decode(_string(found["table"], "table", MOST), validate=True)
    except (binascii.Error, ValueError):
        raise FileError("The file's table is damaged: save the run again.") from None
    table = Table.from_bytes(packed)
    if table.name != spec.dataset:
        raise FileError("The file's table is not the one that its spec names: save the run again.")
    return table


# pieces


def _known(given: Any, names: Iterable[str], what: str) -> dict[str, Any]:
    """`given` if it is an object that has no field but these."""
    if not isinstance(given, dict):
        raise FileError(f"There is no JSON object for the {what}: in its place is {shown(given)}.")
    for name in given:
        if name not in names:
            raise FileError(f"The {what} has {shown(name)}, which is not known here: leave it out.")
    return given


def _whole(value: Any, what: str, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise FileError(f"The {what} cannot be {shown(value)}: it takes a whole number from 0 to {most:,}.")
    return value


def _string(value: Any, what: str, most: int) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise FileError(f"The {what} cannot be {shown(value)}: it takes text of at most {most:,} characters.")
    return value
