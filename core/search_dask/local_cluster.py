"""The process that runs Dask workers on this machine: `python -m core.search_dask.local_cluster`.

It is separate from the app because the workers that Dask spawns import the main module of their parent process, which
in the app would be a page. This module imports almost nothing, so they start quickly.
"""

import os
import sys

MEMORY = "2GiB"  # limit for one worker


def serve() -> None:
    """Start a scheduler with a worker for each core but one, 2 to 8, and print its address.

    Both end when standard input is closed, so they never outlive the process that started them.
    """
    from distributed import LocalCluster

    workers = min(8, max(2, (os.cpu_count() or 2) - 1))
    # Dashboards are off, but Dask still opens ports for them: keep these local.
    inside = {"dashboard_address": "127.0.0.1:0", "worker_dashboard_address": "127.0.0.1:0"}
    with LocalCluster(workers, threads_per_worker=1, processes=True, memory_limit=MEMORY, **inside) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    serve()
