"""What the labs of batch norm compute: the noisy network's gradient, networks in step, pushes; and all their charts."""

import json

import numpy as np
import pytest

from benchmarks import noise as noise_bench
from core.charts import figure
from core.charts.labs import batch_sizes, inputs, one_batch, running
from core.charts.labs.side_by_side import LOSSES, SIDE_CHARTS
from core.charts.packet import pack
from core.labs.batch_sizes import noise
from core.labs.inputs import START, ellipse, two_descents
from core.labs.one_batch import one_batch as batch
from core.labs.running import moment
from core.labs.side_by_side import (
    DEVIATION,
    LAYERS,
    MEAN,
    MOST_STEPS,
    NAMES,
    SETTINGS,
    NoisyNorm,
    SideBySide,
)
from core.runs.run import Run
from core.sessions.lab_session import Shown

close = np.testing.assert_allclose


class Same:
    """Of a noisy norm: its generator, set back before every pass, so that every pass has the same noise."""

    def __init__(self, seed):
        self.seed = seed

    def norm(self, shape):
        column = (*shape[:2], 1)
        return NoisyNorm(np.empty(column), np.empty(column), shape[2], self.seed)


def test_the_gradient_through_the_noise_by_finite_differences():
    rng = np.random.default_rng(0)
    Z, G = rng.standard_normal((2, 1, 3, 6))
    gamma, beta = rng.standard_normal((2, 1, 3, 1))

    def cost(z, g, b):
        norm, out = Same(5).norm(Z.shape), np.empty_like(Z)
        norm.forward(z.copy(), g, b, np.array(1e-5), out)
        return float((out * G).sum())

    norm, centred, dZ = Same(5).norm(Z.shape), Z.copy(), G.copy()
    norm.forward(centred, gamma, beta, np.array(1e-5), np.empty_like(Z))
    dgamma, dbeta = np.empty_like(gamma), np.empty_like(beta)
    norm.backward(dZ, centred, dgamma, dbeta)
    for place, found in enumerate((dZ, dgamma, dbeta)):
        arguments = [Z, gamma, beta]
        for index in np.ndindex(found.shape):
            step = np.zeros_like(arguments[place])
            step[index] = 1e-5
            ends = [cost(*(a + sign * step if i == place else a for i, a in enumerate(arguments))) for sign in (1, -1)]
            close(found[index], (ends[0] - ends[1]) / 2e-5, rtol=1e-5, atol=1e-7)


def test_the_noise_has_a_mean_that_is_not_0_and_a_variance_that_is_not_1():
    Z = np.random.default_rng(1).standard_normal((1, 4000, 32))
    norm, out = Same(2).norm(Z.shape), np.empty_like(Z)
    norm.forward(Z, np.ones((1, 4000, 1)), np.zeros((1, 4000, 1)), np.array(1e-5), out)
    means, deviations = out.mean(axis=-1), out.std(axis=-1)
    close(means.mean(), 0, atol=0.02)
    close(means.std(), MEAN / 3**0.5, rtol=0.05)  # of a uniform distribution over -MEAN to MEAN
    close(np.median(deviations), (1 + DEVIATION) / 2, rtol=0.05)


def test_without_noise_and_pushes_the_networks_are_runs_to_the_bit():
    trained = SideBySide()
    trained.advance(30)
    for i in (0, 1):
        run = Run(trained.spec, trained.nets[i].stack.settings[0])
        run.advance(30)
        np.testing.assert_array_equal(run.stack.state.theta, trained.nets[i].stack.state.theta)
    assert not np.array_equal(trained.nets[1].stack.state.theta, trained.nets[2].stack.state.theta)


def test_what_if_changes_nothing():
    trained, other = SideBySide(), SideBySide()
    trained.advance(10)
    trained.felt(2.0, 5.0)
    trained.advance(10)
    other.advance(20)
    for one, same in zip(trained.nets, other.nets, strict=True):
        np.testing.assert_array_equal(one.stack.state.theta, same.stack.state.theta)
        np.testing.assert_array_equal(one.stack.state.running, same.stack.state.running)


def test_how_far_the_means_stray_is_what_the_mini_batches_say():
    trained, found = SideBySide("tanh"), []
    net = trained.nets[1]
    measure = net._measure
    net._measure = lambda step, work: (found.append([A[0].copy() for A in work.A[1:]]), measure(step, work))
    trained.advance(25)
    for l in range(LAYERS):
        A = [step[l].astype(np.float64) for step in found]  # (n, m) of each step
        means, variances = (np.array([of(one, axis=1) for one in A]) for of in (np.mean, np.var))
        expected = (means.std(axis=0) / np.sqrt(variances.mean(axis=0))).mean()
        close(net.wandering(l + 2), expected, rtol=1e-6)
        close(net.moments[:25, l, 0], means[:, 0], rtol=1e-5)


@pytest.fixture(scope="module")
def seen_at_the_end():
    return [noise_bench.seen("sigmoid", seed) for seed in (0, 1)]


@pytest.mark.parametrize("claim", noise_bench.CLAIMS)
def test_the_noise_makes_the_inputs_stray_and_training_stays_fast(claim, seen_at_the_end):
    assert all(noise_bench.CLAIMS[claim](one) for one in seen_at_the_end)


