"""The loop of the numpy script: the training of one network, written to be read.

Forward, backward, the optimizers and their update are the engine's own, from `core.nn` and `core.training`, for K = 1.
This loop does what `core.training.stack.Stack` does, without what only K networks need, and gives the same bits.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from core.export.edits import in_order
from core.nn.dropout import Dropout
from core.nn.initializers import INITIALIZERS
from core.nn.network import Network, Parameters, network
from core.nn.optimizers import OPTIMIZERS, keeps_moments
from core.nn.schedules import SCHEDULES
from core.nn.softmax import cost
from core.training.stack import STATISTICS_FROM
from core.training.state import State
from core.training.update import Update

Array = np.ndarray


def new_network(sizes: tuple[int, ...], activation: str, initialization: str, seed: int) -> Network:
    """A network of `sizes` (n_x, hidden ..., C) with its first weights, drawn from `seed`."""
    net = network(sizes, activation)
    net.draw(0, INITIALIZERS[initialization].deviation, seed)
    return net


class Training:
    """The training of one network on X (n_x, m) and Y (C, m), with its state and the steps that change it."""

    def __init__(self, network: Network, seed: int, rules: int, settings: dict[str, Any], X: Array, Y: Array) -> None:
        self.network, self.seed, self.rules, self.settings = network, seed, rules, settings
        self.X, self.rows = X, np.concatenate([X.T, Y.T], axis=1)  # an example a row, (m, n_x + C)
        m, v = Parameters(network.sizes, 1, np.float32), Parameters(network.sizes, 1, np.float32)
        self.state = State(network.theta.buffer, m.buffer, v.buffer, network.running)
        self.update = Update(network, m, v, rules)
        self.loss = np.zeros(1, np.float32)  # the cost J of the last mini-batch
        self.prepare()

    def nudge(self, changes: dict[str, Any]) -> None:
        """Change settings from the next step on, and adapt the network and the averages to them."""
        old, epsilon = self.settings, self.epsilon_bn
        self.settings = new = old | changes
        if old["batch_norm"] != new["batch_norm"]:
            self.switch_batch_norm(new["batch_norm"], epsilon)
        elif old["optimizer"] != new["optimizer"] and not keeps_moments(
            old["optimizer"], new["optimizer"], new["on_switch"]
        ):
            self.reset_moments()
        self.end_epoch()
        if old["decay"] != new["decay"]:
            self.state.decay_from = self.state.epoch
        self.prepare()

    def prepare(self) -> None:
        """What only a nudge changes."""
        self.update.prepare(OPTIMIZERS[self.settings["optimizer"]], self.settings, self.state)
        self.update.set_alpha(self.alpha)

    def switch_batch_norm(self, on: bool, old_epsilon: Array) -> None:
        """Switch batch norm on or off without changing the outputs (C11). The parameters then have another meaning,
        so the averages of gradients start again."""
        if on:
            self.network.switch_on(self.X[:, :STATISTICS_FROM], self.epsilon_bn)
            self.state.weight_bn = 0.0
        else:
            self.network.switch_off(old_epsilon)
        self.reset_moments()

    def reset_moments(self) -> None:
        """Start the averages of gradients again at 0."""
        self.state.m[:], self.state.v[:] = 0, 0
        self.state.weight1 = self.state.weight2 = self.state.weight1_norm = self.state.weight2_norm = 1.0

    def advance(self) -> None:
        """One training step: mini-batch, forward, backward, running averages, optimizer."""
        state, batch_norm = self.state, self.settings["batch_norm"]
        if state.cursor == 0:
            self.order = np.random.default_rng([self.seed, state.epoch]).permutation(len(self.rows))
        rows = self.rows[None, self.order[state.cursor : state.cursor + self.settings["batch_size"]]]  # (1, m, n_x + C)
        columns, n_x = np.ascontiguousarray(rows.transpose(0, 2, 1)), len(self.X)
        work, Y = self.network.pass_of(rows.shape[1]), columns[:, n_x:]
        mask = partial(Dropout([self.seed], [p]).mask, state.step) if (p := self.settings["dropout"]) else None
        work.forward(self.network, columns[:, :n_x], Y, batch_norm, self.epsilon_bn, self.loss, mask)
        work.backward(self.network, rows[..., :n_x], Y, batch_norm)
        if batch_norm:
            self.average_statistics()
        self.update.step(state)
        state.step += 1
        state.cursor += rows.shape[1]
        self.end_epoch()
        if state.cursor == 0:
            self.update.set_alpha(self.alpha)

    def end_epoch(self) -> None:
        """Begin the next epoch where this one has no mini-batch left."""
        count = len(self.rows)
        least = min(self.settings["batch_size"], count) if self.settings["drop_last"] else 1
        if count - self.state.cursor < least:
            self.state.cursor, self.state.epoch = 0, self.state.epoch + 1

    def average_statistics(self) -> None:
        """Update batch norm's running mean and variance, which are bias-corrected averages (C15)."""
        rho, running = self.settings["bn_decay"], self.network.running
        self.state.weight_bn = self.state.weight_bn * rho
        part = np.array((1 - rho) / (1 - self.state.weight_bn), np.float32)
        running += (self.network.batch - running) * part

    @property
    def alpha(self) -> float:
        """The learning rate of this epoch, after decay (C20)."""
        chosen, age = self.settings, self.state.epoch - self.state.decay_from
        factor = SCHEDULES[chosen["decay"]].factor
        return float(chosen["learning_rate"] * factor(age, chosen["decay_rate"], chosen["decay_every"]))

    @property
    def epsilon_bn(self) -> Array:
        """Batch norm's epsilon in the type of the arrays."""
        return np.array(self.settings["bn_epsilon"], np.float32)

    def predict(self, X: Array) -> Array:
        """Probabilities (C, m) at test time of normalized inputs X (n_x, m); batch norm uses its running averages."""
        with np.errstate(all="ignore"):
            P: Array = self.network.predict(X, self.settings["batch_norm"], self.epsilon_bn)[0]
        return P

    def cost(self, X: Array, Y: Array) -> float:
        """The cost J at test time of normalized inputs X (n_x, m), in nats."""
        chosen = X, self.settings["batch_norm"], self.epsilon_bn
        with np.errstate(all="ignore"):
            logits = (lambda: self.network.logits(*chosen)[0]) if self.rules > 1 else None
            return float(cost(self.predict(X), Y, logits))


def train(training: Training, nudges: Iterable[tuple[int, dict[str, Any]]], steps: int) -> Training:
    """Train up to step `steps`, and make every nudge (step, changes) until then at its step."""
    with np.errstate(all="ignore"):
        for step, changes in [*in_order(nudges, steps), (steps, {})]:
            while training.state.step < step:
                training.advance()
            training.nudge(changes)
    return training
