"""What a training step of a stack costs, beside PyTorch's eager loop and JAX: `python -m benchmarks.caviar`.

Needs requirements-bench.txt. One network is measured by `python -m benchmarks.engine`, a search beside its training
by `python -m benchmarks.search_cost`.
"""

from __future__ import annotations

import os

from benchmarks.contest import Column, Ratio, asked, contest, report
from benchmarks.rows import ROWS, Row

MEMBERS = (16, 128)
NOTES = """\
Microseconds for one step of one model, median (least) of {turns} turns, taken alternately.
Batch norm and momentum on, float32, a shuffled mini-batch gathered and its loss recorded in every step.
Ours: Stack.advance, in parts that fit the cache. PyTorch: one model after the other, eager, one thread.
JAX: jit(scan(vmap)). Ours and JAX as they come (all {cores} cores), and held to one core and one thread.
Ratios are medians of those of the turns; those without a bar are for comparison."""

COLUMNS = [Column("PyTorch", "torch", 1)]
for _members in MEMBERS:
    COLUMNS += [
        Column(f"ours K={_members}", "stack", _members),
        Column(f"JAX K={_members}", "jax", _members),
        Column(f"ours one core K={_members}", "stack_one_core", _members),
        Column(f"JAX one core K={_members}", "jax_one_core", _members),
    ]


def ratios(row: Row) -> list[Ratio]:
    """What is asked of stacks of 16 and 128 on a row."""
    found = []
    for members in MEMBERS:
        ours = f"ours K={members}"
        found += [
            Ratio(ours, "PyTorch", row.stack_faster_than_torch, faster=True),
            Ratio(ours, f"JAX K={members}", 1.0),
            Ratio(f"ours one core K={members}", f"JAX one core K={members}"),
        ]
    return found


def main() -> None:
    """Print the table and the ratios."""
    chosen = asked(__doc__)
    results = contest(COLUMNS, chosen)
    print(NOTES.format(turns=chosen.turns, cores=os.cpu_count()))
    print(*report(results, [ratios(row) for row in ROWS]), sep="\n")


if __name__ == "__main__":
    main()
