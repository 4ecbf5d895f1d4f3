"""Measures one training step of a run from inside: activations, batch norm's statistics, gradients and updates."""

from __future__ import annotations

import math

import numpy as np

from core.nn.network import Pass
from core.runs.history import History
from core.training.stack import Stack

Array = np.ndarray


class StepMeasurement:
    """Measures one training step of a stack of one: before it, between forward and backward, and after it."""

    def __init__(self, history: History, stack: Stack) -> None:
        self.row = history.blank()
        self._put = history.put
        self._before = [W.copy() for W in stack.network.theta.W[1:]]

    def watch(self, stack: Stack, work: Pass) -> None:
        """Between forward and backward: means and variances of z, z~ and a, and of batch norm's statistics."""
        measure = _normalized_layer if stack.settings[0].batch_norm else _plain_layer
        layers = [measure(stack, work, l) for l in range(1, len(stack.sizes) - 1)]
        for name in layers[0]:
            self._put(self.row, name, np.array([layer[name] for layer in layers]))

    def after(self, stack: Stack) -> Array:
        """After the step: the gradient norm and the update ratio |change of W| / |W| of each layer, and the running
        statistics of each layer's unit 1, which test time now uses. Returns the row."""
        theta, gradient = stack.network.theta, stack.network.gradient
        norms = [_norm(dW) for dW in gradient.W[1:]]
        moves = zip(theta.W[1:], self._before, strict=True)
        ratios = [_norm(W - old) / max(_norm(old), 1e-30) for W, old in moves]
        learnt = theta.learnt(stack.settings[0].batch_norm, stack.settings[0].bn_learn)
        self._put(self.row, "gradient_norm", norms)
        self._put(self.row, "total_norm", _norm(gradient.buffer[learnt]))
        self._put(self.row, "update_ratio", ratios)
        self._put(self.row, "learning_rate", stack.alpha)
        if stack.settings[0].batch_norm:
            hidden, net = range(1, len(stack.sizes) - 1), stack.network
            self._put(self.row, "running_mean", [net.running_mean[l].flat[0] for l in hidden])
            self._put(self.row, "running_variance", [net.running_variance[l].flat[0] for l in hidden])
        return self.row


def _norm(x: Array) -> float:
    flat = x.reshape(-1)
    return math.sqrt(float(np.dot(flat, flat)))


def _moments(x: Array) -> tuple[float, float]:
    """Mean and variance over all of x."""
    flat = x.reshape(-1)
    mean = float(flat.mean())
    return mean, max(float(np.dot(flat, flat)) / flat.size - mean * mean, 0.0)


def _plain_layer(stack: Stack, work: Pass, l: int) -> dict[str, float]:
    """The columns of a layer without batch norm: z is computed again from W, b and what the layer sees; z~ is z."""
    theta = stack.network.theta
    z_mean, z_variance = _moments(theta.W[l] @ work.seen(l - 1) + theta.b[l])
    a_mean, a_variance = _moments(work.A[l])
    return {
        "z_mean": z_mean,
        "z_variance": z_variance,
        "zt_mean": z_mean,
        "zt_variance": z_variance,
        "a_mean": a_mean,
        "a_variance": a_variance,
    }


def _normalized_layer(stack: Stack, work: Pass, l: int) -> dict[str, float]:
    """The columns of a layer with batch norm: z and z~ from its statistics, gamma and beta; batch_ is of unit 1."""
    net = stack.network
    mu, var = net.batch_mean[l].reshape(-1), net.batch_variance[l].reshape(-1)
    gamma, beta = net.theta.gamma[l].reshape(-1), net.theta.beta[l].reshape(-1)
    normalized = gamma * gamma * var / (var + float(stack.epsilon_bn))
    a_mean, a_variance = _moments(work.A[l])
    return {
        "z_mean": mu.mean(),
        "z_variance": var.mean() + mu.var(),
        "zt_mean": beta.mean(),
        "zt_variance": normalized.mean() + beta.var(),
        "zn_variance": (var / (var + float(stack.epsilon_bn))).mean(),
        "a_mean": a_mean,
        "a_variance": a_variance,
        "batch_mean": mu[0],
        "batch_variance": var[0],
        "gamma_low": gamma.min(),
        "gamma": gamma.mean(),
        "gamma_high": gamma.max(),
        "shift_low": beta.min(),
        "shift": beta.mean(),
        "shift_high": beta.max(),
    }
