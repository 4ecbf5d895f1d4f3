"""Puts our first script into Streamlit's page, for what has to be said where Streamlit itself cannot connect."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.live.server.assets import address

SCRIPT = f'<script type="module" src="{address("first.js")}"></script></head>'.encode()
LEFT_OUT = (b"accept-encoding", b"if-none-match", b"if-modified-since")  # so that the page comes plain and whole


class FirstScript:
    """Middleware that adds `client/first.js` to every HTML page."""

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
