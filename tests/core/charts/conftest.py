"""Runs that the tests of the charts share: each is trained once."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from core.charts import CHARTS
from core.data.datasets import Data, prepare
from core.runs.run import Run
from core.runs.seed_test import SeedTest
from core.settings.table import RunSpec, Settings


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


def twinned(run: Run) -> None:
    """A nudge after 60 steps, and a twin that has gone on without it for 90."""
    run.twins = True
    run.advance(60)
    run.nudge(learning_rate=0.02)
    run.advance(90)


def compared(share: float) -> Callable[[Run], None]:
    """A nudge, and so much of the comparison under other seeds."""

    def train(run: Run) -> None:
        twinned(run)
        run.seed_test = SeedTest(run)
        run.seed_test.advance(lambda: run.seed_test.progress >= share)

    return train


def table(classes: int, features: int, names: tuple[str, ...], examples: int = 400) -> Data:
    """A cloud for each class, with these names of classes and features, again and again."""
    labels = np.arange(examples) % classes
    rng = np.random.default_rng(0)
    points = 3 * rng.standard_normal((classes, features))[labels] + rng.standard_normal((examples, features))
    many = names * (1 + max(classes, features) // len(names))
    return prepare(points, labels, many[:classes], many[:features], 0, 0.2, True)


HOSTILE = (
    "<b>bold</b><br>next", '<a href="https://example.org">link</a>', "%{x} %{meta}", "", "   ", "&lt;", "\u202eleft",
    "\u65e5\u672c\u8a9e" * 9, "\x00\x07", "$x$ $y$", "<img src=x onerror=alert(1)>", "two\nlines", "\ud800 half",
    "\u05e9\u05dc\u05d5\u05dd", "</script>", "{}", "a" * 5000, "\u200b", "\U0001f600" * 30, "ok",
)  # fmt: skip

PLAIN = Settings(batch_norm=False)
HOT = Settings(batch_norm=False, optimizer="sgd", learning_rate=10.0)
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
    "troubled": (RunSpec(examples=90, hidden=(32,) * 4, activation="leaky_relu"), HOT, trained(2000)),
    "twin": (RunSpec(), Settings(), twinned),
    "twin of six layers": (RunSpec(hidden=(8,) * 6), Settings(), twinned),
    "twin of digits": (RunSpec(dataset="digits"), Settings(), twinned),
    "luck": (RunSpec(examples=120, hidden=(6,)), Settings(), compared(1.0)),
    "luck begun": (RunSpec(examples=120, hidden=(6,)), Settings(), compared(0.6)),
    "luck not begun": (RunSpec(examples=120, hidden=(6,)), Settings(), compared(0.0)),
    "hostile names": (RunSpec(), Settings(), trained(40)),
    "hostile names in a plane": (RunSpec(), Settings(), trained(40)),
    "256 features": (RunSpec(), Settings(), trained(5)),
    "one feature": (RunSpec(), Settings(), trained(40)),
}
DATA = {
    "hostile names": lambda: table(20, 5, HOSTILE),
    "hostile names in a plane": lambda: table(20, 2, HOSTILE),
    "256 features": lambda: table(2, 256, HOSTILE),
    "one feature": lambda: table(2, 1, HOSTILE),
}


@cache
def fresh(name: str) -> Run:
    """A run of `RUNS` that has not been trained."""
    spec, settings, _ = RUNS[name]
    return Run(spec, settings, DATA[name]() if name in DATA else None)


@cache
def run_of(name: str) -> Run:
    spec, settings, train = RUNS[name]
    run = Run(spec, settings, fresh(name).data)
    train(run)
    return run


def fits(name: str, chart: str) -> bool:
    """Whether the chart applies to the run; that of luck is told by the run's name, for none has it from its start."""
    return name.startswith("luck") if chart == "luck" else CHARTS[chart].applies(fresh(name))


@pytest.fixture
def made() -> Callable[[str], Run]:
    """`made(name)` is a run of `RUNS`, trained once and not to be moved by a test."""
    return run_of


def pytest_generate_tests(metafunc):
    """A test that asks for `run` and `chart` gets every run with every chart that applies to it."""
    if {"run", "chart"} <= set(metafunc.fixturenames):
        pairs = [(name, chart) for name in RUNS for chart in CHARTS if fits(name, chart)]
        metafunc.parametrize(("run", "chart"), pairs, ids=["-".join(pair) for pair in pairs], indirect=True)
    elif "chart" in metafunc.fixturenames:
        metafunc.parametrize("chart", list(CHARTS), indirect=True)


@pytest.fixture
def run(request) -> Run:
    return run_of(request.param)


@pytest.fixture
def chart(request):
    return CHARTS[request.param]
