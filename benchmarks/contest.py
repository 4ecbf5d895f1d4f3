"""Contestants that take turns: each in its own process, one after the other, on every row; and what comes of it.

A noisy machine is noisy for all of them alike, and ratios are taken turn by turn.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from benchmarks.rows import ROWS

ONE_CORE = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
NEEDED = {"torch": "torch", "jax": "jax", "jax_one_core": "jax"}  # by contestants that are not ours
Times = dict[str, list[float]]  # microseconds for one step of one model in each turn, by the column's title


@dataclass(frozen=True)
class Column:
    """One contestant with a number of models."""

    title: str
    contestant: str
    members: int


@dataclass(frozen=True)
class Ratio:
    """How many times the time of `beside` a column takes, at most `bar`; or, if `faster`, how many times faster it is,
    at least `bar`. Without a bar it is for comparison."""

    column: str
    beside: str
    bar: float | None = None
    faster: bool = False

    def __call__(self, row: str, times: Times) -> str:
        """The sentence about a row: the median over the turns of the ratio in each turn, and whether that suffices."""
        pairs = zip(times[self.column], times[self.beside], strict=True)
        ratio = median(other / own if self.faster else own / other for own, other in pairs)
        words = f"is {ratio:.2f} times faster than" if self.faster else f"takes {ratio:.2f} times the time of"
        said = f"{row}: {self.column} {words} {self.beside}"
        if self.bar is None:
            return f"         {said}"
        met = ratio >= self.bar if self.faster else ratio <= self.bar
        return f"{'met    ' if met else 'NOT MET'}  {said} (at {'least' if self.faster else 'most'} {self.bar:g})"


def asked(description: str | None) -> argparse.Namespace:
    """What the command line asks for: `turns`, `rows`, `ours`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--turns", type=int, default=15, help="how often each contestant is timed on each row")
    parser.add_argument("--rows", type=int, nargs="*", default=range(len(ROWS)), help="which rows, from 0")
    parser.add_argument("--ours", action="store_true", help="leave PyTorch and JAX out")
    return parser.parse_args()


def contest(columns: Sequence[Column], chosen: argparse.Namespace) -> list[Times]:
    """The times on each row of `ROWS`, empty for a row that is not asked for."""
    columns = [c for c in columns if not (chosen.ours and c.contestant in NEEDED)]
    wanted = {NEEDED[c.contestant] for c in columns if c.contestant in NEEDED}
    missing = sorted(name for name in wanted if importlib.util.find_spec(name) is None)
    if missing:
        raise SystemExit(f"This needs {' and '.join(missing)}: pip install -r requirements-bench.txt")
    with _started({c.contestant for c in columns}) as processes:
        return [_measure(processes, columns, at, chosen.turns) if at in chosen.rows else {} for at in range(len(ROWS))]


@contextmanager
def _started(names: set[str]) -> Iterator[dict[str, subprocess.Popen[str]]]:
    """Each contestant's process, waiting for its turns."""
    processes = {name: _start(name) for name in sorted(names)}
    try:
        yield processes
    finally:
        for process in processes.values():
            process.communicate()  # closes its stdin, at which it ends


def _start(name: str) -> subprocess.Popen[str]:
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} if name == "torch" else {}
    flags = {"XLA_FLAGS": ONE_CORE} if name == "jax_one_core" else {}
    environment = {key: value for key, value in os.environ.items() if not key.endswith("_NUM_THREADS")}
    command = [sys.executable, "-m", "benchmarks.worker", name]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment | threads | flags
    )


def _turn(process: subprocess.Popen[str], row: int, members: int) -> float:
    """Seconds of one turn; the first turn only prepares, and takes 0."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{row} {members}\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        raise SystemExit("A contestant stopped; its error is above.")
    return float(answer)


def _measure(processes: dict[str, subprocess.Popen[str]], columns: Sequence[Column], at: int, turns: int) -> Times:
    row = ROWS[at]
    times: Times = {column.title: [] for column in columns}
    for column in columns:
        _turn(processes[column.contestant], at, column.members)
    for _ in range(turns):
        for column in columns:
            seconds = _turn(processes[column.contestant], at, column.members)
            times[column.title].append(seconds / row.steps[column.members] / column.members * 1e6)
    return times


def report(results: Sequence[Times], ratios: Sequence[Sequence[Ratio]]) -> Iterator[str]:
    """The table, a line for each row that was measured, then each row's ratios."""
    titles = list(dict.fromkeys(title for times in results for title in times))
    lines = [["layers, mini-batch", *titles], ["---"] * (len(titles) + 1)]
    for row, times in zip(ROWS, results, strict=True):
        if times:
            lines.append([row.name, *(f"{median(times[t]):.3g} ({min(times[t]):.3g})" for t in titles)])
    yield from ("| " + " | ".join(line) + " |" for line in lines)
    for row, times, each in zip(ROWS, results, ratios, strict=True):
        yield from (one(row.name, times) for one in each if one.column in times and one.beside in times)
