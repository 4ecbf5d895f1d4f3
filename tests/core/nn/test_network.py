"""Tests of forward and backward through a network: gradients by finite differences in float64, one step by hand."""

from dataclasses import replace

import numpy as np
import pytest

from core.data.datasets import Data, Split
from core.nn.activations import ACTIVATIONS
from core.nn.dropout import Dropout
from core.nn.network import network
from core.settings.table import RunSpec, Settings
from core.training.stack import Stack

# With gradient descent and a learning rate of 1, the change of a parameter is minus its gradient.
PLAIN = Settings(optimizer="sgd", learning_rate=1.0, batch_norm=False, batch_size=50_000)
SIZES = (3, 5, 4, 3)


def data_of(X, labels):
    """X (n_x, m) as training and dev set alike."""
    X, labels = np.asarray(X, np.float64), np.asarray(labels)
    n_classes = int(labels.max()) + 1
    Y = np.eye(n_classes)[:, labels]
    split = Split(X, Y, labels, np.concatenate([X, Y]).T.copy())
    names = tuple("abcdefgh")
    zero, one = np.zeros((len(X), 1)), np.ones((len(X), 1))
    return Data(split, split, names[:n_classes], names[: len(X)], zero, one, None)


def random_data(examples=7, seed=0):
    """Examples (3, m) of three classes."""
    rng = np.random.default_rng(seed)
    return data_of(rng.standard_normal((SIZES[0], examples)), np.arange(examples) % SIZES[-1])


def small_stack(activation, settings, seeds=(0, 1)):
    """Two networks 3-5-4-3 in float64 with every parameter away from 0."""
    stack = Stack(RunSpec(hidden=SIZES[1:-1], activation=activation), random_data(), settings, seeds, np.float64)
    theta, rng = stack.network.theta, np.random.default_rng(5)
    for l in range(1, len(SIZES)):
        theta.b[l][:] = 0.3 * rng.standard_normal(theta.b[l].shape)
    for l in range(1, len(SIZES) - 1):
        theta.gamma[l][:] = 1 + 0.3 * rng.standard_normal(theta.gamma[l].shape)
        theta.beta[l][:] = 0.3 * rng.standard_normal(theta.beta[l].shape)
    return stack


def step(stack):
    """Train one step; the cost J (K,) before it."""
    losses = np.empty((1, stack.members), stack.dtype)
    assert stack.advance(1, losses) == 1
    return losses[0].copy()


def parameters(stack):
    """Every array of parameters (K, ...) by its name, such as "W1"."""
    theta = stack.network.theta
    last = len(stack.sizes) - 1
    named = {f"{kind}{l}": getattr(theta, kind)[l] for kind in ("W", "b") for l in range(1, last + 1)}
    return named | {f"{kind}{l}": getattr(theta, kind)[l] for kind in ("gamma", "beta") for l in range(1, last)}


def check_gradients(stack, fixed=()):
    """Compare what one step takes from each parameter with central differences of J; `fixed` ones must not move."""
    start, settings, h = stack.state.copy(), stack.settings, 1e-6
    before = {name: array.copy() for name, array in parameters(stack).items()}
    step(stack)
    gradients = {name: before[name] - array for name, array in parameters(stack).items()}
    for name, gradient in gradients.items():
        if name in fixed:
            np.testing.assert_array_equal(gradient, 0)
            continue
        for k, *at in np.ndindex(gradient.shape):
            ends = []
            for sign in (1, -1):
                stack.restore(start, settings)
                parameters(stack)[name][(k, *at)] += sign * h
                ends.append(step(stack))
            numeric = (ends[0] - ends[1]) / (2 * h)
            assert gradient[(k, *at)] == pytest.approx(numeric[k], rel=1e-5, abs=1e-8), (name, k, at)
            assert numeric[1 - k] == 0  # the other network does not notice
    return gradients


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_without_batch_norm(activation):
    gradients = check_gradients(small_stack(activation, PLAIN), fixed=("gamma1", "beta1", "gamma2", "beta2"))
    assert all(gradients[name].any() for name in ("W1", "W2", "W3", "b1", "b2", "b3"))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("learn", [True, False])
