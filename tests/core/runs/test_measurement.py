"""Tests of what is measured at a step: each column against a direct computation."""

from dataclasses import replace

import numpy as np
import pytest

from core.nn.dropout import Dropout
from core.runs.run import Run
from tests.core.runs.measured import SPEC, WHOLE, latest


def test_evaluations_are_the_runs():
    run = Run(SPEC)
    run.advance(20)
    found = latest(run)
    for split in ("train", "dev"):
        assert found[f"{split}_loss"] == pytest.approx(run.evaluate(split).loss)
        assert found[f"{split}_accuracy"] == pytest.approx(run.evaluate(split).accuracy)
        assert run.history.latest(f"{split}_loss") == found[f"{split}_loss"]
    np.testing.assert_allclose(found["mean_output"], run.outputs("dev").mean(axis=1), rtol=1e-6)
    assert found["mean_output"].sum() == pytest.approx(1)


def layers_by_hand(run):
    """For each hidden layer (z, z~, a, mu, var) over the training set in float64, from the run's present parameters."""
    theta, A, found = run.stack.network.theta, run.data.train.X.astype(float), []
    for l in (1, 2):
        Z = theta.W[l][0].astype(float) @ A
        mu, var, Zt = Z.mean(axis=1, keepdims=True), Z.var(axis=1, keepdims=True), Z
        if run.settings.batch_norm:
            Zt = theta.gamma[l][0] * (Z - mu) / np.sqrt(var + run.settings.bn_epsilon) + theta.beta[l][0]
        else:
            Z = Zt = Z + theta.b[l][0]
        A = np.tanh(Zt)
        found.append((Z, Zt, A, mu, var))
    return found


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("epsilon", [1e-5, 0.5])
def test_columns_of_the_hidden_layers(batch_norm, epsilon):
    run = Run(SPEC, replace(WHOLE, batch_norm=batch_norm, bn_epsilon=epsilon))
    run.advance(30)
    layers, theta = layers_by_hand(run), run.stack.network.theta
    gammas, shifts = ([arrays[l][0].copy() for l in (1, 2)] for arrays in (theta.gamma, theta.beta))
    run.advance(1)  # measures what the mini-batch saw on its way through the parameters as they were
    found = latest(run)
    for l, (Z, Zt, A, mu, var) in enumerate(layers):
        expected = {"z": Z, "zt": Zt, "a": A}
        for name, values in expected.items():
            assert found[f"{name}_mean"][l] == pytest.approx(values.mean(), rel=1e-4, abs=1e-5), name
            assert found[f"{name}_variance"][l] == pytest.approx(values.var(), rel=1e-3), name
        if not batch_norm:
            continue
        assert found["batch_mean"][l] == pytest.approx(mu[0, 0], rel=1e-4, abs=1e-5)
        assert found["batch_variance"][l] == pytest.approx(var[0, 0], rel=1e-3)
        for name, values in {"gamma": gammas[l], "shift": shifts[l]}.items():
            assert found[f"{name}_low"][l] == pytest.approx(values.min(), rel=1e-5)
            assert found[name][l] == pytest.approx(values.mean(), rel=1e-4, abs=1e-6)
            assert found[f"{name}_high"][l] == pytest.approx(values.max(), rel=1e-5)


def test_z_is_of_what_the_layer_sees_under_dropout():
    run = Run(SPEC, replace(WHOLE, batch_norm=False, dropout=0.6))
    run.advance(30)
    theta, A, at = run.stack.network.theta, run.data.train.X[:, run.stack.batches.order(30)[0]], run.step
    for l in (1, 2):
        Z = theta.W[l][0] @ A + theta.b[l][0]
        seen = A = np.tanh(Z)
        if l == 1:
            A = seen * Dropout([SPEC.seed], [0.6]).mask(at, 1, seen[None])[0]
    expected = {"z": Z, "a": seen}
    run.advance(1)
    for name, values in expected.items():
        assert latest(run)[f"{name}_mean"][1] == pytest.approx(values.mean(), rel=1e-4, abs=1e-5)
        assert latest(run)[f"{name}_variance"][1] == pytest.approx(values.var(), rel=1e-3)


def test_running_statistics_are_those_that_test_time_uses_after_the_step():
    run = Run(SPEC, WHOLE)
    run.advance(30)
    before = [run.stack.network.running_mean[l][0, 0, 0] for l in (1, 2)]
    run.advance(1)
    after = [run.stack.network.running_mean[l][0, 0, 0] for l in (1, 2)]
    assert before != after
    np.testing.assert_array_equal(latest(run)["running_mean"], after)


def test_gradient_norms_and_update_ratios():
    run = Run(SPEC, replace(WHOLE, learning_rate=0.5, decay="exponential", decay_rate=0.5))
    run.advance(2)
    alpha, before = run.learning_rate, [W[0].astype(float) for W in run.stack.network.theta.W[1:]]
    assert alpha == 0.125
    run.advance(1)
    after = [W[0].astype(float) for W in run.stack.network.theta.W[1:]]
    moved = np.array([np.linalg.norm(new - old) for new, old in zip(after, before, strict=True)])
    found = latest(run)
    np.testing.assert_allclose(found["gradient_norm"], moved / alpha, rtol=1e-3)
    np.testing.assert_allclose(found["update_ratio"], moved / [np.linalg.norm(W) for W in before], rtol=1e-3)
    assert found["learning_rate"] == pytest.approx(run.learning_rate)


@pytest.mark.parametrize("batch_norm", [True, False])
def test_the_norm_of_the_whole_gradient_is_of_all_that_learns(batch_norm):
    run = Run(SPEC, replace(WHOLE, batch_norm=batch_norm, learning_rate=0.5))
    run.advance(1)
    before = run.stack.state.theta.astype(float)
    run.advance(1)
    moved = np.linalg.norm(run.stack.state.theta - before) / 0.5
    np.testing.assert_allclose(latest(run)["total_norm"], moved, rtol=1e-3)
