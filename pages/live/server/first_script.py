"""Puts our first script into Streamlit's page, and links to all files that the page will ask for.

The links come after those to Streamlit's own files, which the page needs first, and with a low priority. Among them are
files that Streamlit itself only asks for when a page shows its first button, choice or live part, one after another.
"""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.live.server.assets import FILES, address

CHUNKS = Path(st.__file__).parent / "static" / "static" / "js"
LAZY = ("BidiComponent", "Html", "Button", "ButtonGroup", "Selectbox", "Checkbox")  # of Streamlit, on most pages
IMPORTED = re.compile(r'(?:from|import)"\./([\w.-]+\.js)"')
LEFT_OUT = (b"accept-encoding", b"if-none-match", b"if-modified-since")  # so that the page comes plain and whole


def lazy_files() -> list[str]:
    """Names of the files of `LAZY` and of all that they import, but for those that Streamlit's page names itself."""
    page = CHUNKS.parents[1] / "index.html"
    named = page.read_text("utf-8") if page.is_file() else ""
    found: dict[str, None] = {}
    waiting = [path.name for name in LAZY for path in sorted(CHUNKS.glob(f"{name}.*.js"))]
    while waiting:
        name = waiting.pop(0)
        if name not in found and name not in named and (CHUNKS / name).is_file():
            found[name] = None
            waiting += IMPORTED.findall((CHUNKS / name).read_text("utf-8"))
    return list(found)


def _link(name: str) -> str:
    """The link to one of our files."""
    kind = {".css": 'preload" as="style'}.get(FILES[name].suffix, "modulepreload")
    kind = 'preload" as="script' if name == "plotly.min.js" else kind
    return f'<link rel="{kind}" href="{address(name)}" fetchpriority="low">'


LINKS = [
    f'<link rel="modulepreload" crossorigin href="./static/js/{name}" fetchpriority="low">' for name in lazy_files()
]
SCRIPT = "".join(
    [*map(_link, FILES), *LINKS, f'<script type="module" src="{address("first.js")}"></script></head>']
).encode()


class FirstScript:
    """Middleware that adds `client/first.js` and the links to every HTML page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; add the script to a page that a browser opens."""
        if (
            scope["type"] == "http"
            and scope["method"] == "GET"
            and "text/html" in Headers(scope=scope).get("accept", "")
        ):
            headers = [(name, value) for name, value in scope["headers"] if name.lower() not in LEFT_OUT]
            await self._app({**scope, "headers": headers}, receive, _with_script(send))
        else:
            await self._app(scope, receive, send)


def _with_script(send: Send) -> Send:
    """A `send` that puts the script into HTML, all of which is in the first part of the body."""
    start: Message | None = None

    async def sent(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start" and "text/html" in Headers(raw=message["headers"]).get(
            "content-type", ""
        ):
            start = message  # until the length is known
            return
        if start is not None:
            body = message.get("body", b"").replace(b"</head>", SCRIPT, 1)
            headers = MutableHeaders(raw=list(start["headers"]))
            if "content-length" in headers:
                headers["content-length"] = str(
                    int(headers["content-length"]) + len(body) - len(message.get("body", b""))
                )
            await send({**start, "headers": headers.raw})
            start, message = None, {**message, "body": body}
        await send(message)

    return sent
