"""JAX's turn in the benchmark: K networks under vmap, the steps under scan, all of it compiled by jit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.rows import DECAY, EPSILON, LEARNING_RATE, MOMENTUM, Row, data

Layers = list[dict[str, Any]]


def initial(sizes: tuple[int, ...], members: int) -> tuple[Layers, Layers]:
    """Parameters and running statistics of K networks, (K, ...) each."""
    rng = np.random.default_rng(0)
    layers: Layers = []
    for n_in, n_out in zip(sizes, sizes[1:], strict=False):
        W = rng.standard_normal((members, n_out, n_in), dtype=np.float32) * np.float32((2 / n_in) ** 0.5)
        zero, one = jnp.zeros((members, n_out, 1)), jnp.ones((members, n_out, 1))
        layers.append({"W": jnp.asarray(W), "gamma": one, "beta": zero})
    layers[-1] = {"W": layers[-1]["W"], "b": jnp.zeros((members, sizes[-1], 1))}
    running = [{"mean": jnp.zeros_like(layer["beta"]), "variance": layer["gamma"]} for layer in layers[:-1]]
    return layers, running


def cost(layers: Layers, running: Layers, X: jax.Array, Y: jax.Array) -> tuple[jax.Array, Layers]:
    """J of one network on X (n_x, m), Y (C, m), and the new running statistics."""
    A, new = X, []
    for layer, old in zip(layers[:-1], running, strict=True):
        Z = layer["W"] @ A
        mean = Z.mean(1, keepdims=True)
        variance = ((Z - mean) ** 2).mean(1, keepdims=True)
        A = jax.nn.relu(layer["gamma"] * (Z - mean) * jax.lax.rsqrt(variance + EPSILON) + layer["beta"])
        now = {"mean": mean, "variance": variance}
        new.append({name: DECAY * old[name] + (1 - DECAY) * now[name] for name in now})
    Z = layers[-1]["W"] @ A + layers[-1]["b"]
    return -(jax.nn.log_softmax(Z, 0) * Y).sum(0).mean(), new


def train(row: Row, members: int) -> Callable[[int], None]:
    """K networks on the same mini-batches, gathered by a shuffled index inside the scan; every loss is recorded."""
    examples, n_x = data(row).train, row.sizes[0]
    rows, count = jnp.asarray(examples.rows), len(examples.rows)
    gradient = jax.value_and_grad(cost, has_aux=True)

    def step(carry: Any, X: jax.Array, Y: jax.Array) -> Any:
        layers, averages, running = carry
        (loss, running), gradients = gradient(layers, running, X, Y)
        averages = jax.tree.map(lambda m, g: MOMENTUM * m + (1 - MOMENTUM) * g, averages, gradients)
        return (jax.tree.map(lambda p, m: p - LEARNING_RATE * m, layers, averages), averages, running), loss

    def gathered(carry: Any, index: jax.Array) -> Any:
        batch = rows[index].T  # (n_x + C, m)
        return jax.vmap(step, in_axes=(0, None, None))(carry, batch[:n_x], batch[n_x:])

    scan = jax.jit(lambda carry, indices: jax.lax.scan(gathered, carry, indices), donate_argnums=0)
    layers, running = initial(row.sizes, members)
    # Copies, because a donated array must not be given twice.
    carry = jax.tree.map(jnp.array, (layers, jax.tree.map(jnp.zeros_like, layers), running))
    rng = np.random.default_rng(0)

    def steps(number: int) -> None:
        nonlocal carry
        epochs = -(-number * row.batch // count)
        order = np.concatenate([rng.permutation(count) for _ in range(epochs)])[: number * row.batch]
        carry, losses = scan(carry, order.reshape(number, row.batch))
        np.asarray(losses)

    steps(row.steps[members])  # compiles
    return steps
