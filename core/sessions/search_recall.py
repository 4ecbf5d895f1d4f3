"""Searches of the store, as they are taken up again: each generation where it stood, on Dask workers or here."""

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
    """The generations of a stored search, each where it stood when that was last written. Raises `UserError` where what
    is stored cannot be searched here any more."""
    return [_recalled(store, entry.id, one) for one in store.searches.generations(entry.id)]


def recall_contest(store: Store, entry: SearchEntry, generations: Sequence[Search]) -> RandomVsGrid | None:
    """The contest of a stored search between its first two generations, if it has one; where those were farmed out, so
    are its other searches. Raises `UserError` where it cannot go on."""
    if not entry.contest:
        return None
    farmed = all(one.farmed for one in store.searches.generations(entry.id)[:2])
    return random_vs_grid_from_json(entry.contest, generations[:2], _farmed if farmed else Search)


def _recalled(store: Store, search: str, one: Generation) -> Search:
    rows = store.searches.trials(search, one.number)
    if (one.done or one.farmed) and len(rows) == one.models:
        if not one.done:  # the process ended before it could say so
            store.searches.record(search, one.number, [], None, True)
        return _with(_made(one), rows)
    standing = store.searches.standing(search, one.number)
    return _farmed_on(one, rows, standing) if one.farmed else _stood(_made(one), standing)


def _made(one: Generation) -> Search:
    plan, points = plan_from_json(one.plan)
    return Search(plan, points, one.steps)


def _with(caviar: Search, rows: Sequence[Finished]) -> Search:
    """A search with these of its models finished."""
    for row in rows:
        caviar.put_result(asdict(row))
    caviar.done = not any(trial.going for trial in caviar.trials)
    return caviar


def _stood(caviar: Search, standing: bytes | None) -> Search:
    """A search at its beginning, gone on to where it stood, or with a sentence that says why it has not."""
    if standing == b"":
        caviar.remark = TOO_LARGE
    elif standing:
        try:
            caviar.restore(standing)
        except UserError as error:
            caviar.remark = str(error)
    return caviar


def _farmed_on(one: Generation, rows: Sequence[Finished], standing: bytes | None) -> Search:
    """A farmed search with the models that are finished: its others go to the workers, or are trained in this process
    with a sentence that says why."""
    plan, points = plan_from_json(one.plan)
    try:
        farmed = DaskSearch(plan, points, one.steps, _address())
    except UserError as error:
        here = _with(_stood(_made(one), standing), rows)
        here.remark = f"{_left(here)} in this process: {error}"
        return here
    farmed.put_results(map(asdict, rows))
    return farmed


def _farmed(plan: Plan) -> Search:
    """A search for the workers, or with a sentence that says why it is trained in this process."""
    try:
        return DaskSearch(plan, address=_address())
    except UserError as error:
        here = Search(plan)
        here.remark = f"The other seeds are trained in this process: {error}"
        return here


def _address() -> str:
    address = dask_address()
    if address is None:
        raise UserError("the server names no Dask workers at present (PANDA_DASK).")
    return address


def _left(caviar: Search) -> str:
    left = sum(trial.going for trial in caviar.trials)
    return f"The {left:,} models that are missing are trained" if left > 1 else "The model that is missing is trained"
