"""One step of the optimizer on all parameters of a stack that learn."""

from __future__ import annotations

import numpy as np

from core.nn.network import Network, Parameters
from core.nn.optimizers import Optimizer, Rates
from core.training.state import State

Array = np.ndarray
PIECE = 131_072  # parameters that the optimizer takes at once: smaller pieces are slower


class Update:
    """Updates the parameters of `network` from its gradient, with the moments `m` and `v`.

    `prepare` and `set_alpha` take what the settings say; both come before the first `step`. What may differ between the
    K members is one float64 for each, or a plain float if all are equal.
    """

    def __init__(self, network: Network, m: Parameters, v: Parameters, dtype: type) -> None:
        self._network, self._m, self._v, self._dtype = network, m, v, dtype
        self._tmp: Array = np.empty(min(PIECE, m.buffer.size), dtype)
        self._spreads: dict[str, tuple[Array, list[Array]]] = {}

    def prepare(
        self,
        optimizer: Optimizer,
        correct: bool,
        learnt: slice,
        beta1: Array | float,
        beta2: Array | float,
        epsilon: Array | float,
    ) -> None:
        """Take the optimizer, whether its bias is corrected, the part of the buffer that learns, and its numbers."""
        theta = self._network.theta
        self.optimizer, self._correct = optimizer, correct
        self._beta1, self._beta2 = beta1, beta2
        start, stop, _ = learnt.indices(theta.buffer.size)
        self._parts = [slice(at, min(at + PIECE, stop)) for at in range(start, stop, PIECE)]
        self._pieces = []
        for part in self._parts:
            views = [p.buffer[part] for p in (theta, self._network.gradient, self._m, self._v)]
            self._pieces.append((*views, self._tmp[: views[0].size]))
        constants = {"beta1": 1 - self._beta1, "beta2": 1 - self._beta2, "epsilon": epsilon}
        self._constants = [self._spread(name, values) for name, values in constants.items()]

    def set_alpha(self, alpha: Array | float) -> None:
        """Take the learning rate of each member, after decay."""
        self._alpha = alpha
        self._rates: list[Rates] | None = None

    def step(self, state: State) -> None:
        """One step of the optimizer on all that learns."""
        moments = self.optimizer.moments
        if "m" in moments:
            state.weight1 = state.weight1 * self._beta1
        if "v" in moments:
            state.weight2 = state.weight2 * self._beta2
        step = self.optimizer.step
        for (theta, g, m, v, tmp), rates in zip(self._pieces, self._rates or self._draw_rates(state), strict=True):
            step(theta, g, m, v, tmp, rates)

    def _draw_rates(self, state: State) -> list[Rates]:
        """The factors of this step, for each piece of the buffer; kept once bias correction no longer changes them."""
        left1: Array | float = 1.0
        left2: Array | float = 1.0
        if self._correct:
            moments = self.optimizer.moments
            left1 = 1 - state.weight1 if "m" in moments else 1.0
            left2 = 1 - state.weight2 if "v" in moments else 1.0
        correction1: Array = np.array(left1, self._dtype)
        correction2: Array = np.array(left2, self._dtype)
        alpha = self._spread("alpha", np.array(self._alpha, self._dtype) / correction1)
        factors = (alpha, *self._constants, self._spread("correction2", correction2))
        rates = [Rates(*(f[part] if f.ndim else f for f in factors)) for part in self._parts]
        if (correction1 == 1).all() and (correction2 == 1).all():
            self._rates = rates
        return rates

    def _spread(self, name: str, values: Array | float) -> Array:
        """Numbers a member as one for each parameter, in an array kept under `name`; 0-d where members agree."""
        if np.ndim(values) == 0:
            return np.array(values, self._dtype)
        if name not in self._spreads:
            buffer = np.empty_like(self._network.theta.buffer)
            self._spreads[name] = buffer, self._network.theta.by_member(buffer)
        buffer, views = self._spreads[name]
        column: Array = np.asarray(values, self._dtype)[:, None]
        for view in views:
            np.copyto(view, column)
        return buffer
