"""The same bits as before: 300 random runs, saved run files and links, in numpy and compiled.

The fingerprints in the fixture belong to a numpy and a kind of processor. Where they are of others, the tests that need
them are skipped and say so; compiled steps still have to agree with numpy, and the losses have to be nearly the same.
"""

import json
from collections import Counter
from functools import cache
from math import isclose, isfinite
from urllib.parse import parse_qsl

import pytest

from core.settings.link import from_query
from core.settings.plain import as_dict
from core.settings.table import FIELDS
from core.training.blas import machine
from core.training.stack import Stack
from tests.core.fingerprints import (
    FINGERPRINTS,
    LINKS,
    RUN_FILES,
    kinds,
    measured,
    opened,
    trained,
    values_of,
)

FIXTURE = json.loads(FINGERPRINTS.read_text(encoding="utf-8"))
RUNS, MACHINES = FIXTURE["runs"], FIXTURE["machines"]
FILES = sorted(RUN_FILES.iterdir())
ALL_LINKS = json.loads(LINKS.read_text(encoding="utf-8"))
WAYS = ("compiled", "numpy")
KINDS = 35  # choices, and sides of switches, in the 300 runs


@cache
def replayed(way):
    """What the 300 runs come to, trained by compiled steps or by numpy alone."""
    with pytest.MonkeyPatch.context() as patch:
        assert Stack.compiled
        if way == "numpy":
            patch.setattr(Stack, "compiled", None)
        return [trained(run) for run in RUNS]


def known():
    """The fixture's part for this kind of machine."""
    if machine() not in MACHINES:
        pytest.skip(f"no fingerprints of {machine()}: there are those of {', '.join(MACHINES)}")
    return MACHINES[machine()]


def different(found, wanted):
    """The runs that are not what they were, by their place in the fixture."""
    return {i: pair for i, pair in enumerate(zip(found, wanted, strict=True)) if pair[0] != pair[1]}


@pytest.mark.parametrize("way", WAYS)
def test_300_runs_have_the_fingerprints_that_they_had(way):
    assert different(replayed(way), known()["runs"]) == {}


def test_what_is_measured_and_what_becomes_of_them_is_as_it_was():
    """Some of them, measured as seldom or as often as a run is, then undone, rewound, branched, or with a twin: "twin"
    makes one, "ghost" keeps one from the nudge on."""
    wanted = known()["then"]
    assert different([measured(run) for run in RUNS if "then" in run], wanted) == {}


def test_compiled_steps_and_numpy_agree_in_all_of_them():
    assert different(replayed("compiled"), replayed("numpy")) == {}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", MACHINES)
def test_on_any_machine_most_losses_are_nearly_the_same(way, name):
    """Rounding grows in long runs, so not all of them are."""
    pairs = zip(replayed(way), MACHINES[name]["runs"], strict=True)
    losses = [(float.fromhex(found), float.fromhex(wanted)) for (_, _, found), (_, _, wanted) in pairs]
    near = [found == wanted or isclose(found, wanted, rel_tol=0.01) for found, wanted in losses if isfinite(wanted)]
    assert sum(near) >= 0.85 * len(near)


def test_the_300_are_of_all_kinds():
    """Of all that there was when they were drawn; runs of what came later are in test_added_settings.py."""
    assert len(RUNS) == 300
    wanted = kinds(FIELDS.values())
    chosen = Counter(pair for case in RUNS for pair in values_of(case["run"]) if pair in wanted)
    assert min(chosen.values()) >= 10
    assert len(chosen) == KINDS
    nudged = Counter(name for case in RUNS for nudge in case["run"]["journal"] for name in nudge["changes"])
    assert all(nudged[name] >= 10 for name in RUNS[0]["run"]["settings"])
    done = Counter(case["then"]["do"] for case in RUNS if "then" in case)
    assert all(done[do] >= 10 for do in ("undo", "rewind", "branch", "twin", "ghost"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("way", WAYS)
def test_a_saved_run_opens_as_it_was(path, way, monkeypatch):
    if way == "numpy":
        monkeypatch.setattr(Stack, "compiled", None)
    saved = json.loads(path.read_text(encoding="utf-8"))
    *state, name, journal = opened(path)
    assert (name, journal, state[0]) == (saved["name"], saved["journal"], saved["step"])
    assert state == known()["files"][path.name]


@pytest.mark.parametrize("link", ALL_LINKS, ids=lambda link: link["query"][:40])
def test_a_link_says_what_it_said(link):
    spec, settings = from_query(dict(parse_qsl(link["query"], strict_parsing=True)))
    assert json.loads(json.dumps([as_dict(spec), as_dict(settings)])) == [link["spec"], link["settings"]]
