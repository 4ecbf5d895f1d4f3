"""K networks of one shape in one set of arrays: forward and backward.

The course's notation with a leading axis of K: X (K, n_x, m), W[l] (K, n_l, n_{l-1}), Z[l] = W[l] A[l-1] + b[l].
Arrays are allocated once. A numpy call writes its result into its last argument: `matmul(W, A, Z)` is Z = W A. This
makes a training step a tenth faster. The results of a network do not depend on the others in its stack, to the bit.
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
Mask = Callable[[int, Array], Array] | None  # (l, A[l]) -> factors of A[l] (K, n_l, m) in what the next layer sees
PREDICT_AT_ONCE = 1024  # examples
LARGEST_COPIED = 8192  # numbers in the largest A[l] whose transpose is copied
UNUSED: Array = np.empty((0, 0, 0))  # at index 0 of lists by layer, because layers count from 1


class Parameters:
    """The parameters, or their gradients. All are views into `buffer`, so that an optimizer updates all at once.

    `W[l]` (K, n_l, n_{l-1}) and `b[l]` (K, n_l, 1) for l = 1 to L; `gamma[l]` and `beta[l]` (K, n_l, 1) for the
    hidden layers, l < L. What a layer does not have is `UNUSED`, as is index 0. The buffer holds gamma and beta, then W
    and the output layer's b, then the hidden layers' b: so what learns is one slice, with and without batch norm.
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
        self.W_T = [UNUSED] + [W.transpose(0, 2, 1) for W in self.W[1:]]  # views (K, n_{l-1}, n_l), made once

    def by_member(self, buffer: Array) -> list[Array]:
        """An array with the layout of `buffer` as views (K, n), one for each W[l], b[l], gamma[l] and beta[l]."""
        starts = [*self.starts.values(), buffer.size]
        return [buffer[at:end].reshape(self._members, -1) for at, end in zip(starts, starts[1:], strict=False)]

    def learnt(self, batch_norm: bool, scale_and_shift: bool) -> slice:
        """The slice of the buffer that learns: W and every b, or with batch norm W and the output layer's b.

        With batch norm the hidden layers' b cancel (C13); gamma and beta learn if `scale_and_shift` is true (C12).
        """
        if not batch_norm:
            return slice(self.starts["W", 1], None)
        start = 0 if scale_and_shift else self.starts["W", 1]
        return slice(start, self.starts.get(("b", 1), None) if len(self.W) > 2 else None)


def copy_transposed(n_l: int, n_next: int, examples: int) -> bool:
    """Whether to copy A^T in C order before dW = dZ A^T, (n_next, m) @ (m, n_l), instead of using a view of A.

    The copy pays for itself where W is large, unless A is too large for the cache.
    """
    return n_l >= 64 and n_next >= 32 and n_l * examples <= LARGEST_COPIED


