"""Tests of the twin in the charts of loss and activations: where it begins and ends, and whose it is."""

import numpy as np
import pytest

from core.charts import activations, loss, twin
from core.runs.run import Run

close = np.testing.assert_allclose


@pytest.fixture(params=["twin", "twin of six layers", "twin of digits"])
def twinned(request, made):
    """A run that was nudged at step 60, and has a twin; both are at step 150."""
    return made(request.param)


def test_the_twin_s_losses_are_its_own(twinned):
    lines = loss.twin_numbers(twinned)
    assert list(lines) == ["average", "train", "dev"]
    for name in ("train", "dev"):
        steps, losses = lines[name]
        assert steps[-1] == twinned.twin.step == twinned.step == 150
        close(losses[-1], twinned.twin.evaluate(name).loss, rtol=1e-6)
        assert losses[-1] != np.float32(twinned.evaluate(name).loss)
    close(lines["average"][1][-1], twinned.twin.history.losses.latest, rtol=1e-6)


def test_lines_begin_where_run_and_twin_part(twinned):
    """At the last point that both have: the loss and the activations agree there, and later no more."""
    assert twin.parting(twinned) == 60
    own = loss.numbers(twinned)
    for name, steps, losses in (
        ("average", own.steps, own.average),
        ("train", own.measured, own.train),
        ("dev", own.measured, own.dev),
    ):
        twinly = loss.twin_numbers(twinned)[name]
        assert 56 <= twinly[0][0] <= 60 < twinly[0][1]
        shared = np.flatnonzero(steps == twinly[0][0])
        close(losses[shared], twinly[1][0])
        assert shared.size or name != "average"
    steps, mean, variance = activations.twin_numbers(twinned)
    assert 56 <= steps[0] <= 60 < steps[1]
    assert mean.shape == variance.shape == (len(twinned.spec.hidden), steps.size)
    np.testing.assert_array_equal(mean[:, -1], twinned.twin.history.column("a_mean")[-1])
    np.testing.assert_array_equal(variance[:, -1], twinned.twin.history.column("a_variance")[-1])


def test_frames_fill_every_line_of_the_twin(twinned):
    for module in (loss, activations):
        uids = {trace.uid for trace in module.skeleton(twinned).data if trace.uid.startswith("twin_")}
        arrays = module.frame(twinned)
        assert {key.split(".")[0] for key in arrays if key.startswith("twin_")} == uids
        assert len(uids) == (3 if module is loss else 2 * len(twinned.spec.hidden))
        assert all(arrays[f"{uid}.x"].size == arrays[f"{uid}.y"].size > 1 for uid in uids)


def test_twins_are_dotted_and_the_key_says_so(twinned):
    for module in (loss, activations):
        skeleton = module.skeleton(twinned)
        assert {trace.line.dash for trace in skeleton.data if trace.uid.startswith("twin_")} == {"dot"}
        assert "twin" in skeleton.layout.annotations[0].text


def test_without_a_twin_there_is_nothing(made):
    for module in (loss, activations):
        skeleton = module.skeleton(made("nudged"))
        assert not [trace for trace in skeleton.data if trace.uid.startswith("twin")]
        assert "twin" not in skeleton.layout.annotations[0].text
        assert not [key for key in module.frame(made("nudged")) if key.startswith("twin")]


def test_parting_is_the_first_nudge_that_the_twin_has_not():
    run = Run()
    run.advance(5)
    run.nudge(beta1=0.8)
    run.advance(5)
    run.twins = True
    for i in range(3):  # a drag
        run.nudge(gesture=1, learning_rate=0.05 + i / 100)
        run.advance(4)
    assert len(run.journal) == 4
    assert twin.parting(run) == 10
    run.twin = None
    assert twin.parting(run) == run.step


def test_a_twin_that_has_not_moved_is_a_point():
    run = Run()
    run.advance(5)
    run.twins = True
    run.nudge(beta1=0.8)
    assert loss.twin_numbers(run)["dev"][0].tolist() == [5]
    assert activations.twin_numbers(run)[0].tolist() == [5]


def test_points_are_few_and_fewer_for_many_lines():
    run = Run()
    run.advance(3)
    run.twins = True
    run.nudge(beta1=0.8)
    steps = np.arange(260)
    assert twin.since(run, steps, 1)[:2].tolist() == [3, 7]
    assert twin.since(run, steps, 1).size == 65
    assert twin.since(run, steps, 12).size == 17
    assert twin.since(run, steps, 12)[-1] == 259
    assert twin.since(run, steps[:0], 1).size == 0
    assert twin.since(run, steps[5:], 1)[0] == 3  # where the past is thinned away, from the first point on