@pytest.mark.parametrize("epsilon", [1e-10, 1e-5, 0.1, 1.0])
def test_gradients_with_batch_norm(activation, learn, epsilon):
    settings = replace(PLAIN, batch_norm=True, bn_learn=learn, bn_epsilon=epsilon)
    frozen = () if learn else ("gamma1", "beta1", "gamma2", "beta2")
    # b of a hidden layer cancels (course C13), so nothing learns it
    gradients = check_gradients(small_stack(activation, settings), fixed=("b1", "b2", *frozen))
    assert all(gradients[name].any() for name in {"W1", "W2", "W3", "b3", "gamma1", "beta2"} - set(frozen))


@pytest.mark.parametrize("batch_norm", [True, False])
def test_gradients_where_the_next_layer_sees_activations_times_factors(batch_norm):
    net, rng = random_network(), np.random.default_rng(1)
    data, epsilon, J = random_data().train, np.array(1e-3), np.empty(2)
    masks = [None] + [rng.uniform(-1, 2, (2, n, 7)) for n in SIZES[1:-1]]
    work, h = net.pass_of(7), 1e-6

    def forward():
        work.forward(net, data.X[None], data.Y[None], batch_norm, epsilon, J, lambda l, A: masks[l])
        return J.copy()

    forward()
    np.testing.assert_array_equal(work.seen(2), work.A[2] * masks[2])
    work.backward(net, data.X.T[None], data.Y[None], batch_norm)
    own = ("gamma", "beta") if batch_norm else ("b",)
    for kind, l in [("W", 1), ("W", 2), ("W", 3), ("b", 3), *((kind, l) for kind in own for l in (1, 2))]:
        array, gradient = getattr(net.theta, kind)[l], getattr(net.gradient, kind)[l]
        for k, *at in np.ndindex(array.shape):
            ends, value = [], array[(k, *at)]
            for sign in (1, -1):
                array[(k, *at)] = value + sign * h
                ends.append(forward()[k])
            array[(k, *at)] = value
            assert gradient[(k, *at)] == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-5, abs=1e-8), (kind, l)
    work.forward(net, data.X[None], data.Y[None], batch_norm, epsilon, J)
    assert work.seen(2) is work.A[2]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("batch_norm", [True, False])
def test_gradients_with_dropout(activation, batch_norm):
    """A step drops the same units however often it is made."""
    settings = [replace(PLAIN, batch_norm=batch_norm, bn_epsilon=0.1, dropout=p) for p in (0.3, 0.5)]
    fixed = ("b1", "b2") if batch_norm else ("gamma1", "beta1", "gamma2", "beta2")
    gradients = check_gradients(small_stack(activation, settings), fixed)
    assert all(gradients[name].any() for name in ("W1", "W2", "W3", "b3"))


def hand_stack(**changes):
    """A network 2-2-2 of simple numbers, with the examples x1 = (1, 2) of class 0 and x2 = (3, 0) of class 1."""
    settings = replace(PLAIN, learning_rate=0.5, **changes)
    stack = Stack(RunSpec(hidden=(2,)), data_of([[1, 3], [2, 0]], [0, 1]), settings, [0], np.float64)
    theta, ln3 = stack.network.theta, np.log(3)
    theta.W[1][0] = [[1, 0], [0, -1]]
    theta.b[1][0] = [[0], [1]]
    theta.W[2][0] = [[ln3, -3 * ln3], [0, 0]]
    theta.b[2][0] = 0
    return stack, theta, ln3


