"""Tests of training: what a step does to all of the state, mini-batches and epochs, members against the same alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.data.datasets import Data, Split, load
from core.nn.activations import ACTIVATIONS
from core.nn.optimizers import OPTIMIZERS
from core.nn.schedules import SCHEDULES
from core.nn.softmax import cost
from core.settings.table import RunSpec, Settings
from core.training.members import picked
from core.training.stack import Stack, members_at_once

SPEC = RunSpec(hidden=(5, 4), activation="tanh")
SGD = Settings(optimizer="sgd", learning_rate=0.1, batch_norm=False, batch_size=8)


def numbered_data(examples):
    """Data whose only feature is the example's number, and whose two classes alternate."""
    X = np.arange(examples, dtype=np.float64)[None]
    labels = np.arange(examples) % 2
    Y = np.eye(2)[:, labels]
    split = Split(X, Y, labels, np.concatenate([X, Y]).T.copy())
    return Data(split, split, ("even", "odd"), ("number",), np.zeros((1, 1)), np.ones((1, 1)), None)


def spiral(examples=60):
    """45 training examples of three classes (where `examples` is 60)."""
    return load("spiral", 3, examples, 0.2, 0, 0.25, True)


def stack_of(settings, seeds=(0,), spec=SPEC, data=None, dtype=np.float64):
    """A stack on the spiral, in float64 unless told."""
    return Stack(spec, data or spiral(), settings, seeds, dtype)


def train(stack, steps, watch=None):
    """Train; the cost J before each step, (steps done, K)."""
    losses = np.empty((steps, stack.members), stack.dtype)
    return losses[: stack.advance(steps, losses, watch)]


def members_bits(stack, k):
    """All numbers of member k that the future depends on."""
    net = stack.network
    found = []
    for p in (net.theta, stack.m, stack.v):
        found += [array[k] for kind in (p.W, p.b, p.gamma, p.beta) for array in kind if array.size]
    found += [array[k] for kind in (net.running_mean, net.running_variance) for array in kind if array.size]
    return np.concatenate([array.ravel() for array in found])


# mini-batches and epochs


def seen(stack, steps):
    """The numbers of the examples in each mini-batch of the next steps, and the epoch of each step."""
    batches, epochs = [], []

    def watch(_, work):
        batches.append(work.A[0][0, 0].astype(int).tolist())
        epochs.append(stack.state.epoch)

    train(stack, steps, watch)
    return batches, epochs


