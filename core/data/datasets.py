"""The data that a network learns: points drawn here, or sets bundled with scikit-learn, split and normalized.

`DATASETS` is the registry: one row and one function add a dataset. `load` gives it ready to train on, with
examples as columns and every array read-only; a name such as "table-..." is a person's own data from the shelf.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np
from sklearn import datasets as sklearn_datasets

from core.data.uploads import SHELF, is_table
from core.errors import UserError


@dataclass(frozen=True)
class Dataset:
    """A row of `DATASETS`.

    A generated set's `make(classes, examples, noise, rng)` gives points (m, n_x) and labels (m,); a bundled
    set's `make()` gives scikit-learn's bunch, which names its own classes and features.
    """

    label: str
    generated: bool
    max_classes: int  # 0 where the number of classes cannot be chosen
    hidden: tuple[int, ...]  # units of the hidden layers of a network that suits it
    make: Callable[..., Any]
    class_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ("x1", "x2")
    picture: tuple[int, int] | None = None  # height, width where the features are an image's pixels


@dataclass(frozen=True, eq=False)
class Split:
    """The training or the dev set of m examples; every array is read-only."""

    X: np.ndarray  # (n_x, m) float32, normalized if that was asked
    Y: np.ndarray  # (C, m) float32, one-hot (course C19)
    labels: np.ndarray  # (m,) int64
    rows: np.ndarray  # (m, n_x + C) float32, [X.T | Y.T]: an example a row, so that a mini-batch is one gather


@dataclass(frozen=True, eq=False)
class Data:
    """A dataset ready to train on; `mean` and `deviation`, (n_x, 1) float32, are 0 and 1 if not normalized."""

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
        """What the network sees of raw features X (n_x, m): less the training mean, over the deviation (course C9)."""
        return (np.asarray(X, np.float32) - self.mean) / self.deviation  # (n_x, m)

    def raw(self, X: np.ndarray) -> np.ndarray:
        """Features in their own units, (n_x, m) float32, of what the network sees: `standardize` undone."""
        return np.asarray(X, np.float32) * self.deviation + self.mean  # (n_x, m)


def spiral(classes: int, examples: int, noise: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """`classes` arms wound around the origin; `noise` is the standard deviation of the angle, in radians.

    Source: the spiral of Stanford's CS231n notes, with arms an equal angle apart. An arm turns by 4 radians.
    """
    labels = np.arange(examples) % classes
    # From 0.1, not 0: in the centre the arms would lie on top of each other.
    radius = rng.uniform(0.1, 1.0, examples)
    angle = 2 * np.pi * labels / classes + 4 * radius + noise * rng.standard_normal(examples)
    return radius[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1), labels


def moons(classes: int, examples: int, noise: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two interleaved half circles of radius 1; `noise` is the standard deviation of each coordinate."""
    return sklearn_datasets.make_moons(examples, noise=noise, random_state=_sklearn_seed(rng))


