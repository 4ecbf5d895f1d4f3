"""This machine's address as the internet sees it, which Streamlit asks another server for, without holding up anybody.

Streamlit compares it with every origin that it does not know, on the event loop: up to 2 s each time while the
internet does not answer. Here it is asked for once in a while, in a thread, and callers get what is known.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from streamlit import net_util

AGAIN_SECONDS = 600.0  # after which an address that was not found is asked for again

Ask = Callable[[], str | None]


class ExternalAddress:
    """Called, it returns the address as far as it is known, at once; `ask` finds it out."""

    def __init__(self, ask: Ask) -> None:
        self._ask, self._asked = ask, float("-inf")
        self._found: Future[str | None] = Future()
        self._found.set_result(None)
        self._lock = threading.Lock()

    def __call__(self) -> str | None:
        """The address, None while it is not known."""
        found = self._looked_up()
        return found.result() if found.done() else None

    async def known(self) -> None:
        """Wait until it is found, or could not be."""
        await asyncio.wrap_future(self._looked_up())

    def _looked_up(self) -> Future[str | None]:
        with self._lock:
            missing = self._found.done() and self._found.result() is None
            if missing and time.monotonic() - self._asked > AGAIN_SECONDS:
                self._found, self._asked = Future(), time.monotonic()
                self._found.set_running_or_notify_cancel()  # so that nobody who leaves cancels it for all
                threading.Thread(target=self._look_up, args=(self._found,), name="panda-address", daemon=True).start()
            return self._found

    def _look_up(self, found: Future[str | None]) -> None:
        try:
            found.set_result(self._ask())
        except Exception:  # whatever it is, the address is not known
            found.set_result(None)


def never_wait() -> None:
    """Have Streamlit ask for the address in this way."""
    if not isinstance(net_util.get_external_ip, ExternalAddress):
        net_util.get_external_ip = ExternalAddress(net_util.get_external_ip)


async def known() -> None:
    """Wait until the address is known, or cannot be, where Streamlit asks for it in this way."""
    if isinstance(net_util.get_external_ip, ExternalAddress):
        await net_util.get_external_ip.known()
