"""Histograms of z, z_norm and a: their shares are those of the network's own values."""

import numpy as np
import pytest

from core.charts import histograms, inside
from core.charts.histograms import BINS, HIGH, VALUES, limits, rounded
from core.charts.packet import pack
from core.runs.run import Run
from core.settings.table import RunSpec, Settings


@pytest.mark.parametrize("kind", ["z", "z_norm", "a"])
def test_shares_are_those_of_the_networks_own_values(made, kind):
    run = made("trained")
    centres, shares = histograms.numbers(run)[kind]
    width = centres[1] - centres[0]
    edges = np.append(centres - width / 2, centres[-1] + width / 2)
    for l, layer in enumerate(inside.hidden_layers(run, inside.inputs(run))):
        values = getattr(layer, kind)[:, : VALUES // 16]
        counts = np.histogram(values.clip(edges[0], edges[-1]), edges)[0]
        np.testing.assert_allclose(shares[l], counts / values.size, atol=3 / values.size)  # values on an edge
        assert shares[l].sum() == pytest.approx(1, abs=1e-5)


def test_batch_norm_gives_z_norm_mean_0_and_deviation_1(made):
    centres, shares = histograms.numbers(made("trained"))["z_norm"]
    for share in shares:
        mean = (share * centres).sum()
        assert abs(mean) < 0.5
        assert np.sqrt((share * (centres - mean) ** 2).sum()) == pytest.approx(1, abs=0.3)


def test_without_batch_norm_there_is_no_z_norm(made):
    run = made("without batch norm")
    found = histograms.numbers(run)
    assert np.isnan(found["z_norm"][1]).all()
    assert not np.isnan(found["z"][1]).any()
    assert histograms.CHART.hint(run) == "Batch norm is off: there is no z_norm."
    assert histograms.CHART.hint(made("trained")) is None


@pytest.mark.parametrize(("activation", "ends"), [("sigmoid", (0, 1)), ("tanh", (-1, 1))])
def test_the_axis_of_a_bounded_activation_has_its_bounds(activation, ends):
    run = Run(RunSpec(activation=activation))
    assert limits(run, "a", np.zeros(3)) == ends


def test_limits_are_round_and_hold_most_values():
    run = Run(RunSpec())
    assert limits(run, "z", np.linspace(-3, 3, 1001)) == (-5, 5)
    assert limits(run, "a", np.linspace(0, 1.5, 1001)) == (0, 2)
    assert [rounded(size) for size in (0, 0.3, 1, 1.1, 4e6, 1e-30)] == [1, 0.5, 1, 2, 5e6, pytest.approx(1e-30)]


def test_each_layer_stands_in_its_row(made):
    run = made("six layers")
    frame = histograms.frame(run)
    for l in range(6):
        y = frame[f"z{l + 1}.y"]
        assert y[0] == y[-1] == y.min() == 5 - l
        assert y.max() == pytest.approx(5 - l + HIGH, abs=1e-5)
        shares = histograms.numbers(run)["z"][1][l]
        assert frame[f"z{l + 1}.text"][1:-1] == [f"{share:.2%}" for share in shares.tolist()]
        assert len(y) == BINS + 2


def test_a_run_that_diverged_has_histograms():
    run = Run(RunSpec(), Settings(batch_norm=False))
    run.stack.network.theta.W[1][:] = np.inf
    run.stack.network.theta.W[2][:] = np.nan
    frame = histograms.frame(run)
    assert np.isnan(frame["a2.y"][1:-1]).all()
    assert pack({}, {"histograms": frame})


def test_values_that_only_just_are_numbers():
    run = Run(RunSpec(), Settings(batch_norm=False))
    run.stack.network.theta.W[1][:] = 3e38
    assert histograms.frame(run)


def test_packets_are_small(made):
    for name, most in (("trained", 4), ("digits", 4), ("six layers", 10)):
        assert len(pack({}, {"histograms": histograms.frame(made(name))})) <= most * 1024, name