class Pass:
    """Forward and backward through K networks for mini-batches of m examples.

    Hidden layers have `Z[l]`, `A[l]` and `slope[l]` = dA/dZ, each (K, n_l, m); the output layer has `softmax.A`
    (K, C, m). `masks[l]` (K, n_l, m) are the factors of A[l] in what layer l + 1 sees; the list is empty without.
    """

    def __init__(self, network: Network, examples: int) -> None:
        sizes, K, dtype = network.sizes, network.members, network.dtype
        last = len(sizes) - 1
        slope_type = network.activation.slope_type or dtype
        shapes = [(K, n, examples) for n in sizes[1:last]]
        self.Z: list[Array] = [UNUSED] + [np.empty(shape, dtype) for shape in shapes]
        self.A: list[Array] = [UNUSED] + [np.empty(shape, dtype) for shape in shapes]
        self.slope: list[Array] = [UNUSED] + [np.empty(shape, slope_type) for shape in shapes]
        self.masks: list[Array] = []
        self.norm = [BatchNorm(network.batch_mean[l], network.batch_variance[l], examples) for l in range(1, last)]
        self.softmax = SoftmaxCost(K, sizes[-1], examples, dtype)
        self._ones: Array = np.ones(examples, dtype)
        self._A_T = [UNUSED] + [A.transpose(0, 2, 1) for A in self.A[1:]]
        self._A_T_copies = [self._new_copy(network, l, examples) for l in range(last)]

    def _new_copy(self, network: Network, l: int, examples: int) -> Array | None:
        """An array (K, m, n_l) for a copy of A[l]^T, or None if `copy_transposed` is false."""
        if l == 0 or not copy_transposed(network.sizes[l], network.sizes[l + 1], examples):
            return None
        return np.empty((network.members, examples, network.sizes[l]), network.dtype)

    def forward(
        self, network: Network, X: Array, Y: Array, batch_norm: bool, epsilon: Array, loss: Array, mask: Mask = None
    ) -> None:
        """Compute `softmax.A` (K, C, m), the probabilities, and `loss` (K,), the cost J in nats (C19).

        X is (1 or K, n_x, m), Y one-hot (1 or K, C, m). Batch norm uses this mini-batch's mean and variance (C10).
        With `mask`, layer l + 1 sees A[l] times mask(l, A[l]).
        """
        theta, apply = network.theta, network.activation.apply
        self.A[0] = A = X
        self.masks = [UNUSED] if mask else []
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
            if mask:
                self.masks.append(mask(l, out))
                A = self.seen(l)
        matmul(theta.W[-1], A, self.softmax.A)  # (K, C, n_{L-1}) @ (K, n_{L-1}, m)
        add(self.softmax.A, theta.b[-1], self.softmax.A)
        self.softmax.forward(Y, loss)

    def backward(self, network: Network, rows: Array, Y: Array, batch_norm: bool) -> None:
        """After `forward`: write dJ/d(parameter) into `network.gradient`. `rows` is X^T (1 or K, m, n_x)."""
        theta, grad = network.theta, network.gradient
        dZ = self.softmax.backward(Y)  # (A - Y) / m, (K, C, m)
        matvec(dZ, self._ones, grad.b[-1][..., 0])  # db = sum of dZ over the examples
        for l in range(len(self.A) - 1, 0, -1):
            if self.masks:
                multiply(self.A[l], self.masks[l], self.A[l])
            matmul(dZ, self._transposed(l), grad.W[l + 1])  # (K, n_{l+1}, m) @ (K, m, n_l)
            # The chain rule: (K, n_l, n_{l+1}) @ (K, n_{l+1}, m). dA is written over A[l], which is safe: dW[l+1] was
            # the last to need A[l], and g'(z) is in `slope`.
            dA = matmul(theta.W_T[l + 1], dZ, self.A[l])
            if self.masks:
                multiply(dA, self.masks[l], dA)
            dZ = multiply(dA, self.slope[l], dA)  # (K, n_l, m), dJ/dz~ with batch norm
            if batch_norm:
                self.norm[l - 1].backward(dZ, self.Z[l], grad.gamma[l], grad.beta[l])  # dZ becomes dJ/dz
            else:
                matvec(dZ, self._ones, grad.b[l][..., 0])
        matmul(dZ, rows, grad.W[1])  # (K, n_1, m) @ (1 or K, m, n_x)

    def seen(self, l: int) -> Array:
        """What layer l + 1 sees between `forward` and `backward`, (K, n_l, m): A[l], times its mask if it has one."""
        return self.A[l] * self.masks[l] if l and self.masks else self.A[l]

    def _transposed(self, l: int) -> Array:
        """A[l]^T (K, m, n_l): a copy in C order if `copy_transposed`, else a view of A[l]."""
        view, copy = self._A_T[l], self._A_T_copies[l]
        if copy is None:
            return view
        np.copyto(copy, view)
        return copy


