"""Runs that the tests of the charts share: each is trained once."""

from collections.abc import Callable
from functools import cache

import pytest

from core.charts import CHARTS
from core.run import Run
from core.settings import RunSpec, Settings


def trained(steps: int) -> Callable[[Run], None]:
    return lambda run: run.advance(steps)


def nudged(run: Run) -> None:
    """Thirty single nudges, then a drag of five."""
    for i in range(30):
        run.advance(7)
        run.nudge(learning_rate=0.01 * (1 + i))
    for i in range(5):
        run.advance(1)
        run.nudge(gesture=1, beta1=0.5 + i / 20)
    run.advance(20)


def toggled(run: Run) -> None:
    """Batch norm on, off, on, off, 40 steps each."""
    for _ in range(3):
        run.advance(40)
        run.nudge(batch_norm=not run.settings.batch_norm)
    run.advance(40)


PLAIN = Settings(batch_norm=False)
RUNS = {
    "start": (RunSpec(), Settings(), trained(0)),
    "first step": (RunSpec(), Settings(), trained(1)),
    "trained": (RunSpec(), Settings(), trained(200)),
    "nudged": (RunSpec(), Settings(), nudged),
    "toggled": (RunSpec(), Settings(), toggled),
    "without batch norm": (RunSpec(), PLAIN, trained(60)),
    "one layer": (RunSpec(dataset="moons", hidden=(4,)), Settings(), trained(60)),
    "six layers": (RunSpec(hidden=(8,) * 6), Settings(), trained(60)),
    "eight classes": (RunSpec(dataset="blobs", classes=8), Settings(), trained(60)),
    "digits": (RunSpec(dataset="digits"), Settings(), trained(60)),
    "digits start": (RunSpec(dataset="digits"), Settings(), trained(0)),
    "wine": (RunSpec(dataset="wine", hidden=(8,)), Settings(), trained(150)),
    "breast cancer": (RunSpec(dataset="breast_cancer", hidden=(8,), normalize=False), Settings(), trained(30)),
    "troubled": (RunSpec(), Settings(learning_rate=10.0, optimizer="rmsprop", batch_norm=False), trained(2000)),
}


@cache
def run_of(name: str) -> Run:
    spec, settings, train = RUNS[name]
    run = Run(spec, settings)
    train(run)
    return run


@pytest.fixture
def made() -> Callable[[str], Run]:
    """`made(name)` is a run of `RUNS`, trained once and not to be moved by a test."""
    return run_of


def pytest_generate_tests(metafunc):
    """A test that asks for `run` and `chart` gets every run with every chart that applies to it."""
    if {"run", "chart"} <= set(metafunc.fixturenames):
        fresh = {name: Run(spec, settings) for name, (spec, settings, _) in RUNS.items()}
        pairs = [(name, chart) for name in RUNS for chart in CHARTS if CHARTS[chart].applies(fresh[name])]
        metafunc.parametrize(("run", "chart"), pairs, ids=["-".join(pair) for pair in pairs], indirect=True)
    elif "chart" in metafunc.fixturenames:
        metafunc.parametrize("chart", list(CHARTS), indirect=True)


@pytest.fixture
def run(request) -> Run:
    return run_of(request.param)


@pytest.fixture
def chart(request):
    return CHARTS[request.param]
