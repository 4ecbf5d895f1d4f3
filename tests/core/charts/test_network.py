"""The picture of the network: its numbers are the network's own, and its marks, tiles and lines say what is so."""

import re

import numpy as np
import pytest

from core.charts import inside, network, network_units
from core.charts.chart import figure
from core.charts.network_marks import ALIVE, DEAD, SATURATED, states
from core.charts.network_still import places
from core.charts.network_units import CLASSES, UNITS, chosen
from core.charts.packet import pack, unpack
from core.nn.activations import ACTIVATIONS
from core.runs.run import Run
from core.settings.table import RunSpec, Settings


def shown(run):
    """The frame, and its lists by layer: units, marks, words, tiles; and the weights between layers."""
    picture = network.frame(run)["network"]
    counts = [column["shown"] for column in network.skeleton(run).layout.meta["network"]["columns"]]
    ends = np.cumsum(counts)[:-1]
    sizes = np.prod(picture["shapes"], axis=1) * counts
    tiles = [
        part.reshape(count, *shape)
        for part, count, shape in zip(
            np.split(picture["tiles"], np.cumsum(sizes)[:-1]), counts, picture["shapes"], strict=True
        )
    ]
    lines = [before * after for before, after in zip(counts, counts[1:], strict=False)]
    weights = [
        part.reshape(after, -1)
        for part, after in zip(np.split(picture["weights"], np.cumsum(lines)[:-1]), counts[1:], strict=True)
    ]
    words = [picture["words"][end - count : end] for count, end in zip(counts, np.cumsum(counts), strict=True)]
    return np.split(picture["units"], ends), np.split(picture["marks"], ends), words, tiles, weights


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_what_goes_on_inside_leads_to_the_networks_own_outputs(activation, batch_norm):
    run = Run(RunSpec(activation=activation), Settings(batch_norm=batch_norm))
    run.advance(30)
    X = inside.inputs(run)
    last = inside.hidden_layers(run, X)[-1]
    theta = run.stack.network.theta
    np.testing.assert_allclose(theta.W[-1][0] @ last.a + theta.b[-1][0], run.stack.logits(X)[0], rtol=1e-3, atol=1e-4)
    assert (last.z_norm is not None) == batch_norm


def test_z_norm_is_z_with_the_running_statistics(made):
    run = made("trained")
    first = inside.hidden_layers(run, inside.inputs(run))[0]
    net = run.stack.network
    scaled = (first.z - net.running_mean[1][0]) / np.sqrt(net.running_variance[1][0] + run.settings.bn_epsilon)
    np.testing.assert_allclose(first.z_norm, scaled, rtol=1e-4, atol=1e-5)


def test_lines_are_the_weights_of_the_shown_units(made):
    run = made("trained")
    units, _, _, _, weights = shown(run)
    for l, drawn in enumerate(weights, start=1):
        np.testing.assert_array_equal(drawn, run.stack.network.theta.W[l][0][np.ix_(units[l], units[l - 1])])


def test_words_have_the_networks_numbers(made):
    run = made("trained")
    units, _, words, _, _ = shown(run)
    layers = inside.hidden_layers(run, inside.inputs(run))
    for l in (1, 2):
        for unit, text in zip(units[l], words[l], strict=True):
            name, average, parameters, *rest = text.split("\n")
            assert name == f"layer {l}, unit {unit + 1}"
            mean, deviation = map(float, re.fullmatch(r"mean (\S+), deviation (\S+)", average).groups())
            gamma, beta = map(float, re.fullmatch(r"γ (\S+), β (\S+)", parameters).groups())
            a = layers[l - 1].a[unit]
            np.testing.assert_allclose([mean, deviation], [a.mean(), a.std()], rtol=1e-4)
            theta = run.stack.network.theta
            np.testing.assert_allclose(
                [gamma, beta], [theta.gamma[l][0, unit, 0], theta.beta[l][0, unit, 0]], rtol=1e-5
            )
            share = float(rest[0].split("%")[0].removeprefix("0 for ")) if rest else 0
            assert share == pytest.approx(100 * (a == 0).mean(), abs=0.051)
    outputs = run.stack.predict(inside.inputs(run))[0]
    assert f"mean {outputs[0].mean():,.6g}," in words[3][0]
    assert words[3][0].split("\n")[0] == run.data.class_names[0]


