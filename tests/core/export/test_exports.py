"""Tests of the registry of exports: every one makes a file, before and after training, and leaves the run as it was."""

import re

import pytest

from core.export import EXPORTS
from core.runs.run import Run
from core.settings.table import RunSpec


@pytest.mark.parametrize("name", EXPORTS)
def test_every_export_makes_a_file(name, noted):
    export = EXPORTS[name]
    for run in (Run(), noted):
        before, journal = run.fingerprint(), run.journal
        data = export.make(run)
        assert isinstance(data, bytes)
        assert len(data) > 500
        assert export.make(run) == data
        assert (run.fingerprint(), run.journal) == (before, journal)


def test_names_of_files(noted):
    names = [export.file_name(noted) for export in EXPORTS.values()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"panda-table-[0-9a-f]{14}-[a-z]+\.[a-z]+", name) for name in names)
    assert EXPORTS["numpy_script"].file_name(Run(RunSpec(dataset="iris"))) == "panda-iris-numpy.py"
    assert EXPORTS["weights_npz"].file_name(noted, "my best: run/2 αβ") == "my-best-run-2-αβ-weights.npz"
    assert EXPORTS["weights_npz"].file_name(Run(), "../?*") == "panda-spiral-weights.npz"
    assert len(EXPORTS["weights_npz"].file_name(Run(), "a" * 500)) < 80
    assert all(export.label and "/" in export.media_type for export in EXPORTS.values())
