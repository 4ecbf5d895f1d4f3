"""Points that a person moves in a plane, and the boundaries that networks with 0, 1 or 2 hidden layers learn.

After every change a network is trained again from the same weights: same points and layers, same network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from core.data.registry import spiral
from core.data.shelf import Table
from core.errors import UserError
from core.nn.initializers import INITIALIZERS
from core.nn.network import Network, network
from core.nn.optimizers import OPTIMIZERS, Rates, rates
from core.settings.table import Settings

Array = np.ndarray
MOST = 300  # points, at most
REACH = 1.0  # points lie between -REACH and REACH in both directions
SIDE = 56  # cells of the picture along each side
STEPS = 400  # of training, at most
LEAST = 100  # of training, unless the cost falls to GOOD before
LOOK = 25  # steps between two checks of the cost
STILL = 1e-4  # nats: training ends if the cost falls by less between two checks
GOOD = 0.01  # nats: training ends at this cost
LAYERS: Mapping[str, tuple[int, ...]] = {"none": (), "one": (16,), "two": (16, 16)}
ACTIVATION = "tanh"
SETTINGS = Settings(0.1, beta2=0.99, optimizer="adam", batch_norm=False)


@dataclass(frozen=True)
class Points:
    """Points x, y (m,) float64 and their classes (m,) int64, 0 to `classes` - 1."""

    x: Array
    y: Array
    labels: Array
    classes: int

    @property
    def X(self) -> Array:
        """(2, m) float32, as a network takes it."""
        return np.stack([self.x, self.y]).astype(np.float32)


@dataclass(frozen=True)
class Divided:
    """The plane as a trained network divides it: likeliest class and confidence (SIDE, SIDE), lowest row first.

    `right` (m,) says which points are classified correctly. `cost` is in nats, NaN if nothing was trained. `W` (C, n)
    and `b` (C, 1) are the output layer's.
    """

    points: Points
    hidden: tuple[int, ...]
    likeliest: Array
    confidence: Array
    right: Array
    cost: float
    steps: int
    W: Array
    b: Array

    @property
    def accuracy(self) -> float:
        """Share of points that are classified correctly, NaN without points."""
        return float(self.right.mean()) if self.right.size else float("nan")


# points


def _groups(classes: int, rng: np.random.Generator) -> Array:
    """One cloud of 14 points per class, on a circle. Linear boundaries are enough."""
    angle = 2 * np.pi * (np.arange(14 * classes) % classes) / classes
    centres = 0.62 * np.stack([np.sin(angle), np.cos(angle)])
    return centres + 0.11 * rng.standard_normal(centres.shape)


def _clusters(classes: int, rng: np.random.Generator) -> Array:
    """Two clouds of 8 points per class, on opposite sides of a circle."""
    m = np.arange(16 * classes)
    angle = np.pi * ((m % classes) / classes + (m // classes) % 2)
    centres = 0.68 * np.stack([np.sin(angle), np.cos(angle)])
    return centres + 0.07 * rng.standard_normal(centres.shape)


def _rings(classes: int, rng: np.random.Generator) -> Array:
    """One ring of 24 points per class, all with the same centre."""
    m = 24 * classes
    radius = (np.arange(m) % classes + 0.6) / (classes + 0.15) + 0.025 * rng.standard_normal(m)
    angle = rng.uniform(0, 2 * np.pi, m)
    points: Array = radius * np.stack([np.sin(angle), np.cos(angle)])
    return points


def _spiral(classes: int, rng: np.random.Generator) -> Array:
    """The spiral of the registry of data sets, 24 points per class."""
    return spiral(classes, 24 * classes, 0.08, rng)[0].T


PRESETS: Mapping[str, Callable[[int, np.random.Generator], Array]] = {
    "groups": _groups,
    "clusters": _clusters,
    "rings": _rings,
    "spiral": _spiral,
}


def preset(name: str, classes: int) -> Points:
    """The points of a row of `PRESETS`, always the same."""
    x, y = np.clip(PRESETS[name](classes, np.random.default_rng([classes, 4])), -REACH, REACH)
    return Points(x, y, np.arange(x.size) % classes, classes)


def heard(points: Points, message: Mapping[str, Any], label: int) -> Points:
    """The points after a message from the chart: {"type": "move" | "add" | "remove", "number", "x", "y"}.

    A new point gets class `label`. A message about a point that no longer exists changes nothing. Raises `UserError`
    for any other message.
    """
    kind, number = message.get("type"), message.get("number")
    if kind == "add":
        return added(points, *_place(message), label)
    known = isinstance(number, int) and not isinstance(number, bool) and 0 <= number < points.x.size
    if kind not in ("move", "remove"):
        raise UserError("The chart sent a message that is not about a point: reload the page.")
    if not known:
        return points
    if kind == "remove":
        kept = np.arange(points.x.size) != number
        return Points(points.x[kept], points.y[kept], points.labels[kept], points.classes)
    x, y = points.x.copy(), points.y.copy()
    x[number], y[number] = _place(message)
    return Points(x, y, points.labels, points.classes)


def added(points: Points, x: float, y: float, label: int) -> Points:
    """The points and a new one. Raises `UserError` if there are too many, or no such class."""
    if points.x.size >= MOST:
        raise UserError(f"There are {MOST} points, which is the most: remove one first.")
    if not 0 <= label < points.classes:
        raise UserError(f"There is no class {label + 1} here: choose one of 1 to {points.classes}.")
    labels = np.append(points.labels, label)
    return Points(np.append(points.x, x), np.append(points.y, y), labels, points.classes)


def _place(message: Mapping[str, Any]) -> tuple[float, float]:
    """The x and y of a message, clipped to the plane. Raises `UserError` if they are not finite numbers."""
    places = [message.get(name) for name in ("x", "y")]
    if any(isinstance(place, bool) or not isinstance(place, int | float) for place in places):
        raise UserError("A point needs two numbers as its place: drag it again.")
    if not np.isfinite(np.array(places, np.float64)).all():
        raise UserError("A point's place has to be two finite numbers: drag it again.")
    x, y = np.clip(np.array(places, np.float64), -REACH, REACH).tolist()
    return x, y


# training


def divided(points: Points, hidden: tuple[int, ...]) -> Divided:
    """The plane divided by a network with these hidden layers, trained on all points until its cost stops falling.

    Raises `UserError` if there are no points, only one class, or a place that is not finite.
    """
    if not points.x.size:
        raise UserError("There are no points: click in the plane to add one.")
    if not np.isfinite(points.X).all():
        raise UserError("A point has a place that is not a finite number: choose other points.")
    if np.unique(points.labels).size < 2:
        raise UserError("All points are of one class: add a point of another, so that there is something to divide.")
    return _divided(points.X.tobytes(), points.labels.tobytes(), points.classes, hidden)


@lru_cache(maxsize=32)
def _divided(places: bytes, labels: bytes, classes: int, hidden: tuple[int, ...]) -> Divided:
    X = np.frombuffer(places, np.float32).reshape(2, -1)
    x, y = X.astype(np.float64)
    points = Points(x, y, np.frombuffer(labels, np.int64), classes)
    Y = np.equal(np.arange(classes)[:, None], points.labels).astype(np.float32)  # (C, m)
    net, cost, steps = trained(X, Y, hidden)
    P = net.predict(np.concatenate([X, grid()], axis=1), False, np.array(0, np.float32))[0]  # (C, m + SIDE * SIDE)
    said, best = P.argmax(axis=0), P.max(axis=0)
    m = points.x.size
    sure = ((best[m:] - 1 / classes) / (1 - 1 / classes)).clip(0, 1).reshape(SIDE, SIDE)
    right, picture = said[:m] == points.labels, said[m:].reshape(SIDE, SIDE)
    return Divided(points, hidden, picture, sure, right, cost, steps, net.theta.W[-1][0], net.theta.b[-1][0])


def undivided(points: Points, hidden: tuple[int, ...]) -> Divided:
    """The points on an empty plane, for when `divided` raises."""
    nothing, none = np.zeros((SIDE, SIDE)), np.zeros((points.classes, 0))
    return Divided(points, hidden, nothing.astype(int), nothing, points.labels >= 0, np.nan, 0, none, none)


@lru_cache(maxsize=1)
def grid() -> Array:
    """The centres (2, SIDE * SIDE) of the picture's cells, float32, lowest row first."""
    middles = edge() * ((2 * np.arange(SIDE) + 1) / SIDE - 1)
    x, y = np.meshgrid(middles, middles)
    return np.stack([x.ravel(), y.ravel()]).astype(np.float32)