def test_tiles_are_the_outputs_over_the_plane(made):
    run = made("trained")
    _, _, _, tiles, _ = shown(run)
    assert [tile.shape[1:] for tile in tiles] == [(13, 13)] * 4
    x1, x2 = tiles[0].astype(int)
    assert (np.diff(x1, axis=1) > 0).all()  # from left to right
    assert (np.diff(x2, axis=0) < 0).all()  # the highest row first
    np.testing.assert_allclose((tiles[3] - 128.0).sum(axis=0), 127, atol=2)  # softmax outputs have the sum 1


def test_pixels_are_one_unit_and_the_first_layer_shows_its_weights(made):
    run = made("digits")
    units, _, words, tiles, weights = shown(run)
    assert [len(some) for some in units] == [1, 8, 8, 10]
    W = run.stack.network.theta.W[1][0]
    np.testing.assert_allclose(weights[0][:, 0], np.linalg.norm(W[units[1]], axis=1), rtol=1e-6)
    own = W[units[1][2]].reshape(8, 8)
    np.testing.assert_allclose(tiles[1][2], 128 + 127 * own / np.abs(own).max(), atol=0.51)
    assert words[0] == ["64 pixels\nthe mean of the training examples"]


def test_bars_are_the_mean_activation_for_each_class(made):
    run = made("wine")
    units, _, _, tiles, _ = shown(run)
    a = inside.hidden_layers(run, inside.inputs(run))[0].a[units[1][0]]
    means = np.array([a[run.data.train.labels == c].mean() for c in range(3)])
    heights = (tiles[1][0] != 128).sum(axis=0)
    np.testing.assert_array_equal(heights, np.rint(12 * np.abs(means) / np.abs(means).max()))
    assert (tiles[1][0][-1][heights > 0] == 255).all()  # bars stand on the lowest row


def test_a_dead_unit_is_marked():
    run = Run(RunSpec(hidden=(4, 4)), Settings(batch_norm=False))
    run.stack.network.theta.b[1][0, 2] = -1000
    _, marks, words, _, _ = shown(run)
    assert marks[1].tolist() == [ALIVE, ALIVE, DEAD, ALIVE]
    assert words[1][2].endswith("\ndead: 0 for every example")
    assert "dead" not in words[1][0]


@pytest.mark.parametrize(("activation", "z"), [("tanh", 50), ("tanh", -50), ("sigmoid", 50), ("sigmoid", -50)])
def test_a_saturated_unit_is_marked(activation, z):
    run = Run(RunSpec(hidden=(4, 4), activation=activation), Settings(batch_norm=False))
    run.stack.network.theta.b[1][0, 1] = z
    _, marks, words, _, _ = shown(run)
    assert marks[1].tolist() == [ALIVE, SATURATED, ALIVE, ALIVE]
    assert words[1][1].endswith("\nsaturated: within 0.01 of a bound for 100.0% of the examples")


def test_a_unit_is_saturated_for_more_than_95_percent():
    A = np.full((2, 100), 0.995, np.float32)
    A[0, :5], A[1, :4] = 0.5, 0.5
    share, mark = states(A, ACTIVATIONS["tanh"])
    assert share.tolist() == pytest.approx([0.95, 0.96])
    assert mark.tolist() == [ALIVE, SATURATED]


def test_wide_layers_show_their_most_important_units():
    run = Run(RunSpec(hidden=(32, 4)))
    run.advance(20)
    a, W = inside.hidden_layers(run, inside.inputs(run))[0].a, run.stack.network.theta.W[2][0]
    important = [np.linalg.norm(W[:, j]) * a[j].std() for j in range(32)]
    assert shown(run)[0][1].tolist() == sorted(np.argsort(important)[-UNITS:].tolist())
    columns = network.skeleton(run).layout.meta["network"]["columns"]
    assert [(column["size"], column["shown"]) for column in columns] == [(2, 2), (32, 8), (4, 4), (3, 3)]
    assert "+ 24 more" in next(trace for trace in figure(run, network.CHART).data if trace.uid == "words").text


