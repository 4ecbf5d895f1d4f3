"""Tests of batch norm of one layer: numbers by hand, gradients by finite differences, and the course's identities."""

import numpy as np
import pytest

from core.nn.batch_norm import BatchNorm, fold, identity

EPSILONS = [1e-10, 1e-5, 1e-2, 1.0]


def column(*values):
    """(1, n, 1): one value a unit."""
    return np.array(values, float).reshape(1, -1, 1)


def forward(Z, gamma, beta, epsilon):
    """z~ (K, n, m), and the layer and centred z that going backward needs."""
    K, n, m = Z.shape
    layer = BatchNorm(np.empty((K, n, 1), Z.dtype), np.empty((K, n, 1), Z.dtype), m)
    centred, out = Z.copy(), np.empty_like(Z)
    layer.forward(centred, gamma, beta, np.array(epsilon, Z.dtype), out)
    return out, layer, centred


def example(seed=0, shape=(2, 3, 5)):
    """Random Z (K, n, m), gamma and beta (K, n, 1), and weights (K, n, m) that make one number of an output."""
    rng = np.random.default_rng(seed)
    Z, weights = rng.standard_normal(shape), rng.standard_normal(shape)
    gamma, beta = rng.standard_normal((*shape[:2], 1)), rng.standard_normal((*shape[:2], 1))
    return 2 * Z + 1, gamma, beta, weights


def backward(Z, gamma, beta, epsilon, G):
    """dJ/dz, dJ/dgamma, dJ/dbeta for G = dJ/dz~."""
    _, layer, centred = forward(Z, gamma, beta, epsilon)
    dZ, dgamma, dbeta = G.copy(), np.empty_like(gamma), np.empty_like(beta)
    layer.backward(dZ, centred, dgamma, dbeta)
    return dZ, dgamma, dbeta


def test_forward_by_hand():
    # z = (-3, 1, 1, 1): mu = 0, var = (9 + 1 + 1 + 1) / 4 = 3, with eps = 1 the root is 2, so
    # z_norm = (-1.5, 0.5, 0.5, 0.5) and with gamma = 2, beta = 4: z~ = (1, 5, 5, 5)
    out, layer, _ = forward(np.array([[[-3.0, 1, 1, 1]]]), column(2), column(4), 1.0)
    np.testing.assert_allclose(out, [[[1, 5, 5, 5]]], rtol=1e-15)
    np.testing.assert_allclose([layer.mean.item(), layer.variance.item()], [0, 3], rtol=1e-15)


def test_backward_by_hand():
    # the same z; G = (1, 2, 3, 6): dbeta = 12, dgamma = -1.5 + 1 + 1.5 + 3 = 4, mean(G) = 3, mean(G z_norm) = 1,
    # dz = gamma / root (G - 3 - z_norm 1) = 2 / 2 (1 - 3 + 1.5, 2 - 3 - 0.5, 3 - 3 - 0.5, 6 - 3 - 0.5)
    G = np.array([[[1.0, 2, 3, 6]]])
    dZ, dgamma, dbeta = backward(np.array([[[-3.0, 1, 1, 1]]]), column(2), column(4), 1.0, G)
    np.testing.assert_allclose(dZ, [[[-0.5, -1.5, -0.5, 2.5]]], rtol=1e-14)
    np.testing.assert_allclose([dgamma.item(), dbeta.item()], [4, 12], rtol=1e-14)


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_forward_is_the_courses_formula(epsilon):
    Z, gamma, beta, _ = example()
    out, layer, _ = forward(Z, gamma, beta, epsilon)
    mu = Z.mean(axis=2, keepdims=True)
    var = ((Z - mu) ** 2).mean(axis=2, keepdims=True)
    np.testing.assert_allclose(out, gamma * (Z - mu) / np.sqrt(var + epsilon) + beta, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(layer.mean, mu, rtol=1e-12)
    np.testing.assert_allclose(layer.variance, var, rtol=1e-12)


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_gradients_by_finite_differences(epsilon):
    Z, gamma, beta, weights = example()
    given, h = [Z, gamma, beta], 1e-6
    for which, gradient in enumerate(backward(Z, gamma, beta, epsilon, weights)):
        for at in np.ndindex(gradient.shape):
            ends = []
            for sign in (1, -1):
                moved = [array.copy() for array in given]
                moved[which][at] += sign * h
                ends.append((forward(*moved, epsilon)[0] * weights).sum())
            assert gradient[at] == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-5, abs=1e-7)


def test_what_is_normalized_has_mean_0_and_variance_1():
    Z, *_ = example(shape=(1, 4, 200))
    out, *_ = forward(Z, column(1, 1, 1, 1), column(0, 0, 0, 0), 1e-10)
    np.testing.assert_allclose(out.mean(axis=2), 0, atol=1e-13)
    np.testing.assert_allclose(out.var(axis=2), 1, rtol=1e-9)


@pytest.mark.parametrize("shift", [-100.0, 0.5, 1e4])
def test_a_constant_before_batch_norm_cancels(shift):
    # course C13
    Z, gamma, beta, _ = example()
    np.testing.assert_allclose(
        forward(Z + shift, gamma, beta, 1e-5)[0], forward(Z, gamma, beta, 1e-5)[0], rtol=1e-9, atol=1e-9
    )


def test_float32_survives_a_mean_far_from_0():
    # var as mean(z^2) - mean(z)^2 would be all rounding here: 1e6 against a variance of 1
    Z = (np.random.default_rng(0).standard_normal((1, 2, 64)) + 1000).astype(np.float32)
    _, layer, _ = forward(Z, column(1, 1).astype(np.float32), column(0, 0).astype(np.float32), 1e-5)
    np.testing.assert_allclose(layer.variance[..., 0], Z.astype(float).var(axis=2), rtol=1e-3)


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_one_example_becomes_beta_and_has_no_gradient(epsilon):
    Z, gamma, beta, _ = example(shape=(2, 3, 1))
    np.testing.assert_array_equal(forward(Z, gamma, beta, epsilon)[0], beta)
    dZ, dgamma, dbeta = backward(Z, gamma, beta, epsilon, np.ones_like(Z))
    np.testing.assert_array_equal(dZ, 0)
    np.testing.assert_array_equal(dgamma, 0)
    np.testing.assert_array_equal(dbeta, 1)


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_the_identity_gives_z_back(epsilon):
    # course C11
    Z, *_ = example()
    mean, variance = Z.mean(axis=2, keepdims=True), Z.var(axis=2, keepdims=True)
    gamma, beta = identity(mean, variance, epsilon)
    np.testing.assert_allclose(forward(Z, gamma, beta, epsilon)[0], Z, rtol=1e-12)
    scale, shift = fold(gamma, beta, mean, variance, epsilon)
    np.testing.assert_allclose(scale, 1, rtol=1e-14)
    np.testing.assert_allclose(shift, 0, atol=1e-14)


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_folded_is_what_the_mini_batch_gives_with_its_own_statistics(epsilon):
    # course C15: test time differs from training in its statistics alone
    Z, gamma, beta, _ = example()
    out, layer, _ = forward(Z, gamma, beta, epsilon)
    scale, shift = fold(gamma, beta, layer.mean, layer.variance, epsilon)
    np.testing.assert_allclose(scale * Z + shift, out, rtol=1e-11, atol=1e-12)
