"""Tests of compiled steps: numpy's bits for all that can be chosen, and numpy itself wherever they cannot be used."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.data.datasets import load
from core.nn.activations import ACTIVATIONS, Activation
from core.nn.optimizers import OPTIMIZERS, Optimizer
from core.settings.table import FIELDS, SETTINGS, RunSpec, Settings
from core.training import jit_trainer
from core.training.divergence import first_broken_layer
from core.training.members import get_members
from core.training.run_data import data_of
from core.training.stack import Stack
from tests.core import random_runs

SPEC = RunSpec(hidden=(5, 4), activation="tanh")
PLAIN = Settings(batch_size=16)
WILD = replace(PLAIN, optimizer="sgd", batch_norm=False, learning_rate=10)
NUMBERS = tuple(field.name for field in SETTINGS if field.per_member and not field.choices)  # a member's own
TOGETHER = sorted(set(random_runs.values) - set(NUMBERS))


def needs_compiler():
    if "core.training.jit_kernel" not in sys.modules:
        pytest.skip("numba is not installed")


def trainer(threads=1):
    needs_compiler()
    return jit_trainer.Trainer(sys.modules["core.training.jit_kernel"], threads)


def spiral():
    """45 training examples of three classes."""
    return load("spiral", 3, 60, 0.2, 0, 0.25, True)


def both_ways(spec, data, settings, seeds, pieces, threads=1, broken=None):
    """A stack trained by numpy alone and the same trained by the kernel: in pieces of so many steps, each followed by
    the settings from there on; the weights of member `broken` are huge. Returns the two with their losses."""
    fast, trained = trainer(threads), []
    for way in (None, fast.advance):
        with pytest.MonkeyPatch.context() as patch, np.errstate(all="ignore"):
            patch.setattr(Stack, "compiled", way)
            stack, losses = Stack(spec, data, settings, seeds), []
            if broken is not None:
                stack.network.theta.W[3][broken] = 1e38
            for steps, following in pieces:
                part = np.empty((steps, stack.members), np.float32)
                losses.append(part[: stack.advance(steps, part)])
                stack.set(following)
            trained.append((stack, np.concatenate(losses)))
    return trained


def check(trained):
    """Members whose losses are finite have the same bits, the others NaN at the same steps."""
    (slow, expected), (fast, losses) = trained
    np.testing.assert_array_equal(losses, expected)
    sound = np.isfinite(expected).all(axis=0)
    first, second = get_members(slow), get_members(fast)
    assert first.rows[sound].tobytes() == second.rows[sound].tobytes()
    assert first.weights.tobytes() == second.weights.tobytes()
    np.testing.assert_array_equal(first.counts, second.counts)
    assert slow.network.batch.shape == fast.network.batch.shape
    for k in np.flatnonzero(sound):
        for one, other in zip(slow.network.batch_mean[1:], fast.network.batch_mean[1:], strict=True):
            if one is not None:
                np.testing.assert_array_equal(one[k], other[k])


@st.composite
def plans(draw):
    """Settings of K members, and again after each piece of training: alike in all that a stack's members share."""
    members = draw(st.integers(1, 4))

    def of_all():
        shared = draw(st.fixed_dictionaries({name: random_runs.values[name] for name in TOGETHER}))
        own = [
            draw(st.fixed_dictionaries({name: random_runs.values[name] for name in NUMBERS})) for _ in range(members)
        ]
        return [Settings(**(shared | (own[0] if draw(st.booleans()) else one))) for one in own]

    pieces = draw(st.lists(st.integers(1, 25), min_size=1, max_size=3))
    return of_all(), [(steps, of_all()) for steps in pieces]


@given(
    spec=random_runs.specs,
    plan=plans(),
    shared=st.booleans(),
    hidden=st.lists(st.integers(1, 70), min_size=1, max_size=3),
)
@hypothesis_settings(max_examples=100, deadline=None)
def test_compiled_steps_have_numpys_bits(spec, plan, shared, hidden):
    spec = replace(spec, hidden=tuple(hidden))
    data = data_of(spec)
    settings, pieces = plan
    check(both_ways(spec, data, settings, [7] * len(settings) if shared else range(len(settings)), pieces))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("batch_norm", [True, False])
def test_every_optimizer_and_activation_over_epochs(optimizer, activation, batch_norm):
    """Long enough for bias correction to be over, with a last mini-batch of 13."""
    settings = replace(PLAIN, optimizer=optimizer, batch_norm=batch_norm, learning_rate=0.01, beta2=0.99)
    trained = both_ways(replace(SPEC, activation=activation), spiral(), settings, [1, 2], [(2000, settings)])
    check(trained)
    assert trained[1][0].state.epoch == 666
    assert trained[1][0].state.step == 2000


@example((64, 32), 64)  # where A is copied as rows
@example((128, 64), 128)  # where it is too large for that
@example((1, 1), 1)
@given(hidden=st.lists(st.integers(1, 130), min_size=1, max_size=2).map(tuple), batch_size=st.integers(1, 140))
@hypothesis_settings(max_examples=30, deadline=None)
def test_shapes_of_images(hidden, batch_size):
    data = load("digits", 3, 60, 0.2, 0, 0.8, True)
    spec, settings = RunSpec(dataset="digits", hidden=hidden), replace(PLAIN, batch_size=batch_size)
    check(both_ways(spec, data, settings, [0, 1], [(6, settings)]))


