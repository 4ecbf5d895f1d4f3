"""Tests of dropout: SplitMix64's numbers, masks that are independent wherever they should be, PyTorch's gradients."""

import importlib.util
from itertools import product

import numpy as np
import pytest

from core.data.datasets import load
from core.nn.dropout import GOLDEN, Dropout, random_bits
from core.settings.table import RunSpec, Settings
from core.training.stack import Stack

LAYER = np.zeros((1, 60, 100))
PUBLISHED = {  # the first numbers of a stream, by its seed, from the reference implementation
    0: [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F],
    1234567: [6457827717110365317, 3203168211198807973, 9817491932198370423],
}


def dropped(p=0.5, seed=0, step=0, l=1, A=LAYER):
    """Which of the units of a layer are dropped for which examples, (n, m)."""
    return Dropout([seed], [p]).mask(step, l, A)[0] == 0


@pytest.mark.parametrize("seed", PUBLISHED)
def test_the_bits_are_splitmix64s(seed):
    states = np.array([seed], np.uint64) + np.arange(3, dtype=np.uint64) * GOLDEN
    assert random_bits(states).tolist() == PUBLISHED[seed]


@pytest.mark.parametrize("p", [0.0, 0.001, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_factor_is_0_or_what_keeps_the_mean(p, dtype):
    mask = Dropout([3], [p]).mask(7, 2, LAYER.astype(dtype))
    assert mask.shape == LAYER.shape
    assert mask.dtype == dtype
    assert set(np.unique(mask)) == {dtype(0), dtype(1 / (1 - p))} - ({0} if p == 0 else set())


def test_nothing_warns():
    with np.errstate(all="raise"):
        Dropout([0, 2**31 - 1], [0.9, 0.0]).mask(10**9, 6, LAYER)


@pytest.mark.parametrize("p", [0.05, 0.3, 0.5, 0.8])
def test_the_share_is_p(p):
    """The numbers of dropped units in 400 masks are binomial: their mean and variance are, within 5 deviations."""
    counts = np.array([dropped(p, seed, step).sum() for seed, step in product(range(20), range(20))])
    n, variance = LAYER.size, LAYER.size * p * (1 - p)
    assert abs(counts.mean() - n * p) < 5 * np.sqrt(variance / counts.size)
    assert abs(counts.var() / variance - 1) < 5 * np.sqrt(2 / counts.size)


# Two masks that should have nothing in common, of a seed and a step.
PAIRS = {
    "steps": lambda p, seed, step: (dropped(p, seed, step), dropped(p, seed, step + 1)),
    "layers": lambda p, seed, step: (dropped(p, seed, step, 1), dropped(p, seed, step, 2)),
    "seeds": lambda p, seed, step: (dropped(p, seed, step), dropped(p, seed + 1, step)),
    "a seed and a step": lambda p, seed, step: (dropped(p, seed, step + 1), dropped(p, seed + 1, step)),
    "a step and a layer": lambda p, seed, step: (dropped(p, seed, step + 1), dropped(p, seed, step, 2)),
    "examples": lambda p, seed, step: (dropped(p, seed, step)[:, :-1], dropped(p, seed, step)[:, 1:]),
    "units": lambda p, seed, step: (dropped(p, seed, step)[:-1], dropped(p, seed, step)[1:]),
}


def chi_square(one, other):
    """Pearson's statistic of independence of two masks: its mean is 1 if they are independent (1 degree of freedom)."""
    table = np.array([[np.sum((one == a) & (other == b)) for b in (0, 1)] for a in (0, 1)])
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / table.sum()
    return ((table - expected) ** 2 / expected).sum()


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_masks_are_independent(pair, p):
    """The sum of 400 statistics is within 5 deviations of that of independent masks, and no one of them is huge."""
    found = np.array([chi_square(*PAIRS[pair](p, seed, step)) for seed, step in product(range(0, 60, 3), range(20))])
    assert abs(found.sum() - 400) < 5 * np.sqrt(2 * 400)
    assert found.max() < 25


def test_a_network_has_the_masks_that_it_has_alone():
    seeds, p = (5, 5, 6), (0.2, 0.7, 0.2)
    together = Dropout(seeds, p).mask(11, 3, np.empty((3, 60, 100)))
    for k in range(3):
        np.testing.assert_array_equal(together[k], Dropout(seeds[k : k + 1], p[k : k + 1]).mask(11, 3, LAYER)[0])
    assert ((together[0] == 0) <= (together[1] == 0)).all()  # with a larger p more is dropped, of the same seed
    assert (together[0] != together[2]).any()


def test_the_mean_of_what_the_next_layer_sees_is_the_activation():
    A, layer = np.random.default_rng(0).standard_normal((1, 4, 5)), Dropout([1], [0.4])
    seen = np.array([A * layer.mask(step, 1, A) for step in range(20_000)])
    error = np.abs(A) * np.sqrt(0.4 / 0.6 / 20_000)  # deviation of the mean: the factors have the variance p / (1 - p)
    assert (np.abs(seen.mean(axis=0) - A) < 5 * error).all()


@pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="torch is not installed")
@pytest.mark.parametrize("batch_norm", [True, False])
def test_a_step_has_the_gradients_of_torch(batch_norm):
    import torch

    p, data = 0.4, load("spiral", 3, 60, 0.2, 0, 0.25, True)
    settings = Settings(batch_norm=batch_norm, dropout=p, batch_size=50_000)
    stack, seen = Stack(RunSpec(hidden=(8, 6), activation="tanh"), data, settings, [3], np.float64), []
    theta, gradient, J = stack.network.theta, stack.network.gradient, np.empty((1, 1))
    kinds = {"W": (1, 2, 3), "b": (3,)} | ({"gamma": (1, 2), "beta": (1, 2)} if batch_norm else {"b": (1, 2, 3)})
    names = [(kind, l) for kind, layers in kinds.items() for l in layers]
    t = {(kind, l): torch.tensor(getattr(theta, kind)[l][0], requires_grad=True) for kind, l in names}
    stack.advance(1, J, lambda _, work: seen.append(work.A[0][0].copy()))
    A, labels = torch.tensor(seen[0]), data.train.labels[stack.batches.order(0)[0]]
    for l in (1, 2):
        Z = t["W", l] @ A
        if batch_norm:
            Z = (Z - Z.mean(1, keepdim=True)) / torch.sqrt(Z.var(1, keepdim=True, correction=0) + settings.bn_epsilon)
        A = torch.tanh(t["gamma", l] * Z + t["beta", l] if batch_norm else Z + t["b", l])
        A = A * torch.tensor(Dropout([3], [p]).mask(0, l, A.detach().numpy()[None])[0])
    loss = torch.nn.functional.cross_entropy((t["W", 3] @ A + t["b", 3]).T, torch.tensor(labels))
    loss.backward()
    assert J.item() == pytest.approx(loss.item(), rel=1e-12)
    for kind, l in names:
        expected = t[kind, l].grad.numpy()
        np.testing.assert_allclose(getattr(gradient, kind)[l][0], expected, rtol=1e-9, atol=1e-13, err_msg=f"{kind}{l}")
