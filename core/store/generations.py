"""The generations of a search in SQL: each has a plan, the results of its models, and a checkpoint until it is done.

In the file, checkpoints are the table `standings`, and `farmed` says that a generation is trained on Dask workers.
"""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

CHECKPOINT_BYTES = 256 * 2**20  # of all of a person; the one written longest ago is deleted first


@dataclass(frozen=True)
class Generation:
    """A generation of a search: its plan with its points as plain dicts, the steps at which it is measured, the `best`
    dev loss (nats), and whether it is trained on Dask workers (`remote`), where models finish one by one."""

    number: int
    plan: dict[str, Any]
    steps: list[int]
    models: int
    best: float | None
    done: bool
    remote: bool = False


@dataclass(frozen=True)
class Finished:
    """The result of a model. `losses` (nats) and `accuracies` are those at the first measured steps, None where not
    finite; `fingerprint` is "" where it was not known."""

    number: int
    state: str
    step: int
    loss: float | None
    best: float | None
    accuracy: float | None
    losses: list[float | None]
    accuracies: list[float | None]
    why: str
    fingerprint: str = ""


def add_generation(db: sqlite3.Connection, search: str, new: Generation) -> None:
    """Insert a generation of which nothing is trained yet."""
    told = (json.dumps(new.plan, allow_nan=False), json.dumps(new.steps), new.models, None, 0, int(new.remote))
    db.execute("INSERT INTO generations VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (search, new.number, *told))


def put_checkpoint(db: sqlite3.Connection, search: str, generation: int, checkpoint: bytes) -> None:
    """Write the checkpoint of a generation that is not done; the person's oldest go where all are too large."""
    db.execute(
        """INSERT OR REPLACE INTO standings SELECT search, number, ?, ? FROM generations
        WHERE search = ? AND number = ? AND NOT done""",
        (checkpoint, time.time(), search, generation),
    )
    db.execute(
        """DELETE FROM standings WHERE rowid IN (SELECT row FROM (
            SELECT t.rowid AS row, sum(length(t.bytes)) OVER (ORDER BY t.written DESC, t.rowid DESC) AS bytes
            FROM standings AS t JOIN searches AS s ON s.id = t.search
            WHERE s.owner = (SELECT owner FROM searches WHERE id = ?)) WHERE bytes > ?)""",
        (search, CHECKPOINT_BYTES),
    )


def row_of(one: Finished) -> tuple[Any, ...]:
    """A result in the order of the columns of `trials`, after search and generation."""
    curves = (json.dumps(one.losses, allow_nan=False), json.dumps(one.accuracies, allow_nan=False))
    return (one.number, one.state, one.step, one.loss, one.best, one.accuracy, *curves, one.why, one.fingerprint)


def generation_of(row: sqlite3.Row) -> Generation:
    """The generation in a row of `generations`."""
    plan, steps = json.loads(row["plan"]), json.loads(row["steps"])
    done, remote = bool(row["done"]), bool(row["farmed"])
    return Generation(row["number"], plan, steps, row["models"], row["best"], done, remote)


def finished_of(row: sqlite3.Row) -> Finished:
    """The result in a row of `trials`."""
    values = {name: row[name] for name in Finished.__dataclass_fields__}
    curves = {name: json.loads(row[name]) for name in ("losses", "accuracies")}
    return Finished(**values | curves)
