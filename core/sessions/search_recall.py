"""Opens stored searches: finished models are read, unfinished generations continue, on Dask workers or here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from core.data.safe_load import size_words
from core.errors import UserError
from core.search.checkpoint import MOST
from core.search.plan import Plan
from core.search.plan_json import plan_from_json
from core.search.random_vs_grid import RandomVsGrid, random_vs_grid_from_json
from core.search.search import Search
from core.search_dask.connection import dask_address
from core.search_dask.search import DaskSearch
from core.store import Finished, Generation, SearchEntry, Store

TOO_LARGE = (
    f"How far it was is not known, as its models took more than the {size_words(MOST)} that are kept: it begins anew, "
    "and ends with the same models."
)


def recall(store: Store, entry: SearchEntry) -> list[Search]:
    """The generations of a stored search, each as last stored. Raises `UserError` where its plan or its data cannot be
    searched any more."""
    return [_generation(store, entry.id, row) for row in store.searches.generations(entry.id)]


def recall_contest(store: Store, entry: SearchEntry, generations: Sequence[Search]) -> RandomVsGrid | None:
    """The stored contest between the first two generations of a search, None where it has none; its other searches go
    to Dask workers where both generations did. Raises `UserError` where it cannot go on."""
    if not entry.contest:
        return None
    remote = all(row.remote for row in store.searches.generations(entry.id)[:2])
    return random_vs_grid_from_json(entry.contest, generations[:2], _on_workers if remote else Search)


def _generation(store: Store, token: str, row: Generation) -> Search:
    """A stored generation: with all results where there are all, else to be continued."""
    results = store.searches.trials(token, row.number)
    if (row.done or row.remote) and len(results) == row.models:
        if not row.done:  # the process ended before it could write that
            store.searches.record(token, row.number, [], None, True)
        return _with_results(_untrained(row), results)
    checkpoint = store.searches.checkpoint(token, row.number)
    if row.remote:
        return _continued_on_workers(row, results, checkpoint)
    return _restored(_untrained(row), checkpoint)


def _untrained(row: Generation) -> Search:
    plan, points = plan_from_json(row.plan)
    return Search(plan, points, row.steps)


def _with_results(search: Search, results: Sequence[Finished]) -> Search:
    """The search, with these of its models finished."""
    for result in results:
        search.put_result(asdict(result))
    search.done = not any(trial.going for trial in search.trials)
    return search


def _restored(search: Search, checkpoint: bytes | None) -> Search:
    """The untrained search, restored from a checkpoint; where there is none, with a remark that says why."""
    if checkpoint == b"":
        search.remark = TOO_LARGE
    elif checkpoint:
        try:
            search.restore(checkpoint)
        except UserError as error:
            search.remark = str(error)
    return search


def _continued_on_workers(row: Generation, results: Sequence[Finished], checkpoint: bytes | None) -> Search:
    """A search whose other models are sent to Dask workers; without workers they are trained in this process, and a
    remark says why."""
    plan, points = plan_from_json(row.plan)
    try:
        remote = DaskSearch(plan, points, row.steps, _address())
    except UserError as error:
        local = _with_results(_restored(_untrained(row), checkpoint), results)
        local.remark = f"{_missing(local)} in this process: {error}"
        return local
    remote.put_results(map(asdict, results))
    return remote


def _on_workers(plan: Plan) -> Search:
    """A search on Dask workers; without workers one in this process, and a remark says why."""
    try:
        return DaskSearch(plan, address=_address())
    except UserError as error:
        local = Search(plan)
        local.remark = f"The other seeds are trained in this process: {error}"
        return local


def _address() -> str:
    address = dask_address()
    if address is None:
        raise UserError("the server names no Dask workers at present (PANDA_DASK).")
    return address


def _missing(search: Search) -> str:
    left = sum(trial.going for trial in search.trials)
    return f"The {left:,} models that are missing are trained" if left > 1 else "The model that is missing is trained"
