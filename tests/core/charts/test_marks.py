"""Tests of the marks of nudges: words, lines, and labels that do not overlap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.charts import marks
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


def test_lines():
    x, y = marks.lines([gesture(3, beta1=0.5), gesture(9, beta1=0.9)])
    np.testing.assert_array_equal(x, [3, 3, np.nan, 9, 9, np.nan])
    np.testing.assert_array_equal(y, [0, 1, np.nan, 0, 1, np.nan])


@given(st.lists(st.integers(0, 1000), max_size=40), st.integers(0, 50))
def test_labels_do_not_overlap_and_the_newest_has_one(steps, after):
    made = [gesture(step, batch_norm=step % 2 == 0) for step in sorted(steps)]
    now = max(steps, default=0) + after
    placed = marks.labels(made, now)
    assert len(placed) <= marks.LABELS
    assert not made or placed[-1][0] == made[-1].step
    spans = []
    for step, height, text, position in placed:
        wide = LETTER * len(text) / marks.PLOT * max(now, 1)
        start = step if position == "middle right" else step - wide
        assert start + wide <= 1.04 * max(now, 1)
        spans.append((height, start, start + wide))
    for i, (height, low, high) in enumerate(spans):
        assert all(height != other or high <= start or end <= low for other, start, end in spans[i + 1 :])


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["beta1", "learning_rate"])), max_size=40))
def test_newest_are_the_gestures_of_the_journal(drags):
    journal = tuple(Nudge(i, {name: (i, i + 1)}, drag) for i, (drag, name) in enumerate(drags))
    assert marks.newest(journal) == gestures(journal)


def test_newest_are_bounded():
    journal = tuple(Nudge(i, {"beta1": (0.1, 0.2)}) for i in range(500))
    assert [made.step for made in marks.newest(journal)] == list(range(500 - marks.LINES, 500))
