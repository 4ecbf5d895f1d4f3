"""Runs that the tests of the exports share: every optimizer, schedule, activation, initialization and data set, batch
norm on, off and switched, nudges of every setting, one after the other and at once."""

import contextlib
import io
import itertools
import os
import random
import runpy
from dataclasses import dataclass

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from core.data.registry import DATASETS
from core.data.shelf import SHELF, Table
from core.nn.activations import ACTIVATIONS
from core.nn.initializers import INITIALIZERS
from core.nn.optimizers import OPTIMIZERS
from core.nn.schedules import SCHEDULES
from core.runs.run import Run
from core.settings.scales import SCALES
from core.settings.table import SETTINGS, RunSpec, Settings

CASES = 100
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
EVIL = (
    '"""\n\'\'\'\n\\" #\r\nraise SystemExit(9)\u2028raise SystemExit(8)\x0craise SystemExit(7)\x00\u202e{0} %s {title}'
)
NAMES = ("<img src=x onerror=alert(1)>", "</script><script>alert(2)</script>", '=cmd|" /C calc"!A0')

VALUES = {
    "learning_rate": (0.3, 0.05, 0.004),
    "beta1": (0.0, 0.5, 0.99),
    "batch_size": (50, 7, 1, 50_000),
    "optimizer": tuple(OPTIMIZERS),
    "on_switch": ("reset", "keep"),
    "bias_correction": (True, False),
    "decay": tuple(SCHEDULES),
    "decay_rate": (0.001, 0.1, 0.9),
    "decay_every": (1, 2, 3),
    "batch_norm": (True, False),
    "bn_learn": (True, False),
    "bn_decay": (0.0, 0.5, 0.99),
    "bn_epsilon": (1e-10, 1e-3, 1.0),
    "beta2": (0.5, 0.9, 0.9999),
    "epsilon": (1e-12, 1e-4, 0.1),
    "dropout": (0.0, 0.2, 0.7),
    "drop_last": (True, False),
}
VALUES |= {  # of what is newer: a little, much, and what it is by default
    field.name: (*(field.parse(SCALES[field.scale].from_unit(u, field.low, field.high)) for u in (0.5, 0.8)), field.off)
    for field in SETTINGS
    if field.name not in VALUES
}


@dataclass(frozen=True)
class Case:
    """A run to be made: steps, each followed by a nudge."""

    spec: RunSpec
    start: Settings
    plan: tuple[tuple[int, dict], ...]

    def run(self) -> Run:
        run = Run(self.spec, self.start)
        for steps, changes in self.plan:
            run.advance(steps)
            run.nudge(**changes)
        return run


def own_table(n_x: int = 5) -> str:
    """Own data on the shelf, with hostile names."""
    rng = np.random.default_rng(3)
    labels = np.arange(80) % 3
    points = rng.standard_normal((80, n_x)) + labels[:, None]
    features = tuple(f"<b onclick=alert(3)>{i}</b>" for i in range(n_x))
    return SHELF.add(Table(points.astype(np.float32), labels, NAMES, features))


def cases() -> list[Case]:
    """Choices of a spec in their turn; settings and nudges drawn, always the same ones."""
    rng = random.Random(0)
    turns = [itertools.cycle(choices) for choices in ([*DATASETS, own_table()], ACTIVATIONS, INITIALIZERS)]
    return [_case(i, rng, *map(next, turns)) for i in range(CASES)]


def _case(i: int, rng: random.Random, dataset: str, activation: str, initialization: str) -> Case:
    def drawn(count: int) -> dict:
        return {name: rng.choice(VALUES[name]) for name in rng.sample(sorted(VALUES), count)}

    hidden = ((5, 4), (70, 33), (1,), (8, 8, 8), (64, 32))[i % 5]
    spec = RunSpec(dataset, 3, 150, 0.2, 4.0 + i % 3, i % 2, 0.2, i % 4 > 0, hidden, activation, initialization, i)
    plan = [(rng.choice((0, 3, 17, 40)), drawn(rng.choice((1, 1, 2, 5)))) for _ in range(i % 6)]
    return Case(spec, Settings(**drawn(5)), (*plan, (rng.choice((0, 5, 30)), {})))


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """As in the app; and a script that is run here leaves the environment as it was."""
    for name in THREADS:
        monkeypatch.setenv(name, os.environ.get(name, "1"))
    with threadpool_limits(1):
        yield


@pytest.fixture
def played(tmp_path):
    """`played(text)`: what the `main` of a script gives, and what it prints."""

    def play(text: str):
        path = tmp_path / "script.py"
        path.write_text(text, encoding="utf-8")
        made = runpy.run_path(str(path), run_name="script")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            return made["main"](), printed.getvalue()

    return play


@pytest.fixture(scope="session")
def noted() -> Run:
    """A run on own data with a drag, and a note that would do harm if it were code or HTML."""
    run = Run(RunSpec(dataset=own_table(), hidden=(6,)))
    for learning_rate in (0.05, 0.02, 0.01):
        run.advance(7)
        run.nudge(gesture=1, learning_rate=learning_rate)
    run.annotate(0, EVIL + " <script>alert(4)</script>")
    run.nudge(batch_norm=False)
    run.advance(5)
    return run


@pytest.fixture(scope="session")
def all_cases() -> list[Case]:
    """Every case."""
    return cases()


def pytest_generate_tests(metafunc):
    """A test that asks for `case` gets every one of them."""
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", cases(), ids=[f"case{i}" for i in range(CASES)])
