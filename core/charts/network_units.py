"""The numbers of the picture of a network: which units of each layer are shown, and what is said of them.

A layer shows at most `most(...)` units. Of a wider one they are those that matter most to the next layer: the largest
products of the norm of a unit's outgoing weights and the standard deviation of its activation.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from core.charts import inside
from core.charts.decision_map import SIDE, grid
from core.charts.network_marks import states
from core.runs.run import Run

Array = np.ndarray
UNITS, DEEP_UNITS, DEEP = 8, 6, 3  # units shown of a layer, and of one of more than `DEEP` hidden layers
CLASSES = 10  # outputs that are shown
CLEARLY = 1.5  # times as important as a shown unit is one that takes its place
BAR = 12  # rows of a tile of bars
POINTS = slice(2, SIDE, 5)  # of each side of the decision map's grid, which are those of a tile over the plane: 13
DEEP_POINTS = slice(3, SIDE, 7)  # of the smaller tiles of more than `DEEP` hidden layers: 9

_kept: WeakKeyDictionary[Run, list[Array]] = WeakKeyDictionary()  # the units last shown of a run, by layer


@dataclass(frozen=True)
class Column:
    """The shown units, n of them, of one layer; of the pixels of a picture there is one for all.

    `mean`, `deviation` and `share` (n,) are over the examples of `inside.inputs`; `share` is that of the examples near
    a bound of the activation, or at 0 where it has none. `mark` (n,) is `ALIVE`, `DEAD` (0 for every example) or
    `SATURATED`. `tiles` (n, height, width) are pictures from -1 to 1, top row first.
    """

    units: Array
    tiles: Array
    mean: Array
    deviation: Array
    share: Array
    mark: Array


def numbers(run: Run) -> tuple[list[Column], list[Array]]:
    """The columns of all layers, inputs and outputs among them, and the weights (n_l, n_{l-1}) between the shown units
    of neighbours. From a picture's pixels to a unit it is the norm of the unit's weights, (n_1, 1)."""
    X = inside.inputs(run)
    with np.errstate(all="ignore"):
        both = _activations(run, np.concatenate([X, plane(run)], axis=1) if run.data.n_x == 2 else X)
        layers, over = [A[:, : X.shape[1]] for A in both], [A[:, X.shape[1] :] for A in both]
        shown = _shown(run, layers)
        seen = [A[units] for A, units in zip(layers, shown, strict=True)]
        tiles = _tiles(run, seen, [A[units] for A, units in zip(over, shown, strict=True)], shown[1])
        columns = [_column(run, l, seen[l], shown[l], tiles[l]) for l in range(len(layers))]
        if run.data.picture:
            columns[0] = _pixels(run)
        return columns, [_weights(run, l, shown) for l in range(1, len(layers))]


def _activations(run: Run, X: Array) -> list[Array]:
    """What each layer gives for standardized inputs X (n_x, m), inputs and softmax outputs among them: (n_l, m)."""
    return [X, *(layer.a for layer in inside.hidden_layers(run, X)), inside.probabilities(run, X)]


def most(run: Run, l: int) -> int:
    """How many units of layer l can be shown."""
    if l == len(run.sizes) - 1:
        return CLASSES
    return DEEP_UNITS if _is_deep(run) else UNITS


def _is_deep(run: Run) -> bool:
    return len(run.sizes) - 2 > DEEP


def importance(W: Array, A: Array) -> Array:
    """(n_l,): the norm of each unit's outgoing weights W (n_{l+1}, n_l) times the deviation of its A (n_l, m)."""
    with np.errstate(all="ignore"):
        important: Array = np.nan_to_num(np.linalg.norm(W, axis=0) * A.std(axis=1))
    return important


def chosen(important: Array, count: int, before: Array | None = None) -> Array:
    """The `count` units with the largest of `important` (n,), in ascending order.

    Units shown `before` stay until one that is left out is `CLEARLY` more important: a picture must not flicker.
    """
    held = np.zeros(important.size, bool)
    held[[] if before is None else before] = True
    counts = np.where(held, CLEARLY, 1.0) * important
    return np.sort(np.lexsort((~held, -counts))[:count]).astype(np.int32)  # of units that count the same, those held