def test_the_step_at_which_the_loss_was_half_of_guessing():
    trained, losses = SideBySide(), []
    net = trained.nets[1]
    while net.halved_at is None and trained.step < 300:
        trained.advance(1)
        losses.append(net.losses.latest)
    assert net.halved_at == trained.step
    assert losses[-1] < np.log(10) / 2 <= min(losses[:-1])
    assert LOSSES.hint(Shown(trained, 3)) == f"halved after –, {trained.step}, – steps"


def test_what_to_do_is_said_where_nothing_was_trained():
    assert [chart.hint(Shown(SideBySide(), 3)) for chart in SIDE_CHARTS.values()] == [
        "Press Play to train the three."
    ] * 2


@pytest.mark.parametrize(("values", "lower"), [([-4, -3, -2, 2, 3.1], set()), ([0, 0.3, 0.6, 0.9, 3], {1, 3})])
def test_numbers_of_dots_that_lie_close_are_on_two_lines(values, lower):
    words = one_batch.labels(np.array(values, float))
    assert [word.removeprefix("<br>") for word in words] == ["1", "2", "3", "4", "5"]
    assert {i for i, word in enumerate(words) if word.startswith("<br>")} == lower


def test_training_ends_and_a_network_that_broke_stands_still():
    trained = SideBySide()
    trained.push(0.0, 1e30)
    trained.push(0.0, 1e30)
    trained.advance(5)
    assert trained.nets[0].broken
    assert trained.step == 5
    trained.step = MOST_STEPS - 2
    trained.advance(50)
    assert trained.step == MOST_STEPS
    assert trained.done


def test_an_ellipse_is_where_the_cost_is_equal():
    one = two_descents(4.0, 1.0, 0.05).raw
    away, start = ellipse(one, 0.25) - one.best, np.array(START) - one.best
    close(np.einsum("ti,ij,tj->t", away, one.curvature, away), 0.25 * start @ one.curvature @ start)


def side(steps):
    trained = SideBySide()
    trained.advance(steps)
    if steps:
        trained.push(1.0, 2.0)
    return Shown(trained, 3)


SHOWN = {
    "one_batch": (lambda: batch([-4, 4, 0, 0, 1, 2, 3, 4], 4, 5, 8, 1.0), [one_batch.DOTS, one_batch.HISTOGRAMS]),
    "all alike": (lambda: batch([1.0] * 8, 0, 1, 0, 1e-10), [one_batch.DOTS, one_batch.HISTOGRAMS]),
    "inputs": (lambda: two_descents(5, 1, 0.05), [inputs.RAW, inputs.NORMALIZED]),
    "too fast": (lambda: two_descents(20, 3, 3.0), [inputs.RAW, inputs.NORMALIZED]),
    "sizes": (lambda: noise(2), [batch_sizes.MEANS, batch_sizes.VARIANCES, batch_sizes.SPREAD]),
    "running": (lambda: moment(1, 0.999, 0), [running.STATISTICS, running.OUTPUTS]),
    "untrained": (lambda: side(0), [*SIDE_CHARTS.values()]),
    "trained": (lambda: side(40), [*SIDE_CHARTS.values()]),
}


@pytest.mark.parametrize(("make", "charts"), SHOWN.values(), ids=SHOWN)
def test_every_frame_fits_its_skeleton_and_travels(make, charts):
    shown = make()
    for chart in charts:
        whole = figure(shown, chart)  # plotly refuses an attribute or a value that it does not know
        uids = [trace.uid for trace in whole.data]
        assert len(set(uids)) == len(uids)
        assert chart.summary.endswith(".")
        assert pack({}, {chart.name: chart.frame(shown)})
        json.dumps(json.loads(chart.skeleton(shown).to_json()))


@pytest.mark.parametrize(
    ("chart", "makes"),
    [
        (one_batch.DOTS, [lambda: batch(range(8), 0, 1, 0, 1e-5), lambda: batch([0] * 8, 3, 2, 1, 0.1)]),
        (one_batch.HISTOGRAMS, [lambda: batch(range(8), 0, 1, 0, 1e-5), lambda: batch([0] * 8, 3, 2, 1, 0.1)]),
        (inputs.RAW, [lambda: two_descents(5, 1, 0.05), lambda: two_descents(2, 0, 3)]),
        (batch_sizes.MEANS, [lambda: noise(2), lambda: noise(256)]),
        (running.STATISTICS, [lambda: moment(5, 0.5, 1), lambda: moment(400, 0.9, 100)]),
        (inputs.NORMALIZED, [lambda: two_descents(5, 1, 0.05), lambda: two_descents(2, 0, 3)]),
        (batch_sizes.VARIANCES, [lambda: noise(2), lambda: noise(256)]),
        (batch_sizes.SPREAD, [lambda: noise(2), lambda: noise(256)]),
        (running.OUTPUTS, [lambda: moment(5, 0.5, 1), lambda: moment(400, 0.9, 100)]),
        (SIDE_CHARTS["side-inputs"], [lambda: side(0), lambda: side(9)]),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_skeleton_does_not_change_with_the_numbers(chart, makes):
    first, second = (chart.skeleton(make()).to_plotly_json() for make in makes)
    np.testing.assert_equal(first, second)


def test_the_names_are_of_three_networks():
    assert len(NAMES) == len(SideBySide().nets) == 3
    assert SETTINGS.batch_norm
