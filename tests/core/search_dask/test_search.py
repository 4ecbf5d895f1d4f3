"""Tests of farmed searches on a real Dask cluster: the bits of this process, one result for each model whatever is
lost, a flag that stops what runs, and sentences where there is no Dask, no scheduler or no worker."""

import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest

distributed = pytest.importorskip("distributed")

from core.data.shelf import SHELF, Table  # noqa: E402
from core.errors import UserError  # noqa: E402
from core.runs.run import Run  # noqa: E402
from core.search.plan import Plan  # noqa: E402
from core.search.plan_json import plan_from_json, plan_to_json  # noqa: E402
from core.search.random_vs_grid import SIDES, RandomVsGrid  # noqa: E402
from core.search.sampling import random_points  # noqa: E402
from core.search.search import Search, origin_of  # noqa: E402
from core.search.space import Range, Space  # noqa: E402
from core.search_dask import chunk_pool, connection  # noqa: E402
from core.search_dask import search as dask_search  # noqa: E402
from core.search_dask.connection import dask_address  # noqa: E402
from core.search_dask.search import DaskSearch  # noqa: E402
from core.search_dask.worker import train_chunk  # noqa: E402
from core.sessions.commands import Add, Compete, Pause, Play, Stop  # noqa: E402
from core.sessions.search_registry import search_sessions  # noqa: E402
from core.settings.table import RunSpec, Settings  # noqa: E402
from core.training.stack import Stack  # noqa: E402

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # on Windows the latter ends a process at once
SPEC = RunSpec(examples=120, hidden=(6, 5), seed=3)
RATES = Range("learning_rate", 1e-3, 1.0, "log")
MIXED = (RATES, Range("units", 1, 9, "log"), Range("optimizer", choices=("sgd", "adam")))
SLOW = replace(SPEC, hidden=(64, 64))  # with mini-batches of 64, about 0.3 ms a step
HOT = Space(
    RunSpec(examples=90, hidden=(32,) * 4, activation="leaky_relu"),
    Settings(batch_norm=False, optimizer="sgd"),
    (Range("learning_rate", 1e-3, 10.0, "log"),),
)  # at 10, it breaks within a few steps


def never():
    return False


def plan(models=8, steps=40, ranges=(RATES,), spec=SPEC, settings=None, **chosen):
    return Plan(Space(spec, settings or Settings(), ranges), "random", models, steps, **chosen)


def in_process(searched, points=None):
    search = Search(searched, points)
    search.advance(never)
    return search


def looked_at(search, until, seconds=60):
    """Look at a search every few milliseconds until something holds."""
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, search.notice
        search.advance(never)
    return search


def keeping(search, kept):
    """The search, which puts what comes in into the list `kept`."""
    search.on_results(kept.extend)
    return search


def whole(searched):
    """A plan as workers have it."""
    return plan_to_json(searched, random_points(searched.space, searched.models, searched.seed), whole=True)


def finished(search):
    return looked_at(search, lambda: search.done)


def check_same(farmed, search):
    """All that can be seen of the trials is what it is in process; dev losses but for rounding."""
    for one, other in zip(farmed.trials, search.trials, strict=True):
        assert (one.point, one.spec, one.settings) == (other.point, other.spec, other.settings)
        assert (one.state, one.step, one.stopped_at, one.why) == (
            other.state,
            other.step,
            other.stopped_at,
            other.why,
        )
        np.testing.assert_allclose([one.loss, one.best], [other.loss, other.best], rtol=1e-5)
        assert farmed.fingerprint(one.number) == search.fingerprint(one.number)
    np.testing.assert_array_equal(farmed.steps, search.steps)
    np.testing.assert_allclose(farmed.losses, search.losses, rtol=1e-5)
    np.testing.assert_allclose(farmed.accuracies, search.accuracies)


@pytest.fixture(scope="module")
def here():
    yield connection.LOCAL_CLUSTER
    connection.LOCAL_CLUSTER.stop()


@pytest.fixture
def cluster(here):
    """The address of two workers on this machine, who are there from test to test."""
    return here.address()


