"""The numbers of each chart against the run's own."""

import numpy as np
import pytest

from core.charts import (
    CHARTS,
    activations,
    bands,
    class_picture,
    confusion,
    decision_map,
    figure,
    gradients,
    loss,
    mean_output,
    mistakes,
    outputs,
    pictures,
    scale_shift,
    statistics,
    z,
)
from core.runs.journal import gestures
from core.runs.run import Run
from core.settings.table import RunSpec, Settings

equal = np.testing.assert_array_equal
close = np.testing.assert_allclose


def last(values):
    """The newest value of each line (lines, n)."""
    return np.asarray(values)[:, -1]


def newest(run, column):
    return run.history.column(column)[-1]


def test_loss_ends_with_what_the_run_says(made):
    run = made("trained")
    losses = loss.numbers(run)
    close(losses.train[-1], run.evaluate("train").loss, rtol=1e-6)
    close(losses.dev[-1], run.evaluate("dev").loss, rtol=1e-6)
    close(losses.average[-1], run.history.losses.latest, rtol=1e-6)
    assert losses.steps[-1] == losses.measured[-1] == run.step
    close(losses.low.min(), run.history.losses.low.min(), rtol=1e-6)
    close(losses.high.max(), run.history.losses.high.max(), rtol=1e-6)


def test_loss_shows_all_mini_batches_between_low_and_high(made):
    arrays = loss.frame(made("trained"))
    losses = loss.numbers(made("trained"))
    equal(arrays["raw.y"][:4], [losses.low[0], losses.high[0], losses.high[1], losses.low[1]])
    equal(arrays["raw.x"][:4], np.repeat(losses.steps[:2], 2))


def test_the_loss_says_which_line_is_with_dropout():
    run = Run()
    before = "A mini-batch's loss is from before its update."
    assert CHARTS["loss"].hint(run) == before
    run.nudge(dropout=0.5)
    assert CHARTS["loss"].hint(run) == f"{before} Only mini-batches have dropout."


def test_a_loss_of_zero_can_be_shown_on_a_logarithmic_axis():
    run = Run()
    run.advance(3)
    run.history.column("dev_loss")[-1] = 0
    run.history.losses.low[-1] = 0
    losses = loss.numbers(run)
    assert losses.dev[-1] == losses.low[-1] == np.float32(loss.LEAST)
    assert min(losses.low.min(), losses.train.min(), losses.average.min()) > 0
    assert loss.skeleton(run).layout.meta["log"]


@pytest.mark.parametrize(("steps", "least"), [(0, 0), (9, 0), (10, np.nan), (400, np.nan)])
def test_the_axis_of_losses_goes_down_to_0_while_there_are_few(steps, least):
    run = Run()
    run.advance(steps)
    floor = next(trace for trace in figure(run, CHARTS["loss"]).data if trace.uid == "floor")
    equal(floor.y, [np.float32(least)])
    assert (list(floor.x), floor.mode) == ([0], "lines")  # a line of one point is not seen


def test_loss_marks_every_gesture(made):
    run = made("nudged")
    arrays = CHARTS["loss"].frame(run)
    made_gestures = gestures(run.journal)
    assert len(made_gestures) == 31
    equal(arrays["marks1.x"][::3], [gesture.step for gesture in made_gestures])
    assert arrays["labels.text"][-1].strip() == "β 0.7"
    assert len(arrays["labels.text"]) == len(arrays["labels.textposition"]) <= 10


@pytest.mark.parametrize(
    ("module", "columns"),
    [
        (activations, ("a_mean", "a_variance")),
        (z, ("z_mean", "zt_mean", "z_variance", "zt_variance", "zn_variance")),
        (statistics, ("batch_mean", "running_mean", "batch_variance", "running_variance")),
        (scale_shift, ("gamma", "gamma_low", "gamma_high", "shift", "shift_low", "shift_high")),
        (gradients, ("gradient_norm", "update_ratio", "total_norm")),
    ],
)
def test_layers_end_with_the_newest_measurement(made, module, columns):
    for run in (made("trained"), made("six layers"), made("digits")):
        steps, *values = module.numbers(run)
        assert steps[-1] == run.step
        for rows, column in zip(values, columns, strict=True):
            equal(last(rows), newest(run, column))


