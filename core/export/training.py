"""One network and its training, written to be read: a script has these lines, and all that they use, in it.

They make the calls of numpy that `core.training.stack` and `core.nn.network` make for one network, on the same layouts
of memory and in the same order, so that every bit is the same; here with matrices where those have stacks of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy import add, exp, matmul, matvec, multiply

from core.nn.batch_norm import BatchNorm, fold, identity
from core.nn.network import PREDICT_AT_ONCE, turned
from core.nn.optimizers import Rates
from core.nn.softmax import softmax
from core.training.stack import STATISTICS_FROM

Array = np.ndarray


class Rules(NamedTuple):
    """The functions of a run; where a nudge may choose another, by name. An optimizer comes with its averages."""

    deviation: Callable[[int, int], float]
    activation: Callable[[Array, Array], None]
    slope_type: type
    optimizers: Mapping[str, tuple[Callable[..., None], tuple[str, ...]]]
    schedules: Mapping[str, Callable[[Any, Any, Any], Any]]


class Parameters:
    """W[l] (n_l, n_{l-1}) and b[l] (n_l, 1) of every layer l from 1, gamma[l] and beta[l] (n_l, 1) of the hidden ones.

    All are views into `buffer`, in an order that makes one slice of what learns: gamma and beta, then W and the last
    b, then the hidden b.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        last = len(sizes) - 1
        hidden = range(1, last)
        blocks = [(kind, l, (sizes[l], 1)) for l in hidden for kind in ("gamma", "beta")]
        blocks += [("W", l, (sizes[l], sizes[l - 1])) for l in range(1, last + 1)]
        blocks += [("b", l, (sizes[l], 1)) for l in (last, *hidden)]
        self.units = sum(sizes[1:-1])
        self.buffer = np.zeros(sum(rows * columns for _, _, (rows, columns) in blocks), np.float32)
        self.W, self.b, self.gamma, self.beta = {}, {}, {}, {}
        at = 0
        for kind, l, (rows, columns) in blocks:
            getattr(self, kind)[l] = self.buffer[at : at + rows * columns].reshape(rows, columns)
            at += rows * columns

    def learnt(self, batch_norm: bool, bn_learn: bool) -> slice:
        """What learns: all but gamma and beta, or with batch norm all but the hidden b, which it cancels."""
        start = 0 if batch_norm and bn_learn else 2 * self.units
        return slice(start, self.buffer.size - self.units if batch_norm else None)