def _shown(run: Run, layers: list[Array]) -> list[Array]:
    """The shown units of each layer; the choice of the last call for this run is kept where it is not clearly wrong."""
    before, W, last = _kept.get(run), run.stack.network.theta.W, len(layers) - 1
    found = [
        chosen(importance(W[l + 1][0], A), most(run, l), before[l] if before else None)
        for l, A in enumerate(layers[:-1])
    ]
    found.append(np.arange(min(run.sizes[-1], most(run, last)), dtype=np.int32))
    _kept[run] = found
    return found


def _weights(run: Run, l: int, shown: list[Array]) -> Array:
    W: Array = run.stack.network.theta.W[l][0][shown[l]]  # (n_l shown, n_{l-1})
    norms: Array = np.linalg.norm(W, axis=1, keepdims=True)
    return norms if l == 1 and run.data.picture else W[:, shown[l - 1]]


def _column(run: Run, l: int, A: Array, units: Array, tiles: Array) -> Column:
    """The column of layer l, with activations A (n, m) of the shown units."""
    hidden = 0 < l < len(run.sizes) - 1
    share, mark = states(A, run.stack.network.activation) if hidden else (np.zeros(len(A)), np.zeros(len(A), np.uint8))
    return Column(units, tiles, A.mean(axis=1), A.std(axis=1), share, mark)


def _pixels(run: Run) -> Column:
    """One tile for all pixels: the mean of the training examples."""
    mean = run.data.raw(inside.inputs(run)).mean(axis=1)
    tile = (mean / max(float(mean.max()), 1e-6)).reshape(1, *run.data.picture or ())
    nothing = np.full(1, np.nan)
    return Column(np.zeros(1, np.int32), tile, nothing, nothing, np.zeros(1), np.zeros(1, np.uint8))


def _tiles(run: Run, seen: list[Array], over: list[Array], first: Array) -> list[Array]:
    """Pictures of the shown units of each layer: their outputs `over` the plane if there are two features, else the
    weights of each pixel in the `first` hidden layer of a picture, else bars, the mean of what is `seen` by class."""
    if run.data.n_x == 2:
        side = len(range(SIDE)[_points(run)])
        return [_scaled(run, l, A.reshape(-1, side, side)) for l, A in enumerate(over)]
    found = [bars(_scaled(run, l, by_class(run, A))) for l, A in enumerate(seen)]
    if run.data.picture:
        found[1] = _fitted(run.stack.network.theta.W[1][0][first]).reshape(-1, *run.data.picture)
    return found


def plane(run: Run) -> Array:
    """Standardized points (2, side * side) over the plane of two features, from left to right, highest row first."""
    some = _points(run)
    points: Array = grid(run.data)[0].reshape(2, SIDE, SIDE)[:, some, some]
    return points[:, ::-1].reshape(2, -1)


def _points(run: Run) -> slice:
    return DEEP_POINTS if _is_deep(run) else POINTS


def by_class(run: Run, A: Array) -> Array:
    """The mean of A (n, m) over the examples of each class, (n, C); 0 for a class without examples."""
    Y = run.data.train.Y[:, : A.shape[1]]
    means: Array = (A @ Y.T) / np.maximum(Y.sum(axis=1), 1)  # (n, m) @ (m, C)
    return means


def bars(heights: Array) -> Array:
    """Tiles (n, BAR, C) of upright bars with heights (n, C) from -1 to 1, which keep their sign; 0.5 rows round up."""
    rows = np.arange(BAR, 0, -1)[:, None] - 0.5  # of the lowest row 0.5
    full = rows < BAR * np.abs(heights)[:, None]  # (n, BAR, C)
    tiles: Array = full * np.sign(heights)[:, None]
    return tiles


def _scaled(run: Run, l: int, values: Array) -> Array:
    """Values (n, ...) of the units of layer l from -1 to 1: as they are where their range is known, else by unit."""
    known = l == len(run.sizes) - 1 or (l > 0 and run.stack.network.activation.bounds)
    return values if known else _fitted(values)


def _fitted(values: Array) -> Array:
    """Each of values (n, ...) divided by its own largest size, and 0 where that is 0 or not finite."""
    axes = tuple(range(1, values.ndim))
    fitted: Array = values / np.abs(values).max(axis=axes, keepdims=True)
    fitted[~np.isfinite(fitted)] = 0
    return fitted