def circles(classes: int, examples: int, noise: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A circle of radius 0.5 inside one of radius 1; half of `noise` is the standard deviation of each coordinate."""
    return sklearn_datasets.make_circles(examples, noise=noise / 2, factor=0.5, random_state=_sklearn_seed(rng))


def blobs(classes: int, examples: int, noise: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian clouds with centres on a circle of radius 4; their standard deviation is 0.3 + 1.5 `noise`."""
    angle = 2 * np.pi * np.arange(classes) / classes
    centers = 4 * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    spread = 0.3 + 1.5 * noise
    return sklearn_datasets.make_blobs(examples, centers=centers, cluster_std=spread, random_state=_sklearn_seed(rng))


def xor(classes: int, examples: int, noise: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Four squares, opposite ones of one class: are the signs of x1 and x2 the same? Half of `noise` blurs them."""
    labels = np.arange(examples) % 2
    size = rng.uniform(0.05, 1.0, (examples, 2))
    sign = rng.choice([-1.0, 1.0], examples)
    signs = np.stack([sign, np.where(labels == 0, sign, -sign)], axis=1)
    return signs * size + noise / 2 * rng.standard_normal((examples, 2)), labels


def _sklearn_seed(rng: np.random.Generator) -> int:
    # scikit-learn's generators take a seed, not a Generator.
    return int(rng.integers(2**31))


def _numbered(word: str, count: int) -> tuple[str, ...]:
    return tuple(f"{word} {number}" for number in range(1, count + 1))


def remembered(make: Callable[[Data], Any]) -> Callable[[Data], Any]:
    """A function of `Data`, worked out once for each and kept only as long as that is held elsewhere."""
    found: WeakKeyDictionary[Data, Any] = WeakKeyDictionary()

    @wraps(make)
    def once(data: Data) -> Any:
        if data not in found:
            found[data] = make(data)
        return found[data]

    return once


DATASETS: dict[str, Dataset] = {
    "spiral": Dataset("spiral", True, 5, (16, 16), spiral, _numbered("arm", 5)),
    "moons": Dataset("moons", True, 0, (8, 8), moons, ("upper moon", "lower moon")),
    "circles": Dataset("circles", True, 0, (8, 8), circles, ("outer circle", "inner circle")),
    "blobs": Dataset("blobs", True, 8, (8,), blobs, _numbered("blob", 8)),
    "xor": Dataset("xor", True, 0, (8,), xor, ("same sign", "opposite signs")),
    "digits": Dataset("digits", False, 0, (64, 32), sklearn_datasets.load_digits, picture=(8, 8)),
    "iris": Dataset("iris", False, 0, (8,), sklearn_datasets.load_iris),
    "wine": Dataset("wine", False, 0, (16,), sklearn_datasets.load_wine),
    "breast_cancer": Dataset("breast cancer", False, 0, (16,), sklearn_datasets.load_breast_cancer),
}


def load(
    dataset: str, classes: int, examples: int, noise: float, data_seed: int, dev_share: float, normalize: bool
) -> Data:
    """The dataset or the table of that name, split and, if asked, normalized. Calls alike share one result.

    `classes`, `examples` and `noise` shape generated sets only. Raises `UserError` where a class has fewer
    than the two examples that it takes to be in both splits, and for a table that is not here any more.
    """
    if is_table(dataset):
        return _table(dataset, data_seed, dev_share, normalize)
    return _registered(dataset, classes, examples, noise, data_seed, dev_share, normalize)


@lru_cache(maxsize=8)
def _registered(
    dataset: str, classes: int, examples: int, noise: float, data_seed: int, dev_share: float, normalize: bool
) -> Data:
    """A row of `DATASETS`."""
    chosen = DATASETS[dataset]
    if chosen.generated:
        points, labels = chosen.make(classes, examples, noise, np.random.default_rng([data_seed, 0]))
        class_names = chosen.class_names[: classes if chosen.max_classes else None]
        feature_names = chosen.feature_names
    else:
        bunch = chosen.make()
        points, labels = bunch.data, bunch.target
        class_names = tuple(str(name) for name in bunch.target_names)
        feature_names = tuple(str(name) for name in bunch.feature_names)
    return prepare(points, labels, class_names, feature_names, data_seed, dev_share, normalize, chosen.picture)


# Shared for as long as a run holds them: a table ready to train on takes up to 30 MB, too much to keep eight.
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
) -> Data:
    """Points (m, n_x) with labels (m,) in 0..C-1 as `Data`, split with `default_rng([data_seed, 1])`.

    Both splits are normalized with the training set's mean and deviation (course C9).
    Raises `UserError` where `stratified` cannot split.
    """
    train, dev = stratified(labels, class_names, dev_share, np.random.default_rng([data_seed, 1]))
    X = np.asarray(points, np.float32).T  # (n_x, m)
    labels = np.asarray(labels, np.int64)
    mean, deviation = np.zeros((len(X), 1), np.float32), np.ones((len(X), 1), np.float32)
    if normalize:
        mean, deviation = statistics(X[:, train])

    def split(chosen: np.ndarray) -> Split:
        return _split((X[:, chosen] - mean) / deviation, labels[chosen], len(class_names))

    mean, deviation = _read_only(mean), _read_only(deviation)
    return Data(split(train), split(dev), class_names, feature_names, mean, deviation, picture)


def stratified(
    labels: np.ndarray, class_names: tuple[str, ...], dev_share: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Which examples are the training and which the dev set: two shuffled index arrays that share out every example.

    The dev set takes `dev_share` of each class and of all, to the nearest whole example, but each class leaves at
    least one example to each side. Raises `UserError` where a class has fewer than two.
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

    A constant feature has deviation 1, so that it becomes 0 instead of 0/0.
    """
    mean = X.mean(axis=1, keepdims=True, dtype=np.float64)
    deviation = X.std(axis=1, keepdims=True, dtype=np.float64)
    # Told by its range: rounding can leave a constant feature a deviation of 1e-17. And what float32 cannot hold is 0.
    constant = (np.ptp(X, axis=1, keepdims=True) == 0) | (deviation < np.finfo(np.float32).tiny)
    return mean.astype(np.float32), np.where(constant, 1.0, deviation).astype(np.float32)


def _split(X: np.ndarray, labels: np.ndarray, n_classes: int) -> Split:
    Y = (labels == np.arange(n_classes)[:, None]).astype(np.float32)  # (C, m)
    rows = np.concatenate([X.T, Y.T], axis=1)  # (m, n_x + C)
    return Split(*(_read_only(np.ascontiguousarray(array)) for array in (X, Y, labels, rows)))


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
