"""The charts of the lab of scales: skeletons that stay as they are while dials move, and frames that fit them."""

import numpy as np
import pytest

from core.charts.chart import figure
from core.charts.labs import averages, coarse, kernel, sampling, versus
from core.labs.averages import averaged, move
from core.labs.coarse import coarse as made_coarse
from core.labs.kernel import kernel as made_kernel
from core.labs.sampling import sampling as made_sampling
from core.labs.versus import versus as made_versus

ALPHA = [
    made_sampling("log", 1e-4, 1.0, 0.1, 100, 0, "log"),
    made_sampling("log", 1e-8, 10.0, 1e-6, 10, 3, "linear"),
    made_sampling("log", 1e-2, 0.05, 1.0, 5000, 1, "log"),
    made_sampling("log", 1e-4, 1.0, 1e-6, 10, 3, "log"),
]
BETA = [
    made_sampling("one_minus", 0.9, 0.999, 0.99, 100, 0, "one_minus"),
    made_sampling("one_minus", 0.0, 0.9999, 0.5, 10, 3, "linear"),
    made_sampling("one_minus", 0.95, 0.96, 0.9, 10, 3, "one_minus"),
]
KERNELS = [made_kernel(beta) for beta in (0.0, 0.9, 0.9995)]
AVERAGED = [averaged("loss", 0.9, 5), averaged("loss", 0.0, 400, correcting=False), averaged("loss", 0.999, 1)]
MOVES = [[move(0.9, 0.9005), move(0.999, 0.9995)], [move(0.0, 0.9999), move(0.5, 0.5)]]
VERSUS = [made_versus(5, 0.0, 100, 0), made_versus(2, 1.0, 10, 199), made_versus(10, 0.3, 200, 9)]
COARSE = [made_coarse(20, 3, 0.1, 0), made_coarse(5, 1, 0.5, 4), made_coarse(60, 4, 0.05, 9)]

SHOWN = [
    *((chart, ALPHA) for chart in sampling.ALPHA),
    *((chart, BETA) for chart in sampling.BETA),
    *((chart, KERNELS) for chart in (kernel.NEAR, kernel.WHOLE)),
    *((chart, AVERAGED) for chart in (averages.WHOLE, averages.START)),
    *((chart, MOVES) for chart in averages.MOVES),
    *((chart, VERSUS) for chart in versus.VERSUS),
    *((chart, COARSE) for chart in coarse.COARSE),
]
each = pytest.mark.parametrize(("drawn", "shown"), SHOWN, ids=lambda one: getattr(one, "name", ""))


@each
def test_the_skeleton_is_the_same_whatever_is_shown(drawn, shown):
    first = drawn.skeleton(shown[0]).to_json(remove_uids=False)
    assert all(drawn.skeleton(other).to_json(remove_uids=False) == first for other in shown[1:])


@each
def test_a_frame_fits_its_skeleton(drawn, shown):
    for one in shown:
        uids = [trace.uid for trace in drawn.skeleton(one).data]
        assert len(set(uids)) == len(uids)
        frame = drawn.frame(one)
        assert {key.split(".")[0] for key in frame} <= set(uids)
        for uid in uids:
            lengths = {len(frame[key]) for key in (f"{uid}.x", f"{uid}.y", f"{uid}.text") if key in frame}
            assert len(lengths) <= 1
        figure(one, drawn, dark=True)


@each
def test_no_trace_comes_and_goes(drawn, shown):
    """A trace without points vanishes for plotly, and the next frame would draw the whole figure."""
    assert all(len(value) for one in shown for value in drawn.frame(one).values())


def test_ticks_of_the_strip_stand_where_the_values_are():
    shown = ALPHA[0]
    frame = sampling.ALPHA[1].frame(shown)
    ticks = np.concatenate([frame[f"{uid}.x"] for uid in ("inside", "outside")])
    places = 1 + np.log10(shown.right.values) / 4
    assert np.abs(np.sort(places)[:, None] - np.unique(ticks)).min(axis=1).max() <= 0.5 / sampling.GRAIN + 1e-12


def test_labels_stand_at_powers_of_ten():
    frame = sampling.ALPHA[0].frame(ALPHA[0])
    assert frame["labels.text"] == ["0.0001", "0.001", "0.01", "0.1", "1"]
    assert frame["labels.x"] == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    frame = sampling.BETA[0].frame(BETA[0])
    assert frame["labels.text"] == ["0.9", "0.99", "0.999"]
    assert frame["labels.x"] == pytest.approx([0, 0.5, 1])
