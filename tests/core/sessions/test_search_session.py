"""Open searches: trained in slices, models picked, generations nested, and any model is a run with the same bits."""

import math

import numpy as np
import pytest

from core.charts.searches import SEARCH_CHARTS
from core.errors import UserError
from core.runs.run import Run
from core.search.plan import Plan
from core.search.search import Search, origin_of
from core.search.space import SEARCHABLE, Range, Space
from core.search.view import last_finite, ranking
from core.sessions.commands import Add, Pick, Play, Region, See, Sight, Stop
from core.sessions.search_registry import search_sessions
from core.sessions.search_session import SearchSession
from core.settings.table import RunSpec, Settings

SPEC = RunSpec(examples=60, hidden=(4,))
RANGES = (SEARCHABLE["learning_rate"], SEARCHABLE["beta1"])
VIEWER = object()


def search(models=12, steps=40, ranges=RANGES, **more):
    return SearchSession(Search(Plan(Space(SPEC, Settings(), ranges), "random", models, steps, **more)))


def to_the_end(opened):
    opened.do(Play())
    while opened.busy:
        opened.train(VIEWER, 0.05)
    return opened


def test_it_trains_in_slices_while_it_plays_and_stops_when_done():
    opened = search()
    opened.train(VIEWER, 0.01)
    assert opened.search.progress == 0
    to_the_end(opened)
    assert opened.search.done
    assert not opened.playing
    with pytest.raises(UserError, match="is done"):
        opened.do(Play())


def test_a_model_is_picked_by_its_number():
    opened = search()
    opened.do(Pick(11))
    assert opened.shown.picked == 11
    with pytest.raises(UserError, match="There is no model 12"):
        opened.do(Pick(12))


def test_any_model_is_a_run_with_the_same_bits():
    opened = to_the_end(search())
    for number in opened.best(3):
        assert opened.search.run(number).finish().fingerprint() == opened.search.fingerprint(number)


def test_a_variant_of_a_run_in_hand_is_that_run_with_one_more_nudge():
    run = Run(SPEC)
    run.advance(30)
    opened = to_the_end(
        SearchSession(Search(Plan(Space(SPEC, Settings(), RANGES), "random", 6, 20, origin=origin_of(run))))
    )
    number = opened.best(1)[0]
    variant = opened.search.run(number).finish()
    assert variant.step == 50
    assert variant.journal[0].step == 30
    run.nudge(**opened.search.trials[number].point)
    run.advance(20)
    assert variant.fingerprint() == run.fingerprint() == opened.search.fingerprint(number)


def test_a_finer_generation_lies_inside_the_one_before():
    opened = to_the_end(search(models=24))
    first = opened.search
    opened.do(Add(Search(Plan(opened.proposed(), "random", 8, 20))))
    assert opened.viewing.generation == 1
    for inner, outer in zip(opened.search.plan.space.ranges, first.plan.space.ranges, strict=True):
        assert outer.low <= inner.low <= inner.high <= outer.high
    best = first.trials[np.nanargmin(first.losses[:, -1])].point
    assert all(one.low <= best[one.name] <= one.high for one in opened.search.plan.space.ranges)
    opened.do(See(0))
    assert opened.search is first


def test_the_best_come_first_and_those_that_broke_never():
    opened = to_the_end(search(models=16, ranges=(Range("learning_rate", 1e-3, 10.0, "log"),)))
    losses = [opened.search.trials[number].loss for number in opened.best(16)]
    assert losses == sorted(losses)
    assert all(math.isfinite(loss) for loss in losses)


def test_newest_is_the_last_measured():
    nan, inf = math.nan, math.inf
    losses = np.array([[3, 2, nan], [nan, nan, nan], [4, inf, nan], [3, 2, 1]])
    np.testing.assert_array_equal(last_finite(losses), [2, nan, 4, 1])


def test_random_and_grid_beside_each_other_train_in_step_and_say_how_many_values_they_tried():
    opened = search(models=64, steps=400)
    opened.do(Add(Search(Plan(Space(SPEC, Settings(), RANGES), "grid", 64, 400))))
    versus = SEARCH_CHARTS["versus"]
    assert versus.applies(opened.shown)
    while opened.busy:
        opened.train(VIEWER, 0.01)
        first, second = (search.progress for search in opened.generations)
        assert abs(first - second) < 0.5
    frame = versus.frame(opened.shown)
    assert frame["randomwords.text"][0].startswith("random: 64 values of α, best ")
    assert frame["gridwords.text"][0].startswith("grid: 8 values of α, best ")
    assert {key.partition(".")[0] for key in frame} == {trace.uid for trace in versus.skeleton(opened.shown).data}
    assert not versus.applies(search().shown)


@pytest.mark.parametrize("name", ["curves", "scatter", "parallel"])
def test_a_frame_fits_its_skeleton_from_before_the_first_step_to_the_end(name):
    chart, opened = SEARCH_CHARTS[name], search()
    for moment in range(2):
        uids = {trace.uid for trace in chart.skeleton(opened.shown).data}
        frame = chart.frame(opened.shown)
        assert {key.partition(".")[0] for key in frame} <= uids
        for key, value in frame.items():
            if key.endswith(".x"):
                assert value.shape == frame[f"{key[:-1]}y"].shape
        opened.do(Pick(3))
        if not moment:
            to_the_end(opened)


