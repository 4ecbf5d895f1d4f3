"""Small searches for tests, and comparisons of what became of them."""

import numpy as np
from hypothesis import strategies as st

from core.runs.run import Run
from core.search.plan import Plan
from core.search.space import SEARCHABLE, Range, Space
from core.settings.table import RunSpec, Settings
from tests.core.random_runs import changes, specs

SPEC = RunSpec(examples=120, hidden=(6, 5), activation="tanh", seed=3)  # 96 to train on, 24 in the dev set
SMALL = Settings(batch_size=16)
RATES = Range("learning_rate", 1e-3, 1.0, "log")
HOT = Space(
    RunSpec(examples=90, hidden=(32,) * 4, activation="leaky_relu"),
    Settings(batch_norm=False, optimizer="sgd"),
    (Range("learning_rate", 1e-3, 10.0, "log"),),
)  # at 10, it breaks within a few steps
SMALLER = {"units": Range("units", 1, 9, "log"), "batch_size": Range("batch_size", 1, 120, "log")}
SMALLER |= {"learning_rate": Range("learning_rate", 1e-4, 10.0, "log"), "layers": Range("layers", 1, 3, "linear")}
SEARCHED = {name: SMALLER.get(name, searched) for name, searched in SEARCHABLE.items()}
LIVE = [name for name in SEARCHED if name not in ("units", "layers", "activation", "initialization")]


def never():
    return False


def rates_plan(models=8, steps=40, **chosen):
    return Plan(Space(SPEC, SMALL, (RATES,)), "random", models, steps, **chosen)


def hot_points(*rates):
    return [{"learning_rate": rate} for rate in rates]


def finished(search):
    search.advance(never)
    assert search.done
    return search


def some_slices(search, count):
    """Advance by so many slices of work."""
    for _ in range(count):
        search.advance(lambda: True)
    return search


def check_bits(search):
    """Every trial, where it stands, against a run of its own."""
    origin = search.plan.origin
    for trial in search.trials:
        if origin:
            alone = search.run(trial.number).finish()
            assert alone.settings == trial.settings
            assert len(alone.journal) - len(origin.journal) in (0, 1)
        else:
            alone = Run.replay(trial.spec, trial.settings, (), trial.step)
        assert alone.step == trial.step
        assert search.fingerprint(trial.number) == alone.fingerprint()
        if trial.state == "diverged":
            alone.advance(1)
            assert alone.trouble
            assert alone.step == trial.step


def spaces(names):
    """Spaces of one to four of the settings `names`, over random specs and settings."""
    ranges = st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True)
    ranges = ranges.map(lambda chosen: tuple(SEARCHED[name] for name in chosen))
    return st.builds(Space, specs, changes.map(lambda found: Settings(**found)), ranges)


# from one process to another


def check_same(search, other):
    """All that can be seen of two searches, to the bit."""
    np.testing.assert_array_equal(search.losses, other.losses)
    np.testing.assert_array_equal(search.accuracies, other.accuracies)
    assert [repr(trial) for trial in search.trials] == [repr(trial) for trial in other.trials]  # NaN is not NaN
    numbers = range(len(search.trials))
    assert [search.fingerprint(n) for n in numbers] == [other.fingerprint(n) for n in numbers]