def test_one_step_with_dropout_by_hand(monkeypatch):
    # Dropped (p = 1/2) is unit 1 for x2; all else is doubled.
    def mask(self, step, l, A):
        in_place = stack.batches.order(0)[0]  # the place of an example in the mini-batch is not its number
        return np.array([[[2.0, 0.0], [2.0, 2.0]]])[..., in_place]

    monkeypatch.setattr(Dropout, "mask", mask)
    stack, theta, ln3 = hand_stack(dropout=0.5)
    # As in the step without dropout, a of x1 = (1, 0) and of x2 = (3, 1); the output layer sees (2, 0) and (0, 2).
    # Z2 = W2 A1: x1 (2 ln 3, 0), x2 (-6 ln 3, 0); softmax: (9/10, 1/10) and (1/730, 729/730)
    np.testing.assert_allclose(step(stack), [-(np.log(9 / 10) + np.log(729 / 730)) / 2], rtol=1e-14)
    # dZ2 = (A2 - Y) / 2: x1 (-1/20, 1/20), x2 (1/1460, -1/1460)
    # dW2 = dZ2 seen^T: row 1 = (-1/20 * 2, 1/1460 * 2) = (-1/10, 1/730), row 2 its negative; db2 = -1/20 + 1/1460
    np.testing.assert_allclose(theta.W[2][0], [[ln3 + 1 / 20, -3 * ln3 - 1 / 1460], [-1 / 20, 1 / 1460]], rtol=1e-13)
    np.testing.assert_allclose(theta.b[2][0], [[1 / 40 - 1 / 2920], [1 / 2920 - 1 / 40]], rtol=1e-13)
    # dA1 = W2^T dZ2 times the factors: unit 1 (-1/10, 0) ln 3, unit 2 (3/10, -3/730) ln 3; ReLU's slope is 0 for unit 2
    # of x1: dZ1 = unit 1 (-1/10, 0) ln 3, unit 2 (0, -3/730) ln 3
    # dW1 = dZ1 X^T: unit 1 (-1/10, -2/10) ln 3, unit 2 (-9/730, 0) ln 3; db1 = (-1/10, -3/730) ln 3
    np.testing.assert_allclose(theta.W[1][0], [[1 + ln3 / 20, ln3 / 10], [9 / 1460 * ln3, -1]], rtol=1e-13)
    np.testing.assert_allclose(theta.b[1][0], [[ln3 / 20], [1 + 3 / 1460 * ln3]], rtol=1e-13)


def test_one_step_by_hand():
    stack, theta, ln3 = hand_stack()
    # examples x1 = (1, 2) of class 0 and x2 = (3, 0) of class 1
    # Z1 = W1 X + b1: z of x1 = (1, -2 + 1) = (1, -1), of x2 = (3, 0 + 1) = (3, 1); ReLU: a = (1, 0) and (3, 1)
    # Z2 = W2 A1: x1 (ln 3, 0), x2 (3 ln 3 - 3 ln 3, 0) = (0, 0); softmax: (3/4, 1/4) and (1/2, 1/2)
    # J = -(ln 3/4 + ln 1/2) / 2 = ln(8/3) / 2
    np.testing.assert_allclose(step(stack), [np.log(8 / 3) / 2], rtol=1e-14)
    # dZ2 = (A2 - Y) / 2: x1 (-1/8, 1/8), x2 (1/4, -1/4)
    # dW2 = dZ2 A1^T: row 1 = (-1/8 * 1 + 1/4 * 3, 1/4 * 1) = (5/8, 1/4), row 2 its negative; db2 = (1/8, -1/8)
    np.testing.assert_allclose(theta.W[2][0], [[ln3 - 5 / 16, -3 * ln3 - 1 / 8], [5 / 16, 1 / 8]], rtol=1e-14)
    np.testing.assert_allclose(theta.b[2][0], [[-1 / 16], [1 / 16]], rtol=1e-14)
    # dA1 = W2^T dZ2: unit 1 (-1/8, 1/4) ln 3, unit 2 (3/8, -3/4) ln 3; ReLU's slope is 0 for unit 2 of x1:
    # dZ1 = unit 1 (-1/8, 1/4) ln 3, unit 2 (0, -3/4) ln 3
    # dW1 = dZ1 X^T: unit 1 (-1/8 * 1 + 1/4 * 3, -1/8 * 2 + 0) = (5/8, -1/4) ln 3, unit 2 (-9/4, 0) ln 3
    np.testing.assert_allclose(theta.W[1][0], [[1 - 5 / 16 * ln3, ln3 / 8], [9 / 8 * ln3, -1]], rtol=1e-14)
    # db1 = (-1/8 + 1/4, -3/4) ln 3 = (1/8, -3/4) ln 3
    np.testing.assert_allclose(theta.b[1][0], [[-ln3 / 16], [1 + 3 / 8 * ln3]], rtol=1e-14)


