"""The app exactly as app.py serves it, and beside it what the benchmark needs: open runs, and what frames cost.

`streamlit run benchmarks/live_server.py` starts it as `streamlit run app.py` starts the app.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from starlette.applications import Starlette  # noqa: E402
from starlette.requests import Request  # noqa: E402
from starlette.responses import JSONResponse  # noqa: E402
from starlette.routing import Mount, Route  # noqa: E402

from app import app as served  # noqa: E402
from core.charts import default_charts  # noqa: E402
from core.runs.run import Run  # noqa: E402
from core.sessions.run_registry import RUN_SESSIONS  # noqa: E402
from core.store import key_of, new_token  # noqa: E402
from pages.live.server.frames import METER  # noqa: E402

MOST = 100


def open_runs(request: Request) -> JSONResponse:
    """/bench/open?n=30: that many default runs, as the tokens that drive them, and the charts that a page shows of them
    first."""
    count = min(MOST, int(request.query_params.get("n", 1)))
    owner = new_token()
    runs = [RUN_SESSIONS.open(Run(), owner) for _ in range(count)]
    return JSONResponse({"tokens": [key_of(owner, it.token) for it in runs], "charts": default_charts(runs[0].run)})


def meter(request: Request) -> JSONResponse:
    """/bench/meter: frames made so far, and the seconds spent on training and on all else."""
    return JSONResponse({"frames": METER.frames, "training": METER.training, "other": METER.other})


app = Starlette(
    routes=[Route("/bench/open", open_runs), Route("/bench/meter", meter), Mount("/", served)],
    lifespan=served.lifespan(),
)
