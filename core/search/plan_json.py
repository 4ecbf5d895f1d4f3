"""A search's plan with its points as plain dicts, and back: for the store, an export or a worker.

What comes back is the same to the bit, and all of it is checked and bounded before it is used.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from core.data.checks import exact_fields
from core.data.safe_load import FileError, read_npz, shown, write_npz
from core.data.shelf import MAX_UNPACKED, SHELF, Table, is_table
from core.runs.journal import MOST_STEPS
from core.runs.journal_json import journal_of, journal_rows
from core.search.plan import SAMPLERS, Origin, Plan
from core.search.space import Point
from core.search.space_json import points_from_json, space_from_json, space_to_json
from core.settings.plain import as_dict, settings_of, spec_of
from core.settings.table import RunSpec, Settings
from core.training.run_data import data_of
from core.training.stack import Stack
from core.training.state import State
from core.training.state_arrays import state_from_arrays, state_to_arrays

PLAIN = ("kind", "models", "steps", "seed", "halving")  # what of a plan is JSON as it is
STATE_BYTES = 256 * 2**20  # that the state of an origin may take: the largest search is smaller


def plan_to_json(plan: Plan, points: Sequence[Point], whole: bool = False) -> dict[str, Any]:
    """A plan and its points as plain dicts, lists, strings and numbers.

    An origin is its first settings, its nudges and its step, from which it is trained again. A `whole` plan also holds
    its state, and uploaded data: a worker has nothing but the plan.
    """
    found = {name: getattr(plan, name) for name in PLAIN}
    origin = plan.origin and _origin_to_json(plan.origin, whole)
    found |= {"space": space_to_json(plan.space), "origin": origin, "points": list(points)}
    data = plan.space.spec.dataset
    return found | ({"table": _base64(SHELF.get(data).to_bytes())} if whole and is_table(data) else {})


def plan_from_json(found: Any) -> tuple[Plan, list[Point]]:
    """The plan and the points of `plan_to_json`; a table that comes along is put on the shelf. Raises `UserError`."""
    exact_fields(found, (*PLAIN, "space", "origin", "points"), "search", ("table",))
    if not isinstance(found["halving"], bool):
        raise FileError(f"Halving cannot be {shown(found['halving'])}: it is true or false.")
    if not isinstance(found["kind"], str):
        raise FileError(f"The kind of search cannot be {shown(found['kind'])}: it is {' or '.join(SAMPLERS)}.")
    space = space_from_json(found["space"])
    if "table" in found:
        _shelve(found["table"], space.spec)
    origin = None if found["origin"] is None else _origin_from_json(found["origin"])
    plan = Plan(space, **{name: found[name] for name in PLAIN}, origin=origin)
    return plan, points_from_json(space, found["points"])


def _shelve(text: Any, spec: RunSpec) -> None:
    table = Table.from_bytes(_decoded(text, MAX_UNPACKED, "table"))
    if table.name != spec.dataset:
        raise FileError("The search's table is not the one that its data name: save the search again.")
    SHELF.add(table)


# the origin


def _origin_to_json(origin: Origin, whole: bool) -> dict[str, Any]:
    found = {
        "spec": as_dict(origin.spec),
        "settings": as_dict(origin.settings),
        "journal": journal_rows(origin.journal),
        "step": origin.step,
    }
    if whole and origin.state:
        found["state"] = _base64(write_npz(state_to_arrays(origin.state), packed=False))
    return found


def _origin_from_json(found: Any) -> Origin:
    exact_fields(found, ("spec", "settings", "journal", "step"), "starting run", ("state",))
    step, journal = found["step"], journal_of(found["journal"])
    if type(step) is not int or not max([0, *(nudge.step for nudge in journal[-1:])]) <= step <= MOST_STEPS:
        raise FileError(f"The starting run cannot be at step {shown(step)}: save the search again.")
    spec, settings = spec_of(found["spec"]), settings_of(found["settings"])
    state = _state_of(_decoded(found["state"], STATE_BYTES, "state"), spec) if "state" in found else None
    return Origin(spec, settings, journal, step, state)


def _state_of(data: bytes, spec: RunSpec) -> State:
    """The state of a run of this spec, from a file of `state_to_arrays`."""
    arrays = read_npz(data, STATE_BYTES)
    like = Stack(spec, data_of(spec), Settings(), [spec.seed], draw=False).state
    try:
        if arrays.keys() != state_to_arrays(like).keys():
            raise ValueError("There are other arrays than those of a state.")
        return state_from_arrays(arrays, like)
    except ValueError:
        raise FileError("The state of the starting run is not one of its network: save the search again.") from None


# pieces


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(text: Any, most: int, what: str) -> bytes:
    """What `_base64` was given, at most so many bytes."""
    if not isinstance(text, str) or len(text) > 4 * (most // 3 + 1):
        raise FileError(f"The search's {what} cannot be {shown(text)}: save the search again.")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise FileError(f"The search's {what} is damaged: save the search again.") from None
