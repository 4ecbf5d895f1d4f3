"""What a training step of one network costs, beside PyTorch's eager loop: `python -m benchmarks.engine`.

Needs requirements-bench.txt. Stacks of networks are measured by `python -m benchmarks.caviar`.
"""

from __future__ import annotations

from benchmarks.contest import Column, Ratio, asked, contest, report
from benchmarks.rows import ROWS

NOTES = """\
Microseconds for one step, median (least) of {turns} turns, taken alternately.
Batch norm and momentum on, float32, a shuffled mini-batch gathered and its loss recorded in every step.
Ours: Run.advance, after its first 5,000 steps, with history, measurements and snapshots kept;
  on the last row, which has no data set of its size, the same as engine alone.
Engine alone: Stack.advance and the recording of the loss (LossTrace). One BLAS thread, as PyTorch, eager.
Ratios are medians of those of the turns."""

COLUMNS = [Column("ours", "run", 1), Column("engine alone", "stack", 1), Column("PyTorch", "torch", 1)]


def main() -> None:
    """Print the table and the ratios."""
    chosen = asked(__doc__)
    results = contest(COLUMNS, chosen)
    print(NOTES.format(turns=chosen.turns))
    ratios = [[Ratio("ours", "PyTorch", row.faster_than_torch, faster=True)] for row in ROWS]
    print(*report(results, ratios), sep="\n")


if __name__ == "__main__":
    main()