def test_many_features_and_classes_are_cut(made):
    run = made("hostile names")
    columns = network.skeleton(run).layout.meta["network"]["columns"]
    assert (columns[-1]["size"], columns[-1]["shown"]) == (20, CLASSES)
    assert network.skeleton(made("256 features")).layout.meta["network"]["columns"][0]["shown"] == UNITS
    assert len(set(columns[-1]["names"])) == 20


def test_the_choice_stays_until_it_is_clearly_wrong():
    first = chosen(np.array([1.0, 5, 4, 2]), 2)
    assert first.tolist() == [1, 2]
    assert chosen(np.array([1.0, 5, 4, 5.9]), 2, first).tolist() == [1, 2]
    assert chosen(np.array([1.0, 5, 4, 6.1]), 2, first).tolist() == [1, 3]
    assert chosen(np.array([9.0, 5, 4, 8]), 2, first).tolist() == [0, 3]
    assert chosen(np.zeros(4), 2, first).tolist() == [1, 2]
    assert first.tolist() == [1, 2]


@pytest.mark.parametrize("clearly", [0.5, 1, 1.5])
def test_the_choice_ends_whatever_counts_as_clearly(monkeypatch, clearly):
    monkeypatch.setattr(network_units, "CLEARLY", clearly)
    important = np.array([1.0, 5, 4, 5.9])
    assert len(chosen(important, 2, np.array([1, 2]))) == 2
    assert chosen(important, 2).tolist() == [1, 3]


def test_the_shown_units_of_a_run_stay_while_it_trains():
    run = Run(RunSpec(hidden=(64, 64)))
    changes = 0
    before = None
    for _ in range(40):
        run.advance(10)
        units = network.frame(run)["network"]["units"]
        changes += before is not None and not np.array_equal(units, before)
        before = units
    assert changes <= 20


def test_a_run_that_diverged_has_a_picture():
    run = Run(RunSpec())
    run.stack.network.theta.W[1][:] = np.nan
    picture = network.frame(run)["network"]
    assert set(picture["tiles"][2 * 169 :]) == {128}
    assert "mean nan" in picture["words"][2]
    assert figure(run, network.CHART).data
    _, frames = unpack(pack({}, {"network": network.frame(run)}))
    assert np.isnan(frames["network"]["network"]["weights"][:4]).all()


def test_a_still_figure_says_each_weight_and_each_unit(made):
    run = made("one layer")
    whole = {trace.uid: trace for trace in figure(run, network.CHART).data}
    picture = network.frame(run)["network"]
    assert len(whole["units"].text) == len(picture["units"]) == 2 + 4 + 2
    said = whole["weights"].text[:: len(whole["weights"].text) // picture["weights"].size]
    assert len(said) == 4 * 2 + 2 * 4
    assert said[1] == f"x2 to layer 1, unit 1<br>weight {picture['weights'][1]:,.6g}"
    signs = {uid: trace for uid, trace in whole.items() if uid.startswith(("plus", "minus"))}
    drawn = {
        sign: sum(np.isnan(t.x).sum() for uid, t in signs.items() if uid.startswith(sign)) for sign in ("plus", "minus")
    }
    assert drawn == {"plus": (picture["weights"] >= 0).sum(), "minus": (picture["weights"] < 0).sum()}


def test_units_lie_in_their_columns_and_rows():
    at = places([{"shown": 2}, {"shown": 4}, {"shown": 1}])
    assert at.x.tolist() == [0, 0, 1, 1, 1, 1, 2]
    assert at.y.tolist() == pytest.approx([0.8, -0.8, 1.5, 0.5, -0.5, -1.5, 0])
    assert list(zip(at.start.tolist(), at.to.tolist(), strict=True))[:3] == [(0, 2), (1, 2), (0, 3)]
    assert (at.start[-1], at.to[-1]) == (5, 6)


def test_packets_are_small(made):
    for name, most in (("trained", 7), ("digits", 7), ("wine", 7), ("six layers", 10), ("256 features", 10)):
        assert len(pack({}, {"network": network.frame(made(name))})) <= most * 1024, name


def test_importance_is_finite_where_weights_are_not():
    assert network_units.importance(np.full((2, 3), np.inf), np.ones((3, 5))).tolist() == [0, 0, 0]