class Statistics:
    """mean[l] and variance[l] (n_l, 1) of the hidden layers: views into `buffer`, one row of it each."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self.buffer = np.zeros((2, sum(sizes[1:-1])), np.float32)
        self.mean, self.variance = {}, {}
        at = 0
        for l, n in enumerate(sizes[1:-1], start=1):
            self.mean[l], self.variance[l] = self.buffer[:, at : at + n, None]
            at += n


class Network:
    """Layers of sizes[0] features, sizes[1], ... hidden units and sizes[-1] classes."""

    def __init__(self, sizes: Sequence[int], seed: int, rules: Rules) -> None:
        self.sizes, self.rules = sizes, rules
        self.hidden, self.last = range(1, len(sizes) - 1), len(sizes) - 1
        self.theta, self.gradient = Parameters(sizes), Parameters(sizes)
        self.batch, self.running = Statistics(sizes), Statistics(sizes)
        self.norms: dict[int, dict[int, BatchNorm]] = {}  # of mini-batches of so many examples, by layer
        rng = np.random.default_rng(seed)
        for l in range(1, len(sizes)):
            n_in, n_out = sizes[l - 1], sizes[l]
            self.theta.W[l][:] = rng.standard_normal((n_out, n_in)) * rules.deviation(n_in, n_out)
        for l in self.hidden:
            self.theta.gamma[l][:], self.running.variance[l][:] = 1, 1

    def forward(self, X: Array, batch_norm: bool, epsilon: Array) -> Array:
        """Probabilities (C, m) of a mini-batch X (n_x, m); batch norm uses the mean and variance of this mini-batch."""
        theta, m = self.theta, X.shape[1]
        if m not in self.norms:
            self.norms[m] = {l: BatchNorm(self.batch.mean[l], self.batch.variance[l], m) for l in self.hidden}
        self.A, self.Z, self.slope = {0: X}, {}, {}
        for l in self.hidden:
            Z = theta.W[l] @ self.A[l - 1]  # (n_l, n_{l-1}) @ (n_{l-1}, m)
            A = np.empty_like(Z)
            if batch_norm:
                self.norms[m][l].forward(Z, theta.gamma[l], theta.beta[l], epsilon, A)  # Z is left centred
            else:
                add(Z, theta.b[l], A)
            self.Z[l], self.A[l], self.slope[l] = Z, A, np.empty(A.shape, self.rules.slope_type)
            self.rules.activation(A, self.slope[l])
        Z = theta.W[self.last] @ self.A[self.last - 1] + theta.b[self.last]
        T = exp(Z - Z.max(axis=0))  # softmax: a = t / sum(t) over the classes, t = exp(z) (C16)
        return T / (np.ones((1, len(T)), np.float32) @ T)

    def backward(self, X: Array, A: Array, Y: Array, batch_norm: bool) -> None:
        """From A = `forward(X)` to dJ/d(parameter) in `gradient`, by the chain rule from the last layer down."""
        theta, grad, m = self.theta, self.gradient, X.shape[1]
        ones = np.ones(m, np.float32)
        dZ = (A - Y) * np.array(1 / m, np.float32)  # (C, m)
        matvec(dZ, ones, grad.b[self.last][:, 0])
        for l in reversed(self.hidden):
            matmul(dZ, self.transposed(l), grad.W[l + 1])  # (n_{l+1}, m) @ (m, n_l)
            dA = theta.W[l + 1].T @ dZ  # (n_l, n_{l+1}) @ (n_{l+1}, m)
            dZ = multiply(dA, self.slope[l], dA)
            if batch_norm:
                self.norms[m][l].backward(dZ, self.Z[l], grad.gamma[l], grad.beta[l])
            else:
                matvec(dZ, ones, grad.b[l][:, 0])
        matmul(dZ, X.T, grad.W[1])

    def transposed(self, l: int) -> Array:
        """A[l] as (m, n_l): in memory order where that is faster."""
        A = self.A[l]
        return np.ascontiguousarray(A.T) if turned(*self.sizes[l : l + 2], A.shape[1]) else A.T

    def switch_on(self, X: Array, epsilon: Array) -> None:
        """Take up batch norm with gamma = sqrt(var + eps) and beta = mu + b over the inputs X: no jolt."""
        A, theta = X, self.theta
        for l in self.hidden:
            Z = theta.W[l] @ A
            mean, variance = Z.mean(axis=-1, keepdims=True), Z.var(axis=-1, keepdims=True)
            self.running.mean[l][:], self.running.variance[l][:] = mean, variance
            theta.gamma[l][:], shift = identity(mean, variance, epsilon)
            theta.beta[l][:] = shift + theta.b[l]
            theta.b[l][:] = 0
            A = self.activated(add(Z, theta.beta[l] - shift, Z))

    def switch_off(self, epsilon: Array) -> None:
        """Fold batch norm into W and b: what the network says at test time stays what it is."""
        for l, (W, b) in enumerate(self.folded(True, epsilon)[:-1], start=1):
            self.theta.W[l][:], self.theta.b[l][:] = W, b

    def folded(self, batch_norm: bool, epsilon: Array) -> list[tuple[Array, Array]]:
        """(W, b) of every layer at test time, with batch norm's running averages in them."""
        theta, layers = self.theta, []
        for l in range(1, len(self.sizes)):
            W, b = theta.W[l], theta.b[l]
            if batch_norm and l in self.hidden:
                mean, variance = self.running.mean[l], self.running.variance[l]
                scale, b = fold(theta.gamma[l], theta.beta[l], mean, variance, epsilon)
                W = W * scale
            layers.append((W, b))
        return layers

    def predict(self, X: Array, batch_norm: bool, epsilon: Array) -> Array:
        """Probabilities (C, m) at test time, of normalized inputs X (n_x, m)."""
        *hidden, (W, b) = self.folded(batch_norm, epsilon)
        out = np.empty((self.sizes[-1], X.shape[1]), np.float32)
        for at in range(0, X.shape[1], PREDICT_AT_ONCE):
            A = X[:, at : at + PREDICT_AT_ONCE]
            for W_l, b_l in hidden:
                Z = W_l @ A
                A = self.activated(add(Z, b_l, Z))
            softmax(W @ A + b, out=out[:, at : at + PREDICT_AT_ONCE])
        return out

    def activated(self, Z: Array) -> Array:
        """g(Z), in its place."""
        self.rules.activation(Z, np.empty(Z.shape, self.rules.slope_type))
        return Z


