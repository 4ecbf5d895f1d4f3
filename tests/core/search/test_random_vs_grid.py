"""Random or grid over many seeds: each pair is what two searches alone find; slices, bounds, the words at the end."""

import math
from dataclasses import replace

import numpy as np
import pytest

from core.charts.searches import SEARCH_CHARTS
from core.charts.searches.random_vs_grid import box, few, numbers
from core.errors import UserError
from core.search import random_vs_grid as module
from core.search.outcome import outcome_of
from core.search.plan import Plan
from core.search.random_vs_grid import (
    SIDES,
    BestModel,
    RandomVsGrid,
    best_model,
    random_vs_grid_from_json,
    with_seed,
)
from core.search.search import Search
from core.search.space import SEARCHABLE, Range, Space
from core.sessions.commands import Add, Compete, Play, Stop
from core.sessions.search_registry import search_sessions
from core.sessions.search_session import SearchSession
from core.settings.table import RunSpec, Settings

SPEC = RunSpec(examples=60, hidden=(4,), seed=2, data_seed=7)
RANGES = (Range("learning_rate", 1e-3, 1.0, "log"), SEARCHABLE["beta1"])
VIEWER = object()
INF = math.inf


def never():
    return False


def first(models=4, steps=20, spec=SPEC, ranges=RANGES, **more):
    space = Space(spec, Settings(), ranges)
    return [Search(Plan(space, side, models, steps, 5, **more)) for side in SIDES]


def whole(contest):
    contest.advance(never)
    assert contest.done
    return contest


# what is found


@pytest.mark.parametrize("halving", [False, True])
def test_each_pair_is_what_two_searches_alone_find_under_that_seed(halving):
    found = whole(RandomVsGrid(first(halving=halving), 6)).found
    for k in range(6):
        spec = replace(SPEC, seed=2 + k, data_seed=7 + k)
        for side in SIDES:
            alone = Search(Plan(Space(spec, Settings(), RANGES), side, 4, 20, 5 + k, halving))
            alone.advance(never)
            assert found[side][k] == best_model(alone)
            losses = [trial.loss for trial in alone.trials if trial.state == "done"]
            assert found[side][k].loss == min(losses)
    assert len({one.loss for one in found["random"]}) == 6
    points = [[trial.point for trial in Search(with_seed(first()[1].plan, k)).trials] for k in (0, 3)]
    assert points[0] == points[1]  # of the grid


def test_slices_of_any_length_lead_to_the_same_pairs_and_progress_never_falls():
    contest, seen = RandomVsGrid(first(steps=60), 6), []
    while not contest.done:
        contest.advance(lambda: True)
        seen.append((contest.progress, contest.losses.shape[1], contest.left))
    progress, pairs, left = map(np.array, zip(*seen, strict=True))
    assert len(seen) > 20
    assert (np.diff(progress) >= 0).all()
    assert (progress[-1], pairs[-1], left[-1]) == (1, 6, 0)
    assert set(pairs) == {0, 1, 2, 3, 4, 5, 6}
    assert (left[:-1] > 0).all()
    np.testing.assert_array_equal(contest.losses, whole(RandomVsGrid(first(steps=60), 6)).losses)


def test_searches_that_are_done_already_are_not_trained_again():
    searches = first()
    for search in searches:
        search.advance(never)
    made = []
    contest = whole(RandomVsGrid(searches, 6, lambda plan: made.append(plan) or Search(plan)))
    assert [plan.seed for plan in made] == [6, 6, 7, 7, 8, 8, 9, 9, 10, 10]
    np.testing.assert_array_equal(contest.losses, whole(RandomVsGrid(first(), 6)).losses)


def test_it_goes_on_from_what_was_found():
    contest = RandomVsGrid(first(), 6)
    contest.advance(lambda: contest.losses.shape[1] == 3)
    later, wanted = RandomVsGrid(first(), 6, found=contest.found), whole(RandomVsGrid(first(), 6))
    assert later.progress == pytest.approx(0.5)
    np.testing.assert_array_equal(whole(later).losses, wanted.losses)
    assert contest.losses.shape == (2, 3)


