"""Searches in the store: nothing that was said to be done is lost, and what was not done leads to the same bits."""

import copy
import json
import math
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from core.errors import UserError
from core.runs.run import Run
from core.search.plan import Plan
from core.search.plan_json import plan_from_json, plan_to_json
from core.search.random_vs_grid import random_vs_grid_from_json
from core.search.regions import region_to_json
from core.search.search import Search, origin_of
from core.search.space import SEARCHABLE, Range, Space
from core.sessions.commands import Add, Pause, Pick, Play, Region, See, Stop
from core.sessions.search_recall import recall
from core.sessions.search_recorder import about, finished
from core.sessions.search_registry import search_sessions
from core.settings.table import RunSpec, Settings
from core.store import Store, digest, generations, key_of
from core.store import searches as stored_searches
from tests.core.store.test_store import FIXTURES, restored

ROOT = Path(__file__).parents[3]
ANN, BOB = "a" * 22, "b" * 22
SPEC = RunSpec(dataset="moons", examples=60, hidden=(4,))
RANGES = (Range("learning_rate", 1e-3, 10.0, "log"), SEARCHABLE["beta1"])
VIEWER = object()


@pytest.fixture
def searches(store):
    return search_sessions(lambda: store)


def planned(models=8, steps=30, ranges=RANGES, **more):
    return Plan(Space(SPEC, Settings(), ranges), "random", models, steps, **more)


def played(opened):
    opened.do(Play())
    while opened.busy:
        opened.train(VIEWER, 0.05)
    if opened.saving:
        opened.saving.result(5)
    return opened


def again(store, opened):
    """The search as another process finds it."""
    return search_sessions(lambda: store).get(opened.token)


def assert_alike(found, search):
    np.testing.assert_array_equal(found.steps, search.steps)
    np.testing.assert_array_equal(found.losses, search.losses)
    np.testing.assert_array_equal(found.accuracies, search.accuracies)
    assert [repr(trial) for trial in found.trials] == [repr(trial) for trial in search.trials]  # NaN is not NaN


# plans


def origin():
    run = Run(SPEC)
    run.advance(12)
    run.nudge(learning_rate=0.05)
    run.advance(8)
    return origin_of(run)


@pytest.mark.parametrize(
    "plan",
    [
        planned(seed=3, halving=True),
        planned(ranges=(SEARCHABLE["optimizer"], SEARCHABLE["units"], SEARCHABLE["batch_norm"])),
        planned(origin=origin()),
    ],
    ids=["halving", "choices", "origin"],
)
def test_a_plan_comes_back_from_json_and_leads_to_the_same_bits(plan):
    search = Search(plan)
    told = json.loads(json.dumps(plan_to_json(plan, [trial.point for trial in search.trials])))
    back, points = plan_from_json(told)
    assert back == plan
    assert points == [trial.point for trial in search.trials]
    other = Search(back, points)
    for one in (search, other):
        one.advance(lambda: False)
    assert_alike(other, search)
    assert other.fingerprint(1) == search.fingerprint(1)


TOLD = plan_to_json(planned(models=2, origin=origin()), [])


def broken(path, value):
    """A plan with one thing that cannot be."""
    told = copy.deepcopy(TOLD)
    place = told
    for name in path[:-1]:
        place = place[name]
    if value is KeyError:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return told


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("kind",), KeyError, "takes kind, models"),
        (("more",), 1, "and nothing else"),
        (("kind",), ["random"], "kind of search"),
        (("kind",), "best", "random or grid"),
        (("models",), 10**9, "whole number"),
        (("models",), "8", "whole number"),
        (("steps",), math.nan, "whole number"),
        (("halving",), 1, "true or false"),
        (("space",), None, "takes spec"),
        (("points",), {}, "no list"),
        (("points",), [{"learning_rate": 99.0, "beta1": 0.95}], "1e-06 to 10"),
        (("points",), [{"learning_rate": 0.1}], "takes learning_rate, beta1"),
        (("points",), [{}] * 1001, "1,000"),
        (("origin",), 7, "starting run"),
        (("origin", "step"), -1, "cannot be at step"),
        (("origin", "step"), 5, "cannot be at step"),  # before its nudge
        (("origin", "step"), True, "cannot be at step"),
        (("origin", "journal"), 7, "no list of nudges"),
        (("origin", "spec", "seed"), "x", "Seed"),
    ],
)
def test_a_plan_that_cannot_be_is_answered_by_a_sentence(path, value, words):
    with pytest.raises(UserError, match=words):
        plan_from_json(broken(path, value))
    with pytest.raises(UserError):
        plan_from_json([TOLD])