def test_the_scatter_has_every_model_once():
    opened = to_the_end(search())
    frame = SEARCH_CHARTS["scatter"].frame(opened.shown)
    shown = [*frame["tried.customdata"], *frame["broken.customdata"]]
    assert sorted(shown) == list(range(12))
    ranks = dict(zip(frame["tried.customdata"].tolist(), frame["tried.marker.color"].tolist(), strict=True))
    assert min(ranks, key=ranks.get) == opened.best(1)[0] == ranking(opened.search)[0]


def test_a_search_is_found_by_its_tokens_until_too_many_are_open():
    searches = search_sessions(most=2)
    first = searches.open(search().search, "owner")
    assert searches.get(first.token) is first
    for _ in range(2):
        searches.open(search().search, "owner")
    assert searches.get(first.token) is None


def test_a_region_is_selected_on_the_axes_of_any_generation_and_searched_inside():
    opened = to_the_end(search(models=16))
    opened.do(Region(0, {"learning_rate": [0.25, 0.75]}))
    opened.do(Region(0, {"beta1": [0.5, 1.0]}))
    assert opened.viewing.region == {
        "learning_rate": pytest.approx((1e-3, 1e-1)),
        "beta1": pytest.approx((0.99, 0.999)),
    }
    opened.do(Add(opened.finer()))
    assert opened.viewing.region == {}
    assert len(opened.search.trials) == 16
    assert all(1e-3 <= t.point["learning_rate"] <= 1e-1 and t.point["beta1"] >= 0.99 for t in opened.search.trials)
    opened.do(Region(0, {"learning_rate": [0.5, 1.0]}))  # on the axes of the first, cut to the second
    assert opened.viewing.region["learning_rate"] == pytest.approx((1e-2, 1e-1))
    with pytest.raises(UserError, match="Nothing of generation 2 lies there"):
        opened.do(Region(0, {"learning_rate": [0.9, 1.0]}))
    assert opened.viewing.region["learning_rate"] == pytest.approx((1e-2, 1e-1))
    with pytest.raises(UserError, match="There is no generation 3"):
        opened.do(Region(2, {"learning_rate": [0, 1]}))
    seeds = [search.plan.seed for search in (*opened.generations, opened.finer())]
    assert len(set(seeds)) == 3
    opened.do(See(0))
    assert opened.viewing.region == {}


def test_who_watches_sees_what_they_chose_and_changes_nothing():
    opened = search()
    to_the_end(opened)
    opened.do(Add(search(models=6).search))
    to_the_end(opened)
    opened.do(Region(1, {"learning_rate": [0.25, 0.5]}))
    opened.do(Pick(3))
    assert opened.as_seen(None) is opened.as_seen(Sight()) is opened
    seen = opened.as_seen(Sight(generation=0))
    assert (seen.search, seen.viewing.picked, seen.viewing.region) == (opened.generations[0], None, {})
    assert (opened.viewing.generation, opened.viewing.picked, list(opened.viewing.region)) == (1, 3, ["learning_rate"])
    seen = opened.as_seen(Sight(generation=1, axes=("beta1", "beta1"), whole=False))
    assert (seen.search, seen.viewing.picked, seen.viewing.region) == (opened.search, 3, opened.viewing.region)
    assert (seen.shown.axes, seen.shown.whole) == (("beta1", "beta1"), False)
    assert (opened.viewing.axes, opened.viewing.whole) == (("learning_rate", "beta1"), True)
    odd = opened.as_seen(Sight(generation=7, axes=("units", "beta1")))
    assert (odd.viewing.generation, odd.viewing.axes) == (1, opened.viewing.axes)


def test_a_region_is_searched_before_anything_is_trained_and_the_best_tenth_is_not():
    opened = search()
    with pytest.raises(UserError, match="train more"):
        opened.finer()
    opened.do(Region(0, {"learning_rate": [0, 0.5]}))
    assert all(trial.point["learning_rate"] <= 0.01 for trial in opened.finer().trials)


def test_stop_ends_all_generations_for_good_and_one_can_zoom():
    opened = search(models=12, steps=4_000)
    with pytest.raises(UserError, match="has not begun"):
        opened.do(Stop())
    opened.do(Add(Search(Plan(Space(SPEC, Settings(), RANGES), "grid", 9, 4_000))))
    while min(search.progress for search in opened.generations) < 0.02:
        opened.train(VIEWER, 0.02)
    opened.do(Stop())
    opened.do(Stop())
    assert not opened.busy
    assert all(search.done for search in opened.generations)
    assert any(trial.state == "stopped" for trial in opened.search.trials)
    with pytest.raises(UserError, match="is done"):
        opened.do(Play())
    opened.do(Add(opened.finer()))
    assert opened.busy