def test_layers_against_the_network(made):
    run, net = made("trained"), made("trained").stack.network
    _, gamma, low, high, *_ = scale_shift.numbers(run)
    assert (low <= gamma).all()
    assert (gamma <= high).all()
    # The newest measurement is taken before the step's update, so it is near what the network has now.
    close(gamma[:, -1], [net.theta.gamma[l].mean() for l in (1, 2)], atol=0.05)
    _, _, running, _, _ = statistics.numbers(run)
    close(running[:, -1], [net.running_mean[l].flat[0] for l in (1, 2)], atol=0.2)


def test_the_running_statistics_are_those_that_test_time_uses():
    run = Run(RunSpec(examples=100, hidden=(4, 3)))
    for _ in range(3):
        run.advance(1)
        close(statistics.numbers(run)[2][:, -1], [run.stack.network.running_mean[l].flat[0] for l in (1, 2)])
        close(statistics.numbers(run)[4][:, -1], [run.stack.network.running_variance[l].flat[0] for l in (1, 2)])


def test_the_variance_of_a_mini_batch_is_biased_and_the_chart_says_so():
    run = Run(RunSpec(examples=100, hidden=(4,)), Settings(batch_size=50_000))
    X, W = run.data.train.X, run.stack.network.theta.W[1][0].copy()
    run.advance(1)
    close(statistics.numbers(run)[3][0, -1], (W @ X)[0].var(), rtol=1e-4)
    assert "σ² of unit 1 (divides by m)" in str(statistics.skeleton(run))


def test_the_loss_of_a_mini_batch_is_from_before_its_update():
    run = Run(RunSpec(examples=100, hidden=(4,)), Settings(batch_norm=False, batch_size=50_000))
    before = run.evaluate("train").loss
    run.advance(1)
    close(loss.numbers(run).low[-1], before, rtol=1e-5)
    assert abs(run.evaluate("train").loss - before) > 1e-3
    assert loss.CHART.hint(run) == "A mini-batch's loss is from before its update."


def test_batch_norm_off_is_a_gap(made):
    run = made("without batch norm")
    _, before, after, *_ = z.numbers(run)
    assert np.isfinite(before[:, 1:]).all()
    assert np.isnan(after).all()
    assert np.isnan(statistics.numbers(run)[1]).all()
    assert scale_shift.frame(run)["gamma_band1.x"].size == 0
    for name in ("z", "statistics", "scale_shift"):
        assert "off" in CHARTS[name].hint(run)


def test_a_gap_ends_where_batch_norm_comes_back(made):
    steps, _, after, *_ = z.numbers(made("toggled"))
    off = np.isnan(after[0])
    assert off[(steps > 40) & (steps <= 80)].all()
    assert not off[((steps > 0) & (steps <= 40)) | ((steps > 80) & (steps <= 120))].any()
    arrays = scale_shift.frame(made("toggled"))
    assert np.isnan(arrays["gamma_band1.x"]).sum() == 2  # two stretches, each closed by a gap


def test_outline_goes_there_and_back():
    nan = np.nan
    x, y = bands.outline(np.arange(5.0), np.array([nan, 1, 2, nan, 3]), np.array([nan, 5, 6, nan, 7]))
    equal(x, [1, 2, 2, 1, nan, 4, 4, nan])
    equal(y, [5, 6, 2, 1, nan, 7, 3, nan])


def test_rule_of_thumb(made):
    arrays = gradients.frame(made("trained"))
    equal(arrays["rule.x"], [0, 200])
    equal(arrays["rule.y"], np.float32([1e-3, 1e-3]))
    assert CHARTS["gradients"].skeleton(made("trained")).layout.yaxis2.type == "log"


def test_gradients_of_zero_stay_on_the_axis():
    run = Run()
    run.advance(2)
    run.history.column("gradient_norm")[-1] = 0
    assert gradients.frame(run)["norm1.y"][-1] == np.float32(gradients.LEAST)
    assert gradients.numbers(run)[1][0, -1] == 0


