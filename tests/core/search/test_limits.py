"""Tests of the limits of a search, which are checked before any work."""

from dataclasses import replace

import pytest

from core.errors import UserError
from core.runs.run import Run
from core.search import limits
from core.search.plan import Plan
from core.search.search import Search, origin_of
from core.search.space import Space
from core.settings.table import RunSpec, Settings
from core.training.stack import Stack
from tests.core.search.searches import RATES, SEARCHED, SMALL, SPEC, hot_points, rates_plan


@pytest.fixture
def no_work(monkeypatch):
    def refuse(*args):
        raise AssertionError("this is work")

    monkeypatch.setattr(Stack, "__init__", refuse)


@pytest.mark.usefixtures("no_work")
def test_bounds_are_checked_before_the_work():
    wide = replace(SPEC, hidden=(256, 256, 256))
    with pytest.raises(UserError, match=r"have 134,\d{3},\d{3} parameters together, and a search may have 10,000,000"):
        Search(Plan(Space(wide, SMALL, (RATES,)), "random", 1000, 20))
    whole = replace(SMALL, batch_size=1500)
    with pytest.raises(UserError, match=r"would take about 3\.\d hours of work, and 1 is allowed: search fewer"):
        Search(Plan(Space(replace(wide, dataset="digits"), whole, (RATES,)), "random", 60, 20_000))
    with pytest.raises(UserError, match="models cannot be 1001"):
        Search(rates_plan(), hot_points(*[0.1] * 1001))
    with pytest.raises(UserError, match="models cannot be 0"):
        Search(rates_plan(), [])
    Search(Plan(Space(RunSpec(), Settings(), (RATES,)), "random", 1000, 20_000))


@pytest.mark.usefixtures("no_work")
def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(limits, "STACK_BYTES", 2**20)
    plan = Plan(Space(RunSpec(hidden=(256,) * 3), SMALL, (RATES,)), "random", 2, 20)
    with pytest.raises(UserError, match=r"would take about 0\.0 GB of memory to train, and 0\.0 GB are kept for it"):
        Search(plan)
    Search(rates_plan(2))


@pytest.mark.parametrize("name", ["units", "layers", "activation", "initialization"])
def test_a_run_in_hand_keeps_its_network(name):
    origin = origin_of(Run(SPEC, SMALL))
    space = Space(SPEC, SMALL, (SEARCHED[name],))
    with pytest.raises(UserError, match="Variants of a run keep its data and its network: search only settings"):
        Search(Plan(space, "random", 8, 20, origin=origin))
    with pytest.raises(UserError, match="keep its data"):
        Search(Plan(Space(replace(SPEC, noise=0.5), SMALL, (RATES,)), "random", 8, 20, origin=origin))
