"""One step of the optimizer on all parameters of K networks that learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy import multiply, vecdot

from core.nn.network import Network, Parameters
from core.nn.optimizers import Optimizer, Rates
from core.training.state import State

Array = np.ndarray
NO_CLIPPING = 1000.0  # value of the setting `clip_norm`
PIECE = 131_072  # parameters that the optimizer takes at once: smaller pieces are slower
Spread = Callable[[str, Any], Array]


class Update:
    """Updates the parameters of `network` from its gradient, with the moments `m` and `v`.

    A gradient g with |g| > c is clipped to c g / |g| (Pascanu et al. 2013); `network.gradient` keeps it whole. Weight
    decay is decoupled: before the optimizer's step, W -= alpha lambda W (Loshchilov & Hutter 2019).

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
        self._clips = bool(np.any(np.less(settings["clip_norm"], NO_CLIPPING)))
        gradient = self._clipped(start, stop) if self._clips else self._network.gradient.buffer
        self._pieces = []
        for part in self._parts:
            views = [buffer[part] for buffer in (theta.buffer, gradient, self._m.buffer, self._v.buffer)]
            self._pieces.append((*views, self._tmp[: views[0].size]))
        constants = {"beta1": 1 - settings["beta1"], "beta2": 1 - settings["beta2"], "epsilon": settings["epsilon"]}
        self._constants = [self._spread(name, values) for name, values in constants.items()]

    def set_alpha(self, alpha: Array | float) -> None:
        """Take the learning rate after decay."""
        self._alpha = alpha
        decay = self._settings["weight_decay"]
        kept: Array = np.asarray(1 - alpha * decay).astype(self._network.dtype)  # what W keeps of itself
        self._kept: Array | None = kept.reshape(-1, 1, 1) if np.any(decay) else None
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
        if self._clips:
            self._clip()
        if self._kept is not None:
            for W in self._network.theta.W[1:]:
                multiply(W, self._kept, W)
        for (theta, g, m, v, tmp), rates in zip(self._pieces, self._rates or self._draw_rates(state), strict=True):
            self.optimizer.step(theta, g, m, v, tmp, rates)

    def _clipped(self, start: int, stop: int) -> Array:
        """A buffer for the clipped gradient. Blocks (K, n) of both gradients from start to stop go to `_blocks`."""
        theta, whole = self._network.theta, self._network.gradient.buffer
        buffer = np.empty_like(whole)
        blocks = zip(theta.starts.values(), theta.by_member(whole), theta.by_member(buffer), strict=True)
        self._blocks = [(g, clipped) for at, g, clipped in blocks if start <= at < stop]
        return buffer

    def _clip(self) -> None:
        """Write the gradient, shortened where it is too long, to the buffer of `_clipped`."""
        squares = sum(vecdot(g, g).astype(np.float64) for g, _ in self._blocks)  # (K,)
        limit = np.asarray(self._settings["clip_norm"])
        factor = np.where(limit < NO_CLIPPING, np.minimum(1, limit / (np.sqrt(squares) + 1e-6)), 1.0)
        column: Array = factor.astype(self._network.dtype)[:, None]
        for g, clipped in self._blocks:
            multiply(g, column, clipped)

    def _draw_rates(self, state: State) -> list[Rates]:
        """The factors of this step, a piece of the buffer each; kept once bias correction no longer changes them."""
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