def test_outputs_are_the_run_s_own(made):
    for run in (made("trained"), made("digits"), made("wine")):
        chosen, P, truth = outputs.numbers(run)
        close(P, run.outputs("dev")[:, chosen])
        close(P.sum(axis=0), 1, rtol=1e-5)
        equal(truth, run.data.dev.labels[chosen])
        arrays = outputs.frame(run)
        equal(arrays["said.y"], P.argmax(axis=0))
        assert arrays["said.text"] == [f"{100 * p:.0f}" for p in P.max(axis=0)]


def test_examples_are_spread_over_the_classes(made):
    for run in (made("trained"), made("digits"), made("eight classes"), made("one layer")):
        truth = run.data.dev.labels[outputs.examples(run.data)]
        counts = np.bincount(truth, minlength=run.data.n_classes)
        assert truth.size == 12
        assert (np.diff(truth) >= 0).all()
        assert counts.max() - counts.min() <= 1


def test_outlines_surround_the_true_class():
    x, y = outputs.outlines(np.array([2, 0]))
    close([np.nanmean(x[:4]), np.nanmean(y[:4]), x[6:10].mean(), y[6:10].mean()], [0, 2, 1, 0], atol=1e-6)
    assert np.isnan(x[5::6]).all()


def test_pictures_are_the_digits(made):
    data = made("digits").data
    tiles = pictures.tiles(data, np.array([4]))
    close(
        16 * tiles[0].ravel(), data.raw(data.dev.X[:, [4]])[:, 0] * 16 / data.raw(data.dev.X[:, [4]]).max(), atol=1e-3
    )
    x, rows = pictures.across(tiles)
    equal(rows[:, :8], tiles[0][::-1])  # the lowest row first
    close(x[:8].mean(), 0, atol=1e-6)
    assert pictures.tiles(made("wine").data, np.array([0])).size == 0


def test_decision_map_is_what_the_run_predicts(made):
    for name in ("trained", "eight classes", "one layer"):
        run = made(name)
        classes, confidence, (x0, x1, y0, y1) = decision_map.numbers(run)
        side = decision_map.SIDE
        for row, column in ((0, 0), (5, 40), (63, 10)):
            point = [[x0 + (column + 0.5) / side * (x1 - x0)], [y0 + (row + 0.5) / side * (y1 - y0)]]
            P, C = run.predict(np.array(point))[:, 0], run.data.n_classes
            assert classes[row, column] == P.argmax()
            close(confidence[row, column], (P.max() - 1 / C) / (1 - 1 / C), atol=1e-4)
        image = decision_map.frame(run)["image"]
        assert (image["points"].dtype, image["points"].shape) == (np.uint8, (side, side))
        read = class_picture.read(image)
        equal(read[0], classes)
        close(read[1], confidence, atol=0.5 / (class_picture.steps(C) - 1) + 1e-6)


def test_decision_map_holds_every_example():
    run = Run(RunSpec(normalize=False, examples=300))
    x0, x1, y0, y1 = decision_map.grid(run.data)[1]
    points = {trace.uid: trace for trace in decision_map.skeleton(run).data}
    shown = sum(len(trace.x) for uid, trace in points.items())
    assert shown == 300
    assert all(x0 < min(trace.x) and max(trace.x) < x1 for trace in points.values())
    assert all(y0 < min(trace.y) and max(trace.y) < y1 for trace in points.values())
    assert len({points[f"dev{i}"].marker.symbol for i in range(3)}) == 3


def test_confusion_counts(made):
    for run in (made("digits"), made("wine")):
        counts = confusion.numbers(run)
        said, truth = run.outputs("dev").argmax(axis=0), run.data.dev.labels
        assert counts.sum() == truth.size
        assert counts[1, 2] == ((truth == 1) & (said == 2)).sum()
        close(np.trace(counts) / truth.size, run.evaluate("dev").accuracy)
        signed = confusion.frame(run)["share.z"]
        close(np.abs(signed).sum(axis=1), 1, rtol=1e-5)
        assert (np.diag(signed) >= 0).all()
        assert (signed[~np.eye(len(signed), dtype=bool)] <= 0).all()