@pytest.fixture
def watcher(cluster):
    """Somebody else's connection to them."""
    with distributed.Client(cluster, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=20)
        yield client


def busy(client):
    """The workers that have tasks, with those."""
    return {worker: tasks for worker, tasks in client.processing().items() if tasks}


# the same search


@pytest.mark.usefixtures("cluster")
def test_models_have_the_bits_that_they_have_in_process():
    searched, kept = plan(24, 60, MIXED), []
    farmed = finished(keeping(DaskSearch(searched), kept))
    check_same(farmed, in_process(searched))
    assert sorted(result["number"] for result in kept) == list(range(24))
    assert farmed.progress == 1
    assert farmed.rate > 0
    assert farmed.left == 0
    assert farmed.run(5).finish().fingerprint() == farmed.fingerprint(5)


@pytest.mark.usefixtures("cluster")
def test_models_that_diverge_say_so():
    searched = Plan(HOT, "random", 6, 200)
    farmed = finished(DaskSearch(searched))
    assert {trial.state for trial in farmed.trials} == {"done", "diverged"}
    check_same(farmed, in_process(searched))


def test_points_and_origins_go_along(cluster):
    run = Run(SPEC)
    run.advance(20)
    run.nudge(optimizer="adam", learning_rate=0.01)
    run.advance(15)
    origin = origin_of(run)
    for one in (origin, replace(origin, state=None)):
        searched = plan(settings=run.settings, origin=one)
        points = [{"learning_rate": rate} for rate in (run.settings.learning_rate, 0.5, 0.002)]
        farmed = finished(DaskSearch(searched, points, address=cluster))
        check_same(farmed, in_process(searched, points))
        assert farmed.steps[0] == 35
    run.advance(40)
    assert farmed.fingerprint(0) == run.fingerprint()


def test_uploaded_data_go_along(cluster):
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    points = (rng.normal(size=(60, 2)) + labels[:, None]).astype(np.float32)
    table = table_of(points, labels)
    searched = plan(4, 30, spec=RunSpec(dataset=SHELF.add(table), hidden=(4,)))
    check_same(finished(DaskSearch(searched, address=cluster)), in_process(searched))


def table_of(points, labels):
    return Table(points, labels.astype(np.int64), ("a", "b"), ("no", "yes"))


@pytest.mark.usefixtures("cluster")
def test_looking_never_waits():
    farmed, longest = DaskSearch(plan(8, 400)), 0.0
    states = []
    while not farmed.done:
        start = time.perf_counter()
        farmed.advance(never)
        longest = max(longest, time.perf_counter() - start)
        states.append(Counter(trial.state for trial in farmed.trials)["running"])
    assert longest < 0.5
    assert 0 < max(states) <= 8


def test_a_plan_comes_back_from_json_to_the_bit():
    run = Run(SPEC)
    run.advance(20)
    run.nudge(beta1=0.8)
    told = json.loads(json.dumps(whole(plan(origin=origin_of(run), seed=7))))
    found, points = plan_from_json(told)
    assert found == plan(origin=origin_of(run), seed=7)
    assert points == random_points(found.space, 8, 7)
    for name in ("theta", "m", "v", "running", "step", "epoch", "cursor", "weight1", "weight2", "weight_bn"):
        np.testing.assert_array_equal(getattr(found.origin.state, name), getattr(run.stack.state, name))


def test_a_chunk_is_measured_where_the_whole_search_is():
    searched, steps = plan(), [0, 1, 7, 40]
    (result,) = train_chunk(whole(searched), [2], steps)
    run = Run(SPEC, in_process(searched).trials[2].settings)
    for loss, step in zip(result["losses"], steps, strict=True):
        run.advance(step - run.step)
        assert loss == pytest.approx(run.evaluate("dev").loss, rel=1e-5)
    assert (result["number"], result["state"], result["step"]) == (2, "done", 40)
    assert result["fingerprint"] == run.fingerprint()


def test_a_worker_compiles_its_steps(monkeypatch):
    begun = []
    monkeypatch.setattr("core.training.jit.begin", lambda: begun.append(True))
    train_chunk(whole(plan()), [2], [0, 1])
    assert begun == [True]