@pytest.mark.parametrize("threads", [2, 3, 5])
@pytest.mark.parametrize("seeds", [(3, 3, 3, 3), (1, 2, 3, 4)])
def test_members_shared_among_threads_have_the_same_bits(monkeypatch, threads, seeds):
    monkeypatch.setattr(jit_trainer, "WORTH_THREADS", 0)
    settings = [replace(PLAIN, learning_rate=0.01 * k, beta1=0.9 - 0.1 * k) for k in range(1, 5)]
    check(both_ways(SPEC, spiral(), settings, seeds, [(50, settings)], threads))


def test_one_network_stops_before_the_step_whose_loss_is_not_finite():
    spec = RunSpec(hidden=(20, 20), activation="leaky_relu")
    (slow, expected), (fast, losses) = both_ways(spec, spiral(), WILD, [3], [(50, WILD)])
    assert 0 < len(losses) == len(expected) < 50
    assert slow.state.step == fast.state.step == len(losses)
    assert get_members(slow).rows.tobytes() == get_members(fast).rows.tobytes()
    assert first_broken_layer(slow) == first_broken_layer(fast)


def test_a_member_that_breaks_does_not_touch_the_others():
    calm = replace(WILD, learning_rate=0.01)
    trained = both_ways(SPEC, spiral(), calm, [0, 1, 2], [(50, calm)], broken=1)
    check(trained)
    assert np.isfinite(trained[1][1]).all(axis=0).tolist() == [True, False, True]


def test_steps_can_be_watched_in_between():
    stack, other = (Stack(SPEC, spiral(), PLAIN, [0]) for _ in range(2))
    losses, seen = np.empty((30, 1), np.float32), []
    for i in range(30):
        stack.advance(1, losses[i:], (lambda *_: seen.append(1)) if i % 3 == 0 else None)
    other.advance(30, np.empty((30, 1), np.float32))
    assert len(seen) == 10
    assert get_members(stack).rows.tobytes() == get_members(other).rows.tobytes()


def kernels_share(spec, settings, dtype=np.float32):
    """How many of 10 steps the kernel makes; the rest is numpy's."""
    return trainer().advance(Stack(spec, spiral(), settings, [0], dtype), 10, np.empty((10, 1), dtype))


def test_every_activation_and_optimizer_has_its_compiled_formula():
    """A new row works without one, by numpy, but several times slower."""
    missing = jit_trainer.not_compiled(trainer().kernel)
    assert not missing, "\n".join(missing)


def test_a_row_without_its_compiled_formula_is_trained_by_numpy_and_named(monkeypatch):
    def cube(Z, slope):
        np.multiply(3 * Z, Z, out=slope)
        np.multiply(Z, Z * Z, out=Z)

    def half_steps(theta, g, m, v, tmp, r):
        np.multiply(g, 0.5 * r.alpha, tmp)
        np.subtract(theta, tmp, theta)

    monkeypatch.setitem(ACTIVATIONS, "cube", Activation("cube", cube))
    monkeypatch.setitem(OPTIMIZERS, "half", Optimizer("half steps", half_steps))
    monkeypatch.setitem(FIELDS["activation"].choices, "cube", "cube")
    monkeypatch.setitem(FIELDS["optimizer"].choices, "half", "half steps")
    assert kernels_share(SPEC, PLAIN) == 10
    assert kernels_share(SPEC, PLAIN, np.float64) == 0
    assert trainer().advance(Stack(SPEC, spiral(), PLAIN, [0]), 10, np.empty((10, 2), np.float32)[:, :1]) == 0
    assert kernels_share(replace(SPEC, activation="cube"), PLAIN) == 0
    assert kernels_share(SPEC, replace(PLAIN, optimizer="half")) == 0
    first, second = jit_trainer.not_compiled(trainer().kernel)
    assert first.startswith('ACTIVATIONS["cube"] has no compiled formula')
    assert first.endswith(
        "to ACTIVATIONS of core/training/jit_kernel.py, and branches to `_activate` and `_times_slope` there."
    )
    assert second.startswith('OPTIMIZERS["half"] has no compiled formula')
    assert second.endswith(
        "Add its name to OPTIMIZERS of core/training/jit_kernel.py, and a branch to `_update` there."
    )


def test_a_large_mini_batch_is_trained_by_numpy(monkeypatch):
    """Its activations would be in memory twice."""
    monkeypatch.setattr(jit_trainer, "MOST_BYTES", 8 * (5 + 4 + 3) * 16)
    assert kernels_share(SPEC, PLAIN) == 10
    assert kernels_share(SPEC, replace(PLAIN, batch_size=17)) == 0


@pytest.mark.parametrize(
    ("asked", "threads"), [({"OMP_NUM_THREADS": "1"}, 1), ({"OMP_NUM_THREADS": "3"}, 3), ({"OMP_NUM_THREADS": "0"}, 1)]
)
def test_threads_are_as_many_as_blas_may_take(monkeypatch, asked, threads):
    monkeypatch.setattr(jit_trainer.os, "environ", asked)
    assert jit_trainer.usual_threads() == threads


@pytest.mark.parametrize("asked", [{}, {"OMP_NUM_THREADS": "4,2"}])
def test_else_there_is_a_thread_for_each_core(monkeypatch, asked):
    monkeypatch.setattr(jit_trainer.os, "environ", asked)
    monkeypatch.setattr(jit_trainer.os, "sched_getaffinity", lambda _: {0, 1, 5}, raising=False)
    assert jit_trainer.usual_threads() == 3
