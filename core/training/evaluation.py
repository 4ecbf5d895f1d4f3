"""What the networks of a stack make of the dev set, measured in parts that leave time for others.

Searches and the comparison under other seeds measure with this.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

import numpy as np

from core.data.datasets import Split
from core.nn import softmax
from core.training.stack import Stack

Array = np.ndarray
AT_ONCE = 50_000_000  # multiplications in one part of what is not training
LAYER = 2**20  # bytes of a layer's activations in one part of a measurement: larger arrays are slow to come by


def parameters(sizes: Sequence[int]) -> int:
    """Weights and biases of a network of these sizes, with batch norm's scale and shift."""
    return sum((n_in + 1) * n_out for n_in, n_out in zip(sizes, sizes[1:], strict=False)) + 2 * sum(sizes[1:-1])


def losses(stack: Stack, A: Array, X: Array, Y: Array) -> Array:
    """The loss (K, m) of each example at test time, in nats: A (K, C, m) is what the stack makes of standardized inputs
    X (n_x, m), Y (C, m) is one-hot. For a stack of one, A may be (C, m); then the losses are (m,).

    Under the first rules a probability below 1e-38 counts as that.
    """
    with np.errstate(all="ignore"):
        return softmax.losses(A, Y, _logits(stack, A, X))


def cost(stack: Stack, A: Array, X: Array, Y: Array) -> Array:
    """The cost J (K,) at test time, in nats: the mean of `losses`."""
    with np.errstate(all="ignore"):
        return softmax.cost(A, Y, _logits(stack, A, X))


def _logits(stack: Stack, A: Array, X: Array) -> Callable[[], Array] | None:
    return (lambda: stack.logits(X).reshape(A.shape)) if stack.spec.rules > 1 else None


def dev_scores(stack: Stack, dev: Split) -> Generator[None, None, tuple[Array, Array]]:
    """The dev loss and accuracy of each member, (K,) both, NaN where not finite; some examples at a time."""
    loss, right = np.zeros((2, stack.members))
    fitting = LAYER // (4 * stack.members * max(stack.sizes[1:]))
    at_once = max(16, min(fitting, AT_ONCE // (stack.members * parameters(stack.sizes))))
    for at in range(0, dev.labels.size, at_once):
        part = slice(at, at + at_once)
        A = stack.predict(dev.X[:, part])  # (K, C, m)
        loss += dev.labels[part].size * cost(stack, A, dev.X[:, part], dev.Y[:, part])
        right += (A.argmax(axis=1) == dev.labels[part]).sum(axis=1)
        yield
    loss, accuracy = loss / dev.labels.size, right / dev.labels.size
    broken = ~np.isfinite(loss)
    loss[broken] = accuracy[broken] = np.nan
    return loss, accuracy
