"""From one example's z to its softmax, with a temperature and a constant added to every z (C16, C17)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import UserError
from core.nn.softmax import as_written, hardmax, softmax

Array = np.ndarray
FAR = 1000.0  # a constant so large that the formula as written overflows


@dataclass(frozen=True)
class FromZ:
    """One example's numbers, all (C,) float64.

    `t` and `written` follow the formula as written, and are inf or NaN where it overflows; `a` is the engine's softmax.
    `moved` is the largest change that the constant makes to any of `a`.
    """

    z: Array  # with the constant added
    t: Array
    a: Array
    hard: Array
    written: Array
    moved: float

    @property
    def sum(self) -> float:
        """The sum of t, which may be inf."""
        return float(self.t.sum())


def from_z(z: Array, temperature: float = 1.0, constant: float = 0.0) -> FromZ:
    """The softmax of (z + constant) / temperature, for z (C,). Raises `UserError` if one of these is not finite."""
    column = np.asarray(z, np.float64)[:, None]  # (C, 1)
    with np.errstate(all="ignore"):
        shifted = (column + constant) / temperature
        if not np.isfinite(np.append(shifted, column / temperature)).all():
            raise UserError("A z here is not a finite number: set every dial to a number of its range.")
        t, written = as_written(shifted)
        a, alone = softmax(shifted), softmax(column / temperature)
        moved = float(np.abs(a - alone).max())
        return FromZ(column[:, 0] + constant, t[:, 0], a[:, 0], hardmax(shifted)[:, 0], written[:, 0], moved)