def test_mistakes_are_the_worst(made):
    run = made("digits start")
    worst = mistakes.numbers(run)
    P, truth = run.outputs("dev"), run.data.dev.labels
    losses = -np.log(P[truth, np.arange(truth.size)])
    wrong = P.argmax(axis=0) != truth
    assert worst.wrong.all()
    close(worst.losses, np.sort(losses[wrong])[::-1][: mistakes.COUNT], rtol=1e-5)
    i, c, said = worst.examples[0], truth[worst.examples[0]], worst.said[0]
    assert mistakes.words(run, worst)[0].strip() == f"example {i}: {c}, said {said} ({100 * P[said, i]:.0f} %)"
    assert mistakes.frame(run)["pictures.z"].shape == (72, 8)
    assert mistakes.hint(run) is None


def test_without_mistakes_the_least_certain(monkeypatch):
    run = Run(RunSpec(dataset="wine", hidden=(8,)))
    right = run.data.dev.Y * np.linspace(0.6, 0.9, run.data.dev.labels.size, dtype=np.float32)
    monkeypatch.setattr(run, "outputs", lambda split: right)
    worst = mistakes.numbers(run)
    assert not worst.wrong.any()
    equal(worst.examples, np.arange(mistakes.COUNT))
    close(worst.sure[0], 0.6)
    assert np.isnan(mistakes.frame(run)["wrong.x"]).all()
    assert "least certain" in mistakes.hint(run)


def test_mean_output(made):
    run = made("wine")
    steps, values, shares = mean_output.numbers(run)
    close(values[:, -1], run.outputs("dev").mean(axis=1), rtol=1e-5)
    close(shares, np.bincount(run.data.dev.labels) / run.data.dev.labels.size, rtol=1e-6)
    equal(mean_output.frame(run)["share1.x"], [0, run.step])
    assert steps[-1] == run.step


def test_mean_output_of_many_classes_is_less_their_shares(made):
    run = made("digits")
    _, values, shares = mean_output.numbers(run)
    arrays = mean_output.frame(run)
    for i in range(10):
        close(arrays[f"class{i}.y"], values[i] - shares[i], atol=1e-7)
    equal(arrays["share0.y"], [0, 0])
    assert "share1.x" not in arrays
    assert abs(sum(arrays[f"class{i}.y"][-1] for i in range(10))) < 1e-5
    assert "−" in mean_output.skeleton(run).layout.yaxis.title.text
    assert mean_output.skeleton(made("wine")).layout.yaxis.title.text is None


def test_names_of_many_classes_stand_upright(made):
    assert confusion.skeleton(made("digits")).layout.xaxis.tickangle == 0
    upright = confusion.skeleton(made("hostile names")).layout
    assert upright.xaxis.tickangle == -90
    assert upright.margin.b > 60


def test_the_word_that_classes_share_is_said_once(made):
    shape = confusion.skeleton(made("eight classes")).layout  # which CHARTS does not offer in a plane
    assert shape.xaxis.title.text == "predicted blob"
    assert shape.xaxis.ticktext == tuple("12345678")


def test_clipped_steps_are_counted_where_clipping_was_on():
    run = Run(RunSpec(examples=90, hidden=(6,)))
    run.advance(10)
    assert gradients.clipped(run) == (0, 0)
    assert gradients.share_clipped(run) is None
    norms = run.history.column("total_norm")[1:, 0].copy()
    run.nudge(clip_norm=float(np.median(norms)) / 2)
    run.advance(10)
    run.nudge(clip_norm=1000.0)
    run.advance(10)
    steps, norm = run.history.steps, run.history.column("total_norm")[:, 0]
    counted = (steps > 10) & (steps <= 20)
    expected = int((norm[counted] > run.journal[0].changes["clip_norm"][1]).sum())
    assert gradients.clipped(run) == (expected, 10)
    assert expected > 0
    assert gradients.share_clipped(run) == f"Clipped: {expected} of 10 measured steps ({expected / 10:.0%})."
    assert np.isfinite(gradients.limits(run, steps)).tolist() == counted.tolist()
