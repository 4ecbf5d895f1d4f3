"""Tests of the first weights: the papers' deviations by hand, and that draws have them."""

import numpy as np
import pytest

from core.nn.initializers import INITIALIZERS
from core.nn.network import network


def draw(name, n_in, n_out, seed):
    """The first weights (n_out, n_in) of a layer, by the one function that draws them."""
    net = network((n_in, n_out), "relu", dtype=np.float64)
    net.draw(0, INITIALIZERS[name].deviation, seed)
    return net.theta.W[1][0]


BY_HAND = {  # name: (n_in, n_out, deviation) of some layers
    "he": [(50, 7, 0.2), (2, 16, 1.0)],
    "xavier": [(50, 150, 0.1), (1, 1, 1.0)],
    "small": [(50, 150, 0.01)],
}


@pytest.mark.parametrize("name", INITIALIZERS)
def test_deviations_by_hand(name):
    assert name in BY_HAND, (
        f"the initialization {name} has no reference: work out its deviation in BY_HAND of this file"
    )
    for n_in, n_out, expected in BY_HAND[name]:
        assert INITIALIZERS[name].deviation(n_in, n_out) == pytest.approx(expected)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_draws_are_normal_with_the_deviation_asked(name):
    W = draw(name, 200, 300, 0)  # 60,000 draws
    deviation = INITIALIZERS[name].deviation(200, 300)
    assert W.shape == (300, 200)
    assert W.dtype == np.float64
    assert W.std() == pytest.approx(deviation, rel=0.015)  # five standard errors
    assert W.mean() == pytest.approx(0, abs=0.021 * deviation)
    assert (np.abs(W) < deviation).mean() == pytest.approx(0.6827, abs=0.01)  # a uniform draw has 0.577


@pytest.mark.parametrize("name", INITIALIZERS)
def test_a_seed_decides_the_weights(name):
    W = draw(name, 3, 4, 1)
    np.testing.assert_array_equal(W, draw(name, 3, 4, 1))
    assert (draw(name, 3, 4, 2) != W).all()
