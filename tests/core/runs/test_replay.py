"""Replay in a fresh process: 200 random runs over every data set, optimizer and switch of batch norm, to the bit."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as hypothesis_settings

from core.data.registry import DATASETS
from core.nn.optimizers import OPTIMIZERS
from core.runs import run_file
from core.runs.run import Run
from core.settings.table import Settings
from tests.core.random_runs import changes, follow, plans, specs

ROOT = Path(__file__).resolve().parents[3]
RUNS = 200
SCRIPT = """
import sys
from pathlib import Path
from core.runs import run_file
from core.runs.run import Run
for path in sorted(Path(sys.argv[1]).iterdir()):
    found = run_file.parse(path.read_bytes())
    print(path.stem, Run.replay(found.spec, found.settings, found.journal, found.step).fingerprint())
"""


def random_runs():
    """Runs of random specs and first settings that were nudged at random, some of them with an undo or a rewind."""
    made = []

    @seed(7)
    @given(specs, changes, plans)
    @hypothesis_settings(
        max_examples=RUNS,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def make(spec, start, plan):
        if len(made) % 7 == 0:  # every data set in turn
            spec = replace(spec, dataset=[*DATASETS][len(made) // 7 % len(DATASETS)], classes=min(spec.classes, 3))
        if len(made) % 2:  # every optimizer in turn
            start = start | {"optimizer": [*OPTIMIZERS][len(made) // 2 % len(OPTIMIZERS)]}
        run = follow(Run(spec, Settings(**start)), plan)
        if len(made) % 5 == 1 and run.journal:
            run.undo()
            run.advance(7)
        if len(made) % 5 == 2:
            run.rewind(run.step // 2)
            run.nudge(optimizer="rmsprop")
            run.advance(7)
        if len(made) % 5 == 3:
            run.nudge(batch_norm=not run.settings.batch_norm)
            run.advance(7)
        made.append(run)

    make()
    return made


def test_200_random_runs_are_replayed_to_the_bit_in_a_fresh_process(tmp_path):
    runs = random_runs()
    assert len(runs) == RUNS
    for i, run in enumerate(runs):
        (tmp_path / f"{i:03d}.json").write_bytes(run_file.dump(run))
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    there = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    here = [f"{i:03d} {run.fingerprint()}" for i, run in enumerate(runs)]
    assert there.stdout.split("\n")[:-1] == here
    assert_covered(runs)


def assert_covered(runs):
    """The 200 really are of all kinds."""
    assert {run.spec.dataset for run in runs} == set(DATASETS)
    assert {run.settings.optimizer for run in runs} | {run.start.optimizer for run in runs} == set(OPTIMIZERS)
    nudged = Counter(name for run in runs for nudge in run.journal for name in nudge.changes)
    assert nudged["batch_norm"] >= 20
    assert nudged["optimizer"] >= 20
    assert {run.settings.batch_norm for run in runs} == {True, False}


def test_the_file_carries_the_fingerprint(tmp_path):
    run = follow(Run(), [(5, {"optimizer": "adam"}), (5, {"batch_norm": False})])
    assert json.loads(run_file.dump(run))["fingerprint"] == run.fingerprint()
