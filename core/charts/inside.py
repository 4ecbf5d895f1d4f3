"""What goes on inside a network at test time: z, z_norm and a of each hidden layer, for the first training examples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.runs.run import Run

Array = np.ndarray
EXAMPLES = 512  # of the training set, at most: what charts say of "every example" is said of these


@dataclass(frozen=True)
class Layer:
    """One hidden layer of n_l units for m examples, float32 each."""

    z: Array  # (n_l, m), W a[l-1], and b[l] without batch norm (C13)
    z_norm: Array | None  # (n_l, m), (z - mean) / sqrt(variance + epsilon) with the running statistics (C10, C15)
    a: Array  # (n_l, m), the activations


def inputs(run: Run) -> Array:
    """Standardized inputs (n_x, m) of the first training examples, at most `EXAMPLES` of them."""
    X: Array = run.data.train.X[:, :EXAMPLES]
    return X


def hidden_layers(run: Run, X: Array) -> list[Layer]:
    """The hidden layers for standardized inputs X (n_x, m), first layer first. `z_norm` is None without batch norm."""
    found: list[Layer] = []
    with np.errstate(all="ignore"):
        for l in range(1, len(run.sizes) - 1):
            found.append(_layer(run, l, found[-1].a if found else X))
    return found


def probabilities(run: Run, X: Array) -> Array:
    """The softmax outputs (C, m) for standardized inputs X (n_x, m)."""
    with np.errstate(all="ignore"):
        A: Array = run.stack.predict(X)[0]
    return A


def _layer(run: Run, l: int, A: Array) -> Layer:
    """Layer l for the activations A (n_{l-1}, m) of the layer before."""
    net, epsilon = run.stack.network, run.stack.epsilon_bn
    theta = net.theta
    z = theta.W[l][0] @ A  # (n_l, n_{l-1}) @ (n_{l-1}, m)
    if run.settings.batch_norm:
        z_norm = (z - net.running_mean[l][0]) / np.sqrt(net.running_variance[l][0] + epsilon.reshape(-1)[0])
        a = theta.gamma[l][0] * z_norm + theta.beta[l][0]
    else:
        z, z_norm = z + theta.b[l][0], None
        a = z.copy()
    net.activation.apply(a[None], np.empty((1, *a.shape), net.activation.slope_type or net.dtype))
    return Layer(z, z_norm, a)