def test_chunks_hold_all_models_once_and_take_about_as_long(monkeypatch):
    search = DaskSearch(plan(200, 2000, MIXED))
    chunks = search._chunks()
    assert sorted(number for chunk in chunks for number in chunk) == list(range(200))
    seconds = [sum(search._trial_seconds[number] for number in chunk) for chunk in chunks]
    assert len(chunks) >= dask_search.LEAST_CHUNKS
    assert max(seconds) <= dask_search.CHUNK
    monkeypatch.setattr(dask_search, "CHUNK", 1e-9)
    assert [len(chunk) for chunk in search._chunks()] == [1] * 200


# what may be lost


def test_every_model_has_one_result_where_a_worker_is_killed(cluster, watcher, monkeypatch):
    monkeypatch.setattr(dask_search, "CHUNK", 0.1)
    searched, kept = plan(12, 400, spec=SLOW), []
    farmed = keeping(DaskSearch(searched, address=cluster), kept)
    looked_at(farmed, lambda: kept and busy(watcher))
    worker = next(iter(busy(watcher)))
    os.kill(watcher.run(os.getpid)[worker], KILL)
    assert len(kept) < 12
    finished(farmed)
    assert sorted(result["number"] for result in kept) == list(range(12))
    assert {trial.state for trial in farmed.trials} == {"done"}
    check_same(farmed, in_process(searched))


def test_what_comes_twice_is_left_out(cluster):
    searched = plan()
    first = finished(DaskSearch(searched, address=cluster))
    results = train_chunk(whole(searched), list(range(8)), first.steps.tolist())
    changed = [result | {"loss": 5.0} for result in results]
    assert first.put_results(changed) == []
    assert first.trials[0].loss != 5.0
    kept = {"loss": None, "losses": results[6]["losses"][:2], "state": "diverged", "step": 3, "fingerprint": ""}
    alone = Run(SPEC, first.trials[6].settings)
    alone.advance(3)
    second = DaskSearch(searched)
    second.put_results([results[6] | kept])
    trial = second.trials[6]
    assert (trial.state, trial.stopped_at, trial.loss != trial.loss) == ("diverged", 3, True)
    assert second.fingerprint(6) == alone.fingerprint()
    assert np.isfinite(second.losses[6]).tolist() == [True] * 2 + [False] * (second.steps.size - 2)
    second = DaskSearch(searched)
    assert second.put_results([*results[:5], *changed[:5]]) == results[:5]
    assert [number for chunk in second._chunks() for number in chunk] == [5, 6, 7]
    assert second.put_results(results) == results[5:]
    assert second.done


def test_cancelling_stops_what_runs(cluster, watcher):
    farmed = DaskSearch(plan(2, 20_000, spec=SLOW), address=cluster)
    looked_at(farmed, lambda: busy(watcher))  # one worker, or both
    assert "running" in {trial.state for trial in farmed.trials}
    time.sleep(0.3)  # the chunks have begun
    start = time.monotonic()
    farmed.cancel()
    assert {trial.state for trial in farmed.trials} == {"waiting"}
    while busy(watcher) or any(watcher.call_stack().values()):
        assert time.monotonic() - start < 8
        time.sleep(0.02)
    assert not farmed.done
    looked_at(farmed, lambda: busy(watcher))
    farmed.cancel()


