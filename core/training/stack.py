"""Training K networks side by side: mini-batches, forward, backward, running statistics, optimizer.

The state of a stack is explicit and small: parameters, moments, running statistics, step, epoch, cursor. The order
of the examples comes from `default_rng([seed, epoch])`, and what dropout drops from seed and step, so a copy of these
is a snapshot. A panda is a stack of one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy import add, multiply, subtract

from core.data.datasets import Data
from core.nn.dropout import Dropout
from core.nn.initializers import INITIALIZERS
from core.nn.network import Parameters, Pass, network
from core.nn.optimizers import OPTIMIZERS, keeps_moments
from core.nn.schedules import SCHEDULES
from core.settings.table import SETTINGS, RunSpec, Settings
from core.training.batches import Batches
from core.training.blas import one_thread
from core.training.spread import Spread
from core.training.state import State, per_member
from core.training.update import Update

Array = np.ndarray
Watch = Callable[["Stack", Pass], None]
CACHE = 4 * 2**20  # bytes that a stack may touch in a step without waiting for memory
PER_MEMBER = tuple(field.name for field in SETTINGS if field.per_member)
STATISTICS_FROM = 4096  # training examples from which batch norm's statistics are taken when it is switched on


def members_at_once(sizes: tuple[int, ...], examples: int) -> int:
    """How many networks of these sizes, on mini-batches of `examples`, to train in one stack: as many as leave all
    that a step touches in the processor's cache, at least one. Larger stacks are trained a part after the other."""
    parameters = sum(n_in * n_out for n_in, n_out in zip(sizes, sizes[1:], strict=False))
    activations = sum(sizes[1:-1]) * examples
    touched = 4 * 3 * parameters + (4 + 4 + 1) * activations  # theta, gradient, m; Z, A and the slope
    return max(1, CACHE // touched)


def shared_settings(settings: Settings, examples: int) -> dict[str, Any]:
    """What all members of a stack on `examples` training examples must have alike, by setting: None where a setting
    has no effect on a step under the others."""
    found = {name: value for name, value in asdict(settings).items() if name not in PER_MEMBER}
    found["batch_size"] = min(settings.batch_size, examples)
    if not {"m", "v"} & set(OPTIMIZERS[settings.optimizer].moments):
        found["bias_correction"] = None
    if not settings.batch_norm:
        found["bn_learn"] = None
    return found


class Stack:
    """K networks of one spec's shape, trained together on `data`. Members may differ in seed and settings' numbers.

    `seeds` (K) draw the weights and the order; `settings` is one for all, or one for each member that agrees with the
    others in `shared_settings`.
    """

    # Trains `compiled(stack, steps, losses)` as `advance` does, or begins to, for numpy to go on: core/training/jit.py.
    compiled: ClassVar[Callable[[Stack, int, Array], int] | None] = None

    def __init__(
        self,
        spec: RunSpec,
        data: Data,
        settings: Settings | Sequence[Settings],
        seeds: Sequence[int],
        dtype: type = np.float32,
        draw: bool = True,
    ) -> None:
        one_thread()
        self.spec, self.data, self.seeds = spec, data, tuple(seeds)
        self.members, self.dtype = len(seeds), dtype
        self.sizes = (data.n_x, *spec.hidden, data.n_classes)
        self.network = network(self.sizes, spec.activation, self.members, dtype)
        for k, seed in enumerate(seeds if draw else ()):
            self.network.draw(k, INITIALIZERS[spec.initialization].deviation, seed)
        self.m = Parameters(self.sizes, self.members, dtype)
        self.v = Parameters(self.sizes, self.members, dtype)
        self.update = Update(self.network, self.m, self.v, spec.rules, Spread(self.network.theta))
        self._drift = np.empty_like(self.network.running)
        self.state = State(self.network.theta.buffer, self.m.buffer, self.v.buffer, self.network.running)
        self.batches = Batches(data.train.rows, data.n_x, self.seeds, dtype)
        self.plan: object = None  # what compiled steps keep of this stack
        self.settings: tuple[Settings, ...] = ()
        self.set(settings)

    # settings

    def set(self, settings: Settings | Sequence[Settings]) -> None:
        """Let `settings` count from the present step on, with what a change of them does to the state."""
        new = (settings,) * self.members if isinstance(settings, Settings) else tuple(settings)
        old, one = (self.settings or new)[0], new[0]
        epsilon = self._units([s.bn_epsilon for s in new])
        if old.batch_norm != one.batch_norm:
            self._switch_batch_norm(one.batch_norm, epsilon)
        elif old.optimizer != one.optimizer and not keeps_moments(old.optimizer, one.optimizer, one.on_switch):
            self._reset_moments()
        self.settings = new
        self.epsilon_bn = epsilon
        self.batch = min(one.batch_size, self.data.train.labels.size)
        self._end_epoch()
        if old.decay != one.decay:
            self.state.decay_from = self.state.epoch
        self._prepare()

    def _switch_batch_norm(self, on: bool, epsilon: Array) -> None:
        """Re-express the parameters (C11), with the epsilon that counts while batch norm is on.

        They mean something else now, so the moments start again.
        """
        if on:
            self.network.switch_on(self.data.train.X[:, :STATISTICS_FROM].astype(self.dtype), epsilon)
            self.state.weight_bn = 0.0
        else:
            self.network.switch_off(self.epsilon_bn)
        self._reset_moments()

    def _reset_moments(self) -> None:
        self.state.m[:], self.state.v[:] = 0, 0
        self.state.weight1 = self.state.weight2 = self.state.weight1_norm = self.state.weight2_norm = 1.0

    def _units(self, values: list[float]) -> Array:
        """One number a member as (K, 1, 1), or 0-d where all agree."""
        same = len(set(values)) == 1
        return np.array(values[0], self.dtype) if same else np.array(values, self.dtype).reshape(-1, 1, 1)

    def _prepare(self) -> None:
        """What every step needs and only a nudge or an epoch changes."""
        numbers = {name: per_member([getattr(s, name) for s in self.settings]) for name in PER_MEMBER}
        self.update.prepare(OPTIMIZERS[self.settings[0].optimizer], vars(self.settings[0]) | numbers, self.state)
        self._rho = numbers["bn_decay"]
        shares = [s.dropout for s in self.settings]
        self._dropout = Dropout(self.seeds, shares) if any(shares) else None
        self._unit_owner = np.concatenate([np.repeat(np.arange(self.members), n) for n in self.sizes[1:-1]])
        self._set_alpha()

    def _set_alpha(self) -> None:
        """The learning rate of the present epoch, after decay (C20)."""
        age = self.state.epoch - self.state.decay_from
        factor = SCHEDULES[self.settings[0].decay].factor
        self.alpha = per_member(
            [float(s.learning_rate * factor(age, s.decay_rate, s.decay_every)) for s in self.settings]
        )
        self.update.set_alpha(self.alpha)
        self._part: Array | None = None

    # training

    def advance(self, steps: int, losses: Array, watch: Watch | None = None) -> int:
        """Train `steps` steps; the cost J of each mini-batch goes to `losses` (steps, K). Returns the steps done.

        Fewer than asked only for a stack of one whose loss is not finite: then the step before it is the last one done.
        `watch(stack, pass)` is called in every step, between forward and backward.
        """
        done = Stack.compiled(self, steps, losses) if Stack.compiled and not watch else 0
        return done + self._advance(steps - done, losses[done:], watch)

    def _advance(self, steps: int, losses: Array, watch: Watch | None) -> int:
        net, alone, one = self.network, self.members == 1, self.settings[0]
        for i in range(steps):
            X, rows, Y = self._next_batch()
            work = net.pass_of(rows.shape[1])
            mask = partial(self._dropout.mask, self.state.step) if self._dropout else None
            work.forward(net, X, Y, one.batch_norm, self.epsilon_bn, losses[i], mask)
            if alone and not math.isfinite(losses.item(i)):
                return i
            if watch:
                watch(self, work)
            work.backward(net, rows, Y, one.batch_norm)
            if one.batch_norm:
                self._average_statistics()
            self.update.step(self.state)
            self.count(1, X.shape[-1])
        return steps

    def count(self, steps: int, examples: int) -> None:
        """Take down that so many steps were made, on mini-batches of so many examples of one epoch."""
        state = self.state
        state.step += steps
        state.cursor += steps * examples
        if self._end_epoch() and self.settings[0].decay != "none":
            self._set_alpha()

    def _end_epoch(self) -> bool:
        """Begin the next epoch where this one has no mini-batch left; returns whether it had none."""
        state, least = self.state, self.batch if self.settings[0].drop_last else 1
        over = self.data.train.labels.size - state.cursor < least
        if over:
            state.cursor, state.epoch = 0, state.epoch + 1
        return over

    def steps_left(self, cursor: int) -> int:
        """Steps of an epoch from example `cursor` on."""
        examples = self.data.train.labels.size - cursor
        return examples // self.batch if self.settings[0].drop_last else -(-examples // self.batch)

    @property
    def last_batch(self) -> int:
        """Examples in the last mini-batch of an epoch."""
        rest = self.data.train.labels.size % self.batch
        return self.batch if self.settings[0].drop_last or not rest else rest

    def _next_batch(self) -> tuple[Array, Array, Array]:
        """The coming mini-batch: X (1 or K, n_x, m), X.T as rows (1 or K, m, n_x), Y (1 or K, C, m)."""
        found = self.batches.gather(self.state.epoch, self.state.cursor, self.batch)
        return found.X, found.X_T, found.Y

    def _average_statistics(self) -> None:
        """Batch norm's running mean and variance: bias-corrected exponentially weighted averages (C15)."""
        rho, state = self._rho, self.state
        state.weight_bn = state.weight_bn * rho
        part = self._part
        if part is None:
            part = np.array((1 - rho) / (1 - state.weight_bn), self.dtype)
            part = part[self._unit_owner] if part.ndim else part
            if np.all(1 - state.weight_bn == 1):
                self._part = part  # the averages are old enough for their correction to be 1
        subtract(self.network.batch, self.network.running, self._drift)
        multiply(self._drift, part, self._drift)
        add(self.network.running, self._drift, self.network.running)

    # state

    def restore(self, state: State, settings: Settings | Sequence[Settings]) -> None:
        """Go back to a copied state, with the settings that applied at its step."""
        buffers = {name: getattr(self.state, name) for name in ("theta", "m", "v", "running")}
        for name, buffer in buffers.items():
            buffer[:] = getattr(state, name)
        self.resume(replace(state, **buffers), settings)

    def resume(self, state: State, settings: Settings | Sequence[Settings]) -> None:
        """Continue from a state whose arrays are the stack's own, with the settings that applied at its step."""
        self.state = state
        self.settings = ()
        self.set(settings)

    def predict(self, X: Array) -> Array:
        """Test-time probabilities (K, C, m) of standardized inputs (n_x, m)."""
        return self.network.predict(X.astype(self.dtype, copy=False), self.settings[0].batch_norm, self.epsilon_bn)

    def logits(self, X: Array) -> Array:
        """The output layer's z (K, C, m) at test time, of standardized inputs (n_x, m)."""
        return self.network.logits(X.astype(self.dtype, copy=False), self.settings[0].batch_norm, self.epsilon_bn)