# what is kept


def test_a_search_that_is_done_is_found_again_with_all_its_models(store, searches):
    opened = played(searches.open(Search(planned(halving=True)), ANN))
    found = again(store, opened)
    assert found.search.done
    assert not found.busy
    assert_alike(found.search, opened.search)
    for number in range(8):
        wanted = opened.search.fingerprint(number)
        assert found.search.fingerprint(number) == wanted
        assert found.search.run(number).finish().fingerprint() == wanted
    with pytest.raises(UserError, match="is done"):
        found.do(Play())
    before = found.search.losses.copy()
    found.search.advance(lambda: False)
    np.testing.assert_array_equal(found.search.losses, before)


def test_a_search_that_was_stopped_by_hand_is_found_again_as_it_stood(store, searches):
    opened = searches.open(Search(planned(steps=4_000)), ANN)
    opened.do(Play())
    while opened.search.progress < 0.02:
        opened.train(VIEWER, 0.02)
    opened.do(Stop())
    opened.saving.result(5)
    assert store.searches.find(opened.token).done
    found = again(store, opened).search
    assert found.done
    assert_alike(found, opened.search)
    assert "stopped" in {trial.state for trial in found.trials}
    for number in range(2):
        assert found.fingerprint(number) == opened.search.fingerprint(number)


def test_a_diverged_model_is_found_again_as_it_broke(store, searches):
    opened = searches.open(Search(planned(ranges=(Range("learning_rate", 0.1, 10.0, "log"),))), ANN)
    trial = opened.search.trials[2]
    trial.state, trial.step, trial.stopped_at, trial.why = "diverged", 7, 7, "Diverged at step 7."
    played(opened)
    assert trial.state == "diverged"
    found = again(store, opened).search
    assert_alike(found, opened.search)
    assert math.isnan(found.trials[2].loss)


def test_generations_are_found_again_one_inside_the_other(store, searches):
    opened = played(searches.open(Search(planned(models=12)), ANN))
    opened.do(Add(Search(Plan(opened.proposed(), "grid", 6, 20))))
    played_on = opened.generations[1]
    while opened.busy:
        opened.train(VIEWER, 0.05)
    opened.saving.result(5)
    found = again(store, opened)
    assert len(found.generations) == 2
    assert found.search is found.generations[1]
    for one, other in zip(found.generations, opened.generations, strict=True):
        assert_alike(one, other)
    assert found.search.plan == played_on.plan
    (entry,) = store.searches.of(ANN)
    assert (entry.generations, entry.models, entry.done) == (2, len(opened.search.trials) + 12, True)
    assert entry.best == min(trial.best for search in opened.generations for trial in search.trials)
    found.do(Add(Search(planned(models=2, steps=10))))
    assert again(store, opened).generations[2].plan.models == 2


def halfway(searches, search):
    """An open search with at least one rung behind it, which plays."""
    opened = searches.open(search, ANN)
    opened.do(Play())
    while opened.search.progress < 0.3:
        opened.train(VIEWER, 0.001)
    return opened


def test_a_search_that_was_paused_halfway_goes_on_from_there_and_ends_with_the_same_bits(store, searches):
    opened = halfway(searches, Search(planned(steps=2000, halving=True)))
    opened.do(Pause())
    opened.saving.result(5)
    found = again(store, opened)
    assert_stand_alike(found.search, opened.search)
    assert found.search.progress == pytest.approx(opened.search.progress, abs=0.15)
    assert found.recording.started
    assert not found.playing
    played(found)
    opened.do(Play())
    played(opened)
    assert_alike(found.search, opened.search)
    assert len(store.searches.trials(opened.token, 0)) == 8  # both wrote, each model has one row
    assert store.searches.checkpoint(opened.token, 0) is None
    assert_alike(again(store, opened).search, opened.search)


def assert_stand_alike(found, search):
    assert [(trial.step, trial.going) for trial in found.trials] == [(one.step, one.going) for one in search.trials]
    assert found.moment == search.moment != (0, 0)


