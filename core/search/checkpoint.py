"""A checkpoint of a search, one file of arrays: how far each trial is, and the full state of those still training.

`arrays_of` copies it between two slices; a search that `unpack` restores goes on with the same bits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_type_hints

import numpy as np

from core.data.checks import same_layout
from core.data.safe_load import FileError, read_json, read_npz, write_npz
from core.search.trials import Group, Trial
from core.training.members import Members
from core.training.state import COUNTS, WEIGHTS, all_weights

Array = np.ndarray
MOST = 64 * 2**20  # bytes of a file
STATES = get_args(get_type_hints(Trial)["state"])
NUMBERS = ("loss", "best", "accuracy")
WRONG = "The saved progress does not fit this search: it starts again from step 0."


def pack(arrays: Mapping[str, Array]) -> bytes:
    """What `arrays_of` gave, as an `.npz` file."""
    return write_npz(arrays, packed=False)


def arrays_of(trials: Sequence[Trial], groups: Sequence[Group], more: Mapping[str, Any]) -> dict[str, Array]:
    """Copies of the trials, the rows of those that are going and initialized, and `more` (the search's `losses`,
    `accuracies`, `due` and `column`)."""
    arrays = {name: np.array(values) for name, values in more.items()}
    arrays["scores"] = np.array([[getattr(trial, name) for name in NUMBERS] for trial in trials])
    arrays["stands"] = np.array([[STATES.index(_resting_state(trial)), trial.step] for trial in trials], np.int64)
    whys = {str(trial.number): trial.why for trial in trials if trial.why}
    arrays["whys"] = np.frombuffer(json.dumps(whys).encode(), np.uint8)
    arrays["born"] = np.array([group.members is not None for group in groups])
    kept = [(group, _going(group)) for group in groups if group.members is not None]
    counts = (group.known_members.counts[places] for group, places in kept)
    weights = (group.known_members.weights[places] for group, places in kept)
    arrays["rows"] = _rows(kept)
    arrays["counts"] = np.concatenate([np.zeros((0, len(COUNTS)), np.int64), *counts])
    arrays["weights"] = np.concatenate([np.zeros((0, len(WEIGHTS))), *weights])
    return arrays


def _rows(kept: Sequence[tuple[Group, list[int]]]) -> Array:
    """The rows at some places of groups, one after the other; copied once, for they are what is large."""
    rows, at = np.empty(sum(len(places) * group.row for group, places in kept), np.float32), 0
    for group, places in kept:
        part = rows[at : at + len(places) * group.row].reshape(len(places), group.row)
        np.take(group.known_members.rows, np.array(places, int), axis=0, out=part, mode="clip")
        at += part.size
    return rows


def unpack(
    data: bytes, trials: Sequence[Trial], groups: Sequence[Group], like: Mapping[str, Array]
) -> dict[str, Array]:
    """Put what `pack` gave into trials and groups of the same search, and return the arrays of the shapes `like`.

    Raises `UserError`, before anything is changed, where the data are damaged, too large or of another search.
    """
    arrays = {name: all_weights(array) if name == "weights" else array for name, array in read_npz(data, MOST).items()}
    fresh = {name: np.zeros((len(trials), n), kind) for name, n, kind in (("scores", 3, float), ("stands", 2, int))}
    _check(all(same_layout(arrays.get(name), array) for name, array in (fresh | dict(like)).items()))
    stands, scores = arrays["stands"], arrays["scores"]
    _check("whys" in arrays and bool(((stands >= 0) & (stands < [len(STATES), 2**31])).all()))
    _check(bool(0 <= arrays["column"][0] <= arrays["losses"].shape[1] and abs(arrays["due"]).max() <= len(trials)))
    whys = read_json(arrays["whys"].astype(np.uint8).tobytes(), MOST)
    members = _members(arrays, groups, [STATES[state] == "waiting" for state in stands[:, 0]])
    for trial, (state, step), row in zip(trials, stands.tolist(), scores.tolist(), strict=True):
        trial.state, trial.step, trial.why = STATES[state], step, str(whys.get(str(trial.number), ""))
        trial.loss, trial.best, trial.accuracy = row
        trial.stopped_at = step if trial.state in ("diverged", "stopped") else None
    for group, rows in zip(groups, members, strict=True):
        group.members = rows
    return {name: arrays[name] for name in like}


def _members(arrays: dict[str, Array], groups: Sequence[Group], going: Sequence[bool]) -> list[Members | None]:
    """The rows of each group, 0 for those that are not going; None where it was not initialized."""
    _check(same_layout(arrays.get("born"), np.zeros(len(groups), bool)))
    places = [[place for place, trial in enumerate(group.trials) if going[trial.number]] for group in groups]
    initialized = arrays["born"].tolist()
    count = sum(len(some) for some, there in zip(places, initialized, strict=True) if there)
    numbers = sum(
        len(some) * group.row for some, group, there in zip(places, groups, initialized, strict=True) if there
    )
    _check(same_layout(arrays.get("rows"), np.zeros(numbers, np.float32)))
    _check(same_layout(arrays.get("counts"), np.zeros((count, len(COUNTS)), np.int64)))
    _check(same_layout(arrays.get("weights"), np.zeros((count, len(WEIGHTS)))))
    found: list[Members | None] = []
    at = one = 0
    for group, some, there in zip(groups, places, initialized, strict=True):
        if not there:
            found.append(None)
            continue
        until, last = at + len(some) * group.row, one + len(some)
        rows, members = arrays["rows"][at:until].reshape(len(some), group.row), _empty(group)
        members[some] = Members(rows, arrays["counts"][one:last], arrays["weights"][one:last])
        found.append(members)
        at, one = until, last
    return found


def _empty(group: Group) -> Members:
    n = len(group.trials)
    counts, weights = np.zeros((n, len(COUNTS)), np.int64), np.zeros((n, len(WEIGHTS)))
    return Members(np.zeros((n, group.row), np.float32), counts, weights)


def _going(group: Group) -> list[int]:
    return [place for place, trial in enumerate(group.trials) if trial.going]


def _resting_state(trial: Trial) -> str:
    """A trial's state where nothing is being trained."""
    return "waiting" if trial.going else trial.state


def _check(right: bool) -> None:
    if not right:
        raise FileError(WRONG)
