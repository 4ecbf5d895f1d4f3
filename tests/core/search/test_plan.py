"""Tests of plans."""

import pytest

from core.errors import UserError
from core.search.plan import Plan
from core.search.search import Search
from core.search.space import SEARCHABLE, Space
from tests.core.search.searches import RATES, SMALL, SPEC


def test_points_are_drawn_as_planned():
    space = Space(SPEC, SMALL, (RATES, SEARCHABLE["beta1"]))
    assert len(Search(Plan(space, "random", 10, 20)).trials) == 10
    grid = Search(Plan(space, "grid", 10, 20))
    assert len(grid.trials) == 9
    assert len({trial.settings.learning_rate for trial in grid.trials}) == 3
    one, other = (Search(Plan(space, "random", 3, 20, seed)) for seed in (0, 1))
    assert one.trials[0].point != other.trials[0].point
    given = Search(Plan(space, "random", 10, 20), [{"learning_rate": 0.5, "beta1": 0.8}])
    assert [(trial.settings.learning_rate, trial.settings.beta1) for trial in given.trials] == [(0.5, 0.8)]


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"kind": "guess"}, "A search is random or grid, not 'guess'."),
        ({"models": 1001}, "A search's models cannot be 1001: it takes a whole number, 1 to 1,000."),
        ({"models": 0}, "cannot be 0"),
        ({"models": True}, "cannot be True"),
        ({"steps": 9}, "A search's steps cannot be 9: it takes a whole number, 10 to 20,000."),
        ({"steps": 20_001}, "cannot be 20001"),
        ({"steps": 10.5}, "cannot be 10.5"),
        ({"seed": -1}, "seed cannot be -1"),
    ],
)
def test_plans_are_checked(chosen, sentence):
    with pytest.raises(UserError) as told:
        Plan(**{"space": Space(SPEC, SMALL, (RATES,)), "kind": "random", "models": 8, "steps": 40} | chosen)
    assert sentence in str(told.value)
