"""A field at its `off` is in no fingerprint, link, file or store: a new field leaves those of old runs as they are.

Each field of the table is given its default as `off` here, as if it were new.
"""

import hashlib
import json
from dataclasses import asdict, fields, replace

import numpy as np
import pytest

from core.runs.replay import Replay
from core.runs.run import Run
from core.runs.run_file import dump, parse
from core.search.plan import Plan
from core.search.plan_json import plan_from_json, plan_to_json
from core.search.search import origin_of
from core.search.space import Range, Space
from core.sessions.run_recorder import RunRecorder, load
from core.settings.link import from_query, to_query
from core.settings.plain import as_dict, settings_of, spec_of
from core.settings.table import FIELDS, RULES, RunSpec, Settings
from core.store import Store
from core.training.state import State
from tests.core.random_runs import OTHER

SPEC, SETTINGS = RunSpec(), Settings()
DEFAULTS = asdict(SPEC) | asdict(SETTINGS)


@pytest.fixture(params=FIELDS)
def name(request, monkeypatch):
    """A field that has its default as `off`."""
    field = FIELDS[request.param]
    monkeypatch.setitem(FIELDS, field.name, replace(field, off=DEFAULTS[field.name]))
    return field.name


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "panda.db")
    yield store
    store.close()


@pytest.fixture
def at_off():
    return Run(SPEC, SETTINGS)


@pytest.fixture
def not_off(name):
    """A run in which the field is not at `off`."""
    one, other = ({name: OTHER[name]} if name in asdict(chosen) else {} for chosen in (SPEC, SETTINGS))
    return Run(replace(SPEC, **one), replace(SETTINGS, **other))


def without(name, chosen):
    """All fields but this one and those that are at their own `off`."""
    return {other: value for other, value in as_dict(chosen).items() if other != name}


def fingerprint_of(run, spec, settings):
    """The published form of the fingerprint of a run with these fields."""
    digest = hashlib.sha256(json.dumps([spec, settings], sort_keys=True).encode())
    for field in fields(State):
        digest.update(np.ascontiguousarray(getattr(run.stack.state, field.name)).tobytes())
    return digest.hexdigest()


def test_off_is_the_default_and_can_be():
    """But for the rules: a file without them is of a run with the first ones, and new runs have the newest."""
    assert (FIELDS["rules"].off, DEFAULTS["rules"]) == (FIELDS["rules"].low, FIELDS["rules"].high) == (1, RULES)
    for field in FIELDS.values():
        if field.off is not None:
            assert field.parse(field.off) == field.off
        if field.off is not None and field.name != "rules":
            assert DEFAULTS[field.name] == field.off, f"{field.name} is not off by default: old files would change"


def test_the_fields_are_all_but_those_at_off(name, at_off, not_off):
    for chosen in (SPEC, SETTINGS):
        assert list(as_dict(chosen)) == [n for n, value in asdict(chosen).items() if not FIELDS[n].at_off(value)]
    assert name not in as_dict(at_off.spec) | as_dict(at_off.start)
    assert name in as_dict(not_off.spec) | as_dict(not_off.start)


def test_fingerprints(name, at_off, not_off):
    assert at_off.fingerprint() == fingerprint_of(at_off, without(name, SPEC), without(name, SETTINGS))
    less = fingerprint_of(not_off, without(name, not_off.spec), without(name, not_off.settings))
    assert not_off.fingerprint() != less


def test_links(name, at_off, not_off):
    assert name not in to_query(SPEC, SETTINGS)
    assert name in to_query(not_off.spec, not_off.start)
    for run in (at_off, not_off):
        assert from_query(to_query(run.spec, run.start)) == (run.spec, run.start)


def test_run_files(name, at_off, not_off):
    file, other = json.loads(dump(at_off)), json.loads(dump(not_off))
    assert name not in file["spec"] | file["settings"]
    assert name in other["spec"] | other["settings"]
    for run in (at_off, not_off):
        read = parse(dump(run))
        assert (read.spec, read.settings, read.fingerprint) == (run.spec, run.start, run.fingerprint())


def test_the_store(name, at_off, not_off, store):
    for place, run in enumerate((at_off, not_off)):
        token = f"{place}" * 22
        RunRecorder.begin(store, token, Replay(run, (), 0), "o" * 22, "")[1].result()
        entry = store.find(token)
        assert (name in entry.spec | entry.settings) == (run is not_off)
        again = load(store, entry, entry.line.id).finish()
        assert (again.spec, again.start, again.fingerprint()) == (run.spec, run.start, run.fingerprint())


def test_plans_of_searches(name, at_off, not_off):
    for run in (at_off, not_off):
        space = Space(run.spec, run.start, (Range("learning_rate", 1e-3, 1.0, "log"),))
        plan = Plan(space, "random", 2, 20, origin=origin_of(run))
        told = json.loads(json.dumps(plan_to_json(plan, [])))
        for part in (told["space"], told["origin"]):
            assert (name in part["spec"] | part["settings"]) == (run is not_off)
        found, _ = plan_from_json(told)
        assert found == plan


def test_a_nudge_from_off_is_in_the_journal_and_the_run_file(name, at_off):
    if name in asdict(SETTINGS):
        at_off.nudge(**{name: OTHER[name]})
        file = json.loads(dump(at_off))
        assert name not in file["settings"]
        assert list(file["journal"][0]["changes"]) == [name]
        assert parse(dump(at_off)).journal == at_off.journal


def test_what_is_missing_is_off(name, not_off):
    assert spec_of(without(name, not_off.spec)) == SPEC
    assert settings_of(without(name, not_off.start)) == SETTINGS
