"""One BLAS thread wherever a run trains, also without the app: more would give large mini-batches other bits."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
SCRIPT = """
from threadpoolctl import threadpool_info
from core import Run, RunSpec, Settings
run = Run(RunSpec(dataset="digits", hidden=(64,)), Settings(batch_size=1000, batch_norm=False))
run.advance(20)
print(run.fingerprint(), {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"})
"""


def test_a_library_user_has_the_bits_of_the_app_whatever_the_environment_says():
    told = []
    for threads in ("1", "4"):
        environment = os.environ | {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        told.append(done.stdout)
    assert told[0] == told[1]
    assert told[0].endswith("{1}\n")