def edge() -> float:
    """The picture shows -edge to edge in both directions, a little more than where points may be."""
    return 1.08 * REACH


def trained(X: Array, Y: Array, hidden: tuple[int, ...]) -> tuple[Network, float, int]:
    """A network trained on X (2, m) and Y (C, m) with `SETTINGS`, its cost in nats, and its number of steps."""
    net = network((2, *hidden, len(Y)), ACTIVATION)
    net.draw(0, INITIALIZERS["xavier"].deviation, seed=0)
    learnt = net.theta.learnt(False, True)
    theta, g = net.theta.buffer[learnt], net.gradient.buffer[learnt]
    m, v, tmp = np.zeros_like(theta), np.zeros_like(theta), np.empty_like(theta)
    work, J = net.pass_of(X.shape[1]), np.empty(1, np.float32)
    rows, epsilon, before = np.ascontiguousarray(X.T)[None], np.array(0, np.float32), np.inf
    step = OPTIMIZERS[SETTINGS.optimizer].step
    for t in range(1, STEPS + 1):
        work.forward(net, X[None], Y[None], False, epsilon, J)
        if t % LOOK == 0:
            if J[0] < GOOD or (t >= LEAST and before - J[0] < STILL):
                break
            before = float(J[0])
        work.backward(net, rows, Y[None], False)
        step(theta, g, m, v, tmp, _rates(t))
    return net, float(J[0]), t


@lru_cache(maxsize=STEPS)
def _rates(t: int) -> Rates:
    """The optimizer's factors in step t, from 1."""
    one = SETTINGS
    return rates(t, one.learning_rate, one.beta1, one.beta2, one.epsilon, one.bias_correction)


def table(points: Points) -> Table:
    """The points as a table that a run can learn. Raises `FileError` if a class has too few."""
    there = np.unique(points.labels)
    names = tuple(f"class {k + 1}" for k in there.tolist())
    return Table(points.X.T, np.searchsorted(there, points.labels), names, ("x1", "x2"))


def settings(points: Points) -> Settings:
    """`SETTINGS` for a run that takes all points in one mini-batch."""
    return replace(SETTINGS, batch_size=points.x.size)