def test_a_search_that_is_forgotten_stops(cluster, watcher):
    farmed = DaskSearch(plan(2, 20_000, spec=SLOW), address=cluster)
    looked_at(farmed, lambda: busy(watcher))
    del farmed
    deadline = time.monotonic() + 3
    while busy(watcher) or any(watcher.call_stack().values()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.usefixtures("cluster")
def test_a_scheduler_that_goes_away_is_said_and_the_search_resumes(here, monkeypatch):
    monkeypatch.setattr(dask_search, "CHUNK", 0.1)
    searched, kept = plan(12, 400, spec=SLOW), []
    farmed = keeping(DaskSearch(searched), kept)
    looked_at(farmed, lambda: kept)
    here._process.kill()
    with pytest.raises(UserError, match="The Dask scheduler on this machine is gone. What has come in is kept: start"):
        looked_at(farmed, lambda: farmed.done, 5)
    assert 0 < len(kept) < 12
    assert not farmed._pool.running
    finished(farmed)
    assert sorted(result["number"] for result in kept) == list(range(12))
    check_same(farmed, in_process(searched))


# in the store


def opened_in(store, searched):
    """An open search on the workers of this machine, which plays."""
    opened = search_sessions(lambda: store).open(DaskSearch(searched), "o" * 22)
    opened.do(Play())
    return opened


def rows_of(store, opened):
    return store.searches.trials(opened.token, 0)


def trained(opened, until, seconds=60):
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline
        opened.train(None, 0.02)


def check_rows(store, opened, searched):
    """Each model has one row, with what it has in process."""
    search, rows = in_process(searched), rows_of(store, opened)
    assert [row.number for row in rows] == list(range(searched.models))
    for row, trial in zip(rows, search.trials, strict=True):
        assert (row.state, row.step) == (trial.state, trial.step)
        np.testing.assert_allclose(row.losses, search.losses[row.number], rtol=1e-5)
    prints = [search.fingerprint(number) for number in range(searched.models)]
    assert [row.fingerprint or prints[row.number] for row in rows] == prints
    return rows


@pytest.mark.usefixtures("cluster")
def test_results_are_stored_as_they_come_in_although_nobody_looks(store, monkeypatch):
    monkeypatch.setattr(dask_search, "CHUNK", 0.1)
    searched = plan(12, 400, spec=SLOW)
    opened = opened_in(store, searched)
    trained(opened, lambda: opened.search._pool.running)
    before = len(rows_of(store, opened))
    deadline = time.monotonic() + 20
    while len(rows_of(store, opened)) == before:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert not opened.search.done
    assert all(len(row.fingerprint) == 64 and row.losses for row in rows_of(store, opened))
    (entry,) = store.searches.of("o" * 22)
    assert entry.best == min(row.best for row in rows_of(store, opened))
    trained(opened, lambda: opened.search.done)
    opened.saving.result(5)
    assert all(row.fingerprint for row in check_rows(store, opened, searched))


def waited(until, seconds=30):
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def pollers():
    return [thread for thread in threading.enumerate() if thread.name == "panda-poller"]


@pytest.fixture
def unseen(store, cluster, monkeypatch):
    """Searches of which each has many small chunks, and none is ever looked at."""
    monkeypatch.setattr(dask_search, "CHUNK", 0.1)
    searches = search_sessions(lambda: store)
    yield searches
    searches.close_all()


def test_a_search_runs_to_its_end_although_nobody_ever_looks(store, unseen):
    searched, most = plan(24, 400, spec=SLOW), []
    opened = unseen.open(DaskSearch(searched), "o" * 22)
    opened.do(Play())
    waited(lambda: most.append(len(getattr(opened.search._pool._connection, "running", ()))) or opened.training.done)
    assert 0 < max(most) <= chunk_pool.AHEAD * 2  # workers
    waited(lambda: not pollers())  # which writes it down last
    opened.saving.result(5)
    assert store.searches.find(opened.token).done
    check_rows(store, opened, searched)
    assert not opened.playing


def test_what_is_paused_is_not_handed_out_and_what_is_stopped_ends(unseen, watcher):
    opened = unseen.open(DaskSearch(plan(200, 400, spec=SLOW)), "o" * 22)
    opened.do(Play())
    waited(lambda: opened.search.progress > 0)
    opened.do(Pause())
    waited(lambda: not busy(watcher) and not pollers())
    time.sleep(0.3)
    assert not busy(watcher)
    assert opened.search.progress < 1
    opened.do(Play())
    waited(lambda: busy(watcher))
    opened.do(Stop())
    assert opened.training.done
    waited(lambda: not busy(watcher) and not pollers())


def test_closed_at_the_end_of_the_server_nothing_is_looked_after_any_more(store, unseen):
    opened = unseen.open(DaskSearch(plan(200, 400, spec=SLOW)), "o" * 22)
    opened.do(Play())
    waited(lambda: rows_of(store, opened))
    unseen.close_all()
    assert not pollers()
    assert not opened.playing
    assert not opened.search.done


def test_an_unseen_search_is_not_closed_while_it_goes_on(store, unseen, monkeypatch):
    opened = unseen.open(DaskSearch(plan(200, 400, spec=SLOW)), "o" * 22)
    opened.do(Play())
    waited(lambda: opened.search.progress > 0)
    monkeypatch.setattr(unseen, "idle", 3.0)
    opened.seen = time.monotonic() - 5
    time.sleep(0.6)
    other = unseen.open(Search(plan(2)), "o" * 22)
    assert not opened.closed
    opened.do(Pause())
    opened.seen = other.seen = time.monotonic() - 5
    unseen.open(Search(plan(2)), "o" * 22)
    assert opened.closed


def test_an_unseen_search_whose_scheduler_goes_away_rests_and_says_so(store, unseen, here):
    opened = unseen.open(DaskSearch(plan(200, 400, spec=SLOW)), "o" * 22)
    opened.do(Play())
    waited(lambda: opened.search.progress > 0)
    here._process.kill()
    waited(lambda: not opened.playing)
    assert "is gone. What has come in is kept" in opened.training.said
    waited(lambda: not pollers())


def test_what_goes_wrong_with_one_search_is_said_and_keeps_no_other_from_its_end(unseen, monkeypatch, caplog):
    wrong, right = (unseen.open(DaskSearch(plan(4, 20)), "o" * 22) for _ in range(2))
    monkeypatch.setattr(wrong.search, "advance", lambda should_stop: 1 / 0)
    for opened in (wrong, right):
        opened.do(Play())
    waited(lambda: right.training.done)
    assert not wrong.playing
    assert "Something went wrong" in wrong.training.said
    assert "ZeroDivisionError" in caplog.text


def left_halfway(store, here, monkeypatch, searched):
    """A farmed search of whose models some are stored when its scheduler is lost, and what is stored of them."""
    monkeypatch.setattr(dask_search, "CHUNK", 0.1)
    opened = opened_in(store, searched)
    trained(opened, lambda: rows_of(store, opened))
    here._process.kill()
    trained(opened, lambda: not opened.playing)
    assert "is gone. What has come in is kept" in opened.training.said
    if opened.saving:
        opened.saving.result(5)
    rows = rows_of(store, opened)
    assert {row.number for row in rows} == {trial.number for trial in opened.search.trials if not trial.going}
    assert 0 < len(rows) < searched.models
    return opened, rows


@pytest.mark.usefixtures("cluster")
def test_after_a_restart_only_the_missing_models_are_trained_on_new_workers(store, here, monkeypatch):
    searched, handed = plan(12, 400, spec=SLOW), []
    opened, rows = left_halfway(store, here, monkeypatch, searched)
    monkeypatch.setenv("PANDA_DASK", "here")
    submit = chunk_pool.ChunkPool.submit
    monkeypatch.setattr(chunk_pool.ChunkPool, "submit", lambda self, chunks: submit(self, noted(handed, chunks)))
    found = search_sessions(lambda: store).get(opened.token)
    assert isinstance(found.search, DaskSearch)
    assert found.search.progress > 0
    found.do(Play())
    trained(found, lambda: found.search.done)
    found.saving.result(5)
    assert sorted(handed) == [n for n in range(12) if n not in {row.number for row in rows}]
    after = check_rows(store, opened, searched)
    assert [row for row in after if row.number not in handed] == rows
    check_same(found.search, in_process(searched))
    assert store.searches.find(opened.token).done


def noted(handed, chunks):
    handed += [number for chunk in chunks for number in chunk]
    return chunks


@pytest.mark.usefixtures("cluster")
def test_after_a_restart_without_workers_the_missing_models_are_trained_here(store, here, monkeypatch):
    searched = plan(12, 400, spec=SLOW)
    opened, rows = left_halfway(store, here, monkeypatch, searched)
    monkeypatch.delenv("PANDA_DASK", raising=False)
    found = search_sessions(lambda: store).get(opened.token)
    assert type(found.search) is Search
    left = 12 - len(rows)
    assert found.search.notice == (
        f"The {left} models that are missing are trained in this process: the server names no Dask workers at present "
        "(PANDA_DASK)."
    )
    steps, advance = [], Stack.advance
    monkeypatch.setattr(
        Stack, "advance", lambda stack, n, *more: steps.append(n * stack.members) or advance(stack, n, *more)
    )
    found.do(Play())
    trained(found, lambda: found.search.done)
    found.saving.result(5)
    assert sum(steps) == 400 * left
    after = check_rows(store, opened, searched)
    assert [row for row in after if row.number in {one.number for one in rows}] == rows
    assert [found.search.fingerprint(row.number) for row in rows] == [row.fingerprint for row in rows]


def test_a_search_whose_last_model_came_in_just_before_the_end_is_done(store, monkeypatch):
    searched = plan(3, 20)
    opened = opened_in(store, searched)
    opened.search._pool.receive(train_chunk(whole(searched), [0, 1, 2], opened.search.steps.tolist())).result(5)
    found = search_sessions(lambda: store).get(opened.token)
    assert found.search.done
    check_same(found.search, in_process(searched))
    store.write(lambda db: None).result(5)
    assert store.searches.find(opened.token).done


def contested(store, monkeypatch, found):
    """A search whose contest under five seeds was on the workers, as a new process finds it, and how far it came."""
    monkeypatch.setenv("PANDA_DASK", "here")
    first = [DaskSearch(replace(plan(4, 20), kind=kind)) for kind in SIDES]
    opened = search_sessions(lambda: store).open(first[0], "o" * 22)
    opened.do(Add(first[1]))
    opened.do(Compete(RandomVsGrid(first, 6, DaskSearch)))
    trained(opened, lambda: sum(map(len, opened.contest.found.values())) >= found)
    opened.do(Pause())
    opened.saving.result(5)
    return search_sessions(lambda: store).get(opened.token), opened.contest.losses.shape[1]


def in_process_contest():
    contest = RandomVsGrid([Search(replace(plan(4, 20), kind=kind)) for kind in SIDES], 6)
    contest.advance(never)
    return contest


@pytest.mark.usefixtures("cluster")
def test_a_contest_that_was_on_the_workers_goes_on_there_after_a_restart(store, monkeypatch):
    found, pairs = contested(store, monkeypatch, 5)
    assert 2 <= pairs < 5
    assert not found.contest.done
    assert isinstance(found.contest._under_way(), DaskSearch)
    monkeypatch.setattr(Stack, "advance", lambda *given: pytest.fail("trained in this process"))
    found.do(Play())
    waited(lambda: found.contest.done)  # and nobody looks
    monkeypatch.undo()
    np.testing.assert_allclose(found.contest.losses, in_process_contest().losses, rtol=1e-5)
    assert found.contest.notice == ""


@pytest.mark.usefixtures("cluster")
def test_a_contest_that_was_on_the_workers_goes_on_here_where_there_are_none_and_says_so(store, monkeypatch):
    found, _ = contested(store, monkeypatch, 3)
    monkeypatch.delenv("PANDA_DASK")
    assert not found.contest.remote
    assert found.contest.notice == (
        "The other seeds are trained in this process: the server names no Dask workers at present (PANDA_DASK)."
    )
    found.do(Play())
    trained(found, lambda: found.contest.done)
    np.testing.assert_allclose(found.contest.losses, in_process_contest().losses, rtol=1e-5)


def test_where_dask_is_no_longer_installed_a_sentence_says_so_and_the_search_goes_on(store, monkeypatch):
    searched = plan(3, 20)
    opened = opened_in(store, searched)
    opened.search._pool.receive(train_chunk(whole(searched), [1, 2], opened.search.steps.tolist())).result(5)
    monkeypatch.setenv("PANDA_DASK", "here")
    monkeypatch.setitem(sys.modules, "distributed", None)
    found = search_sessions(lambda: store).get(opened.token)
    assert found.search.notice.startswith("The model that is missing is trained in this process: Dask is not installed")
    found.do(Play())
    trained(found, lambda: found.search.done)
    check_same(found.search, in_process(searched))


# what is not there


def test_a_scheduler_that_does_not_answer_is_said(monkeypatch):
    monkeypatch.setattr(connection, "CONNECTING", 0.5)
    farmed = DaskSearch(plan(), address="tcp://127.0.0.1:1")
    with pytest.raises(UserError, match="No Dask scheduler answers at tcp://127.0.0.1:1: start it, or correct PANDA_D"):
        looked_at(farmed, lambda: farmed.done, 10)


def test_where_dask_is_missing_a_sentence_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UserError, match="Dask is not installed here: run pip install -r requirements-dask.txt"):
        DaskSearch(plan())


