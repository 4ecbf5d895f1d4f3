"""Settings that differ between the K networks of a stack, as one number for each of their parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.nn.network import Parameters

Array = np.ndarray


class Spread:
    """`spread(name, values)` returns the values (K,) of the networks as one number for each parameter, in the layout of
    `theta` and in an array kept under `name`; 0-d where `values` is one number for all."""

    def __init__(self, theta: Parameters) -> None:
        self._theta = theta
        self._kept: dict[str, tuple[Array, list[Array]]] = {}

    def __call__(self, name: str, values: Any) -> Array:
        if np.ndim(values) == 0:
            return np.array(values, self._theta.buffer.dtype)
        if name not in self._kept:
            buffer = np.empty_like(self._theta.buffer)
            self._kept[name] = buffer, self._theta.by_member(buffer)
        buffer, views = self._kept[name]
        column: Array = np.asarray(values, buffer.dtype)[:, None]
        for view in views:
            np.copyto(view, column)
        return buffer
