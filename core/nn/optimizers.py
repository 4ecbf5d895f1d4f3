"""The optimizers: how a gradient becomes a step. Each works on a whole buffer of parameters at once.

The papers' letters: theta parameters, g gradient, m average of gradients, v average of squared gradients, tmp an array
to work in, all of one shape (n,). Averages are the course's, m = beta m + (1 - beta) g, written as
m += (1 - beta) (g - m) (C5). m^ and v^ are averages after bias correction.
A new optimizer is one function and one row of `OPTIMIZERS`.

`Optimizer.moments` names the averages "m" and "v"; "sum" is an m without the factor 1 - beta1, which nothing corrects.
The settings that have an effect follow from it: beta1 needs "m" or "sum", beta2 and epsilon need "v", bias correction
needs "m" or "v". `Optimizer.note` is a sentence for the page, where one is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy import add, divide, multiply, sqrt, subtract

Array = np.ndarray


class Rates(NamedTuple):
    """The factors of one step, each 0-d or (n,), in the type of the parameters.

    Bias correction divides m and v by 1 - beta^t (C5). For v that is `correction2`, which is 1 without correction;
    for m it is already in `alpha`.
    """

    alpha: Array
    one_minus_beta1: Array
    one_minus_beta2: Array
    epsilon: Array
    correction2: Array


def rates(
    t: int,
    alpha: float,
    beta1: float = 0.0,
    beta2: float = 0.0,
    epsilon: float = 0.0,
    bias_correction: bool = True,
    dtype: type = np.float32,
) -> Rates:
    """The 0-d factors of step t = 1, 2, ..., worked out in float64 and then put into `dtype`.

    Leave a beta at 0 where the optimizer does not keep that average: then nothing is corrected (Kingma & Ba 2015).
    """
    correction1, correction2 = (1 - beta1**t, 1 - beta2**t) if bias_correction else (1.0, 1.0)
    factors = (alpha / correction1, 1 - beta1, 1 - beta2, epsilon, correction2)
    return Rates(*(np.array(factor, dtype) for factor in factors))


def gradient_descent(theta: Array, g: Array, m: Array, v: Array, tmp: Array, r: Rates) -> None:
    """theta -= alpha g (C12; Robbins & Monro 1951)."""
    multiply(g, r.alpha, tmp)
    subtract(theta, tmp, theta)


def momentum(theta: Array, g: Array, m: Array, v: Array, tmp: Array, r: Rates) -> None:
    """m = beta1 m + (1 - beta1) g; theta -= alpha m (the course's form; Polyak 1964 has no factor 1 - beta1)."""
    _average(m, g, tmp, r.one_minus_beta1)
    multiply(m, r.alpha, tmp)
    subtract(theta, tmp, theta)


def heavy_ball(theta: Array, g: Array, m: Array, v: Array, tmp: Array, r: Rates) -> None:
    """m = beta1 m + g; theta -= alpha m (Polyak 1964; torch.optim.SGD and Keras's SGD).

    m is a sum: gradients that stay the same make steps of alpha g / (1 - beta1), where `momentum` makes alpha g.
    """
    multiply(m, r.one_minus_beta1, tmp)
    subtract(m, tmp, m)
    add(m, g, m)
    multiply(m, r.alpha, tmp)
    subtract(theta, tmp, theta)


def nesterov(theta: Array, g: Array, m: Array, v: Array, tmp: Array, r: Rates) -> None:
    """m = beta1 m + (1 - beta1) g; theta -= alpha (beta1 m + (1 - beta1) g) (Nesterov 1983; Sutskever et al. 2013).

    The step looks one gradient ahead of `momentum`. It is that of torch.optim.SGD(nesterov=True) with the learning rate
    (1 - beta1) alpha; bias correction divides both terms by 1 - beta1^t.
    """
    _average(m, g, tmp, r.one_minus_beta1)
    subtract(g, m, tmp)
    multiply(tmp, r.one_minus_beta1, tmp)
    add(tmp, m, tmp)
    multiply(tmp, r.alpha, tmp)
    subtract(theta, tmp, theta)


def rmsprop(theta: Array, g: Array, m: Array, v: Array, tmp: Array, r: Rates) -> None:
    """v = beta2 v + (1 - beta2) g^2; theta -= alpha g / (sqrt(v^) + eps).

    Without bias correction v^ is v, as in Tieleman & Hinton (2012); with it, as in Adam, v^ = v / (1 - beta2^t).
    """
    _average_squares(v, g, tmp, r.one_minus_beta2)
    _root(v, tmp, r)
    divide(g, tmp, tmp)
    multiply(tmp, r.alpha, tmp)
    subtract(theta, tmp, theta)


def adam(theta: Array, g: Array, m: Array, v: Array, tmp: Array, r: Rates) -> None:
    """theta -= alpha m^ / (sqrt(v^) + eps), with m^ = m / (1 - beta1^t), v^ = v / (1 - beta2^t) (Kingma & Ba 2015)."""
    _average(m, g, tmp, r.one_minus_beta1)
    _average_squares(v, g, tmp, r.one_minus_beta2)
    _root(v, tmp, r)
    divide(m, tmp, tmp)
    multiply(tmp, r.alpha, tmp)
    subtract(theta, tmp, theta)


def _average(m: Array, g: Array, tmp: Array, one_minus_beta: Array) -> None:
    """m += (1 - beta) (g - m)."""
    subtract(g, m, tmp)
    multiply(tmp, one_minus_beta, tmp)
    add(m, tmp, m)


def _average_squares(v: Array, g: Array, tmp: Array, one_minus_beta: Array) -> None:
    """v += (1 - beta) (g^2 - v)."""
    multiply(g, g, tmp)
    subtract(tmp, v, tmp)
    multiply(tmp, one_minus_beta, tmp)
    add(v, tmp, v)


def _root(v: Array, tmp: Array, r: Rates) -> None:
    """tmp = sqrt(v^) + eps."""
    divide(v, r.correction2, tmp)
    sqrt(tmp, tmp)
    add(tmp, r.epsilon, tmp)


@dataclass(frozen=True)
class Optimizer:
    """A row of `OPTIMIZERS`: `step(theta, g, m, v, tmp, rates)` changes theta, and the averages in `moments`."""

    label: str
    step: Callable[[Array, Array, Array, Array, Array, Rates], None]
    moments: tuple[str, ...] = ()
    note: str = ""


_AVERAGES = "m averages gradients, so β does not change the size of a step. PyTorch and Keras sum them: see heavy ball."
_SUMS = "m sums gradients, as in PyTorch and Keras, so steps grow with β, up to α / (1 - β) times the gradient."

OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": Optimizer("gradient descent", gradient_descent),
    "momentum": Optimizer("momentum", momentum, ("m",), _AVERAGES),
    "heavy_ball": Optimizer("heavy ball", heavy_ball, ("sum",), _SUMS),
    "nesterov": Optimizer("Nesterov momentum", nesterov, ("m",)),
    "rmsprop": Optimizer("RMSprop", rmsprop, ("v",)),
    "adam": Optimizer("Adam", adam, ("m", "v")),
}


def keeps_moments(old: str, new: str, on_switch: str) -> bool:
    """Whether the moments go on after a switch of the optimizer: with "keep", unless m is a sum for one of the two and
    an average for the other."""
    return on_switch == "keep" and ("sum" in OPTIMIZERS[old].moments) == ("sum" in OPTIMIZERS[new].moments)