@pytest.mark.parametrize(("named", "address"), [("", None), ("here", ""), ("tcp://far:8786", "tcp://far:8786")])
def test_whoever_runs_the_server_says_where(monkeypatch, named, address):
    monkeypatch.setenv("PANDA_DASK", named)
    assert dask_address() == address


def test_halving_is_not_farmed_out():
    with pytest.raises(UserError, match="Successive halving compares all models as they go: switch it off, or train"):
        DaskSearch(plan(halving=True))


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (distributed.KilledWorker("chunk", None, 3), "Several workers died over models 2 to 4: give them more memory"),
        (ModuleNotFoundError("No module named 'core'"), "cannot train models 2 to 4 (ModuleNotFoundError: No module"),
        (UserError("The run in hand breaks."), "The run in hand breaks."),
    ],
)
def test_a_chunk_that_fails_says_why_and_waits(error, sentence):
    one, failed = DaskSearch(plan())._pool, Future()
    failed.set_exception(error)
    one._connection = connection.SchedulerConnection(None, None, "", {failed: [2, 3, 4]})
    assert one._results_of(one._connection, failed) == []
    assert list(one._waiting) == [[2, 3, 4]]
    with pytest.raises(UserError) as told:
        one.collect()
    assert sentence in str(told.value)


def test_workers_that_are_missing_are_said():
    one = DaskSearch(plan(), address="tcp://far:8786")._pool
    assert one.notice == ""
    one._connection = connection.SchedulerConnection(None, None, "")
    assert one.notice == (
        "The scheduler at tcp://far:8786 has no workers at present: start some with dask worker tcp://far:8786."
    )
    one.workers, one._most = 3, 4
    assert one.notice == "1 of 4 workers are lost: the others train their models again."
    one.workers = 4
    assert one.notice == ""