class Training:
    """A network on its way: its settings, the averages that its optimizer keeps, and the place in the data."""

    def __init__(
        self, sizes: Sequence[int], seed: int, settings: dict[str, Any], rules: Rules, X: Array, Y: Array
    ) -> None:
        self.network, self.seed, self.settings, self.rules = Network(sizes, seed, rules), seed, settings, rules
        self.X, self.rows = X, np.concatenate([X.T, Y.T], axis=1)  # an example a row, (m, n_x + C)
        self.m, self.v, self.tmp = (np.zeros_like(self.network.theta.buffer) for _ in range(3))
        self.weight1 = self.weight2 = self.weight_bn = 1.0  # what an average's first value of 0 still weighs
        self.step = self.epoch = self.cursor = self.decay_from = 0

    @property
    def epsilon_bn(self) -> Array:
        """Batch norm's epsilon as the arrays' own type."""
        return np.array(self.settings["bn_epsilon"], np.float32)

    def nudge(self, changes: dict[str, Any]) -> None:
        """Change settings from the coming step on, with what that does to the network and the averages."""
        old, epsilon = self.settings, self.epsilon_bn
        self.settings = new = old | changes
        if old["batch_norm"] != new["batch_norm"]:
            self.switch_batch_norm(new["batch_norm"], epsilon)
        elif old["optimizer"] != new["optimizer"] and new["on_switch"] == "reset":
            self.reset_moments()
        if old["decay"] != new["decay"]:
            self.decay_from = self.epoch

    def switch_batch_norm(self, on: bool, old_epsilon: Array) -> None:
        """The parameters mean something else now, so the moments start again."""
        if on:
            self.network.switch_on(self.X[:, :STATISTICS_FROM], self.epsilon_bn)
            self.weight_bn = 0.0
        else:
            self.network.switch_off(old_epsilon)
        self.reset_moments()

    def reset_moments(self) -> None:
        self.m[:], self.v[:] = 0, 0
        self.weight1 = self.weight2 = 1.0

    def advance(self) -> None:
        """One step: mini-batch, forward, backward, running averages, optimizer."""
        network, batch_norm = self.network, self.settings["batch_norm"]
        count, size = len(self.rows), self.settings["batch_size"]
        if self.cursor == 0:
            self.order = np.random.default_rng([self.seed, self.epoch]).permutation(count)
        rows = np.take(self.rows, self.order[self.cursor : self.cursor + size], axis=0)  # (m, n_x + C)
        columns, n_x = np.ascontiguousarray(rows.T), len(self.X)
        A = network.forward(columns[:n_x], batch_norm, self.epsilon_bn)
        network.backward(rows[:, :n_x].T, A, columns[n_x:], batch_norm)
        if batch_norm:
            self.average_statistics()
        self.update()
        self.step += 1
        self.cursor += size
        if self.cursor >= count:
            self.cursor, self.epoch = 0, self.epoch + 1

    def average_statistics(self) -> None:
        """Batch norm's running mean and variance: bias-corrected exponentially weighted averages."""
        rho, running = self.settings["bn_decay"], self.network.running.buffer
        self.weight_bn *= rho
        part = np.array((1 - rho) / (1 - self.weight_bn), np.float32)
        running += (self.network.batch.buffer - running) * part

    def update(self) -> None:
        """One step of the optimizer, on all that learns at once."""
        chosen, network = self.settings, self.network
        step, moments = self.rules.optimizers[chosen["optimizer"]]
        if "m" in moments:
            self.weight1 *= chosen["beta1"]
        if "v" in moments:
            self.weight2 *= chosen["beta2"]
        correct = chosen["bias_correction"]
        correction1 = 1 - self.weight1 if correct and "m" in moments else 1.0
        correction2 = 1 - self.weight2 if correct and "v" in moments else 1.0
        alpha = np.float32(self.alpha) / np.float32(correction1)
        factors = (alpha, 1 - chosen["beta1"], 1 - chosen["beta2"], chosen["epsilon"], correction2)
        learnt = network.theta.learnt(chosen["batch_norm"], chosen["bn_learn"])
        buffers = (network.theta.buffer, network.gradient.buffer, self.m, self.v, self.tmp)
        step(*(buffer[learnt] for buffer in buffers), Rates(*(np.array(factor, np.float32) for factor in factors)))

    @property
    def alpha(self) -> float:
        """The learning rate of the present epoch, after decay."""
        chosen = self.settings
        factor = self.rules.schedules[chosen["decay"]]
        age = self.epoch - self.decay_from
        return float(chosen["learning_rate"] * factor(age, chosen["decay_rate"], chosen["decay_every"]))

    def predict(self, X: Array) -> Array:
        """Probabilities (C, m) of normalized inputs X (n_x, m); batch norm uses its running averages."""
        with np.errstate(all="ignore"):
            return self.network.predict(X, self.settings["batch_norm"], self.epsilon_bn)


def train(training: Training, nudges: Iterable[tuple[int, dict[str, Any]]], steps: int) -> Training:
    """So many steps, with every nudge (step, changes) made when so many steps are done."""
    with np.errstate(all="ignore"):
        for step, changes in nudges:
            while training.step < step:
                training.advance()
            training.nudge(changes)
        while training.step < steps:
            training.advance()
    return training
