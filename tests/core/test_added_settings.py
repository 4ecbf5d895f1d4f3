"""Same seed, same bits, for 100 random runs with the settings and choices that the 300 of test_fingerprints.py lack:
compiled and by numpy, in a stack, rewound, replayed in a fresh process, exported."""

import hashlib
import json
import random
import subprocess
import sys
from collections import Counter
from functools import cache

import pytest
from threadpoolctl import threadpool_limits

from core.export.numpy_script import numpy_script
from core.runs import run_file
from core.settings.table import FIELDS, SETTINGS
from core.training.stack import Stack
from tests.core.added_settings import NEW_FIELDS, NEW_KINDS, OLD_KINDS, RUNS, in_a_stack, plans, rewound_and_again
from tests.core.export.test_numpy_script import BARE, printed
from tests.core.fingerprints import kinds, seldom_measured, trained, values_of
from tests.core.runs.test_replay import ROOT, SCRIPT

EXPORTED = """
import hashlib, runpy, sys
from pathlib import Path
for path in sorted(Path(sys.argv[1]).iterdir()):
    training = runpy.run_path(str(path), run_name="script")["main"]()
    network, bits = training.network, hashlib.sha256()
    for array in (network.theta.buffer, training.state.m, training.state.v, network.running):
        bits.update(array.tobytes())
    print(bits.hexdigest())
"""


@cache
def runs():
    """The runs as a person would see them: measured on the way."""
    with threadpool_limits(1, "blas"):
        return [plan.run() for plan in plans()]


def saved():
    """The runs as run files."""
    return [run_file.dump(run) for run in runs()]


def different(found):
    """Places of the runs whose fingerprint was found to be another."""
    return [i for i, (bits, run) in enumerate(zip(found, runs(), strict=True)) if bits != run.fingerprint()]


def test_all_that_was_added_is_drawn():
    files = [json.loads(data) for data in saved()]
    drawn = Counter(pair for file in files for pair in values_of(file))
    assert all(drawn[pair] >= 10 for pair in NEW_KINDS), {pair: drawn[pair] for pair in NEW_KINDS}
    assert kinds(FIELDS.values()) == OLD_KINDS | NEW_KINDS
    for name in NEW_FIELDS:
        assert len({value for field, value in drawn if field == name}) >= (2 if FIELDS[name].scale == "switch" else 5)
    nudged = Counter(name for run in runs() for nudge in run.journal for name in nudge.changes)
    assert all(nudged[field.name] >= 10 for field in SETTINGS if field.name in NEW_FIELDS)
    assert all(nudged[name] >= 10 for name, _ in NEW_KINDS if name in nudged)


def test_most_runs_go_through_epochs_and_do_not_break():
    assert len(runs()) == RUNS
    assert sum(run.trouble is None for run in runs()) >= 0.85 * RUNS
    assert sum(run.epoch >= 3 for run in runs()) >= 0.6 * RUNS


@pytest.mark.parametrize("way", ["compiled", "numpy"])
def test_compiled_or_not(way, monkeypatch):
    assert Stack.compiled
    if way == "numpy":
        monkeypatch.setattr(Stack, "compiled", None)
    found = [trained({"run": json.loads(data)}) for data in saved()]
    wanted = [run.fingerprint()[: len(bits)] for run, (_, bits, _) in zip(runs(), found, strict=True)]
    assert [bits for _, bits, _ in found] == wanted


def test_in_a_stack_with_others():
    rng = random.Random(0)
    with threadpool_limits(1, "blas"):
        assert different([in_a_stack(run, rng) for run in runs()]) == []


def test_rewound_and_the_same_way_again():
    rng = random.Random(0)
    with threadpool_limits(1, "blas"), seldom_measured():
        assert different([rewound_and_again(run, rng.randint(0, run.step)).fingerprint() for run in runs()]) == []


def in_a_process(script, folder, files, *options, **place):
    """The lines that a script prints in a fresh process, of files that are put in a folder."""
    for i, data in enumerate(files):
        (folder / f"{i:03d}.py").write_bytes(data)
    command = [sys.executable, *options, "-c", script, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, **place)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_replayed_from_a_file_in_a_fresh_process(tmp_path):
    lines = in_a_process(SCRIPT, tmp_path, saved(), cwd=ROOT).splitlines()
    assert different([line.split()[1] for line in lines]) == []


def test_exported_as_a_numpy_script(tmp_path):
    texts = [numpy_script(run).encode() for run in runs()]
    found = in_a_process(EXPORTED, tmp_path, texts, "-I", "-W", "error", cwd=tmp_path.parent, env=BARE)
    assert found == "".join(f"{printed(run)}{bits(run)}\n" for run in runs())


def bits(run):
    """SHA-256 of the arrays of a run that an exported script has too."""
    state = run.stack.state
    return hashlib.sha256(b"".join(map(bytes, (state.theta, state.m, state.v, state.running)))).hexdigest()
