"""Replays the runs of fixtures/fingerprints.json and says what has to be the same in them, to the bit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from threadpoolctl import threadpool_limits

from core.data.shelf import SHELF
from core.runs import measured_stack, run_file
from core.runs.journal_json import journal_rows
from core.runs.run import Run
from core.settings.table import Field

FIXTURES = Path(__file__).parent / "fixtures"
FINGERPRINTS = FIXTURES / "fingerprints.json"
RUN_FILES = FIXTURES / "run-files"
LINKS = FIXTURES / "links.json"
DIGITS = 16  # of a hash that are kept


def kinds(fields: Iterable[Field]) -> set[tuple[str, Any]]:
    """(field, value) for each choice and each side of a switch."""
    found = [field for field in fields if field.choices or field.scale == "switch"]
    return {(field.name, value) for field in found for value in field.choices or (True, False)}


def values_of(run: dict[str, Any]) -> set[tuple[str, Any]]:
    """Every field with the values that it has in a run as in a file, at its start or after a nudge."""
    new = {(name, new) for nudge in run["journal"] for name, (_, new) in nudge["changes"].items()}
    first = run["spec"] | run["settings"]
    return new | {(name, str(value) if isinstance(value, list) else value) for name, value in first.items()}


def seldom_measured() -> AbstractContextManager[Any]:
    """Runs are measured as seldom as can be meanwhile: a measured step is numpy's, and takes longer."""
    return patch.object(measured_stack, "steps_until_due", lambda since: measured_stack.MOST_STEPS)


def trained(case: dict[str, Any]) -> list[Any]:
    """[step, fingerprint, dev loss] of a run that is seldom measured."""
    with seldom_measured():
        return seen(_replayed(case))[:3]


def measured(case: dict[str, Any]) -> list[Any]:
    """[step, fingerprint, dev loss, history] of a run, and the same of what becomes of it `then`."""
    run = _replayed(case)
    found = seen(run)
    with threadpool_limits(1, "blas"):
        return found + seen(_after(run, **case["then"]))


def _replayed(case: dict[str, Any]) -> Run:
    file = run_file.parse(json.dumps({"format": "panda-run", "version": 1} | case["run"]).encode())
    with threadpool_limits(1, "blas"):
        return Run.replay(file.spec, file.settings, file.journal, file.step)


def opened(path: Path) -> list[Any]:
    """The same of a run file, with its name and journal. Own data go to the shelf."""
    file = run_file.parse(path.read_bytes())
    if file.table:
        SHELF.add(file.table)
    with threadpool_limits(1, "blas"):
        run = Run.replay(file.spec, file.settings, file.journal, file.step)
        return [*seen(run), file.name, journal_rows(run.journal)]


def seen(run: Run) -> list[Any]:
    """[step, fingerprint, dev loss, history] of a run, as JSON. The sign of a NaN is left out: it is not defined."""
    history = hashlib.sha256()
    arrays = run.history.arrays()
    arrays["rows"] = arrays["rows"][
        :, : run.history._slices["mean_output"].stop
    ]  # newer columns came after the fixture
    for name, array in sorted(arrays.items()):
        history.update(name.encode())
        history.update(np.where(np.isnan(array), array.dtype.type(0), array).tobytes())
        history.update(np.isnan(array).tobytes())
    return [run.step, run.fingerprint()[:DIGITS], run.evaluate("dev").loss.hex(), history.hexdigest()[:DIGITS]]


def _after(run: Run, do: str, steps: int = 0, back: int = 0, changes: dict[str, Any] | None = None) -> Run:
    """The run that is to be looked at after an undo, a rewind by `back` steps, or of a twin or branch."""
    if do in ("twin", "undo") and not run.journal:
        return run  # it broke before its first nudge
    if do == "twin":
        return run.make_twin()
    if do == "branch":
        run = run.branch(max(0, run.step - back))
    elif do == "rewind":
        run.rewind(max(0, run.step - back))
    elif do == "undo":
        run.undo()
    run.twins = do == "ghost"
    run.nudge(**(changes or {}))
    run.advance(steps)
    return run.twin if do == "ghost" else run
