"""Tests of the marks of nudges: words, lines, and labels that do not overlap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.charts import charts_of, marks
from core.charts.names import LETTER
from core.runs.journal import Gesture, Nudge, gestures
from core.settings.table import Settings


def gesture(step, **changes):
    return Gesture(step, step, {name: (None, new) for name, new in changes.items()}, 0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"learning_rate": 0.01}, "α 0.01"),
        ({"learning_rate": 0.0123456}, "α 0.0123"),
        ({"optimizer": "adam"}, "Adam"),
        ({"batch_norm": False}, "batch norm off"),
        ({"batch_size": 128}, "m 128"),
        ({"decay": "none"}, "no decay"),
        ({"decay": "exponential"}, "exponential"),
        ({"beta1": 0.5, "epsilon": 1e-8}, "β 0.5 +1"),
    ],
)
def test_words(changes, words):
    assert marks.label(gesture(3, **changes)) == words


def test_every_setting_has_words():
    for name, value in vars(Settings()).items():
        assert marks.label(gesture(0, **{name: value}))


def test_a_line_ends_at_its_label_and_one_without_ends_below_all():
    placed = marks.flags([gesture(step, beta1=0.5) for step in range(300, 312)], 1000)
    x, y = marks.lines(placed)
    np.testing.assert_array_equal(x[:3], [300, 300, np.nan])
    np.testing.assert_array_equal(y[1::3], np.float32([flag.height for flag in placed]))
    assert min(marks.HEIGHTS[1]) > marks.BARE == placed[0].height
    assert not placed[0].text


@given(st.lists(st.integers(0, 1000), max_size=40), st.integers(0, 50), st.sampled_from([130, marks.PLOT]))
def test_no_label_lies_on_another_or_crosses_another_line(steps, after, pixels):
    made = [gesture(step, batch_norm=step % 2 == 0) for step in sorted(steps)]
    now = max(steps, default=0) + after
    placed = marks.flags(made, now, pixels=pixels)
    named = [flag for flag in placed if flag.text]
    assert [flag.step for flag in placed] == sorted(steps)
    assert len(named) <= marks.LABELS
    for flag in named:
        low, high = flag.low, flag.high
        assert low >= 0
        assert high <= 1.04 * max(now, 1)
        assert high - low >= LETTER * len(flag.text) / pixels * max(now, 1)
        assert not [other for other in placed if low < other.step < high and other.height >= flag.height]
        beside = [(other.low, other.high) for other in named if other is not flag and other.height == flag.height]
        assert all(high <= start or end <= low for start, end in beside)


@given(st.integers(0, 1000), st.integers(0, 50))
def test_the_newest_has_a_label(step, after):
    made = [gesture(at, beta1=0.5) for at in (0, step // 2, step)]
    assert marks.flags(made, step + after)[-1].text == "β 0.5"


def test_two_that_are_close_fly_apart():
    older, newer = marks.flags([gesture(500, beta1=0.5), gesture(510, beta1=0.9)], 1000)
    assert (older.to_right, newer.to_right) == (False, True)


def test_every_chart_over_steps_has_the_marks(made):
    run = made("nudged")
    for name, chart in charts_of(run).items():
        drawn = chart.skeleton(run)
        if drawn.layout.xaxis.title.text == "step" or (drawn.layout.meta or {}).get("steps"):
            over = [trace for trace in drawn.data if trace.uid.startswith("marks")]
            assert over, f"the chart {name} is over steps, but has no marks of nudges: see core.charts.marks.marked"
            assert chart.frame(run)["marks1.x"].size == 3 * 31


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["beta1", "learning_rate"])), max_size=40))
def test_newest_are_the_gestures_of_the_journal(drags):
    journal = tuple(Nudge(i, {name: (i, i + 1)}, drag) for i, (drag, name) in enumerate(drags))
    assert marks.newest(journal) == gestures(journal)


def test_newest_are_bounded():
    journal = tuple(Nudge(i, {"beta1": (0.1, 0.2)}) for i in range(500))
    assert [made.step for made in marks.newest(journal)] == list(range(500 - marks.LINES, 500))
