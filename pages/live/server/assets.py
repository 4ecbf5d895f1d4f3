"""Serves the client's files, and plotly.js as its cartesian bundle, a third of the whole.

Their address changes with their content, so a browser may cache them for good. The bundle is
plotly.js-cartesian-dist-min from npm, in the version of the installed plotly package; a test compares them.
"""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

CLIENT = Path(__file__).parents[1] / "client"
PLOTLY = CLIENT / "vendor" / "plotly-cartesian.min.js"
TYPES = {".js": "text/javascript", ".css": "text/css", ".webp": "image/webp"}
FILES = {path.name: path for path in sorted(CLIENT.iterdir()) if path.suffix in TYPES} | {"plotly.min.js": PLOTLY}
PICTURES = {path.name: path for path in sorted((CLIENT / "scenes").iterdir())}
SERVED = FILES | PICTURES
VERSION = hashlib.sha256(b"".join(path.read_bytes() for path in SERVED.values())).hexdigest()[:12]
FILES_ROUTE = "live-files/{version}/{name}"  # below the base path


def base_path() -> str:
    """The base path of the server: "" or "/path"."""
    path = str(st.get_option("server.baseUrlPath")).strip("/")
    return f"/{path}" if path else ""


def address(name: str) -> str:
    """The address of a live file, relative to every page: a proxy may have put a path before them, or taken it away."""
    return FILES_ROUTE.format(version=VERSION, name=name)


@cache
def _packed(name: str) -> bytes:
    return gzip.compress(SERVED[name].read_bytes(), compresslevel=6)


async def send_file(request: Request) -> Response:
    """One of the live files, compressed."""
    name = request.path_params["name"]
    if name not in SERVED:
        return PlainTextResponse("There is no such file.", status_code=404)
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    kind = TYPES[SERVED[name].suffix]
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(SERVED[name].read_bytes(), media_type=kind, headers=headers)
    return Response(_packed(name), media_type=kind, headers=headers | {"Content-Encoding": "gzip"})
