"""What the bits of a run depend on: one BLAS thread, numpy, and the kernels that BLAS has for the processor.

With more threads, sums of large mini-batches are taken in another order and have other bits.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits


@cache
def one_thread() -> None:
    """Let BLAS use one thread from now on, in all of this process. It costs nothing after the first call."""
    threadpool_limits(1, "blas")


@cache
def machine() -> str:
    """What bits depend on: numpy, its BLAS, and the kind of processor whose kernels that BLAS uses.

    numpy's own loops are alike on all processors with FMA, which those with the kernels Haswell and SkylakeX have.
    """
    found = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    own = [pool for pool in found if "numpy" in Path(pool["filepath"]).parent.name] or found
    blas = own[0] if own else {}
    kernels = [str(blas.get(key)) for key in ("internal_api", "version", "architecture")]
    return " ".join(["numpy", np.__version__, *kernels])
