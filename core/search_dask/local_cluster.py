"""Dask workers on this machine: the process that they live in, `python -m core.search_dask.local_cluster`.

It is a process of its own, as Dask spawns workers, which import the main module of the process that starts them: in
the app that would be a page. This one imports nothing, so that they start quickly.
"""

import os
import sys

MEMORY = "2GiB"  # of a worker


def serve() -> None:
    """Print the address of a scheduler with a worker for each core but one, at least two, and end with standard input:
    so they never outlive the process that started them."""
    from distributed import LocalCluster

    workers = min(8, max(2, (os.cpu_count() or 2) - 1))
    # No dashboards: these are the addresses of what Dask starts in their place.
    inside = {"dashboard_address": "127.0.0.1:0", "worker_dashboard_address": "127.0.0.1:0"}
    with LocalCluster(workers, threads_per_worker=1, processes=True, memory_limit=MEMORY, **inside) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    serve()