def test_progress_and_speed_before_anything_is_done():
    one = DaskSearch(plan())
    assert (one.progress, one.rate, one.done) == (0, 0, False)
    assert one.left > 0
    assert one.fingerprint(0) == Run(one.trials[0].spec, one.trials[0].settings).fingerprint()


def test_stopping_cancels_what_runs_and_ends_the_search(cluster, watcher, monkeypatch):
    monkeypatch.setattr(dask_search, "CHUNK", 0.1)
    farmed = DaskSearch(plan(8, 3_000, spec=SLOW), address=cluster)
    looked_at(farmed, lambda: farmed._fingerprints)
    farmed.stop()
    farmed.stop()
    assert farmed.done
    deadline = time.monotonic() + 20
    while busy(watcher) or any(watcher.call_stack().values()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    farmed.advance(never)
    assert not farmed._pool.running
    assert not busy(watcher)
    by_state = {trial.state: trial for trial in farmed.trials}
    assert set(by_state) == {"done", "stopped"}
    assert by_state["stopped"].why == "Stopped by hand at step 0."
    number = by_state["stopped"].number
    assert farmed.fingerprint(number) == farmed.run(number).finish().fingerprint()


def test_the_next_generation_of_a_farmed_search_is_farmed_at_the_same_scheduler(cluster):
    farmed = DaskSearch(plan(2), address=cluster)
    finer = farmed.another(plan(3))
    assert isinstance(finer, DaskSearch)
    assert finer._pool.address == cluster
    assert len(finer.trials) == 3
