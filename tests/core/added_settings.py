"""Random runs with what can be chosen now and could not be when the runs of fixtures/fingerprints.json were drawn.

New settings and new choices are found in the table of settings, so that a row that is added is drawn without an edit.
"""

from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from core.data.registry import DATASETS
from core.runs.run import Run, fingerprint
from core.settings.table import FIELDS, SETTINGS, SPEC, Field, RunSpec, Settings
from core.training.members import picked
from core.training.stack import PER_MEMBER, Stack
from tests.core.fingerprints import FINGERPRINTS, kinds, values_of
from tests.core.fixtures import make_fingerprints
from tests.core.random_runs import follow

RUNS = 100
SEED = 12
DRAWN_BEFORE = [case["run"] for case in json.loads(FINGERPRINTS.read_text(encoding="utf-8"))["runs"]]
OLD_KINDS = kinds(FIELDS.values()) & {pair for run in DRAWN_BEFORE for pair in values_of(run)}
OLD_FIELDS = {*DRAWN_BEFORE[0]["spec"], *DRAWN_BEFORE[0]["settings"]}
NEW_KINDS = kinds(FIELDS.values()) - OLD_KINDS
NEW_FIELDS = {name for name in FIELDS if name not in OLD_FIELDS and name != "rules"}  # rules: of all runs
# What is nudged: new settings and those with new choices as often as all others together, where there are any.
_NEW = [field.name for field in SETTINGS if field.name in NEW_FIELDS | {name for name, _ in NEW_KINDS}]
NUDGED = make_fingerprints.NUDGED + _NEW * (len(make_fingerprints.NUDGED) // max(1, len(_NEW)))


@dataclass(frozen=True)
class Plan:
    """A run to be made: steps, each followed by a nudge."""

    spec: RunSpec
    start: Settings
    parts: tuple[tuple[int, dict[str, Any]], ...]

    def run(self) -> Run:
        """The run at its end, or where its loss stopped being finite."""
        return follow(Run(self.spec, self.start), self.parts)


def plans() -> list[Plan]:
    """`RUNS` plans, always the same for the same table."""
    rng = random.Random(SEED)
    return [_plan(rng) for _ in range(RUNS)]


def _plan(rng: random.Random) -> Plan:
    spec = make_fingerprints.spec(rng) | _new_values(SPEC, rng)
    most = DATASETS[spec["dataset"]].max_classes
    spec["classes"] = min(spec["classes"], most or spec["classes"])
    start = {field.name: make_fingerprints.value(field.name, rng) for field in SETTINGS} | _new_values(SETTINGS, rng)
    parts = [(rng.randint(15, 50), _changes(rng)) for _ in range(rng.randint(2, 4))]
    return Plan(RunSpec(**spec), Settings(**start), tuple(parts))


def _new_values(fields: tuple[Field, ...], rng: random.Random) -> dict[str, Any]:
    """New choices of some of the fields."""
    found = {}
    for field in fields:
        choices = sorted(value for name, value in NEW_KINDS if name == field.name)
        if choices and rng.random() < 0.6:
            found[field.name] = rng.choice(choices)
    return found


def _changes(rng: random.Random) -> dict[str, Any]:
    names = sorted({*rng.choices(NUDGED, k=rng.choice([1, 1, 2, 3]))})
    return {name: make_fingerprints.value(name, rng) for name in names}


def rewound_and_again(run: Run, step: int) -> Run:
    """A copy of the run that goes back to `step`, and from there the same way forward."""
    again = run.branch()
    again.rewind(step)
    for nudge in run.journal[len(again.journal) :]:
        again.advance(nudge.step - again.step)
        again.nudge(nudge.gesture, **{name: new for name, (_, new) in nudge.changes.items()})
    again.advance(run.step - again.step)
    return again


def in_a_stack(run: Run, rng: random.Random) -> str:
    """The fingerprint of the run as the second of three members that have other seeds and other numbers."""
    numbers = [name for name in PER_MEMBER if name != "on_switch"]
    before, after = ({name: make_fingerprints.value(name, rng) for name in numbers} for _ in range(2))
    members = [replace(run.start, **before), run.start, replace(run.start, **after)]
    stack = Stack(run.spec, run.data, members, [1, run.spec.seed, 2])
    with np.errstate(all="ignore"):
        for nudge in run.journal:
            _advance(stack, nudge.step)
            stack.set(
                [replace(one, **{name: new for name, (_, new) in nudge.changes.items()}) for one in stack.settings]
            )
        _advance(stack, run.step)
        alone = picked(stack, [1])
    assert asdict(alone.settings[0]) == asdict(run.settings)
    return fingerprint(run.spec, alone.settings[0], alone.state)


def _advance(stack: Stack, step: int) -> None:
    steps = step - stack.state.step
    stack.advance(steps, np.empty((steps, stack.members), stack.dtype))
