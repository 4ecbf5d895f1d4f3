"""What is selected and the nested generations, as the scatter and the parallel coordinates show them."""

from dataclasses import replace

import numpy as np
import pytest

from core.charts.searches import SEARCH_CHARTS
from core.charts.searches.regions import Box, boxes, labels, others, outline, region_words
from core.search.plan import Plan
from core.search.search import Search
from core.search.space import Range, Space
from core.search.zoom import within
from core.sessions.commands import Region, See, ShowWhole
from core.sessions.search_session import SearchSession
from core.settings.table import RunSpec, Settings

RANGES = (Range("learning_rate", 1e-4, 1.0, "log"), Range("beta1", 0.9, 0.999, "one_minus"))
SPACE = Space(RunSpec(examples=60, hidden=(4,)), Settings(), RANGES)
INNER = within(SPACE, {"learning_rate": (1e-2, 1.0), "beta1": (0.9, 0.99)})
INMOST = within(INNER, {"learning_rate": (1e-2, 1e-1)})


def search(*spaces, kinds=("random",) * 9):
    plans = [Plan(space, kind, 6, 20) for space, kind in zip(spaces, kinds, strict=False)]
    return SearchSession([Search(plan) for plan in plans])


def parts(opened, chart):
    frame = SEARCH_CHARTS[chart].frame(opened.shown)
    return {key: np.round(np.array(value, float), 3).tolist() if key[-2:] in (".x", ".y") else value
            for key, value in frame.items()}  # fmt: skip


def test_each_generation_is_a_box_on_the_axes_of_the_first_with_its_best():
    opened = search(SPACE, INNER, INMOST)
    opened.generations[1].trials[3].best = 0.03125
    found = boxes(opened.shown)
    assert [box.words for box in found] == ["1", "2: 0.0312", "3"]
    assert [box.x for box in found] == [(0, 1), pytest.approx((0.5, 1)), pytest.approx((0.5, 0.75))]
    assert [box.y for box in found] == [(0, 1), pytest.approx((0, 0.5)), pytest.approx((0, 0.5))]


def test_the_scatter_shows_all_points_on_the_first_axes_and_only_those_seen_when_asked():
    opened = search(SPACE, INNER)
    frame = parts(opened, "scatter")
    assert len(frame["others.x"]) == len(frame["waiting.x"]) == 6
    assert min(frame["waiting.x"]) >= 0.5
    assert max(frame["waiting.y"]) <= 0.5
    assert frame["seen.x"] == [0.5, 1, 1, 0.5, 0.5]
    assert frame["seen.y"] == [0, 0, 0.5, 0.5, 0]
    opened.do(ShowWhole(False))
    frame = parts(opened, "scatter")
    assert frame["others.x"] == frame["seen.x"] == frame["boxes.x"] == frame["labels.text"] == []
    assert min(frame["waiting.x"]) < 0.5


def test_random_beside_grid_are_not_nested():
    opened = search(SPACE, SPACE, kinds=("random", "grid"))
    assert boxes(opened.shown) == []
    assert others(opened.shown)[0].size == 0
    opened = search(SPACE, SPACE, INNER, kinds=("random", "grid", "random"))
    assert [box.words for box in boxes(opened.shown)] == ["1, 2", "3"]
    opened.do(See(1))
    assert others(opened.shown)[0].size == 6


@pytest.mark.parametrize(("whole", "stretch"), [(True, [0.625, 0.75]), (False, [0.25, 0.5])])
def test_a_region_is_drawn_where_its_values_lie(whole, stretch):
    opened = search(SPACE, INNER)
    opened.do(ShowWhole(whole))
    opened.do(Region(1, {"learning_rate": [0.25, 0.5]}))
    frame = parts(opened, "scatter")
    low, high = stretch
    assert frame["region.x"] == [low, high, high, low, low]
    assert frame["region.y"] == ([0, 0, 0.5, 0.5, 0] if whole else [0, 0, 1, 1, 0])
    bands = parts(opened, "parallel")
    assert bands["bands.x"] == [-0.05, 0.05, 0.05, -0.05, -0.05]
    assert bands["bands.y"] == [0.25, 0.25, 0.5, 0.5, 0.25]
    opened.do(Region(1, None))
    assert parts(opened, "scatter")["region.x"] == parts(opened, "parallel")["bands.x"] == []


def test_a_region_of_a_setting_that_the_scatter_does_not_show_is_not_drawn_there():
    opened = search(replace(SPACE, ranges=(*RANGES, Range("activation", choices=("relu", "tanh")))))
    opened.do(Region(0, {"activation": [0.5, 1.2]}))
    assert parts(opened, "scatter")["region.x"] == []
    assert len(parts(opened, "parallel")["bands.x"]) == 5


def test_brushes_say_which_settings_on_the_axes_of_which_generation():
    opened = search(SPACE, INNER)
    meta = [SEARCH_CHARTS[name].skeleton(opened.shown).layout.meta["brush"] for name in ("scatter", "parallel")]
    assert meta == [
        {"of": 0, "axes": {"x": "learning_rate", "y": "beta1"}},
        {"of": 1, "along": ["learning_rate", "beta1"]},
    ]
    opened.do(ShowWhole(False))
    assert SEARCH_CHARTS["scatter"].skeleton(opened.shown).layout.meta["brush"]["of"] == 1


def test_one_setting_alone_is_selected_across_the_whole_scatter():
    opened = search(replace(SPACE, ranges=RANGES[:1]))
    assert SEARCH_CHARTS["scatter"].skeleton(opened.shown).layout.meta["brush"]["axes"] == {"x": "learning_rate"}
    opened.do(Region(0, {"learning_rate": [0.25, 0.5]}))
    assert parts(opened, "scatter")["region.y"] == [0, 0, 1, 1, 0]


def test_words_tell_the_ends_apart():
    opened = search(replace(SPACE, ranges=(*RANGES, Range("activation", choices=("relu", "tanh", "sigmoid")))))
    assert region_words(opened.shown) == ""
    opened.viewing.region = {"learning_rate": (0.0312, 0.0314), "activation": ("relu", "tanh")}
    assert region_words(opened.shown) == "α 0.0312–0.0314, g ReLU or tanh"


def test_labels_keep_off_each_other_and_rectangles_have_a_gap():
    alike = [Box((number,), (0.2, 0.6), (0.1, 0.8), None) for number in (1, 2, 3)]
    places = labels(alike)
    assert np.diff(places[:, 1]).max() <= -0.08 + 1e-6
    x, y = outline([((0, 1), (0, 1)), ((0.2, 0.3), (0.2, 0.4))])
    assert np.isnan([x[5], y[5]]).all()
    assert x.size == y.size == 11