@pytest.mark.parametrize(("examples", "batch_size"), [(20, 5), (20, 6), (20, 1), (21, 20), (20, 20), (20, 50_000)])
def test_an_epoch_sees_every_example_once(examples, batch_size):
    settings = replace(SGD, batch_size=batch_size, learning_rate=1e-6)
    stack = stack_of(settings, spec=RunSpec(hidden=(2,)), data=numbered_data(examples))
    steps = -(-examples // batch_size)
    orders = []
    for epoch in range(3):
        batches, epochs = seen(stack, steps)
        assert epochs == [epoch] * steps
        assert [len(batch) for batch in batches[:-1]] == [min(batch_size, examples)] * (steps - 1)
        orders.append(sum(batches, []))
        assert sorted(orders[-1]) == list(range(examples))
    assert orders[0] != orders[1] != orders[2]  # a new order each epoch
    assert orders[0] != list(range(examples))
    assert (stack.state.epoch, stack.state.cursor, stack.state.step) == (3, 0, 3 * steps)


@given(st.integers(2, 40), st.lists(st.tuples(st.integers(1, 45), st.integers(0, 6)), min_size=1, max_size=5))
@hypothesis_settings(max_examples=40, deadline=None)
def test_an_epoch_sees_every_example_once_whatever_becomes_of_the_batch_size(examples, changes):
    settings = replace(SGD, learning_rate=1e-6)
    stack = stack_of(settings, spec=RunSpec(hidden=(2,)), data=numbered_data(examples))
    batches, epochs = [], []
    for batch_size, steps in [*changes, (7, 6)]:
        stack.set(replace(settings, batch_size=batch_size))
        more = seen(stack, steps)
        assert all(len(batch) <= batch_size for batch in more[0])
        batches += more[0]
        epochs += more[1]
    for epoch in range(stack.state.epoch):
        found = [i for batch, at in zip(batches, epochs, strict=True) if at == epoch for i in batch]
        assert sorted(found) == list(range(examples))


def test_labels_stay_with_their_examples():
    data = numbered_data(20)
    stack, batches = stack_of(SGD, seeds=(0, 1), spec=RunSpec(hidden=(2,)), data=data), []
    for _ in range(5):
        A = stack.predict(data.train.X)
        (losses,) = train(stack, 1, lambda _, work: batches.append(work.A[0][:, 0].astype(int)))
        for k, batch in enumerate(batches[-1]):
            assert losses[k] == pytest.approx(cost(A[k][:, batch], data.train.Y[:, batch]), rel=1e-9)
    assert (batches[0][0] != batches[0][1]).any()  # an order for each seed


# the optimizer in training


def recorded(stack, steps):
    """The gradient of W1 at each step, and W1 after it: two arrays (steps, n_1, n_x)."""
    W, gradients, path = stack.network.theta.W[1], [], []
    for _ in range(steps):
        train(stack, 1)
        gradients.append(stack.network.gradient.W[1][0].copy())
        path.append(W[0].copy())
    return np.array(gradients), np.array(path)


@pytest.mark.parametrize("correct", [True, False])
@pytest.mark.parametrize("batch_norm", [True, False])
def test_adam_in_training_is_the_papers_even_when_the_betas_change(correct, batch_norm):
    """m and v are averages from 0; bias correction divides by the weight that the gradients have in them."""
    alpha, epsilon = 0.01, 1e-4
    settings = Settings(
        optimizer="adam", learning_rate=alpha, epsilon=epsilon, bias_correction=correct, batch_norm=batch_norm
    )
    stack, betas = stack_of(settings), [(0.9, 0.999)] * 5 + [(0.5, 0.9)] * 5
    theta, m, v, rest1, rest2 = stack.network.theta.W[1][0].copy(), 0.0, 0.0, 1.0, 1.0
    for beta1, beta2 in betas:
        stack.set(replace(settings, beta1=beta1, beta2=beta2))
        (g,), (after,) = recorded(stack, 1)
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        rest1, rest2 = rest1 * beta1, rest2 * beta2
        by1, by2 = (1 - rest1, 1 - rest2) if correct else (1, 1)
        theta = theta - alpha * (m / by1) / (np.sqrt(v / by2) + epsilon)
        np.testing.assert_allclose(after, theta, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_lowers_the_cost(name):
    alpha = 0.01 if "v" in OPTIMIZERS[name].moments else 0.1
    losses = train(stack_of(replace(SGD, optimizer=name, learning_rate=alpha, batch_size=45)), 200)
    assert losses[-1, 0] < 0.6 * losses[0, 0]


@pytest.mark.parametrize("on_switch", ["reset", "keep"])
@pytest.mark.parametrize("before", OPTIMIZERS)
@pytest.mark.parametrize("after", OPTIMIZERS)
def test_moments_at_a_switch_of_optimizer(before, after, on_switch):
    settings = replace(SGD, optimizer=before, learning_rate=0.01, on_switch=on_switch)
    stack = stack_of(settings)
    train(stack, 5)
    held = stack.state.copy()
    for name in OPTIMIZERS[before].moments:
        assert getattr(held, name).any()
    stack.set(replace(settings, optimizer=after))
    if on_switch == "reset" and after != before:
        assert not stack.state.m.any()
        assert not stack.state.v.any()
        assert stack.state.weight1 == stack.state.weight2 == 1
    else:
        np.testing.assert_array_equal(stack.state.m, held.m)
        np.testing.assert_array_equal(stack.state.v, held.v)
        assert (stack.state.weight1, stack.state.weight2) == (held.weight1, held.weight2)
    np.testing.assert_array_equal(stack.state.theta, held.theta)


@pytest.mark.parametrize("name", SCHEDULES)
def test_decay_counts_from_the_epoch_in_which_it_is_chosen(name):
    settings = replace(SGD, batch_size=45, learning_rate=0.2)
    stack = stack_of(settings)
    train(stack, 4)
    stack.set(replace(settings, decay=name, decay_rate=0.3, decay_every=2))
    alphas = []
    for _ in range(6):
        alphas.append(stack.alpha)
        train(stack, 1)
    formulas = {
        "none": [1] * 6,
        "inverse": [1 / (1 + 0.3 * e) for e in range(6)],
        "exponential": [0.7**e for e in range(6)],
        "staircase": [1, 1, 0.7, 0.7, 0.7**2, 0.7**2],
        "sqrt": [1 / np.sqrt(1 + 0.3 * e) for e in range(6)],
        "warmup": [0.3, 0.65, 1, 1, 1, 1],
        "cosine": [1, 0.65, 0.3, 0.3, 0.3, 0.3],
    }
    np.testing.assert_allclose(alphas, 0.2 * np.array(formulas[name]), rtol=1e-12)


def test_the_decayed_learning_rate_is_what_steps_are_made_with():
    stack = stack_of(replace(SGD, batch_size=45, learning_rate=0.2, decay="exponential", decay_rate=0.5))
    W = stack.network.theta.W[1].copy()
    for epoch in range(4):
        (g,), (after,) = recorded(stack, 1)
        W = W - 0.2 * 0.5**epoch * g
        np.testing.assert_allclose(after, W[0], rtol=1e-12)


# batch norm


def test_running_statistics_are_corrected_averages_of_the_mini_batches():
    settings = replace(SGD, batch_norm=True, bn_decay=0.9)
    stack, means, variances = stack_of(settings), [], []

    def watch(_, work):
        Z = stack.network.theta.W[1][0] @ work.A[0][0]  # (n_1, m)
        means.append(Z.mean(axis=1))
        variances.append(Z.var(axis=1))

    rhos = [0.9] * 9 + [0.5] * 9  # over partial mini-batches and several epochs, and changed on the way
    weights = np.empty(0)
    for rho in rhos:
        stack.set(replace(settings, bn_decay=rho))
        train(stack, 1, watch)
        weights = np.append(weights * rho, 1 - rho)
        for running, values in ((stack.network.running_mean, means), (stack.network.running_variance, variances)):
            expected = weights @ np.array(values) / weights.sum()
            np.testing.assert_allclose(running[1][0, :, 0], expected, rtol=1e-9, atol=1e-12)
    assert stack.state.epoch == 3


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_mini_batch_of_one_stays_finite_and_teaches_hidden_weights_nothing(activation, dtype):
    settings = replace(SGD, batch_norm=True, batch_size=1)
    stack = stack_of(settings, spec=replace(SPEC, activation=activation), dtype=dtype)
    theta = stack.network.theta
    theta.beta[1][:], theta.beta[2][:] = 0.5, 0.5
    before = [None, *(W.copy() for W in theta.W[1:])]
    losses = train(stack, 100)
    assert np.isfinite(losses).all()
    assert np.isfinite(stack.state.theta).all()
    assert np.isfinite(stack.predict(stack.data.dev.X)).all()
    np.testing.assert_array_equal(theta.W[1], before[1])
    np.testing.assert_array_equal(theta.W[2], before[2])
    assert (theta.W[3] != before[3]).all()
    assert (theta.beta[2] != 0.5).any()


def test_batch_norm_that_does_not_learn_keeps_gamma_and_beta():
    stack = stack_of(replace(SGD, batch_norm=True, bn_learn=False))
    train(stack, 20)
    theta = stack.network.theta
    for l in (1, 2):
        np.testing.assert_array_equal(theta.gamma[l], 1)
        np.testing.assert_array_equal(theta.beta[l], 0)
    stack.set(replace(SGD, batch_norm=True, bn_learn=True))
    train(stack, 1)
    assert (theta.gamma[1] != 1).all()
    assert (theta.beta[2] != 0).all()


@pytest.mark.parametrize("on", [True, False])
def test_switching_batch_norm_starts_the_moments_again(on):
    settings = replace(SGD, optimizer="adam", batch_norm=not on, on_switch="keep")
    stack = stack_of(settings)
    train(stack, 5)
    stack.set(replace(settings, batch_norm=on))
    assert not stack.state.m.any()
    assert not stack.state.v.any()
    assert stack.state.weight1 == stack.state.weight2 == 1


# members


def check_members(settings, seeds, spec, steps, data=None, **later):
    """Train a stack, change settings on the way, and compare every member with the same network alone, to the bit."""
    together = stack_of(settings, seeds, spec, data, np.float32)
    losses = train(together, steps)
    together.set([replace(one, **later) for one in settings])
    losses = np.concatenate([losses, train(together, steps)])
    outputs = together.predict(together.data.dev.X)
    assert np.isfinite(losses).all()
    for k, (one, seed) in enumerate(zip(settings, seeds, strict=True)):
        alone = stack_of(one, (seed,), spec, data, np.float32)
        alone_losses = train(alone, steps)
        alone.set(replace(one, **later))
        alone_losses = np.concatenate([alone_losses, train(alone, steps)])
        np.testing.assert_array_equal(losses[:, k], alone_losses[:, 0])
        np.testing.assert_array_equal(members_bits(together, k), members_bits(alone, 0))
        np.testing.assert_array_equal(outputs[k], alone.predict(alone.data.dev.X)[0])


def varied(settings, members):
    """Settings that differ in all the numbers that members may differ in."""
    return [
        replace(settings, learning_rate=0.01 * (k + 1), beta1=0.9 - 0.2 * k, beta2=1 - 0.05 / (k + 1),
                epsilon=10.0 ** -(k + 3), decay_rate=0.1 * (k + 1), decay_every=k + 1, bn_decay=0.5 + 0.1 * k,
                bn_epsilon=10.0 ** -(k + 2), dropout=0.3 * (k % 3))
        for k in range(members)
    ]  # fmt: skip


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("seeds", [(3, 4, 5), (3, 3, 3), (3, 4, 3)])
@pytest.mark.parametrize("same_settings", [True, False])
def test_a_member_has_the_bits_that_it_has_alone(optimizer, batch_norm, seeds, same_settings):
    settings = replace(SGD, optimizer=optimizer, batch_norm=batch_norm, decay="inverse", learning_rate=0.02)
    each = [settings] * 3 if same_settings else varied(settings, 3)
    check_members(each, seeds, SPEC, 8, batch_norm=not batch_norm)


shapes = st.lists(st.integers(1, 70), min_size=1, max_size=3).map(tuple)


@given(
    hidden=shapes,
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    dataset=st.sampled_from(["spiral", "iris", "digits"]),
    batch_size=st.integers(1, 130),
    batch_norm=st.booleans(),
    optimizer=st.sampled_from(sorted(OPTIMIZERS)),
    correct=st.booleans(),
    members=st.integers(2, 5),
    shared=st.booleans(),
    seed=st.integers(0, 1000),
)
@example(
    (70, 33), "relu", "digits", 64, True, "adam", True, 3, False, 0
)  # over the widths where dW is worked out otherwise
@example((1, 1), "relu", "spiral", 1, True, "momentum", False, 2, True, 0)
@example((65, 31, 9), "tanh", "digits", 44, False, "rmsprop", True, 3, False, 1)  # a last mini-batch of 1
@hypothesis_settings(max_examples=60, deadline=None)
def test_a_member_has_the_bits_that_it_has_alone_in_odd_shapes(
    hidden, activation, dataset, batch_size, batch_norm, optimizer, correct, members, shared, seed
):
    data = spiral() if dataset == "spiral" else load(dataset, 3, 60, 0.2, 0, 0.9, True)
    spec = RunSpec(dataset=dataset, hidden=hidden, activation=activation)
    settings = replace(SGD, optimizer=optimizer, batch_size=batch_size, batch_norm=batch_norm, bias_correction=correct)
    seeds = [seed] * members if shared else list(range(seed, seed + members))
    size = data.train.labels.size
    check_members(varied(settings, members), seeds, spec, min(3 + size // batch_size, 6), data, batch_size=size // 2)


def test_a_big_stack_has_the_bits_of_its_members():
    """More parameters than the optimizer takes at once."""
    data = load("digits", 3, 60, 0.2, 0, 0.9, True)
    spec = RunSpec(dataset="digits", hidden=(64, 32))
    check_members(varied(replace(SGD, optimizer="adam", batch_norm=True), 4), (0, 1, 2, 3), spec, 4, data)


@pytest.mark.parametrize("batch_norm", [True, False])
def test_a_member_without_dropout_has_the_bits_of_a_stack_without(batch_norm):
    settings = replace(SGD, batch_norm=batch_norm)
    beside = stack_of([settings, replace(settings, dropout=0.5)], (0, 1), dtype=np.float32)
    without = stack_of(settings, (0, 1), dtype=np.float32)
    losses, expected = train(beside, 20), train(without, 20)
    np.testing.assert_array_equal(losses[:, 0], expected[:, 0])
    np.testing.assert_array_equal(members_bits(beside, 0), members_bits(without, 0))
    assert (losses[:, 1] != expected[:, 1]).all()


@pytest.mark.parametrize("batch_norm", [True, False])
def test_a_nudge_of_dropout_changes_nothing_at_test_time(batch_norm):
    settings = replace(SGD, batch_norm=batch_norm, optimizer="adam", learning_rate=0.01)
    stack = stack_of(settings)
    for p in (0.5, 0.9, 0.0):
        train(stack, 5)
        held, outputs = stack.state.copy(), stack.predict(stack.data.dev.X)
        stack.set(replace(settings, dropout=p))
        np.testing.assert_array_equal(stack.predict(stack.data.dev.X), outputs)
        for name, value in vars(held).items():
            np.testing.assert_array_equal(getattr(stack.state, name), value)


def test_no_masks_are_kept_without_dropout():
    stack, seen = stack_of(replace(SGD, dropout=0.5)), []
    for p in (0.5, 0.0):
        stack.set(replace(SGD, dropout=p))
        train(stack, 1, lambda _, work: seen.append(len(work.masks)))
    assert seen == [len(SPEC.hidden) + 1, 0]


def test_a_network_that_breaks_does_not_touch_the_others():
    settings = [replace(SGD, learning_rate=alpha) for alpha in (0.01, 1e-3)]
    stack = stack_of(settings, (0, 1), dtype=np.float32)
    stack.network.theta.W[1][0] = np.nan
    with np.errstate(all="ignore"):
        losses = train(stack, 5)
    alone = stack_of(settings[1], (1,), dtype=np.float32)
    np.testing.assert_array_equal(losses[:, 1], train(alone, 5)[:, 0])
    np.testing.assert_array_equal(members_bits(stack, 1), members_bits(alone, 0))
    assert np.isnan(losses[:, 0]).all()


# state


@pytest.mark.parametrize("batch_norm", [True, False])
def test_a_restored_state_leads_to_the_same_bits(batch_norm):
    settings = replace(SGD, optimizer="adam", batch_norm=batch_norm, decay="inverse", batch_size=7)
    stack = stack_of(settings)
    train(stack, 10)
    held = stack.state.copy()
    expected = train(stack, 30), stack.state.copy()
    stack.set(replace(settings, optimizer="sgd", batch_norm=not batch_norm, decay="none", batch_size=3))
    train(stack, 5)
    stack.restore(held, settings)
    np.testing.assert_array_equal(train(stack, 30), expected[0])
    for name, value in vars(expected[1]).items():
        np.testing.assert_array_equal(getattr(stack.state, name), value)


def test_a_stack_of_one_stops_before_the_step_whose_cost_is_not_finite():
    stack = stack_of(SGD)
    train(stack, 3)
    stack.network.theta.b[3][0, 0] = np.inf
    held = stack.state.copy()
    with np.errstate(all="ignore"):
        assert len(train(stack, 5)) == 0
    assert stack.state.step == held.step == 3
    np.testing.assert_array_equal(stack.state.theta, held.theta)


def test_members_at_once_fit_the_cache():
    small, large = members_at_once((2, 8, 8, 3), 32), members_at_once((784, 128, 64, 10), 128)
    assert small > 128 > 16 > large >= 1
    assert members_at_once((256,) * 8, 50_000) == 1
    assert members_at_once((2, 8, 8, 3), 64) < small


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("chosen", [(2, 0), (1, 1, 1), (0, 2, 2, 1), (1,)])
def test_picked_members_go_on_as_they_would_have(optimizer, batch_norm, chosen):
    settings = varied(replace(SGD, optimizer=optimizer, batch_norm=batch_norm), 3)
    whole = stack_of(settings, (3, 4, 5), dtype=np.float32)
    train(whole, 17)
    others = picked(whole, chosen)
    assert others.state.step == 17
    train(whole, 9)
    train(others, 9)
    for place, k in enumerate(chosen):
        np.testing.assert_array_equal(members_bits(others, place), members_bits(whole, k))