def random_network(activation="tanh", members=2, dtype=np.float64):
    """A 3-5-4-3 stack whose every number, running statistics too, is random."""
    net, rng = network(SIZES, activation, members, dtype), np.random.default_rng(2)
    for l in range(1, len(SIZES)):
        for arrays in (net.theta.W, net.theta.b):
            arrays[l][:] = rng.standard_normal(arrays[l].shape)
    for l in range(1, len(SIZES) - 1):
        for arrays in (net.theta.gamma, net.theta.beta, net.running_mean):
            arrays[l][:] = rng.standard_normal(arrays[l].shape)
        net.running_variance[l][:] = rng.uniform(0.5, 2, net.running_variance[l].shape)
    return net


def slow_outputs(net, k, X, batch_norm, epsilon):
    """The course's formulas for one network, one layer after the other, at test time."""
    A, last = X, len(net.sizes) - 1
    for l in range(1, last + 1):
        Z = net.theta.W[l][k] @ A + (0 if batch_norm and l < last else net.theta.b[l][k])
        if l < last:
            if batch_norm:
                Z = (Z - net.running_mean[l][k]) / np.sqrt(net.running_variance[l][k] + epsilon)
                Z = net.theta.gamma[l][k] * Z + net.theta.beta[l][k]
            A = np.tanh(Z)
    t = np.exp(Z)
    return t / t.sum(axis=0)


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("examples", [1, 10, 3000])
def test_outputs_are_the_courses_formulas(batch_norm, examples):
    net, epsilon = random_network(), 0.01
    X = np.random.default_rng(3).standard_normal((SIZES[0], examples))
    A = net.predict(X, batch_norm, np.array(epsilon))
    assert A.shape == (2, SIZES[-1], examples)
    for k in range(2):
        np.testing.assert_allclose(A[k], slow_outputs(net, k, X, batch_norm, epsilon), rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_switching_batch_norm_keeps_the_test_time_function(activation):
    net, epsilon = random_network(activation), np.array(0.01)
    X = np.random.default_rng(3).standard_normal((SIZES[0], 50))
    before = net.predict(X, True, epsilon)
    net.switch_off(epsilon)
    without = net.predict(X, False, epsilon)
    np.testing.assert_array_equal(without, before)  # to the bit
    net.switch_on(X, epsilon)
    np.testing.assert_allclose(net.predict(X, True, epsilon), without, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(net.running_variance[1], (net.theta.W[1] @ X).var(axis=2, keepdims=True), rtol=1e-10)


def test_a_new_network_is_plain():
    net = network(SIZES, "relu", 3)
    for l in range(1, len(SIZES) - 1):
        np.testing.assert_array_equal(net.theta.gamma[l], 1)
        np.testing.assert_array_equal(net.theta.beta[l], 0)
        np.testing.assert_array_equal(net.running_mean[l], 0)
        np.testing.assert_array_equal(net.running_variance[l], 1)
    assert net.theta.buffer.dtype == np.float32


def test_weights_follow_the_seed_and_not_the_stack():
    def deviation(n_in, n_out):
        return 1 / n_in

    together, alone = network(SIZES, "relu", 3), network(SIZES, "relu", 1)
    for k, seed in enumerate((4, 5, 4)):
        together.draw(k, deviation, seed)
    alone.draw(0, deviation, 4)
    for l in range(1, len(SIZES)):
        np.testing.assert_array_equal(together.theta.W[l][0], alone.theta.W[l][0])
        np.testing.assert_array_equal(together.theta.W[l][2], alone.theta.W[l][0])
        assert (together.theta.W[l][1] != alone.theta.W[l][0]).all()
        np.testing.assert_array_equal(together.theta.b[l], 0)


def test_every_number_of_the_buffer_is_one_parameter_of_its_owner():
    stack = Stack(RunSpec(hidden=SIZES[1:-1]), random_data(), PLAIN, (0, 1, 2))
    theta = stack.network.theta
    theta.buffer[:] = np.nan
    for array in parameters(stack).values():
        assert np.isnan(array).all()  # nobody else's
        for k in range(3):
            array[k] = k
    views = theta.by_member(theta.buffer)
    assert sum(view.size for view in views) == theta.buffer.size
    for view in views:
        np.testing.assert_array_equal(view, np.broadcast_to([[0], [1], [2]], view.shape))
