"""A thread that polls what Dask workers train, whether or not anybody watches it.

It runs only while there is something to poll.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

EVERY = 0.1  # seconds between two polls


class Poller:
    """Calls `poll` again and again, from the first `wake` until it returns that there is nothing left, or `stop`."""

    def __init__(self, poll: Callable[[], bool]) -> None:
        self._poll = poll
        self._lock, self._over = threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None
        self._woken = False

    def wake(self) -> None:
        """There is something to poll."""
        with self._lock:
            self._woken = True
            if not self._thread:
                self._over = threading.Event()  # a new one: the old thread's must stay set
                # A daemon, so that the process can end without `stop`.
                self._thread = threading.Thread(target=self._run, args=(self._over,), name="panda-poller", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End it, and wait until it has; `wake` starts it again."""
        self._over.set()
        with self._lock:
            thread, self._thread = self._thread, None
        if thread:
            thread.join()

    def _run(self, over: threading.Event) -> None:
        while not over.wait(EVERY):
            with self._lock:
                self._woken = False
            found = self._poll()
            with self._lock:
                if not (found or self._woken or over.is_set()):
                    self._thread = None
                    return
