"""The files of the live parts, and the plotly.js that the installed plotly package carries, so that both always match.

They lie under an address that changes with their content, so a browser may keep them for good.
"""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from core.charts.chart import PLOTLY_JS

HERE = Path(__file__).parent
TYPES = {".js": "text/javascript", ".css": "text/css"}
FILES = {path.name: path for path in sorted(HERE.iterdir()) if path.suffix in TYPES} | {"plotly.min.js": PLOTLY_JS}
VERSION = hashlib.sha256(b"".join(path.read_bytes() for path in FILES.values())).hexdigest()[:12]
FILES_ROUTE = "/live-files/{version}/{name}"


def address(name: str) -> str:
    """The path of a live file, below the server's base path."""
    return FILES_ROUTE.format(version=VERSION, name=name)


@cache
def _packed(name: str) -> bytes:
    return gzip.compress(FILES[name].read_bytes(), compresslevel=6)


async def send_file(request: Request) -> Response:
    """One of the live files, compressed."""
    name = request.path_params["name"]
    if name not in FILES:
        return PlainTextResponse("There is no such file.", status_code=404)
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    kind = TYPES[FILES[name].suffix]
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(FILES[name].read_bytes(), media_type=kind, headers=headers)
    return Response(_packed(name), media_type=kind, headers=headers | {"Content-Encoding": "gzip"})
