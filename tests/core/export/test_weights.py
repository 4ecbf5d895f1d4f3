"""Tests of the weights as a file: with them alone, and a few lines written by hand, anyone predicts as the run does."""

import io

import numpy as np
import pytest

from core.export.weights import weights_npz
from core.runs.run import Run
from core.settings.table import RunSpec, Settings

G = {
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
}


TEXTS = {"class_names", "feature_names"}


def numbers_of(run):
    """The numbers of the file in float64, read as anyone reads it."""
    with np.load(io.BytesIO(weights_npz(run)), allow_pickle=False) as loaded:
        return {name: loaded[name].astype(np.float64) for name in loaded.files if name not in TEXTS}


def predicted(arrays, X, g):
    """What a reader of the file would write: in float64, a layer after the other."""
    A = (X - arrays["input_mean"]) / arrays["input_deviation"]
    last = max(int(name[1:]) for name in arrays if name[0] == "W")
    for l in range(1, last + 1):
        Z = arrays[f"W{l}"] @ A
        if f"gamma{l}" in arrays:
            Z = (Z - arrays[f"running_mean{l}"]) / np.sqrt(arrays[f"running_variance{l}"] + arrays["bn_epsilon"])
            A = g(arrays[f"gamma{l}"] * Z + arrays[f"beta{l}"])
        else:
            A = g(Z + arrays[f"b{l}"]) if l < last else Z + arrays[f"b{l}"]
    T = np.exp(A - A.max(axis=0))
    return T / T.sum(axis=0)


@pytest.mark.parametrize("activation", G)
@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("normalize", [True, False])
def test_they_predict_what_the_run_predicts(activation, batch_norm, normalize):
    spec = RunSpec(dataset="iris", hidden=(6, 5), activation=activation, normalize=normalize)
    run = Run(spec, Settings(batch_norm=batch_norm, learning_rate=0.05, bn_epsilon=0.01))
    run.advance(60)
    arrays = numbers_of(run)
    X = run.data.raw(run.data.dev.X)
    np.testing.assert_allclose(predicted(arrays, X, G[activation]), run.predict(X), atol=2e-6)


def test_they_follow_a_switch_of_batch_norm():
    run = Run(RunSpec(dataset="wine", hidden=(6,)))
    run.advance(50)
    run.nudge(batch_norm=False)
    run.advance(10)
    run.nudge(batch_norm=True, bn_epsilon=0.1)
    arrays = numbers_of(run)
    X = run.data.raw(run.data.train.X)
    np.testing.assert_allclose(predicted(arrays, X, G["relu"]), run.predict(X), atol=5e-6)


def test_names_and_shapes_are_the_courses():
    run = Run(RunSpec(hidden=(6, 5)))
    with np.load(io.BytesIO(weights_npz(run)), allow_pickle=False) as loaded:
        shapes = {name: loaded[name].shape for name in loaded.files if name not in TEXTS}
    assert shapes == {
        "input_mean": (2, 1), "input_deviation": (2, 1), "bn_epsilon": (),
        "W1": (6, 2), "gamma1": (6, 1), "beta1": (6, 1), "running_mean1": (6, 1), "running_variance1": (6, 1),
        "W2": (5, 6), "gamma2": (5, 1), "beta2": (5, 1), "running_mean2": (5, 1), "running_variance2": (5, 1),
        "W3": (3, 5), "b3": (3, 1),
    }  # fmt: skip
    run.nudge(batch_norm=False)
    assert set(numbers_of(run)) == {
        "input_mean",
        "input_deviation",
        "W1",
        "b1",
        "W2",
        "b2",
        "W3",
        "b3",
    }


def test_they_carry_the_names_of_classes_and_features():
    run = Run(RunSpec(dataset="iris", hidden=(6,)))
    with np.load(io.BytesIO(weights_npz(run)), allow_pickle=False) as loaded:
        assert tuple(loaded["class_names"]) == run.data.class_names
        assert tuple(loaded["feature_names"]) == run.data.feature_names


def test_the_deepest_and_widest_network_has_a_file_that_can_be_read():
    run = Run(RunSpec(dataset="digits", hidden=(256,) * 6))
    assert len(weights_npz(run)) < 5 * 2**20
    np.testing.assert_array_equal(numbers_of(run)["W6"], run.stack.network.theta.W[6][0])
