"""One BLAS thread: with more, sums of large mini-batches are taken in another order and have other bits."""

from __future__ import annotations

from functools import cache

from threadpoolctl import threadpool_limits


@cache
def one_thread() -> None:
    """Let BLAS use one thread from now on, in all of this process. It costs nothing after the first call."""
    threadpool_limits(1, "blas")