@dataclass
class Network:
    """K networks of one shape, `members` = K: parameters, gradients and batch norm's statistics.

    Statistics are (K, n_l, 1): `batch_mean[l]` and `batch_variance[l]` of the last mini-batch, views into `batch`;
    `running_mean[l]` and `running_variance[l]`, the averages for test time (C15), views into `running`.
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
        """A buffer (2, K * hidden units) and its views by layer: means (K, n_l, 1) and variances (K, n_l, 1)."""
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
        """Draw every W[l] of one network with `default_rng(seed)`: normal, with mean 0 and `deviation(n_in, n_out)`."""
        rng = np.random.default_rng(seed)
        for l in range(1, len(self.sizes)):
            n_in, n_out = self.sizes[l - 1], self.sizes[l]
            self.theta.W[l][member] = rng.standard_normal((n_out, n_in)) * deviation(n_in, n_out)

    def pass_of(self, examples: int) -> Pass:
        """The `Pass` for mini-batches of this many examples; the three newest are kept."""
        if examples not in self._passes:
            while len(self._passes) >= 3:
                self._passes.pop(next(iter(self._passes)))
            self._passes[examples] = Pass(self, examples)
        return self._passes[examples]

    def folded(self, batch_norm: bool, epsilon: Array) -> list[tuple[Array, Array]]:
        """The network at test time as [(W, b), ...], (K, n_l, n_{l-1}) and (K, n_l, 1), batch norm folded in (C15)."""
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
        """Probabilities (K, C, m) at test time for inputs X (n_x, m)."""
        layers = self.folded(batch_norm, epsilon)
        out: Array = np.empty((self.members, self.sizes[-1], X.shape[-1]), self.dtype)
        for at in range(0, X.shape[-1], PREDICT_AT_ONCE):
            part = slice(at, at + PREDICT_AT_ONCE)
            softmax(self._logits(layers, X[None, :, part]), out=out[..., part])
        return out

    def logits(self, X: Array, batch_norm: bool, epsilon: Array) -> Array:
        """Z (K, C, m) of the output layer at test time for inputs X (n_x, m): what `predict` takes the softmax of."""
        layers, starts = self.folded(batch_norm, epsilon), range(0, X.shape[-1], PREDICT_AT_ONCE)
        return np.concatenate([self._logits(layers, X[None, :, at : at + PREDICT_AT_ONCE]) for at in starts], axis=-1)

    def _logits(self, layers: list[tuple[Array, Array]], A: Array) -> Array:
        """Z (K, C, m) of the output layer for inputs A (1, n_x, m)."""
        for W, b in layers[:-1]:
            Z = W @ A  # (K, n_l, n_{l-1}) @ (1 or K, n_{l-1}, m)
            A = self._activated(add(Z, b, Z))
        W, b = layers[-1]
        logits: Array = W @ A + b
        return logits

    def _activated(self, Z: Array) -> Array:
        """g(Z) for Z (K, n_l, m), written over Z."""
        self.activation.apply(Z, np.empty(Z.shape, self.activation.slope_type or self.dtype))
        return Z

    def switch_off(self, epsilon: Array) -> None:
        """Fold batch norm into W and b. Outputs at test time do not change, not by a bit (C11, C15)."""
        for l, (W, b) in enumerate(self.folded(True, epsilon)[:-1], start=1):
            self.theta.W[l][:], self.theta.b[l][:] = W, b

    def switch_on(self, X: Array, epsilon: Array) -> None:
        """Start batch norm so that outputs do not change: gamma = sqrt(var + eps) and beta = mu + b (C11).

        mu and var (K, n_l, 1) are those of each layer's z over the inputs X (n_x, m).
        """
        A = X[None]
        for l in range(1, len(self.sizes) - 1):
            Z = self.theta.W[l] @ A  # (K, n_l, n_{l-1}) @ (1 or K, n_{l-1}, m)
            mean, variance = Z.mean(axis=-1, keepdims=True), Z.var(axis=-1, keepdims=True)
            self.running_mean[l][:], self.running_variance[l][:] = mean, variance
            self.theta.gamma[l][:], shift = identity(mean, variance, epsilon)
            self.theta.beta[l][:] = shift + self.theta.b[l]
            self.theta.b[l][:] = 0
            A = self._activated(add(Z, self.theta.beta[l] - shift, Z))


def network(sizes: tuple[int, ...], activation: str, members: int = 1, dtype: type = np.float32) -> Network:
    """K = `members` networks of `sizes` (n_x, hidden ..., C) with all W = 0; `activation` is a key of `ACTIVATIONS`."""
    return Network(tuple(sizes), ACTIVATIONS[activation], members, dtype)
