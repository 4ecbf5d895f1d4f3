"""The data sets that can be chosen: points drawn here, sets bundled with scikit-learn, and one from a file beside this.

`DATASETS` is the registry: one row and one function add a data set.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import datasets as sklearn_datasets
from sklearn.utils import Bunch

from core.data.safe_load import read_npz


@dataclass(frozen=True)
class Dataset:
    """A row of `DATASETS`.

    A generated set's `make(..., rng)` gives points (m, n_x) and labels (m,), from fields of a spec that it takes by
    their names; a bundled set's `make()` gives a bunch as scikit-learn's, which names its own classes and features.
    """

    label: str
    generated: bool
    max_classes: int  # 0 if the number of classes cannot be chosen
    hidden: tuple[int, ...]  # units of the hidden layers that the page proposes
    make: Callable[..., Any]
    class_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ("x1", "x2")
    picture: tuple[int, int] | None = None  # (height, width) if the features are an image's pixels
    dev: int = 0  # the last so many examples are the dev set that was published with the data; 0 where none was

    @property
    def options(self) -> tuple[str, ...]:
        """The fields of a spec that shape a generated set, such as "noise"; none of a bundled set."""
        return tuple(name for name in signature(self.make).parameters if name != "rng") if self.generated else ()


def spiral(
    classes: int, examples: int, noise: float, rng: np.random.Generator, turns: float = 4.0
) -> tuple[np.ndarray, np.ndarray]:
    """`classes` arms wound around the origin; `noise` is the standard deviation of the angle, in radians.

    Source: the spiral of Stanford's CS231n notes, with arms an equal angle apart. An arm winds by `turns` radians.
    """
    labels = np.arange(examples) % classes
    # From 0.1, not 0: at the centre the arms would overlap.
    radius = rng.uniform(0.1, 1.0, examples)
    angle = 2 * np.pi * labels / classes + turns * radius + noise * rng.standard_normal(examples)
    return radius[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1), labels


def moons(examples: int, noise: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two interleaved half circles of radius 1; `noise` is the standard deviation of each coordinate.

    Source: scikit-learn's `make_moons`.
    """
    points, labels = sklearn_datasets.make_moons(examples, noise=noise, random_state=_sklearn_seed(rng))
    return points, labels


def circles(examples: int, noise: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A circle of radius 0.5 inside one of radius 1; half of `noise` is the standard deviation of each coordinate.

    Source: scikit-learn's `make_circles`.
    """
    seed = _sklearn_seed(rng)
    points, labels = sklearn_datasets.make_circles(examples, noise=noise / 2, factor=0.5, random_state=seed)
    return points, labels


def blobs(classes: int, examples: int, noise: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian clouds with centres on a circle of radius 4; their standard deviation is 0.3 + 1.5 `noise`.

    Source: scikit-learn's `make_blobs`.
    """
    angle = 2 * np.pi * np.arange(classes) / classes
    centers = 4 * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    spread, seed = 0.3 + 1.5 * noise, _sklearn_seed(rng)
    points, labels = sklearn_datasets.make_blobs(examples, centers=centers, cluster_std=spread, random_state=seed)
    return points, labels


def xor(examples: int, noise: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two classes: the signs of x1 and x2 are the same, or they are not.

    Half of `noise` is the standard deviation of each coordinate. Source: Minsky & Papert (1969), the exclusive or.
    """
    labels = np.arange(examples) % 2
    size = rng.uniform(0.05, 1.0, (examples, 2))
    sign = rng.choice([-1.0, 1.0], examples)
    signs = np.stack([sign, np.where(labels == 0, sign, -sign)], axis=1)
    return signs * size + noise / 2 * rng.standard_normal((examples, 2)), labels


def ravine(examples: int, noise: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two lines side by side, 50 times as long as they are apart; x2 is on 20 times the scale of x1.

    Normalizing the inputs takes away their scales, but not that x1 and x2 rise together: the eigenvalues of their
    covariance have a ratio of about 800. So the loss is steep for weights along the lines and flat for weights across
    them, where the classes differ, and momentum learns sooner. `noise` is the standard deviation across the lines, in
    halves of their distance. Source: made here after Sutton (1986), "Two problems with backpropagation".
    """
    labels = np.arange(examples) % 2
    along = rng.uniform(-1.0, 1.0, examples)
    across = (np.where(labels == 0, -1.0, 1.0) + noise * rng.standard_normal(examples)) / 50
    return np.stack([along + across, 20 * (along - across)], axis=1), labels


def mnist1d() -> Bunch:
    """MNIST-1D: shapes of the ten digits as curves of 40 points, padded, shifted, scaled, sheared and with noise.

    The last 1,000 examples are the test set of the paper. Source: Greydanus (2020), "Scaling down deep learning". Its
    accuracies there: 32 % for logistic regression, 68 % for a network of 100-100. Licence: see mnist1d.txt.
    """
    arrays = read_npz(Path(__file__).with_name("mnist1d.npz").read_bytes(), 2**20)
    names = {"target_names": tuple("0123456789"), "feature_names": _numbered("position", 40)}
    return Bunch(data=arrays["points"], target=arrays["labels"], **names)


def _sklearn_seed(rng: np.random.Generator) -> int:
    # scikit-learn's generators take a seed, not a Generator.
    return int(rng.integers(2**31))


def _numbered(word: str, count: int) -> tuple[str, ...]:
    return tuple(f"{word} {number}" for number in range(1, count + 1))


DATASETS: dict[str, Dataset] = {
    "spiral": Dataset("spiral", True, 5, (16, 16), spiral, _numbered("arm", 5)),
    "moons": Dataset("moons", True, 0, (8, 8), moons, ("upper moon", "lower moon")),
    "circles": Dataset("circles", True, 0, (8, 8), circles, ("outer circle", "inner circle")),
    "blobs": Dataset("blobs", True, 8, (8,), blobs, _numbered("blob", 8)),
    "xor": Dataset("xor", True, 0, (8,), xor, ("same sign", "opposite signs")),
    "ravine": Dataset("ravine", True, 0, (8,), ravine, ("line 1", "line 2")),
    "digits": Dataset("digits", False, 0, (64, 32), sklearn_datasets.load_digits, picture=(8, 8)),
    "iris": Dataset("iris", False, 0, (8,), sklearn_datasets.load_iris),
    "wine": Dataset("wine", False, 0, (16,), sklearn_datasets.load_wine),
    "breast_cancer": Dataset("breast cancer", False, 0, (16,), sklearn_datasets.load_breast_cancer),
    "mnist1d": Dataset("MNIST-1D", False, 0, (100, 100), mnist1d, dev=1000),
}