def test_how_far_a_search_is_is_written_every_ten_seconds_and_no_more_often(store, searches, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("core.sessions.search_recorder.time.monotonic", lambda: clock[0])
    opened = halfway(searches, Search(planned(steps=4000)))
    clock[0] += 9
    opened.train(VIEWER, 0.001)
    opened.saving.result(5)
    assert store.searches.checkpoint(opened.token, 0) is None
    clock[0] += 1.1
    opened.train(VIEWER, 0.001)
    opened.saving.result(5)
    written = store.searches.checkpoint(opened.token, 0)
    assert written
    assert_stand_alike(again(store, opened).search, opened.search)
    clock[0] += 5
    before = opened.search.moment
    while opened.search.moment == before:
        opened.train(VIEWER, 0.001)
    opened.saving.result(5)
    assert store.searches.checkpoint(opened.token, 0) == written
    saving = opened.saving
    opened.do(Pause())
    assert opened.saving is not saving
    saving = opened.saving
    opened.do(Pick(1))  # nothing to be written
    assert opened.saving is saving


def test_how_far_a_search_is_is_written_however_often_frames_come(store, searches, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("core.sessions.search_recorder.time.monotonic", lambda: clock[0])
    opened = halfway(searches, Search(planned(steps=4000)))
    for seconds in (9.5, 0.6, 0.5):  # the ten seconds are over between two records
        clock[0] += seconds
        opened.train(VIEWER, 0.001)
    opened.saving.result(5)
    assert store.searches.checkpoint(opened.token, 0)


def test_closing_a_search_writes_how_far_it_is(store, searches):
    opened, paused = (halfway(searches, Search(planned(steps=4000))) for _ in range(2))
    paused.do(Pause())
    searches.close_all()
    assert searches.get(opened.token) is not opened
    opened.saving.result(5)
    assert_stand_alike(again(store, opened).search, opened.search)
    assert_stand_alike(again(store, paused).search, paused.search)


def test_generations_beside_each_other_each_go_on(store, searches):
    opened = searches.open(Search(planned(steps=1000)), ANN)
    opened.do(Add(Search(planned(steps=1000, seed=1))))
    while min(search.progress for search in opened.generations) < 0.3:
        opened.train(VIEWER, 0.001)
    opened.do(Pause())
    opened.saving.result(5)
    found = again(store, opened)
    for one, other in zip(found.generations, opened.generations, strict=True):
        assert_stand_alike(one, other)
    assert_alike(played(found).search, whole(opened.search))


def whole(search):
    """The same search, never interrupted."""
    other = Search(search.plan)
    other.advance(lambda: False)
    return other


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE standings SET bytes = substr(bytes, 1, 2000)", "damaged"),
        ("DELETE FROM standings", ""),
    ],
)
def test_where_it_is_not_known_how_far_it_was_it_begins_anew(store, searches, change, words):
    opened = halfway(searches, Search(planned(steps=400)))
    opened.do(Pause())
    store.write(lambda db: db.execute(change) and None).result(5)
    found = again(store, opened)
    assert found.search.progress == 0
    assert words in found.search.notice
    assert_alike(played(found).search, whole(opened.search))
    assert found.search.notice == ""


def test_a_search_that_is_too_large_to_be_kept_begins_anew_and_says_so(store, searches, monkeypatch):
    monkeypatch.setattr("core.sessions.search_recorder.MOST", 1000)
    opened = halfway(searches, Search(planned(steps=400)))
    opened.do(Pause())
    opened.saving.result(5)
    assert store.searches.checkpoint(opened.token, 0) == b""
    found = again(store, opened)
    assert found.search.progress == 0
    assert "more than the 64 MB that are kept: it begins anew" in found.search.notice


def test_of_too_much_that_a_person_has_begun_the_oldest_goes(store, searches, monkeypatch):
    opened = []
    for owner in (BOB, ANN, ANN, ANN):
        opened.append(searches.open(Search(planned(models=3, steps=20)), owner))
        store.searches.record(opened[-1].token, 0, [], None, checkpoint=lambda: b"x" * 400).result(5)
        monkeypatch.setattr(generations, "CHECKPOINT_BYTES", 1000)
    there = [store.searches.checkpoint(one.token, 0) is not None for one in opened]
    assert there == [True, False, True, True]


