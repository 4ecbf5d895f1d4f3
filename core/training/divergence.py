"""Where the numbers of a network that diverged stopped being finite."""

from __future__ import annotations

import numpy as np

from core.training.stack import Stack


def first_broken_layer(stack: Stack) -> str:
    """In words, where numbers stopped being finite: in weights (the layer nearest to the output, from which a broken
    gradient spreads back), else in the last forward pass (the first layer on its way)."""
    last = len(stack.sizes) - 1
    for l in range(last, 0, -1):
        if not np.isfinite(stack.network.theta.W[l]).all():
            return f"the weights of {_layer(l, last)}"
    last_batch = stack.batches.buffers
    A = stack.network.pass_of(last_batch.rows.shape[1]).A if last_batch else []
    for l in range(1, len(A)):
        if not np.isfinite(A[l]).all():
            return f"the activations of {_layer(l, last)}"
    return f"the z of {_layer(last, last)}"


def first_broken_at_test_time(stack: Stack) -> str:
    """In words, where numbers stopped being finite at test time: in the first layer whose running statistics or, with
    those, whose weights are not; else in the output layer's z, which overflows."""
    net, last = stack.network, len(stack.sizes) - 1
    for l in range(1, last):
        if stack.settings[0].batch_norm and not np.isfinite([net.running_mean[l], net.running_variance[l]]).all():
            return f"the running mean and variance of {_layer(l, last)}"
    for l in range(1, last + 1):
        if not np.isfinite(net.theta.W[l]).all():
            return f"the weights of {_layer(l, last)}"
    return f"the z of {_layer(last, last)}"


def _layer(l: int, last: int) -> str:
    return "the output layer" if l == last else f"hidden layer {l}"
