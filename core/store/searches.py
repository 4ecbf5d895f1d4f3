"""What the store keeps of searches: a row each, their generations with a plan each, and the result of every model.

A model has one result: a second one is ignored, as the same plan leads to the same bits.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from core.errors import UserError
from core.store.file import File
from core.store.generations import (
    Finished,
    Generation,
    add_generation,
    finished_of,
    generation_of,
    put_checkpoint,
    row_of,
)
from core.store.tokens import bounded_name, digest, key_of

MOST_SEARCHES = 500  # of one person, started and not deleted
MOST_MODELS = 200_000  # of all of them


@dataclass(frozen=True)
class SearchEntry:
    """A search as a list shows it: `models` and `best` (dev loss, nats) are those of all `generations`.

    `about` and `dataset` say what is searched, `origin` is the token of the run that the models start from. As JSON,
    `contest` is the outcome of its first two generations under many seeds, and `region` what its owner has selected
    (see `core.search.regions`). Each is "" where there is none.
    """

    id: str
    owner: str
    key: str
    name: str
    about: str
    dataset: str
    origin: str
    started: float | None
    created: float
    changed: float
    deleted: float | None
    contest: str
    region: str
    generations: int
    models: int
    best: float | None
    done: bool


class Searches:
    """The searches in a file."""

    def __init__(self, file: File) -> None:
        self._file = file

    # reading

    def find(self, token: str) -> SearchEntry | None:
        """The search that a token reads or drives; None where there is none or it is deleted."""
        where = "(s.id = ? OR s.key = ?) AND s.deleted IS NULL"
        return next(iter(self._entries(where, token, digest(token))), None)

    def of(self, owner_token: str, deleted: bool = False) -> list[SearchEntry]:
        """A person's searches, the one changed last first; those that were never started are left out."""
        state = "NOT NULL" if deleted else "NULL"
        where = f"s.owner = ? AND s.deleted IS {state} AND s.started IS NOT NULL"
        return self._entries(where, digest(owner_token))

    def _entries(self, where: str, *values: Any) -> list[SearchEntry]:
        query = f"""
            SELECT s.*, count(g.number) AS generations, total(g.models) AS models, min(g.best) AS best,
                coalesce(min(g.done), 0) AS done
            FROM searches AS s LEFT JOIN generations AS g ON g.search = s.id
            WHERE {where} GROUP BY s.id ORDER BY s.changed DESC"""
        return self._file.read(_entry, query, *values)

    def generations(self, search: str) -> list[Generation]:
        """The generations of a search, the first one first."""
        return self._file.read(generation_of, "SELECT * FROM generations WHERE search = ? ORDER BY number", search)

    def trials(self, search: str, generation: int) -> list[Finished]:
        """The stored results of a generation's models, by number."""
        query = "SELECT * FROM trials WHERE search = ? AND generation = ? ORDER BY number"
        return self._file.read(finished_of, query, search, generation)

    def checkpoint(self, search: str, generation: int) -> bytes | None:
        """The last checkpoint of a generation that is not done, b"" for one that was too large; None where there is
        none."""
        query = "SELECT bytes FROM standings WHERE search = ? AND generation = ?"
        return next((row["bytes"] for row in self._file.rows(query, search, generation)), None)

    # writing

    def add(self, search: str, owner_token: str, about: str, dataset: str, first: Generation) -> Future[None]:
        """A new search with its first generation."""
        owner, key, now = digest(owner_token), digest(key_of(owner_token, search)), time.time()

        def job(db: sqlite3.Connection) -> None:
            columns = "id, owner, key, about, dataset, created, changed"
            row = (search, owner, key, about, dataset, now, now)
            db.execute(f"INSERT INTO searches ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            add_generation(db, search, first)

        return self._file.write(job)

    def start(self, search: str, origin: str) -> Future[None]:
        """Write that the search is played for the first time. `UserError` where the person has too many."""

        def job(db: sqlite3.Connection) -> None:
            _check_room(db, search)
            query = "UPDATE searches SET started = ?, changed = ?, origin = ? WHERE id = ? AND started IS NULL"
            db.execute(query, (time.time(), time.time(), origin, search))

        return self._file.write(job)

    def add_generation(self, search: str, generation: Generation) -> Future[None]:
        """Another generation of a search. `UserError` where the person has too many models."""

        def job(db: sqlite3.Connection) -> None:
            _check_room(db, search, generation.models)
            add_generation(db, search, generation)
            _touch(db, search)

        return self._file.write(job)

    def record(
        self,
        search: str,
        generation: int,
        trials: Sequence[Finished],
        best: float | None,
        done: bool = False,
        checkpoint: Callable[[], bytes] | None = None,
    ) -> Future[None]:
        """Write the results of some models, the best dev loss so far, and whether the generation is done. If it is not,
        `checkpoint` may pack one, in the writer's thread, which replaces the one before."""
        rows = [(search, generation, *row_of(trial)) for trial in trials]

        def job(db: sqlite3.Connection) -> None:
            db.executemany("INSERT OR IGNORE INTO trials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
            query = """UPDATE generations SET best = coalesce(min(best, :best), best, :best), done = max(done, :done)
                WHERE search = :search AND number = :number"""
            db.execute(query, {"best": best, "done": int(done), "search": search, "number": generation})
            if done:
                db.execute("DELETE FROM standings WHERE search = ? AND generation = ?", (search, generation))
            elif checkpoint is not None:
                put_checkpoint(db, search, generation, checkpoint())
            _touch(db, search)

        return self._file.write(job)

    def record_contest(self, search: str, told: str) -> Future[None]:
        """Write the outcome, so far, of its first two generations under many seeds."""

        def job(db: sqlite3.Connection) -> None:
            db.execute("UPDATE searches SET contest = ? WHERE id = ?", (told, search))

        return self._file.write(job)

    def record_region(self, search: str, told: str) -> Future[None]:
        """Write what its owner has selected, "" for nothing."""

        def job(db: sqlite3.Connection) -> None:
            db.execute("UPDATE searches SET region = ? WHERE id = ?", (told, search))

        return self._file.write(job)

    def rename(self, search: str, owner_token: str, name: str) -> Future[None]:
        """Give one's search a name."""
        return self._file.change_own("searches", "name", bounded_name(name), search, owner_token)

    def delete(self, search: str, owner_token: str) -> Future[None]:
        """Delete one's search; `bring_back` undoes it for 30 days."""
        return self._file.change_own("searches", "deleted", time.time(), search, owner_token)

    def bring_back(self, search: str, owner_token: str) -> Future[None]:
        """Undo `delete`."""
        return self._file.change_own("searches", "deleted", None, search, owner_token)


def sweep(db: sqlite3.Connection, long_ago: float, yesterday: float) -> None:
    """Remove searches that were deleted before `long_ago`, and those opened before `yesterday` and never started."""
    db.execute("DELETE FROM searches WHERE deleted < ?", (long_ago,))
    db.execute("DELETE FROM searches WHERE changed < ? AND started IS NULL", (yesterday,))


def _check_room(db: sqlite3.Connection, search: str, models: int = 0) -> None:
    """Raises `UserError` unless the person may start this search, or have so many more models in it."""
    query = """SELECT count(DISTINCT s.id), total(g.models) FROM searches AS s JOIN generations AS g ON g.search = s.id
        WHERE s.owner = (SELECT owner FROM searches WHERE id = ?) AND s.deleted IS NULL
        AND (s.started IS NOT NULL OR s.id = ?)"""
    searches, used = db.execute(query, (search, search)).fetchone()
    if searches > MOST_SEARCHES or used + models > MOST_MODELS:
        raise UserError(
            f"You may keep {MOST_SEARCHES:,} searches with {MOST_MODELS:,} models in all: delete some in the list of "
            "searches before you start another."
        )


def _touch(db: sqlite3.Connection, search: str) -> None:
    db.execute("UPDATE searches SET changed = ? WHERE id = ?", (time.time(), search))


def _entry(row: sqlite3.Row) -> SearchEntry:
    values = {name: row[name] for name in SearchEntry.__dataclass_fields__}
    return SearchEntry(**values | {"done": bool(row["done"]), "models": int(row["models"])})
