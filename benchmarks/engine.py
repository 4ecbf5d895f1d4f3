"""What a training step costs, beside PyTorch's eager loop and JAX's jit(scan(vmap)): `python -m benchmarks.engine`.

Needs requirements-bench.txt. Contestants take turns, so that a noisy machine is noisy for all of them alike.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from statistics import median

from benchmarks.rows import ROWS, Row
from benchmarks.worker import CONTESTANTS

ONE_CORE = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
NOTES = """\
Microseconds for one step of one model, median (least) of {turns} turns, taken alternately.
Batch norm and momentum on, float32, a shuffled mini-batch gathered and its loss recorded in every step.
Ours K=1: Run.advance, after its first 5,000 steps, with history, measurements and snapshots kept;
  on the last row, which has no data set of its size, the same as engine alone.
Engine alone K=1: Stack.advance and the recording of the loss (LossTrace). One BLAS thread, here and below.
Ours K=16, K=128: Stack.advance, one thread, in parts that fit the cache; "two threads" is two stacks of half
  the size, a thread each.
PyTorch: one thread, eager. The requirements compare medians, ours on one thread.
JAX: as it comes (all {cores} cores), and held to one core and one thread."""


@dataclass(frozen=True)
class Column:
    """One contestant with a number of models."""

    title: str
    contestant: str
    members: int


COLUMNS = [Column("ours K=1", "run", 1), Column("engine alone K=1", "stack", 1), Column("PyTorch", "torch", 1)]
for _members in (16, 128):
    COLUMNS += [
        Column(f"ours K={_members}", "stack", _members),
        Column(f"two threads K={_members}", "threads", _members),
        Column(f"JAX K={_members}", "jax", _members),
        Column(f"JAX one core K={_members}", "jax_one_core", _members),
    ]


def start(name: str) -> subprocess.Popen[str]:
    """A contestant's process, waiting for its turns."""
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} if not name.startswith("jax") else {}
    flags = {"XLA_FLAGS": ONE_CORE} if name == "jax_one_core" else {}
    command = [sys.executable, "-m", "benchmarks.worker", name]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | threads | flags
    )


def turn(process: subprocess.Popen[str], row: int, members: int) -> float:
    """Seconds of one turn; the first turn only prepares, and takes 0."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{row} {members}\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        raise SystemExit("A contestant stopped; its error is above.")
    return float(answer)


def measure(processes: dict[str, subprocess.Popen[str]], at: int, turns: int) -> dict[str, list[float]]:
    """Microseconds for one step of one model on row `at`: a list for each column."""
    row = ROWS[at]
    columns = [c for c in COLUMNS if c.members in row.steps and c.contestant in processes]
    times: dict[str, list[float]] = {c.title: [] for c in columns}
    for column in columns:
        turn(processes[column.contestant], at, column.members)
    for _ in range(turns):
        for column in columns:
            seconds = turn(processes[column.contestant], at, column.members)
            times[column.title].append(seconds / row.steps[column.members] / column.members * 1e6)
    return times


def table(results: list[dict[str, list[float]]]) -> list[str]:
    """The figures, a line for each row of the table."""
    titles = [c.title for c in COLUMNS if any(c.title in times for times in results)]
    lines = [["layers, mini-batch", *titles], ["---"] * (len(titles) + 1)]
    for row, times in zip(ROWS, results, strict=True):
        shown = [f"{median(times[t]):.3g} ({min(times[t]):.3g})" if t in times else "-" for t in titles]
        lines.append([row.name, *shown])
    return ["| " + " | ".join(line) + " |" for line in lines]


def verdicts(row: Row, times: dict[str, list[float]]) -> list[str]:
    """Each requirement on this row, with the ratio of medians and whether it is met."""
    said = []
    if "PyTorch" in times:
        ratio = median(times["PyTorch"]) / median(times["ours K=1"])
        said.append(_verdict(row, f"PyTorch's time is {ratio:.2f} times ours at K=1", row.faster_than_torch, ratio))
    for column in COLUMNS:
        if column.contestant.startswith("jax") and column.title in times:
            ratio = median(times[f"ours K={column.members}"]) / median(times[column.title])
            said.append(_verdict(row, f"our time is {ratio:.2f} times that of {column.title}", 1.0, ratio))
    return said


def _verdict(row: Row, sentence: str, limit: float, ratio: float) -> str:
    torch = "PyTorch" in sentence
    met = ratio >= limit if torch else ratio <= limit
    return f"{'met    ' if met else 'NOT MET'}  {row.name}: {sentence} (at {'least' if torch else 'most'} {limit})"


def main() -> None:
    """Print the table and the verdicts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=15, help="how often each contestant is timed on each row")
    parser.add_argument("--rows", type=int, nargs="*", default=range(len(ROWS)), help="which rows, from 0")
    parser.add_argument("--ours", action="store_true", help="leave PyTorch and JAX out")
    chosen = parser.parse_args()
    missing = [name for name in ("torch", "jax") if importlib.util.find_spec(name) is None]
    if missing and not chosen.ours:
        raise SystemExit(f"This needs {' and '.join(missing)}: pip install -r requirements-bench.txt")
    names = [name for name in CONTESTANTS if not chosen.ours or name in ("run", "stack", "threads")]
    processes = {name: start(name) for name in names}
    results = [measure(processes, at, chosen.turns) if at in chosen.rows else {} for at in range(len(ROWS))]
    print(NOTES.format(turns=chosen.turns, cores=os.cpu_count()), *table(results), sep="\n")
    for row, times in zip(ROWS, results, strict=True):
        for line in verdicts(row, times):
            print(line)
    for process in processes.values():
        process.communicate()  # closes its stdin, at which it ends


if __name__ == "__main__":
    main()
