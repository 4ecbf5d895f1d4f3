"""Tests of runs with dropout: the same bits rewound, branched, as a twin, in stacks and in a new process."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from core.runs import run_file
from core.runs.run import Run
from core.settings.table import RunSpec, Settings
from core.training.stack import Stack

SPEC = RunSpec(hidden=(70, 33), seed=4)
REPLAY = """
import sys
from pathlib import Path
from core.runs import run_file
from core.runs.run import Run
file = run_file.parse(Path(sys.argv[1]).read_bytes())
print(Run.replay(file.spec, file.settings, file.journal, file.step).fingerprint())
"""


def nudged(batch_norm=True):
    """A run in which dropout goes on, up, off and on again."""
    run = Run(SPEC, Settings(batch_norm=batch_norm, learning_rate=0.02))
    for p in (0.2, 0.7, 0.0, 0.5):
        run.advance(40)
        run.nudge(dropout=p)
    run.advance(60)
    assert not run.trouble
    return run


@pytest.mark.parametrize("batch_norm", [True, False])
def test_going_back_and_on_gives_the_same_bits(batch_norm):
    run = nudged(batch_norm)
    fingerprint, branch = run.fingerprint(), run.branch(190)
    branch.advance(30)
    assert branch.fingerprint() == fingerprint
    run.rewind(171)
    run.advance(49)
    assert run.fingerprint() == fingerprint


def test_a_twin_without_the_last_nudge_is_the_run_that_never_had_it():
    run, never = nudged(), Run(SPEC, Settings(learning_rate=0.02))
    for p in (0.2, 0.7, 0.0):
        never.advance(40)
        never.nudge(dropout=p)
    never.advance(100)
    assert run.make_twin().fingerprint() == never.fingerprint()


def test_a_new_process_gives_the_same_bits(tmp_path):
    run = nudged()
    (tmp_path / "run.json").write_bytes(run_file.dump(run))
    command = [sys.executable, "-c", REPLAY, tmp_path / "run.json"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == run.fingerprint()


@pytest.mark.parametrize("compiled", [True, False])
def test_a_run_is_a_member_of_any_stack(monkeypatch, compiled):
    if not compiled:
        monkeypatch.setattr(Stack, "compiled", None)
    settings = Settings(learning_rate=0.02, dropout=0.6)
    run = Run(SPEC, settings)
    run.advance(100)
    others = [replace(settings, dropout=p) for p in (0.0, 0.6, 0.6)]
    stack = Stack(SPEC, run.data, others, (SPEC.seed, SPEC.seed, 8))
    stack.advance(100, np.empty((100, 3), np.float32))
    for l in (1, 2, 3):
        np.testing.assert_array_equal(stack.network.theta.W[l][1], run.stack.network.theta.W[l][0])
        assert (stack.network.theta.W[l][0] != stack.network.theta.W[l][1]).any()
        assert (stack.network.theta.W[l][2] != stack.network.theta.W[l][1]).any()


def test_dropout_is_off_at_test_time():
    run = nudged()
    outputs = run.outputs("dev")
    run.nudge(dropout=0.9)
    np.testing.assert_array_equal(run.outputs("dev"), outputs)
