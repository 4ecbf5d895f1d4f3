"""The server: Streamlit's pages, and beside them the live channel and the files that the live charts are made of."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402
from starlette.routing import Route, WebSocketRoute  # noqa: E402
from threadpoolctl import threadpool_limits  # noqa: E402

from core.sessions.run_registry import RUN_SESSIONS  # noqa: E402
from core.sessions.search_registry import SEARCH_SESSIONS  # noqa: E402
from core.store import DamagedError, StoreError, the_store  # noqa: E402
from core.training import jit  # noqa: E402
from pages.common.sentences import said  # noqa: E402
from pages.live.server import external_address  # noqa: E402
from pages.live.server.assets import FILES_ROUTE, base_path, send_file  # noqa: E402
from pages.live.server.channel import live  # noqa: E402
from pages.live.server.first_script import FirstScript  # noqa: E402
from pages.live.server.frames import WORKER, warm_up  # noqa: E402
from pages.live.server.guard import Guard, handle_loop_error  # noqa: E402
from pages.live.server.limits import allow_connections  # noqa: E402
from pages.live.server.owner_cookie import OwnerCookie  # noqa: E402
from pages.live.server.phone import PHONE_ROUTE, send_code  # noqa: E402
from pages.live.server.redact import redact_logs  # noqa: E402
from pages.live.server.refused_start import RefusedStart  # noqa: E402

BASE = base_path()


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """One BLAS thread, so that runs do not fight over cores; what imports made is out of the collector's sight."""
    try:
        the_store()
    except DamagedError as error:  # every page says it too
        logging.getLogger(__name__).error("%s", error)
    external_address.never_wait()
    allow_connections()
    redact_logs()  # from the first client on; a path above, which may look like a token, is said in full
    asyncio.get_running_loop().set_exception_handler(handle_loop_error)
    with threadpool_limits(limits=1):
        gc.collect()
        gc.freeze()
        WORKER.submit(warm_up)
        jit.begin(delay=jit.DELAY)
        yield
    WORKER.shutdown(wait=False, cancel_futures=True)
    RUN_SESSIONS.close_all()
    SEARCH_SESSIONS.close_all()
    with suppress(StoreError):
        the_store().close()


app = st.App(
    ROOT / "pages" / "_frame.py",
    routes=[
        WebSocketRoute(f"{BASE}/live/{{token}}", live),
        Route(f"{BASE}/{FILES_ROUTE}", send_file),
        Route(f"{BASE}/{PHONE_ROUTE}", send_code),
    ],
    middleware=[
        Middleware(Guard),
        Middleware(RefusedStart),
        Middleware(FirstScript),
        Middleware(OwnerCookie, base=BASE),
    ],
    lifespan=lifespan,
    on_script_error=said,
)
