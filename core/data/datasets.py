"""The data that a network learns, split and normalized.

`load` returns a data set of the registry, or a person's own data from the shelf (a name such as "table-..."). Examples
are columns, and every array is read-only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np

from core.data.registry import DATASETS
from core.data.shelf import SHELF, is_table
from core.errors import UserError


@dataclass(frozen=True, eq=False)
class Split:
    """The training or the dev set of m examples; every array is read-only."""

    X: np.ndarray  # (n_x, m) float32, normalized if `load` was asked to
    Y: np.ndarray  # (C, m) float32, one-hot (course C19)
    labels: np.ndarray  # (m,) int64
    rows: np.ndarray  # (m, n_x + C) float32, [X.T | Y.T], so that a mini-batch is one indexing


@dataclass(frozen=True, eq=False)
class Data:
    """A data set ready to train on; `mean` and `deviation`, (n_x, 1) float32, are 0 and 1 if not normalized."""

    train: Split
    dev: Split
    class_names: tuple[str, ...]
    feature_names: tuple[str, ...]
    mean: np.ndarray
    deviation: np.ndarray
    picture: tuple[int, int] | None

    @property
    def n_x(self) -> int:
        """The number of features."""
        return len(self.feature_names)

    @property
    def n_classes(self) -> int:
        """The number of classes, C."""
        return len(self.class_names)

    def standardize(self, X: np.ndarray) -> np.ndarray:
        """Raw features X (n_x, m) as the network gets them: (X - mean) / deviation, of the training set (course C9)."""
        standardized: np.ndarray = (np.asarray(X, np.float32) - self.mean) / self.deviation  # (n_x, m)
        return standardized

    def raw(self, X: np.ndarray) -> np.ndarray:
        """The inverse of `standardize`: features in their own units, (n_x, m) float32."""
        features: np.ndarray = np.asarray(X, np.float32) * self.deviation + self.mean  # (n_x, m)
        return features


def remembered(make: Callable[[Data], Any]) -> Callable[[Data], Any]:
    """Cache a function of `Data`. A result is kept as long as its `Data` is used elsewhere."""
    found: WeakKeyDictionary[Data, Any] = WeakKeyDictionary()

    @wraps(make)
    def once(data: Data) -> Any:
        if data not in found:
            found[data] = make(data)
        return found[data]

    return once


def load(
    dataset: str,
    classes: int,
    examples: int,
    noise: float,
    data_seed: int,
    dev_share: float,
    normalize: bool,
    **more: Any,
) -> Data:
    """The data set or table of that name, split and, if asked, normalized. Equal calls share one result.

    A generated set takes what it needs of `classes`, `examples`, `noise` and `more` by its name. Raises `UserError`
    where a class has fewer than the two examples that it takes to be in both splits, and for a table that is not here
    any more.
    """
    if is_table(dataset):
        return _table(dataset, data_seed, dev_share, normalize)
    shape = {"classes": classes, "examples": examples, "noise": noise} | more
    options = tuple((name, shape[name]) for name in DATASETS[dataset].options if name in shape)
    return _registered(dataset, options, data_seed, dev_share, normalize)


@lru_cache(maxsize=8)
def _registered(
    dataset: str, options: tuple[tuple[str, Any], ...], data_seed: int, dev_share: float, normalize: bool
) -> Data:
    """A row of `DATASETS`, made with these options."""
    chosen, shape = DATASETS[dataset], dict(options)
    if chosen.generated:
        points, labels = chosen.make(**shape, rng=np.random.default_rng([data_seed, 0]))
        class_names = chosen.class_names[: shape.get("classes")]
        feature_names = chosen.feature_names
    else:
        bunch = chosen.make()
        points, labels = bunch.data, bunch.target
        class_names = tuple(str(name) for name in bunch.target_names)
        feature_names = tuple(str(name) for name in bunch.feature_names)
    split = _published(len(labels), chosen.dev) if (data_seed, dev_share) == (0, chosen.dev / len(labels)) else None
    return prepare(points, labels, class_names, feature_names, data_seed, dev_share, normalize, chosen.picture, split)


def _published(m: int, dev: int) -> tuple[np.ndarray, np.ndarray]:
    """The indices of the training and the dev set of m examples, the last `dev` of which are the dev set."""
    return np.arange(m - dev), np.arange(m - dev, m)


# Tables are shared only while a run uses them: each takes up to 30 MB, too much to cache several.
_TABLES: WeakValueDictionary[tuple[Any, ...], Data] = WeakValueDictionary()


def _table(name: str, data_seed: int, dev_share: float, normalize: bool) -> Data:
    """A table from the shelf."""
    key = (name, data_seed, dev_share, normalize)
    data = _TABLES.get(key)
    if data is None:
        table = SHELF.get(name)
        data = prepare(
            table.points, table.labels, table.class_names, table.feature_names, data_seed, dev_share, normalize
        )
        data = _TABLES.setdefault(key, data)
    return data


def prepare(
    points: np.ndarray,
    labels: np.ndarray,
    class_names: tuple[str, ...],
    feature_names: tuple[str, ...],
    data_seed: int,
    dev_share: float,
    normalize: bool,
    picture: tuple[int, int] | None = None,
    split: tuple[np.ndarray, np.ndarray] | None = None,
) -> Data:
    """Points (m, n_x) with labels (m,) in 0..C-1 as `Data`.

    `split` has the indices of both sets; where it is None, they are drawn with `default_rng([data_seed, 1])`.

    Both splits are normalized with the training set's mean and deviation (course C9).
    Raises `UserError` if `stratified` cannot split.
    """
    train, dev = split or stratified(labels, class_names, dev_share, np.random.default_rng([data_seed, 1]))
    X = np.asarray(points, np.float32).T  # (n_x, m)
    labels = np.asarray(labels, np.int64)
    mean, deviation = np.zeros((len(X), 1), np.float32), np.ones((len(X), 1), np.float32)
    if normalize:
        mean, deviation = statistics(X[:, train])

    def part(chosen: np.ndarray) -> Split:
        return _split((X[:, chosen] - mean) / deviation, labels[chosen], len(class_names))

    mean, deviation = _read_only(mean), _read_only(deviation)
    return Data(part(train), part(dev), class_names, feature_names, mean, deviation, picture)


def stratified(
    labels: np.ndarray, class_names: tuple[str, ...], dev_share: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Shuffled indices of the training set and of the dev set; every example is in one of them.

    The dev set gets `dev_share` of all, to the nearest whole example, and of each class to within one example, because
    shares are rounded over the classes before; but each set gets at least one of each class. Raises `UserError` if a
    class has fewer than two.
    """
    train, dev = [], []
    so_far = np.rint(dev_share * np.cumsum([0, *(np.sum(labels == k) for k in range(len(class_names)))])).astype(int)
    for label, name in enumerate(class_names):
        members = rng.permutation(np.flatnonzero(labels == label))
        if len(members) < 2:
            raise UserError(
                f"The data cannot be split: class “{name}” needs two examples, one to train on and one for the dev set,"
                f" and has {len(members)}. Ask for more examples or fewer classes."
            )
        count = min(max(so_far[label + 1] - so_far[label], 1), len(members) - 1)
        dev.append(members[:count])
        train.append(members[count:])
    return rng.permutation(np.concatenate(train)), rng.permutation(np.concatenate(dev))


def statistics(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each feature of X (n_x, m), both (n_x, 1) float32 (course C9).

    A constant feature gets deviation 1, so that it becomes 0 and not 0/0.
    """
    mean = X.mean(axis=1, keepdims=True, dtype=np.float64)
    deviation = X.std(axis=1, keepdims=True, dtype=np.float64)
    # Checked by its range, because rounding can give a constant feature a deviation of 1e-17. In float32 it may be 0.
    constant = (np.ptp(X, axis=1, keepdims=True) == 0) | (deviation < np.finfo(np.float32).tiny)
    return mean.astype(np.float32), np.where(constant, 1.0, deviation).astype(np.float32)


def _split(X: np.ndarray, labels: np.ndarray, n_classes: int) -> Split:
    Y = (labels == np.arange(n_classes)[:, None]).astype(np.float32)  # (C, m)
    rows = np.concatenate([X.T, Y.T], axis=1)  # (m, n_x + C)
    return Split(*(_read_only(np.ascontiguousarray(array)) for array in (X, Y, labels, rows)))


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