def test_what_was_never_played_and_is_closed_is_not_written(store, searches):
    opened = searches.open(Search(planned()), ANN)
    searches.close(opened.token)
    assert store.searches.of(ANN) == []
    assert store.searches.checkpoint(opened.token, 0) is None


def test_variants_of_a_run_come_back_with_the_run_that_they_left(store, searches):
    opened = searches.open(Search(planned(models=3, origin=origin())), ANN)
    opened.origin = "the-run"
    played(opened)
    found = again(store, opened)
    assert found.origin == "the-run"
    assert found.search.plan.origin == opened.search.plan.origin
    assert found.search.fingerprint(1) == opened.search.fingerprint(1)


def test_what_is_shown_as_done_is_stored(store, searches):
    opened = searches.open(Search(planned()), ANN)
    opened.do(Play())
    while opened.busy:
        opened.train(VIEWER, 0.05)
    opened.saving.result(5)  # a frame waits for this
    other = sqlite3.connect(store.path)
    assert other.execute("SELECT done FROM generations").fetchall() == [(1,)]
    assert other.execute("SELECT count(*) FROM trials").fetchall() == [(8,)]
    other.close()


def test_what_stops_early_is_noted_about_every_second(store, searches, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("core.sessions.search_recorder.time.monotonic", lambda: clock[0])
    opened = searches.open(Search(planned(models=16, steps=4000, halving=True)), ANN)
    opened.carry_out(Play())
    while not any(trial.state == "stopped" for trial in opened.search.trials):
        opened.train(VIEWER, 0.005)
    opened.saving.result(5)
    assert store.searches.trials(opened.token, 0) == []
    clock[0] += 1.1
    opened.train(VIEWER, 0.001)
    opened.saving.result(5)
    stopped = [trial for trial in opened.search.trials if trial.state == "stopped"]
    assert store.searches.trials(opened.token, 0) == [finished(opened.search, trial) for trial in stopped]
    (entry,) = store.searches.of(ANN)
    assert entry.best == min(trial.best for trial in opened.search.trials)
    assert not entry.done


def test_a_write_that_fails_is_said_and_made_good(store, searches, monkeypatch):
    opened = searches.open(Search(planned()), ANN)
    opened.do(Play())
    store.write(lambda db: db.execute("ALTER TABLE trials RENAME TO gone") and None).result(5)
    while opened.busy:
        opened.train(VIEWER, 0.05)
    assert isinstance(opened.saving.exception(5), sqlite3.Error)
    assert "not being saved" in opened.recording.state.unsaved
    store.write(lambda db: db.execute("ALTER TABLE gone RENAME TO trials") and None).result(5)
    later = time.monotonic() + 2
    monkeypatch.setattr("core.sessions.search_recorder.time.monotonic", lambda: later)
    opened.ask(Pick(1))
    opened.answer()
    opened.saving.result(5)
    assert opened.recording.state.unsaved == ""
    assert_alike(again(store, opened).search, opened.search)


# whose it is, and how it is listed


def test_a_token_reads_a_key_drives_and_neither_is_stored(store, searches):
    opened = played(searches.open(Search(planned()), ANN))
    key = key_of(ANN, opened.token)
    found = search_sessions(lambda: store).get(key)
    assert found.token == opened.token
    assert found.drives(key)
    assert not found.drives(opened.token)
    assert not found.drives(key_of(BOB, opened.token))
    assert store.searches.find(key_of(BOB, opened.token)) is store.searches.find(ANN) is store.searches.find("") is None
    store.close()
    written = b"".join(path.read_bytes() for path in store.path.parent.glob("panda.db*"))
    assert ANN.encode() not in written
    assert key.encode() not in written


def test_only_searches_that_were_played_are_listed_the_last_changed_first(store, searches):
    first, second, third = (searches.open(Search(planned(models=n)), ANN) for n in (3, 4, 5))
    searches.open(Search(planned()), BOB).do(Play())
    second.do(Play())
    played(first)
    entries = store.searches.of(ANN)
    assert [entry.id for entry in entries] == [first.token, second.token]
    assert [(entry.models, entry.done) for entry in entries] == [(3, True), (4, False)]
    assert entries[0].about == about(first.search) == "3 at random over learning rate, momentum β"
    assert entries[0].dataset == "moons"
    assert again(store, third)


def test_only_its_owner_renames_deletes_and_brings_back(store, searches):
    opened = played(searches.open(Search(planned()), ANN))
    for change in (
        lambda who: store.searches.rename(opened.token, who, "x"),
        lambda who: store.searches.delete(opened.token, who),
        lambda who: store.searches.bring_back(opened.token, who),
    ):
        with pytest.raises(UserError, match="This search is not yours"):
            change(BOB).result(5)
    store.searches.rename(opened.token, ANN, " two\nlines ").result(5)
    assert store.searches.of(ANN)[0].name == "two lines"
    store.searches.delete(opened.token, ANN).result(5)
    searches.close(opened.token)
    assert searches.get(opened.token) is searches.get(key_of(ANN, opened.token)) is None
    assert store.searches.of(ANN) == []
    assert [entry.id for entry in store.searches.of(ANN, deleted=True)] == [opened.token]
    store.searches.bring_back(opened.token, ANN).result(5)
    assert_alike(searches.get(opened.token).search, opened.search)


def test_a_person_keeps_a_bounded_number_of_searches_and_models(store, searches, monkeypatch):
    monkeypatch.setattr(stored_searches, "MOST_SEARCHES", 1)
    first, second = (searches.open(Search(planned()), ANN) for _ in range(2))
    played(first)
    with pytest.raises(UserError, match="delete some in the list of searches"):
        second.do(Play())
    assert not second.playing
    searches.open(Search(planned()), BOB).do(Play())
    store.searches.delete(first.token, ANN).result(5)
    second.do(Play())
    monkeypatch.setattr(stored_searches, "MOST_MODELS", 15)
    with pytest.raises(UserError, match="15 models"):
        second.do(Add(Search(planned())))
    assert len(second.generations) == 1
    assert len(store.searches.generations(second.token)) == 1


def test_what_was_never_played_goes_after_a_day_and_what_was_deleted_after_a_month(tmp_path):
    store = Store(tmp_path / "panda.db")
    searches = search_sessions(lambda: store)
    kept, old, fresh, gone = (searches.open(Search(planned()), ANN) for _ in range(4))
    for opened in (kept, gone):
        played(opened)
    store.write(lambda db: db.execute("UPDATE searches SET changed = 0 WHERE id != ?", (fresh.token,)) and None)
    store.write(lambda db: db.execute("UPDATE searches SET deleted = 1 WHERE id = ?", (gone.token,)) and None)
    store.close()
    store = Store(tmp_path / "panda.db")
    store.write(lambda db: None).result(5)
    for opened, there in ((kept, 1), (old, 0), (fresh, 1), (gone, 0)):
        assert len(store.searches.generations(opened.token)) == there
        assert len(store.searches.trials(opened.token, 0)) == 8 * (opened is kept)
    store.close()


def test_what_is_selected_is_found_again_with_the_generation_in_which_it_lies(store, searches):
    ranges = (*RANGES, SEARCHABLE["optimizer"], Range("units", 2, 40, "log"))
    opened = played(searches.open(Search(planned(ranges=ranges)), ANN))
    opened.do(Add(Search(planned(models=4, ranges=ranges))))
    opened.do(See(0))
    places = {"learning_rate": [0.25, 0.6], "beta1": [0, 1], "optimizer": [0, 0.4], "units": [0.1, 0.5]}
    opened.do(Region(0, places))
    opened.saving.result(5)
    assert opened.viewing.region.keys() == {"learning_rate", "optimizer", "units"}
    found = again(store, opened)
    assert (found.viewing.generation, found.viewing.region) == (0, opened.viewing.region)
    assert found.finer().plan.space == opened.finer().plan.space
    found.do(Region(0, None))
    found.saving.result(5)
    after = again(store, opened)
    assert (after.viewing.generation, after.viewing.region) == (1, {})


def test_what_is_selected_before_it_is_played_is_kept_and_written_once(store, searches, monkeypatch):
    written = []
    record = store.searches.record_region
    monkeypatch.setattr(store.searches, "record_region", lambda *given: written.append(given) or record(*given))
    opened = searches.open(Search(planned()), ANN)
    opened.do(Pick(1))
    assert not written
    opened.do(Region(0, {"beta1": [0, 0.5]}))
    opened.do(Pick(2))
    played(opened)
    assert len(written) == 1
    assert again(store, opened).viewing.region == opened.viewing.region


def test_a_region_that_cannot_be_any_more_is_let_go(store, searches):
    opened = played(searches.open(Search(planned()), ANN))
    for name in ('"units": [1, 2]', '"learning_rate": [20, 30]'):
        store.searches.record_region(opened.token, f'{{"generation": 0, "region": {{{name}}}}}').result(5)
        assert again(store, opened).viewing.region == {}


def test_a_search_that_is_no_longer_possible_is_not_found(store, searches):
    opened = played(searches.open(Search(planned()), ANN))
    store.write(lambda db: db.execute("UPDATE generations SET plan = '{}'") and None).result(5)
    assert again(store, opened) is None


# files of released versions, and death


def test_the_searches_of_a_released_version_are_recalled(tmp_path):
    for dump in FIXTURES:
        wanted = json.loads(dump.with_suffix(".json").read_text(encoding="utf-8"))
        store = Store(restored(dump, tmp_path / f"{dump.stem}.db"))
        entries = [*store.searches.of(wanted["owner"]), *store.searches.of(wanted["owner"], deleted=True)]
        assert {entry.id for entry in entries} == set(wanted.get("searches", {}))
        for entry in entries:
            known, generations = wanted["searches"][entry.id], recall(store, entry)
            assert (entry.name, entry.about, entry.best) == (known["name"], known["about"], known["best"])
            assert entry.owner == digest(wanted["owner"])
            states = [[trial.state for trial in search.trials] for search in generations]
            assert states == known["states"]
            steps = [[trial.step for trial in search.trials] for search in generations]
            assert steps == known.get("steps", steps)
            assert entry.contest == known.get("contest", "")
            assert (
                not entry.contest or random_vs_grid_from_json(entry.contest, generations[:2]).to_json() == entry.contest
            )
            assert entry.region == known.get("region", "")
            found = search_sessions(store=lambda store=store: store).get(entry.id)
            assert found is None or region_to_json(found.viewing.generation, found.viewing.region) == entry.region
            for search in generations:
                search.advance(lambda: False)
                loss = search.run(0).finish().evaluate("dev").loss
                assert loss == pytest.approx(search.trials[0].loss, rel=1e-3)  # other processors round differently
        store.close()


DYING = """
import sys
from core.sessions import search_recorder
from core.search.search import Search
from core.sessions.commands import Play
from core.sessions.search_registry import search_sessions
from core.store import Store
from tests.core.sessions.test_search_recorder import ANN, planned
search_recorder.EVERY_SECONDS, search_recorder.CHECKPOINT_SECONDS = 0.0, 0.05
store = Store(sys.argv[1])
opened = search_sessions(lambda: store).open(Search(planned(models=12, steps=4000, halving=True)), ANN)
print(opened.token, flush=True)
opened.do(Play())
while opened.busy:
    opened.train(None, 0.03)
    if opened.saving:
        opened.saving.result()
        print(len(store.searches.trials(opened.token, 0)), flush=True)
"""


def test_a_search_whose_process_is_killed_ends_with_one_row_for_each_model_and_the_same_bits(tmp_path):
    path = tmp_path / "panda.db"
    process = subprocess.Popen([sys.executable, "-c", DYING, path], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    token = process.stdout.readline().strip()
    seen = 0
    while seen == 0:  # until some were stopped, and their rows were said to be written
        seen = int(process.stdout.readline())
    process.kill()
    process.communicate(timeout=30)
    store = Store(path)
    assert store.check() == "ok"
    rows = store.searches.trials(token, 0)
    assert seen <= len(rows) < 12
    found = search_sessions(lambda: store).get(key_of(ANN, token))
    assert 0 < found.search.progress < 1
    assert not found.search.done
    assert min(trial.step for trial in found.search.trials) > 0
    played(found)
    never_killed = whole(found.search)
    after = store.searches.trials(token, 0)
    assert [row.number for row in after] == list(range(12))
    assert after == [finished(never_killed, trial) for trial in never_killed.trials]
    kept = again(store, found).search
    assert_alike(kept, never_killed)
    for number in (rows[0].number, found.best(1)[0]):
        assert kept.run(number).finish().fingerprint() == never_killed.fingerprint(number)
    store.close()
