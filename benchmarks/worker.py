"""One contestant in its own process: it waits for its turn, trains, and says how long that took.

`python -m benchmarks.worker NAME`, then on stdin a line "row members" for each turn; the answer is the seconds.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable

from benchmarks.rows import ROWS

CONTESTANTS = {
    "run": ("benchmarks.ours", "run"),
    "stack": ("benchmarks.ours", "stack"),
    "stack_one_core": ("benchmarks.ours", "stack"),
    "torch": ("benchmarks.torch_loop", "train"),
    "jax": ("benchmarks.jax_scan", "train"),
    "jax_one_core": ("benchmarks.jax_scan", "train"),
}


def main(name: str) -> None:
    """Serve turns until stdin closes."""
    if name.endswith("_one_core"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    module, function = CONTESTANTS[name]
    prepare = getattr(importlib.import_module(module), function)
    trainers: dict[tuple[int, int], Callable[[int], None]] = {}
    for line in sys.stdin:
        at, members = map(int, line.split())
        row = ROWS[at]
        if (at, members) not in trainers:
            trainers[at, members] = prepare(row, members)
            print(0.0, flush=True)
            continue
        start = time.perf_counter()
        trainers[at, members](row.steps[members])
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
