"""What the labs of batch norm compute: the noisy network's gradient, networks in step, pushes; and all their charts."""

import json

import numpy as np
import pytest

from core.charts import figure
from core.charts.labs import batch_sizes, inputs, one_batch, running
from core.charts.labs.side_by_side import SIDE_CHARTS
from core.charts.packet import pack
from core.labs.batch_sizes import noise
from core.labs.inputs import START, ellipse, two_descents
from core.labs.one_batch import one_batch as batch
from core.labs.running import moment
from core.labs.side_by_side import LAYERS, MOST_STEPS, NAMES, SETTINGS, NoisyNorm, SideBySide
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


def test_the_noise_has_the_mean_and_the_variance_of_the_paper():
    Z = np.random.default_rng(1).standard_normal((1, 4000, 32))
    norm, out = Same(2).norm(Z.shape), np.empty_like(Z)
    norm.forward(Z, np.ones((1, 4000, 1)), np.zeros((1, 4000, 1)), np.array(1e-5), out)
    means, deviations = out.mean(axis=-1), out.std(axis=-1)
    close(means.mean(), 0, atol=0.02)
    close(means.std(), 0.5 / 3**0.5, rtol=0.05)  # of a uniform distribution over -0.5 to 0.5
    assert 1.05 < np.median(deviations) < 1.2


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
        A = np.array([step[l] for step in found], np.float64)  # (steps, n, m)
        expected = (A.mean(axis=2).std(axis=0) / np.sqrt(A.var(axis=2).mean(axis=0))).mean()
        close(net.wandering(l + 2), expected, rtol=1e-6)
        close(net.moments[:25, l, 0], A[:, 0].mean(axis=1), rtol=1e-5)


def test_the_noise_makes_the_inputs_stray_and_training_stays_fast():
    trained = SideBySide()
    trained.advance(400)
    without, normal, noisy = (net.losses.latest for net in trained.nets)
    assert normal < noisy < 0.5 * without
    strays = [net.wandering(3) for net in trained.nets]
    assert strays[2] > strays[0] > strays[1]


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
