"""K networks of one shape in one set of arrays: forward and backward.

The course's notation with a leading axis of K: X (K, n_x, m), W[l] (K, n_l, n_{l-1}), Z[l] = W[l] A[l-1] + b[l].
Arrays are allocated once, and the last argument of a numpy call is the array that the result is written to, as in
`matmul(W, A, Z)`, which makes a step of 75 calls a tenth faster. Each network has the bits that it has alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy import add, matmul, matvec, multiply

from core.nn.activations import ACTIVATIONS, Activation
from core.nn.batch_norm import BatchNorm, fold, identity
from core.nn.softmax import SoftmaxCost, softmax

Array = np.ndarray
PREDICT_AT_ONCE = 1024  # examples
TURNED = 8192  # largest A, in numbers, whose transpose is copied
UNUSED: Array = np.empty((0, 0, 0))  # stands at index 0 of lists by layer, as layers count from 1


class Parameters:
    """One array for each kind and layer. All are views into `buffer`, so that an optimizer works on all at once.

    `W[l]` (K, n_l, n_{l-1}) and `b[l]` (K, n_l, 1) for l = 1 to L, `gamma[l]` and `beta[l]` (K, n_l, 1) for the
    hidden layers. Index 0, like all that a layer does not have, is `UNUSED`, so that l is the course's l. The buffer
    begins with gamma and beta, then come W and the last b, then the hidden b: what learns is one slice, with and
    without batch norm.
    """

    def __init__(self, sizes: tuple[int, ...], members: int, dtype: type) -> None:
        last = len(sizes) - 1
        column = {l: (sizes[l], 1) for l in range(1, last + 1)}
        blocks = [(kind, l, column[l]) for l in range(1, last) for kind in ("gamma", "beta")]
        blocks += [("W", l, (sizes[l], sizes[l - 1])) for l in range(1, last + 1)] + [("b", last, column[last])]
        blocks += [("b", l, column[l]) for l in range(1, last)]
        self.buffer: Array = np.zeros(members * sum(rows * columns for _, _, (rows, columns) in blocks), dtype)
        self._members = members
        self.W, self.b, self.gamma, self.beta = ([UNUSED] * (last + 1) for _ in range(4))
        self.starts: dict[tuple[str, int], int] = {}  # where each block begins in the buffer
        at = 0
        for kind, l, (rows, columns) in blocks:
            size = members * rows * columns
            self.starts[kind, l] = at
            getattr(self, kind)[l] = self.buffer[at : at + size].reshape(members, rows, columns)
            at += size
        self.W_T = [UNUSED] + [W.transpose(0, 2, 1) for W in self.W[1:]]  # views, made once

    def by_member(self, buffer: Array) -> list[Array]:
        """Views (K, n) of an array with the layout of `buffer`, one for each kind and layer, one row per network."""
        starts = [*self.starts.values(), buffer.size]
        return [buffer[at:end].reshape(self._members, -1) for at, end in zip(starts, starts[1:], strict=False)]

    def learnt(self, batch_norm: bool, scale_and_shift: bool) -> slice:
        """The slice of the buffer that learns: all but gamma and beta, or with batch norm all but the hidden b, which
        cancel (C13), and gamma and beta only with `scale_and_shift`."""
        if not batch_norm:
            return slice(self.starts["W", 1], None)
        start = 0 if scale_and_shift else self.starts["W", 1]
        return slice(start, self.starts.get(("b", 1), None) if len(self.W) > 2 else None)


def turned(n_l: int, n_next: int, examples: int) -> bool:
    """Whether dW = dZ A^T, (n_next, m) @ (m, n_l), is faster with a copy of A^T in memory order, the time for the copy
    included: for large W, unless A is so large that the copy misses the cache."""
    return n_l >= 64 and n_next >= 32 and n_l * examples <= TURNED


class Pass:
    """Forward and backward through K networks for mini-batches of m examples.

    `Z[l]`, `A[l]` and `slope[l]` (K, n_l, m) are of the hidden layers, `softmax.A` (K, C, m) of the output layer.
    """

    def __init__(self, network: Network, examples: int) -> None:
        sizes, K, dtype = network.sizes, network.members, network.dtype
        last = len(sizes) - 1
        slope_type = network.activation.slope_type or dtype
        shapes = [(K, n, examples) for n in sizes[1:last]]
        self.Z: list[Array] = [UNUSED] + [np.empty(shape, dtype) for shape in shapes]
        self.A: list[Array] = [UNUSED] + [np.empty(shape, dtype) for shape in shapes]
        self.slope: list[Array] = [UNUSED] + [np.empty(shape, slope_type) for shape in shapes]
        self.norm = [BatchNorm(network.batch_mean[l], network.batch_variance[l], examples) for l in range(1, last)]
        self.softmax = SoftmaxCost(K, sizes[-1], examples, dtype)
        self._ones: Array = np.ones(examples, dtype)
        self._A_T = [UNUSED] + [A.transpose(0, 2, 1) for A in self.A[1:]]
        self._rows = [self._row_form(network, l, examples) for l in range(last)]

    def _row_form(self, network: Network, l: int, examples: int) -> Array | None:
        """An array (K, m, n_l) for a copy of A[l]^T, or None where `turned` says that a view is faster."""
        if l == 0 or not turned(network.sizes[l], network.sizes[l + 1], examples):
            return None
        return np.empty((network.members, examples, network.sizes[l]), network.dtype)

    def forward(self, network: Network, X: Array, Y: Array, batch_norm: bool, epsilon: Array, loss: Array) -> None:
        """From X (1 or K, n_x, m) to `softmax.A`, and the cost J, in nats, of each network into `loss` (K,) (C19).

        Batch norm uses the mean and variance of this mini-batch (C10).
        """
        theta, apply = network.theta, network.activation.apply
        self.A[0] = A = X
        for l in range(1, len(self.A)):
            Z, out = self.Z[l], self.A[l]
            if batch_norm:
                matmul(theta.W[l], A, Z)  # (K, n_l, n_{l-1}) @ (K, n_{l-1}, m); b[l] would cancel (C13)
                self.norm[l - 1].forward(Z, theta.gamma[l], theta.beta[l], epsilon, out)
            else:
                matmul(theta.W[l], A, out)
                add(out, theta.b[l], out)
            apply(out, self.slope[l])
            A = out
        matmul(theta.W[-1], A, self.softmax.A)
        add(self.softmax.A, theta.b[-1], self.softmax.A)
        self.softmax.forward(Y, loss)

    def backward(self, network: Network, rows: Array, Y: Array, batch_norm: bool) -> None:
        """After `forward`: write dJ/d(parameter) into `network.gradient`. `rows` is X^T (1 or K, m, n_x)."""
        theta, grad = network.theta, network.gradient
        dZ = self.softmax.backward(Y)  # (K, C, m)
        matvec(dZ, self._ones, grad.b[-1][..., 0])
        for l in range(len(self.A) - 1, 0, -1):
            matmul(dZ, self._transposed(l), grad.W[l + 1])  # (K, n_{l+1}, m) @ (K, m, n_l)
            dA = matmul(theta.W_T[l + 1], dZ, self.A[l])  # the chain rule: (K, n_l, n_{l+1}) @ (K, n_{l+1}, m)
            dZ = multiply(dA, self.slope[l], dA)
            if batch_norm:
                self.norm[l - 1].backward(dZ, self.Z[l], grad.gamma[l], grad.beta[l])
            else:
                matvec(dZ, self._ones, grad.b[l][..., 0])
        matmul(dZ, rows, grad.W[1])

    def _transposed(self, l: int) -> Array:
        """A[l]^T (K, m, n_l): a copy in memory order where that is faster, else a view. Only the shape decides."""
        view, rows = self._A_T[l], self._rows[l]
        if rows is None:
            return view
        np.copyto(rows, view)
        return rows


@dataclass
class Network:
    """K networks of one shape, `members` = K: parameters, gradients and batch norm's statistics.

    `batch_mean[l]` and `batch_variance[l]` (K, n_l, 1) are those of the last mini-batch, `running_mean[l]` and
    `running_variance[l]` their averages for test time (C15); each pair is views into one buffer.
    """

    sizes: tuple[int, ...]
    activation: Activation
    members: int = 1
    dtype: type = np.float32

    def __post_init__(self) -> None:
        self.theta = Parameters(self.sizes, self.members, self.dtype)
        self.gradient = Parameters(self.sizes, self.members, self.dtype)
        self.batch, self.batch_mean, self.batch_variance = self._statistics()
        self.running, self.running_mean, self.running_variance = self._statistics()
        self._passes: dict[int, Pass] = {}
        for l in range(1, len(self.sizes) - 1):
            self.theta.gamma[l][:] = 1
            self.running_variance[l][:] = 1

    def _statistics(self) -> tuple[Array, list[Array], list[Array]]:
        """A buffer (2, units) of means and variances, and views (K, n_l, 1) of the means and variances by layer."""
        hidden, K = self.sizes[1:-1], self.members
        buffer: Array = np.zeros((2, K * sum(hidden)), self.dtype)
        views = [[UNUSED], [UNUSED]]
        at = 0
        for n in hidden:
            for kind in (0, 1):
                views[kind].append(buffer[kind, at : at + K * n].reshape(K, n, 1))
            at += K * n
        return buffer, views[0], views[1]

    def draw(self, member: int, deviation: Callable[[int, int], float], seed: int) -> None:
        """Draw W of one network from `seed`, layer after layer: normal, mean 0, deviation `deviation(n_in, n_out)`."""
        rng = np.random.default_rng(seed)
        for l in range(1, len(self.sizes)):
            n_in, n_out = self.sizes[l - 1], self.sizes[l]
            self.theta.W[l][member] = rng.standard_normal((n_out, n_in)) * deviation(n_in, n_out)

    def pass_of(self, examples: int) -> Pass:
        """The `Pass` for mini-batches of this many examples; the last three are kept."""
        if examples not in self._passes:
            while len(self._passes) >= 3:
                self._passes.pop(next(iter(self._passes)))
            self._passes[examples] = Pass(self, examples)
        return self._passes[examples]

    def folded(self, batch_norm: bool, epsilon: Array) -> list[tuple[Array, Array]]:
        """The test-time network as layers [(W, b), ...], with batch norm's running averages folded in (C15)."""
        theta, layers = self.theta, []
        for l in range(1, len(self.sizes)):
            W, b = theta.W[l], theta.b[l]
            if batch_norm and l < len(self.sizes) - 1:
                mean, variance = self.running_mean[l], self.running_variance[l]
                scale, b = fold(theta.gamma[l], theta.beta[l], mean, variance, epsilon)
                W = W * scale
            layers.append((W, b))
        return layers

    def predict(self, X: Array, batch_norm: bool, epsilon: Array) -> Array:
        """Probabilities (K, C, m) at test time of inputs X (n_x, m)."""
        layers = self.folded(batch_norm, epsilon)
        out: Array = np.empty((self.members, self.sizes[-1], X.shape[-1]), self.dtype)
        for at in range(0, X.shape[-1], PREDICT_AT_ONCE):
            part = slice(at, at + PREDICT_AT_ONCE)
            softmax(self._logits(layers, X[None, :, part]), out=out[..., part])
        return out

    def _logits(self, layers: list[tuple[Array, Array]], A: Array) -> Array:
        """Z (K, C, m) of the output layer, of inputs (1, n_x, m)."""
        for W, b in layers[:-1]:
            Z = W @ A  # (K, n_l, n_{l-1}) @ (1 or K, n_{l-1}, m)
            A = self._activated(add(Z, b, Z))
        W, b = layers[-1]
        logits: Array = W @ A + b
        return logits

    def _activated(self, Z: Array) -> Array:
        """g(Z), written over Z."""
        self.activation.apply(Z, np.empty(Z.shape, self.activation.slope_type or self.dtype))
        return Z

    def switch_off(self, epsilon: Array) -> None:
        """Fold batch norm into W and b. The outputs at test time stay the same, to the bit (C11, C15)."""
        for l, (W, b) in enumerate(self.folded(True, epsilon)[:-1], start=1):
            self.theta.W[l][:], self.theta.b[l][:] = W, b

    def switch_on(self, X: Array, epsilon: Array) -> None:
        """Start batch norm with gamma = sqrt(var + eps) and beta = mu + b, with mu and var over the inputs X (n_x, m),
        so that the outputs stay the same (C11)."""
        A = X[None]
        for l in range(1, len(self.sizes) - 1):
            Z = self.theta.W[l] @ A
            mean, variance = Z.mean(axis=-1, keepdims=True), Z.var(axis=-1, keepdims=True)
            self.running_mean[l][:], self.running_variance[l][:] = mean, variance
            self.theta.gamma[l][:], shift = identity(mean, variance, epsilon)
            self.theta.beta[l][:] = shift + self.theta.b[l]
            self.theta.b[l][:] = 0
            A = self._activated(add(Z, self.theta.beta[l] - shift, Z))


def network(sizes: tuple[int, ...], activation: str, members: int = 1, dtype: type = np.float32) -> Network:
    """K networks of `sizes` (n_x, hidden ..., C) with W = 0; `activation` names a row of `ACTIVATIONS`."""
    return Network(tuple(sizes), ACTIVATIONS[activation], members, dtype)