def test_stopped_it_keeps_the_pairs_that_are_whole():
    contest = RandomVsGrid(first(), 6)
    contest.stop()
    assert contest.done
    assert contest.words == "Stopped before both searches of one seed were done."
    contest = RandomVsGrid(first(), 6)
    while not contest.found["random"][2:]:  # of the third seed, only the search at random is finished
        contest.advance(lambda: bool(contest.found["random"][2:]))
    contest.stop()
    contest.stop()
    contest.advance(never)
    assert contest.losses.shape == (2, 2)
    assert contest.words == outcome_of(*contest.losses).words


def test_stop_ends_a_search_with_its_contest():
    searches = first()
    opened = SearchSession(searches)
    opened.do(Compete(RandomVsGrid(searches, 6)))
    opened.do(Play())
    opened.train(VIEWER, 0.01)
    opened.do(Stop())
    assert opened.training.done
    assert not opened.busy


def test_seeds_wrap_at_the_highest():
    plan = first(spec=replace(SPEC, seed=2**31 - 1))[0].plan
    assert with_seed(plan, 0) == plan
    assert with_seed(plan, 3).space.spec.seed == 2


def test_where_every_model_breaks_the_loss_is_infinite():
    hot = Space(RunSpec(examples=60, hidden=(32,) * 4, activation="leaky_relu"),
                Settings(batch_norm=False, optimizer="sgd"), (Range("learning_rate", 9.0, 10.0, "log"),))  # fmt: skip
    contest = whole(RandomVsGrid([Search(Plan(hot, side, 2, 200)) for side in SIDES], 6))
    assert np.isinf(contest.losses).all()
    assert contest.outcome.equal == 6


# bounds


@pytest.mark.parametrize("seeds", [5, 51, 0, -1, 6.0, True, "20", None])
def test_a_number_of_seeds_out_of_bounds_is_answered_by_a_sentence(seeds):
    with pytest.raises(UserError, match="it takes 6 to 50"):
        RandomVsGrid(first(), seeds)


def test_what_takes_too_long_is_answered_before_the_work(monkeypatch):
    needed = 6 * sum(search.left for search in first())
    monkeypatch.setattr(module, "SECONDS", 1.01 * needed)
    RandomVsGrid(first(), 6)
    monkeypatch.setattr(module, "SECONDS", 0.99 * needed)
    with pytest.raises(UserError, match="hours of work"):
        RandomVsGrid(first(), 6)


def test_a_search_that_another_seed_would_make_too_large_is_answered_before_the_work(monkeypatch):
    searches = first(2, ranges=(Range("units", 1, 64, "log"),))
    others = [Search(with_seed(searches[0].plan, k)) for k in range(1, 20)]
    sizes = [sum(group.parameters * len(group.trials) for group in one._groups) for one in [*searches, *others]]
    assert max(sizes[2:]) > max(sizes[:2])
    monkeypatch.setattr("core.search.limits.PARAMETERS", max(sizes[2:]) - 1)
    with pytest.raises(UserError, match="parameters together"):
        RandomVsGrid(searches, 20)


# the words


def test_it_says_how_it_stands_before_the_end():
    contest = RandomVsGrid(first(), 6)
    assert contest.words == "0 of 6 seeds are done."
    contest.advance(lambda: contest.losses.shape[1] == 2)
    random, grid = contest.losses
    better = f"{np.sum(random < grid)} at random, {np.sum(grid < random)} on the grid"
    assert contest.words == f"2 of 6 seeds are done. The better model so far: {better}."
    assert contest.outcome is None
    assert whole(contest).words == contest.outcome.words == outcome_of(*contest.losses).words


# the chart


def test_the_chart_has_the_numbers_of_the_pairs():
    losses = np.array([[1.0, 2, 3, 4, INF], [2.0, 1, 3, INF, INF]])
    found = numbers(losses)
    np.testing.assert_array_equal(found.quantiles["random"], [1, 1.75, 2.5, 3.25, 4])
    np.testing.assert_array_equal(found.quantiles["grid"], [1, 1.5, 2, 2.5, 3])
    assert found.broken == {"random": 1, "grid": 2}
    assert {side: found.better[side].tolist() for side in SIDES} == {
        "random": [True, False, False, True, False],
        "grid": [False, True, False, False, False],
    }
    _, y = box(found.quantiles["grid"], 0)
    assert y[~np.isnan(y)].tolist() == [1, 1.5, 1.5, 1.5, 2.5, 2.5, 1.5, 2, 2, 2.5, 3]


