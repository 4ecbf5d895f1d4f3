"""Tests of the activations: their values, and their slopes by finite differences, for every row of the registry."""

import numpy as np
import pytest

from core.nn.activations import ACTIVATIONS

Z = np.linspace(-6, 6, 120).reshape(2, 3, 20)  # (K, n, m); an even number of points, so that no z is on a kink at 0
EXTREME = np.array([-1e30, -1e4, -750.0, -89.0, 0.0, 89.0, 750.0, 1e4, 1e30]).reshape(1, 1, -1)

FORMULAS = {
    "relu": lambda z: np.where(z > 0, z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "tanh": lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z)),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
}


def applied(name, z):
    """A and dA/dZ of an activation, both the shape of z, in the types that a network keeps them in."""
    activation = ACTIVATIONS[name]
    A, slope = z.copy(), np.empty(z.shape, activation.slope_type or z.dtype)
    assert activation.apply(A, slope) is None  # in place, nothing to return
    return A, slope


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slopes_by_finite_differences(name):
    h = 1e-6
    _, slope = applied(name, Z)
    numeric = (applied(name, Z + h)[0] - applied(name, Z - h)[0]) / (2 * h)
    np.testing.assert_allclose(slope.astype(float), numeric, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_are_the_formulas(name):
    assert name in FORMULAS, f"the activation {name} has no reference: write out its formula in FORMULAS of this file"
    np.testing.assert_allclose(applied(name, Z)[0], FORMULAS[name](Z), rtol=1e-12, atol=1e-15)


def test_values_by_hand():
    z = np.array([[[-2.0, 0.5, 3.0]]])
    np.testing.assert_array_equal(applied("relu", z)[0], [[[0, 0.5, 3]]])
    np.testing.assert_array_equal(applied("relu", z)[1], [[[0, 1, 1]]])
    np.testing.assert_allclose(applied("leaky_relu", z)[0], [[[-0.02, 0.5, 3]]])
    np.testing.assert_allclose(applied("leaky_relu", z)[1], [[[0.01, 1, 1]]])
    # tanh(0.5) = 0.4621, slope 1 - 0.4621^2 = 0.7864; sigmoid(-2) = 0.1192, slope 0.1192 * 0.8808 = 0.1050
    assert applied("tanh", z)[0][0, 0, 1] == pytest.approx(0.46211716)
    assert applied("tanh", z)[1][0, 0, 1] == pytest.approx(0.78644773)
    assert applied("sigmoid", z)[0][0, 0, 0] == pytest.approx(0.11920292)
    assert applied("sigmoid", z)[1][0, 0, 0] == pytest.approx(0.10499359)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_z_stay_finite_without_a_warning(name, dtype):
    A, slope = applied(name, EXTREME.astype(dtype))
    assert A.dtype == dtype
    assert np.isfinite(A).all()
    assert np.isfinite(slope.astype(dtype)).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_float32_agrees_with_float64(name):
    single, double = applied(name, Z.astype(np.float32)), applied(name, Z)
    for a, b in zip(single, double, strict=True):
        np.testing.assert_allclose(a.astype(float), b.astype(float), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_each_z_is_on_its_own(name):
    whole = applied(name, Z)
    for at in np.ndindex(2, 3):
        part = applied(name, np.ascontiguousarray(Z[at])[None, None])
        np.testing.assert_array_equal(whole[0][at], part[0][0, 0])
        np.testing.assert_array_equal(whole[1][at], part[1][0, 0])
