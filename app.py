"""The server: Streamlit's pages, and beside them the live channel and the files that the live charts are made of."""

from __future__ import annotations

import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
from core.store import the_store  # noqa: E402
from core.training import jit  # noqa: E402
from pages.live.server.assets import FILES_ROUTE, base_path, send_file  # noqa: E402
from pages.live.server.channel import live  # noqa: E402
from pages.live.server.first_script import FirstScript  # noqa: E402
from pages.live.server.frames import WORKER, warm_up  # noqa: E402
from pages.live.server.owner_cookie import OwnerCookie  # noqa: E402
from pages.live.server.preload import Preload  # noqa: E402
from pages.live.server.redact import redact_server_logs  # noqa: E402

BASE = base_path()


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """One BLAS thread, so that runs do not fight over cores; what imports made is out of the collector's sight."""
    redact_server_logs()
    store = the_store()
    with threadpool_limits(limits=1):
        gc.collect()
        gc.freeze()
        WORKER.submit(warm_up)
        jit.begin(delay=jit.DELAY)
        yield
    WORKER.shutdown(wait=False, cancel_futures=True)
    RUN_SESSIONS.close_all()
    SEARCH_SESSIONS.close_all()
    store.close()


app = st.App(
    ROOT / "pages" / "_frame.py",
    routes=[WebSocketRoute(f"{BASE}/live/{{token}}", live), Route(f"{BASE}/{FILES_ROUTE}", send_file)],
    middleware=[Middleware(FirstScript), Middleware(Preload), Middleware(OwnerCookie, base=BASE)],
    lifespan=lifespan,
)