def test_losses_are_written_in_few_signs():
    assert [few(loss) for loss in (0.0, 6.8812e-4, 1e-3, 0.09871, 1.5)] == ["0", "6.88e-4", "0.001", "0.0987", "1.5"]


def raced(seeds=6):
    random, grid = first()
    opened = SearchSession([random, grid])
    opened.do(Compete(RandomVsGrid([random, grid], seeds)))
    return opened


def test_the_chart_fits_its_skeleton_from_the_first_pair_to_the_last():
    chart, opened = SEARCH_CHARTS["contest"], raced()
    assert not chart.applies(SearchSession(first()[0]).shown)
    uids = {trace.uid for trace in chart.skeleton(opened.shown).data}
    opened.do(Play())
    while True:
        frame, done = chart.frame(opened.shown), opened.contest.losses.shape[1]
        assert {key.partition(".")[0] for key in frame} == uids
        assert all(frame[f"{uid}.x"].shape == frame[f"{uid}.y"].shape for uid in uids)
        np.testing.assert_allclose(frame["grid.y"], opened.contest.losses[1], rtol=1e-6)
        joined = sum(frame[f"{uid}.x"].size for uid in ("randombetter", "gridbetter", "equal"))
        assert joined == 3 * done
        if not opened.busy:
            break
        opened.train(VIEWER, 0.005)
    assert done == 6


# in an open search


def test_an_open_search_trains_its_generations_and_then_the_other_seeds():
    opened = raced()
    opened.do(Play())
    while opened.busy:
        opened.train(VIEWER, 0.005)
        if not all(search.done for search in opened.generations):
            assert opened.contest.losses.size == 0
    assert opened.contest.done
    assert opened.contest.found["random"][0] == best_model(opened.generations[0])
    with pytest.raises(UserError, match="is done"):
        opened.do(Play())


def test_what_was_found_outlives_the_closing_of_the_search(store):
    searches = search_sessions(lambda: store)
    random, grid = first()
    opened = searches.open(random, "a" * 22)
    opened.do(Add(grid))
    opened.do(Compete(RandomVsGrid([random, grid], 6)))
    while opened.contest.losses.shape[1] < 3:
        opened.train(VIEWER, 0.002)
    opened.saving.result(5)
    kept = opened.contest.losses
    searches = search_sessions(lambda: store)  # as after a restart, without anything that was closed
    found = searches.get(opened.token)
    assert found is not opened
    assert found.contest.seeds == 6
    assert not found.playing
    np.testing.assert_array_equal(found.contest.losses[:, : kept.shape[1]], kept)
    found.do(Play())
    while found.busy:
        found.train(VIEWER, 0.05)
    np.testing.assert_array_equal(found.contest.losses, whole(RandomVsGrid(first(), 6)).losses)
    found.saving.result(5)
    again = search_sessions(lambda: store).get(opened.token)
    assert again.contest.words == found.contest.words
    assert again.training.done


def test_a_contest_that_was_stopped_is_found_stopped(store):
    random, grid = first()
    opened = search_sessions(lambda: store).open(random, "a" * 22)
    opened.do(Add(grid))
    opened.do(Compete(RandomVsGrid([random, grid], 6)))
    opened.train(VIEWER, 0.01)
    opened.do(Stop())
    opened.saving.result(5)
    found = search_sessions(lambda: store).get(opened.token)
    assert found.contest.stopped
    assert found.training.done


def test_what_is_told_comes_back_also_where_every_model_broke():
    contest = RandomVsGrid(first(), 6, found={"random": [BestModel(INF, math.nan, {})], "grid": []})
    found = random_vs_grid_from_json(contest.to_json(), first()).found
    assert found["random"][0].loss == INF
    assert math.isnan(found["random"][0].accuracy)
    assert found["grid"] == []
