"""Tests of plans on their way to a worker: what is not what it says it is, is answered by a sentence."""

import base64
import copy
import json

import numpy as np
import pytest

from core.data.safe_load import read_npz, write_npz
from core.data.shelf import SHELF, Table
from core.errors import UserError
from core.runs.run import Run
from core.search.plan import Plan
from core.search.plan_json import plan_from_json, plan_to_json
from core.search.search import Search, origin_of
from core.search.space import Range, Space
from core.settings.table import RunSpec, Settings

RATES = Range("learning_rate", 1e-3, 1.0, "log")


def table(seed=0):
    points = np.random.default_rng(seed).normal(size=(40, 2)).astype(np.float32)
    return Table(points, np.arange(40) % 2, ("a", "b"), ("no", "yes"))


def variants(data):
    run = Run(RunSpec(dataset=data, hidden=(4, 3)))
    run.advance(20)
    return Plan(Space(run.spec, Settings(), (RATES,)), "random", 3, 20, origin=origin_of(run))


@pytest.fixture
def plan():
    """Variants of a run on uploaded data."""
    return variants(SHELF.add(table()))


def points_of(plan):
    return [trial.point for trial in Search(plan).trials]


def test_only_a_whole_plan_has_the_state_and_the_table(plan):
    points = points_of(plan)
    slim, whole = (json.loads(json.dumps(plan_to_json(plan, points, all_of_it))) for all_of_it in (False, True))
    assert whole.keys() - slim.keys() == {"table"}
    assert whole["origin"].keys() - slim["origin"].keys() == {"state"}
    for told in (slim, whole):
        found, its_points = plan_from_json(told)
        assert (found, its_points) == (plan, points)
        search, other = Search(plan, points), Search(found, its_points)
        for one in (search, other):
            one.advance(lambda: False)
        assert [search.fingerprint(n) for n in range(3)] == [other.fingerprint(n) for n in range(3)]


def text(data):
    return base64.b64encode(data).decode()


def changed_state(name, change):
    def changed(told):
        arrays = read_npz(base64.b64decode(told["origin"]["state"]), 2**20)
        told["origin"]["state"] = text(write_npz(arrays | {name: change(arrays[name])}))

    return changed


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda told: told.update(table=7), "table cannot be 7"),
        (lambda told: told.update(table="%"), "table is damaged"),
        (lambda told: told.update(table=text(b"no table")), "readable .npz archive"),
        (lambda told: told.update(table=text(table(seed=1).to_bytes())), "not the one that its data name"),
        (lambda told: told["origin"].update(state=[]), "state cannot be"),
        (lambda told: told["origin"].update(state=text(b"no state")), "readable .npz archive"),
        (lambda told: told["origin"].update(more=1), "and nothing else"),
        (changed_state("theta", lambda theta: theta[1:]), "not one of its network"),
        (changed_state("m", lambda m: m.astype(np.float64)), "not one of its network"),
        (changed_state("weights", lambda weights: weights[:2]), "not one of its network"),
        (changed_state("counts", lambda counts: counts.reshape(2, 2)), "not one of its network"),
    ],
)
def test_what_is_not_what_it_says_is_answered_by_a_sentence(plan, change, words):
    told = copy.deepcopy(plan_to_json(plan, points_of(plan), whole=True))
    change(told)
    with pytest.raises(UserError, match=words):
        plan_from_json(told)


def test_a_state_is_bounded_before_it_is_unpacked(plan, monkeypatch):
    told = plan_to_json(plan, points_of(plan), whole=True)
    monkeypatch.setattr("core.search.plan_json.STATE_BYTES", 512)
    monkeypatch.setattr("core.search.plan_json.read_npz", None)
    with pytest.raises(UserError, match="state cannot be"):
        plan_from_json(told)
