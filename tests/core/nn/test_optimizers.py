"""Tests of the optimizers: each against its published formula written out here, against PyTorch, and on a quadratic."""

import numpy as np
import pytest

from core.nn import optimizers
from core.nn.optimizers import OPTIMIZERS, Rates

ALPHA, BETA1, BETA2, EPSILON, STEPS = 0.05, 0.9, 0.99, 1e-3, 12
CURVATURE = np.array([1.0, 4.0, 25.0])
START = np.array([3.0, -2.0, 1.0])


def gradient(theta):
    """Of the quadratic f = sum(curvature theta^2) / 2."""
    return CURVATURE * theta


def rates(name, t, correct, alpha=ALPHA):
    """The factors of step t = 1, 2, ..., as 0-d arrays."""
    correction1, correction2 = (1 - BETA1**t, 1 - BETA2**t) if correct else (1.0, 1.0)
    if "m" in OPTIMIZERS[name].moments:
        alpha = alpha / correction1
    return Rates(*(np.array(x) for x in (alpha, 1 - BETA1, 1 - BETA2, EPSILON, correction2)))


def trajectory(name, correct, steps=STEPS, alpha=ALPHA):
    """theta after each step on the quadratic, (steps, 3), by the registered optimizer."""
    theta, m, v, tmp = START.copy(), np.zeros(3), np.zeros(3), np.empty(3)
    path = []
    for t in range(1, steps + 1):
        assert OPTIMIZERS[name].step(theta, gradient(theta), m, v, tmp, rates(name, t, correct, alpha)) is None
        path.append(theta.copy())
    return np.array(path)


# The formulas as they are published, with sums over all gradients so far in the place of running averages:
# an average v[t] = beta v[t-1] + (1 - beta) x[t] from 0 is (1 - beta) sum over i of beta^(t - i) x[i].


def average(values, beta, correct):
    """The exponentially weighted average of values (t, ...) at the last of them (course C5)."""
    weights = (1 - beta) * beta ** np.arange(len(values))[::-1]
    total = np.tensordot(weights, values, axes=1)
    return total / weights.sum() if correct else total  # the weights sum to 1 - beta^t


def published_sgd(gradients, correct):
    return -ALPHA * gradients[-1]


def published_momentum(gradients, correct):
    """The course's momentum, an average of gradients."""
    return -ALPHA * average(gradients, BETA1, correct)


def published_heavy_ball(gradients, correct):
    """Polyak (1964), equation 9: the step is beta times the one before, minus alpha times the gradient."""
    step = np.zeros(3)
    for g in gradients:
        step = BETA1 * step - ALPHA * g
    return step


def published_nesterov(gradients, correct):
    """Sutskever et al. (2013), equations 3 and 4, for the parameters at which the gradient is taken: their velocity is
    a sum, v[t] = mu v[t-1] - eps g, here with eps = (1 - mu) alpha, and the step is mu v[t] - eps g."""
    weights = (1 - BETA1) * BETA1 ** np.arange(len(gradients))[::-1]
    velocity = np.tensordot(weights, gradients, axes=1)
    step = BETA1 * velocity + (1 - BETA1) * gradients[-1]
    return -ALPHA * (step / weights.sum() if correct else step)


def published_rmsprop(gradients, correct):
    """Tieleman and Hinton (2012), lecture 6.5."""
    return -ALPHA * gradients[-1] / (np.sqrt(average(gradients**2, BETA2, correct)) + EPSILON)


def published_adam(gradients, correct):
    """Kingma and Ba (2015), algorithm 1."""
    root = np.sqrt(average(gradients**2, BETA2, correct))
    return -ALPHA * average(gradients, BETA1, correct) / (root + EPSILON)


