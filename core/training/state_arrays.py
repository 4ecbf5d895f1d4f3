"""The state of a stack as plain arrays, as files and snapshots have it, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from core.data.checks import same_layout
from core.training.state import COUNTS, WEIGHTS, State, all_weights

Array = np.ndarray
BUFFERS = ("theta", "m", "v", "running")


def state_to_arrays(state: State) -> dict[str, Array]:
    """The buffers of a state by name, uncopied, its `counts` (4,) int64 and its `weights` (5,) float64."""
    arrays = {name: getattr(state, name) for name in BUFFERS}
    arrays["counts"] = np.array([getattr(state, name) for name in COUNTS], np.int64)
    arrays["weights"] = np.array([getattr(state, name) for name in WEIGHTS], np.float64)
    return arrays


def state_from_arrays(arrays: Mapping[str, Array], like: State) -> State:
    """The state of `state_to_arrays`; other arrays are left alone. Raises `ValueError` unless it has the shapes of
    `like`."""
    wanted = state_to_arrays(like)
    arrays = {name: all_weights(array) if name == "weights" else array for name, array in arrays.items()}
    if not all(same_layout(arrays.get(name), array) for name, array in wanted.items()):
        raise ValueError("The arrays are not of a state of this network.")
    fields: dict[str, Any] = {name: arrays[name] for name in BUFFERS}
    fields |= dict(zip(COUNTS, arrays["counts"].tolist(), strict=True))
    fields |= dict(zip(WEIGHTS, arrays["weights"].tolist(), strict=True))
    return replace(like, **fields)
