"""A run as a JSON file, and back: spec, first settings, every nudge, the step, and the fingerprint at that step.

The weights are not in it: the same spec and journal give the same bits, with the same numpy on the same kind of
processor, which the file names (`machine`). A file that is read is checked as a whole,
sizes too, before anything is done with it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any

from core.data.checks import known_fields, short_text, whole_number
from core.data.safe_load import FileError, read_json, shown, size_words
from core.data.shelf import SHELF, Table, is_table
from core.runs.journal import MOST_STEPS, Nudge
from core.runs.journal_json import journal_of, journal_rows
from core.runs.run import Run
from core.settings.plain import as_dict, settings_of, spec_of
from core.settings.table import RunSpec, Settings
from core.training.blas import machine

FORMAT = "panda-run"
VERSION = 1
MOST = 5 * 2**20  # bytes of a file
NAME = 200  # characters
FINGERPRINT = re.compile(r"[0-9a-f]{64}")
KNOWN = ("format", "version", "name", "spec", "settings", "journal", "step", "fingerprint", "machine", "table")


@dataclass(frozen=True)
class RunFile:
    """The content of a file: `settings` are those at step 0, `table` the uploaded data that the spec names, if any.

    `fingerprint` is the one that a replay must give, and `machine` what the run was trained on (see
    `core.training.blas`); either is "" where the file has none.
    """

    name: str
    spec: RunSpec
    settings: Settings
    journal: tuple[Nudge, ...]
    step: int
    fingerprint: str
    table: Table | None
    machine: str = ""

    @property
    def elsewhere(self) -> str:
        """A sentence if the file was made on another machine than this, else ""."""
        if self.machine in ("", machine()):
            return ""
        return (
            f"This file was made on another kind of processor or with another numpy ({self.machine}; "
            f"here: {machine()}), so numbers may differ in the last bits, and in long runs by more. "
        )

    def compared(self, run: Run) -> str:
        """What the fingerprint of its replay, `run`, says: whether it is the same run. Where the file was made
        elsewhere, that is said before anything is said to differ."""
        replayed = f"The saved run was replayed to step {run.step:,}"
        if not self.fingerprint:
            return f"{self.elsewhere}{replayed}. The file has no fingerprint to compare with."
        if self.fingerprint == run.fingerprint():
            return f"{replayed}, and its fingerprint agrees: it is the same run, to the bit."
        return f"{self.elsewhere}{replayed}, but its fingerprint differs: {self._why()}."

    def _why(self) -> str:
        if self.elsewhere:
            return "by rounding, or because the file was changed"
        if self.machine:
            return "the file was changed, or it was made by another version of Panda"
        return "the file was changed, or it was written on a machine that rounds differently"


# writing


def dump(run: Run, name: str = "") -> bytes:
    """The file of a run, UTF-8. Raises `FileError` where `parse` would find it too large."""
    whole: dict[str, Any] = {"format": FORMAT, "version": VERSION, "name": name[:NAME]}
    whole |= {"spec": as_dict(run.spec), "settings": as_dict(run.start), "journal": journal_rows(run.journal)}
    whole |= {"step": run.step, "fingerprint": run.fingerprint(), "machine": machine()[:NAME]}
    if is_table(run.spec.dataset):
        whole["table"] = base64.b64encode(SHELF.get(run.spec.dataset).to_bytes()).decode()
    data = _text(whole).encode()
    if len(data) > MOST:
        raise FileError(
            f"The run's file would be larger than {size_words(MOST)}, more than can be opened again: export the run "
            "as a script instead."
        )
    return data


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


# reading


def parse(data: bytes) -> RunFile:
    """The content of a file, checked. Raises `UserError` (`FileError` or `SettingError`) with a sentence."""
    found = read_json(data, MOST)
    if found.get("format") != FORMAT:
        raise FileError("The file is no run of this app: choose one that was saved here.")
    if found.get("version") != VERSION or isinstance(found["version"], bool):
        raise FileError(
            f"The file has version {shown(found.get('version'))}, and version {VERSION} is what can be opened here."
        )
    known_fields(found, KNOWN, "run file")
    step = whole_number(found.get("step"), "step", MOST_STEPS)
    journal = journal_of(found.get("journal", []))
    if journal and journal[-1].step > step:
        raise FileError(f"The file ends at step {step:,}, before its last nudge at step {journal[-1].step:,}.")
    fingerprint = short_text(found.get("fingerprint", ""), "fingerprint", 64)
    if fingerprint and not FINGERPRINT.fullmatch(fingerprint):
        raise FileError("The file's fingerprint is not one: it has 64 of the digits 0 to 9 and a to f.")
    name = short_text(found.get("name", ""), "name", NAME)
    made_on = short_text(found.get("machine", ""), "machine", NAME)
    spec = spec_of(found["spec"]) if "spec" in found else RunSpec()
    settings = settings_of(found.get("settings", {}))
    return RunFile(name, spec, settings, journal, step, fingerprint, _table(found, spec), made_on)


def _table(found: dict[str, Any], spec: RunSpec) -> Table | None:
    if not is_table(spec.dataset):
        if "table" in found:
            raise FileError("The file holds a table, and its spec names other data.")
        return None
    if "table" not in found:
        raise FileError("The file's spec names a table that is not in the file: save the run again.")
    try:
        packed = base64.b64decode(short_text(found["table"], "table", MOST), validate=True)
    except (binascii.Error, ValueError):
        raise FileError("The file's table is damaged: save the run again.") from None
    table = Table.from_bytes(packed)
    if table.name != spec.dataset:
        raise FileError("The file's table is not the one that its spec names: save the run again.")
    return table
