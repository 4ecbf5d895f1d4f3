"""One step of the optimizer on all parameters of K networks that learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from core.nn.network import Network, Parameters
from core.nn.optimizers import Optimizer, Rates
from core.training.state import State

Array = np.ndarray
PIECE = 131_072  # parameters that the optimizer takes at once: smaller pieces are slower
Spread = Callable[[str, Any], Array]


class Update:
    """Updates the parameters of `network` from its gradient, with the moments `m` and `v`.

    `prepare` and `set_alpha` take what the settings say; both come before the first `step`. `spread(name, values)`
    makes an array of a number for each parameter of the values of K networks that differ. Bias correction counts the
    steps in which a parameter learns; under the first of the `rules`, gamma and beta count all steps.
    """

    def __init__(
        self, network: Network, m: Parameters, v: Parameters, rules: int, spread: Spread | None = None
    ) -> None:
        self._network, self._m, self._v, self._rules = network, m, v, rules
        self._tmp: Array = np.empty(min(PIECE, m.buffer.size), network.dtype)
        self._spread = spread or (lambda name, value: np.array(value, network.dtype))

    def prepare(self, optimizer: Optimizer, settings: Mapping[str, Any], state: State) -> None:
        """Take the optimizer and the settings by name: numbers, (K,) where networks differ, and switches."""
        self.optimizer, self._settings, theta = optimizer, settings, self._network.theta
        learnt = theta.learnt(settings["batch_norm"], settings["bn_learn"])
        start, stop, _ = learnt.indices(theta.buffer.size)
        self.counts_norms = start == 0 or self._rules < 2
        # Where gamma and beta end, if they learn and have other corrections than what is behind them.
        self._norms = 0 if start or state.norms_as_others else theta.starts["W", 1]
        cuts = [start, self._norms, stop] if self._norms else [start, stop]
        self._parts = [
            slice(at, min(at + PIECE, end)) for begin, end in pairwise(cuts) for at in range(begin, end, PIECE)
        ]
        self._pieces = []
        for part in self._parts:
            views = [p.buffer[part] for p in (theta, self._network.gradient, self._m, self._v)]
            self._pieces.append((*views, self._tmp[: views[0].size]))
        constants = {"beta1": 1 - settings["beta1"], "beta2": 1 - settings["beta2"], "epsilon": settings["epsilon"]}
        self._constants = [self._spread(name, values) for name, values in constants.items()]

    def set_alpha(self, alpha: Array | float) -> None:
        """Take the learning rate after decay."""
        self._alpha = alpha
        self._rates: list[Rates] | None = None

    def step(self, state: State) -> None:
        """One step of the optimizer on all that learns."""
        moments = self.optimizer.moments
        if "m" in moments:
            state.weight1 = state.weight1 * self._settings["beta1"]
        if "v" in moments:
            state.weight2 = state.weight2 * self._settings["beta2"]
        if self.counts_norms and "m" in moments:
            state.weight1_norm = state.weight1_norm * self._settings["beta1"]
        if self.counts_norms and "v" in moments:
            state.weight2_norm = state.weight2_norm * self._settings["beta2"]
        for (theta, g, m, v, tmp), rates in zip(self._pieces, self._rates or self._draw_rates(state), strict=True):
            self.optimizer.step(theta, g, m, v, tmp, rates)

    def _draw_rates(self, state: State) -> list[Rates]:
        """The factors of this step, for each piece of the buffer; kept once bias correction no longer changes them."""
        others, done = norms, norms_done = self._factors("", state.weight1, state.weight2)
        if self._norms:
            norms, norms_done = self._factors("norm ", state.weight1_norm, state.weight2_norm)
        rates = [
            Rates(*(f[part] if f.ndim else f for f in (norms if part.start < self._norms else others)))
            for part in self._parts
        ]
        if done and norms_done:
            self._rates = rates
        return rates

    def _factors(self, of: str, *weights: Array | float) -> tuple[list[Array], bool]:
        """The factors of parameters with these products of betas, and whether nothing is left to correct."""
        dtype, correct = self._network.dtype, self._settings["bias_correction"]
        corrections: list[Array] = [
            np.array(1 - weight if correct and name in self.optimizer.moments else 1, dtype)
            for name, weight in zip("mv", weights, strict=True)
        ]
        alpha = self._spread(f"{of}alpha", np.array(self._alpha, dtype) / corrections[0])
        factors = [alpha, *self._constants, self._spread(f"{of}correction2", corrections[1])]
        return factors, all((correction == 1).all() for correction in corrections)
