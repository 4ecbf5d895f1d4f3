"""Tests of the update of all that learns: weight decay and clipping against PyTorch, in float64."""

from dataclasses import replace

import numpy as np
import pytest

from core.nn.network import Parameters, network
from core.nn.optimizers import OPTIMIZERS
from core.settings.table import FIELDS, Settings
from core.training.spread import Spread
from core.training.state import State
from core.training.update import NO_CLIPPING, Update

SIZES, STEPS = (3, 4, 2), 200
RNG = np.random.default_rng(0)
COUNT = Parameters(SIZES, 1, np.float64).buffer.size
START, CURVATURE = RNG.standard_normal(COUNT), RNG.uniform(0.2, 3, COUNT)


def gradient(theta, step):
    """Of a quadratic whose lowest point moves, so that no step is 0; much longer in the first steps."""
    return CURVATURE * (theta - np.sin(step / 9)) * (30 if step < 20 else 1)


def ours(settings, steps=STEPS):
    """Parameters after each step, (steps, all)."""
    net = network(SIZES, "relu", 1, np.float64)
    m, v = Parameters(SIZES, 1, np.float64), Parameters(SIZES, 1, np.float64)
    state, update, path = State(net.theta.buffer, m.buffer, v.buffer, net.running), Update(net, m, v, 2), []
    update.prepare(OPTIMIZERS[settings.optimizer], vars(settings), state)
    update.set_alpha(settings.learning_rate)
    net.theta.buffer[:] = START
    for step in range(steps):
        net.gradient.buffer[:] = gradient(net.theta.buffer, step)
        update.step(state)
        path.append(net.theta.buffer.copy())
    return np.array(path)


def blocks():
    """(kind, slice of the buffer) of all that learns without batch norm."""
    theta = Parameters(SIZES, 1, np.float64)
    ends = [*theta.starts.values(), COUNT][1:]
    kinds = zip(theta.starts.items(), ends, strict=True)
    return [(kind, slice(at, end)) for ((kind, _), at), end in kinds if kind in ("W", "b")]


def torch_s(make, weight_decay=0.0, limit=None):
    """The same by PyTorch, one tensor for each W and b; decay counts for the Ws alone."""
    torch = pytest.importorskip("torch")
    parts = [(kind, part, torch.tensor(START[part], requires_grad=True)) for kind, part in blocks()]
    groups = [
        {"params": [tensor for kind, _, tensor in parts if kind == wanted], "weight_decay": decay}
        for wanted, decay in (("W", weight_decay), ("b", 0.0))
    ]
    optimizer, whole, path = make(torch.optim, groups), START.copy(), []
    for step in range(STEPS):
        g = gradient(whole, step)
        for _, part, tensor in parts:
            tensor.grad = torch.tensor(g[part])
        if limit:
            torch.nn.utils.clip_grad_norm_([tensor for _, _, tensor in parts], limit)
        optimizer.step()
        for _, part, tensor in parts:
            whole[part] = tensor.detach().numpy()
        path.append(whole.copy())
    return np.array(path)


PLAIN = Settings(optimizer="adam", learning_rate=0.03, beta2=0.99, epsilon=1e-3, batch_norm=False)


def test_weight_decay_is_that_of_adamw():
    decayed = ours(replace(PLAIN, weight_decay=0.2))
    adamw = torch_s(lambda optim, groups: optim.AdamW(groups, lr=0.03, betas=(0.9, 0.99), eps=1e-3), weight_decay=0.2)
    np.testing.assert_allclose(decayed, adamw, rtol=1e-9, atol=1e-12)
    assert np.abs(decayed - ours(PLAIN)).max() > 0.1


@pytest.mark.parametrize("limit", [0.5, 20.0])
def test_clipping_is_that_of_clip_grad_norm(limit):
    settings = replace(PLAIN, optimizer="heavy_ball", learning_rate=0.01)
    clipped = ours(replace(settings, clip_norm=limit))
    by_torch = torch_s(lambda optim, groups: optim.SGD(groups, lr=0.01, momentum=0.9), limit=limit)
    np.testing.assert_allclose(clipped, by_torch, rtol=1e-9, atol=1e-12)
    assert np.abs(clipped - ours(settings)).max() > 0.1


def test_a_step_of_clipping_by_hand():
    (after,) = ours(replace(PLAIN, optimizer="sgd", learning_rate=0.5, clip_norm=0.1), steps=1)
    moved = np.concatenate([(START - after)[part] for _, part in blocks()])
    assert np.linalg.norm(moved) == pytest.approx(0.5 * 0.1, rel=1e-6)
    g = np.concatenate([gradient(START, 0)[part] for _, part in blocks()])
    np.testing.assert_allclose(moved / np.linalg.norm(moved), g / np.linalg.norm(g), rtol=1e-12)


def test_no_clipping_is_the_end_of_the_dial():
    assert FIELDS["clip_norm"].off == FIELDS["clip_norm"].high == NO_CLIPPING


def test_a_step_of_weight_decay_by_hand():
    settings = replace(PLAIN, optimizer="sgd", learning_rate=0.5, weight_decay=0.1)
    (after,) = ours(settings, steps=1)
    for kind, part in blocks():
        kept = START[part] * (0.95 if kind == "W" else 1)
        np.testing.assert_allclose(after[part], kept - 0.5 * gradient(START, 0)[part], rtol=1e-12)


def test_a_network_without_clipping_is_not_touched_beside_one_whose_squares_overflow():
    net = network(SIZES, "relu", 2)
    m, v = Parameters(SIZES, 2, np.float32), Parameters(SIZES, 2, np.float32)
    update = Update(net, m, v, 2, Spread(net.theta))
    settings = vars(replace(PLAIN, optimizer="sgd")) | {"clip_norm": np.array([1.0, NO_CLIPPING])}
    state = State(net.theta.buffer, m.buffer, v.buffer, net.running)
    update.prepare(OPTIMIZERS["sgd"], settings, state)
    update.set_alpha(0.5)
    net.gradient.buffer[:] = 1e25
    with np.errstate(over="ignore"):
        update.step(state)
    assert all((W[1] == np.float32(-0.5) * np.float32(1e25)).all() for W in net.theta.W[1:])