PUBLISHED = {
    "sgd": published_sgd,
    "momentum": published_momentum,
    "heavy_ball": published_heavy_ball,
    "nesterov": published_nesterov,
    "rmsprop": published_rmsprop,
    "adam": published_adam,
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("correct", [True, False])
def test_published_formula(name, correct):
    assert name in PUBLISHED, (
        f"the optimizer {name} has no reference: write out its paper's formula in PUBLISHED of this file"
    )
    theta, gradients, path = START.copy(), [], []
    for _ in range(STEPS):
        gradients.append(gradient(theta))
        theta = theta + PUBLISHED[name](np.array(gradients), correct)
        path.append(theta)
    np.testing.assert_allclose(trajectory(name, correct), path, rtol=1e-11)


@pytest.mark.parametrize(
    ("name", "correct", "expected"),
    [
        ("sgd", False, 1 - 0.05 * 2),
        ("momentum", True, 1 - 0.05 * 2),  # m^ = 0.1 g / 0.1
        ("momentum", False, 1 - 0.05 * 0.2),  # m = 0.1 g
        ("heavy_ball", True, 1 - 0.05 * 2),
        ("nesterov", True, 1 - 0.05 * (0.9 * 0.2 + 0.1 * 2) / 0.1),
        ("nesterov", False, 1 - 0.05 * (0.9 * 0.2 + 0.1 * 2)),
        ("rmsprop", True, 1 - 0.05 * 2 / 2.001),  # v^ = 0.01 g^2 / 0.01
        ("rmsprop", False, 1 - 0.05 * 2 / 0.201),  # v = 0.01 g^2 = 0.04
        ("adam", True, 1 - 0.05 * 2 / 2.001),
        ("adam", False, 1 - 0.05 * 0.2 / 0.201),
    ],
)
def test_first_step_by_hand(name, correct, expected):
    # theta = 1, g = 2, alpha = 0.05, beta1 = 0.9, beta2 = 0.99, epsilon = 0.001
    theta, m, v, tmp = np.ones(1), np.zeros(1), np.zeros(1), np.empty(1)
    OPTIMIZERS[name].step(theta, np.array([2.0]), m, v, tmp, rates(name, 1, correct))
    assert theta[0] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("correct", [True, False])
def test_descends_a_quadratic(name, correct):
    heights = (CURVATURE * trajectory(name, correct, steps=400, alpha=0.02) ** 2).sum(axis=1) / 2
    assert heights[-1] < 1e-2 * (CURVATURE * START**2).sum() / 2
    assert heights[99] < heights[9] < heights[0]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_only_the_named_moments_are_touched(name):
    theta, m, v, tmp = np.ones(1), np.array([0.5]), np.array([0.25]), np.empty(1)
    g = np.array([2.0])
    OPTIMIZERS[name].step(theta, g, m, v, tmp, rates(name, 1, True))
    assert (m[0] != 0.5) == bool({"m", "sum"} & set(OPTIMIZERS[name].moments))
    assert (v[0] != 0.25) == ("v" in OPTIMIZERS[name].moments)
    assert g[0] == 2
    assert theta[0] != 1


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_factors_for_each_parameter_give_the_bits_of_one_for_all(name):
    one = Rates(*(np.array(x, np.float32) for x in (0.03, 0.1, 0.01, 1e-8, 0.0199)))
    each = Rates(*(np.full(1000, x) for x in one))
    results = []
    for factors in (one, each):
        rng = np.random.default_rng(0)
        theta, g, m = (rng.standard_normal(1000, np.float32) for _ in range(3))
        v = rng.random(1000, np.float32)
        OPTIMIZERS[name].step(theta, g, m, v, np.empty_like(theta), factors)
        results.append(np.stack([theta, m, v]))
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("correct", [True, False])
@pytest.mark.parametrize("t", [1, 7])
def test_the_factors_of_a_step_are_made_from_the_settings(t, correct):
    made = optimizers.rates(t, ALPHA, BETA1, BETA2, EPSILON, correct)
    for one, expected in zip(made, rates("adam", t, correct), strict=True):
        assert (one.dtype, one.shape) == (np.float32, ())
        assert one == expected.astype(np.float32)


def test_where_nothing_is_averaged_the_factors_are_those_of_every_step():
    made = optimizers.rates(3, 0.07, dtype=np.float64)
    assert [one.item() for one in made] == [0.07, 1, 1, 0, 1]
    assert {one.dtype for one in made} == {np.dtype(np.float64)}


TORCH_STEPS = 200
# PyTorch's momentum lacks the factor 1 - beta, and only its Adam corrects the bias.
TORCH = {
    ("sgd", False): lambda optim, theta: optim.SGD([theta], lr=ALPHA),
    ("momentum", False): lambda optim, theta: optim.SGD([theta], lr=ALPHA * (1 - BETA1), momentum=BETA1),
    ("heavy_ball", True): lambda optim, theta: optim.SGD([theta], lr=ALPHA, momentum=BETA1),
    ("nesterov", False): lambda optim, theta: optim.SGD([theta], lr=ALPHA * (1 - BETA1), momentum=BETA1, nesterov=True),
    ("rmsprop", False): lambda optim, theta: optim.RMSprop([theta], lr=ALPHA, alpha=BETA2, eps=EPSILON),
    ("adam", True): lambda optim, theta: optim.Adam([theta], lr=ALPHA, betas=(BETA1, BETA2), eps=EPSILON),
}


@pytest.mark.parametrize(("name", "correct"), TORCH)
def test_agrees_with_pytorch(name, correct):
    torch = pytest.importorskip("torch")
    theta = torch.tensor(START, requires_grad=True)
    optimizer, path = TORCH[name, correct](torch.optim, theta), []
    for _ in range(TORCH_STEPS):
        optimizer.zero_grad()
        (torch.tensor(CURVATURE) * theta**2 / 2).sum().backward()
        optimizer.step()
        path.append(theta.detach().numpy().copy())
    np.testing.assert_allclose(trajectory(name, correct, TORCH_STEPS), path, rtol=1e-9, atol=1e-14)
