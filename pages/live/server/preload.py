"""Preloads the client's files: a Link header of the page names them, so that they load while Streamlit's own do."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.live.server.assets import FILES, address


def _hint(name: str) -> str:
    kind = "preload; as=style" if name.endswith(".css") else "modulepreload"
    return f"<{address(name)}>; rel={'preload; as=script' if name == 'plotly.min.js' else kind}"


class Preload:
    """Middleware that adds a Link header to every HTML page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._link = ", ".join(_hint(name) for name in FILES).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; add the header to HTML."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", [])
                if any(name.lower() == b"content-type" and b"text/html" in value for name, value in headers):
                    message["headers"] = [*headers, (b"link", self._link)]
            await send(message)

        await self._app(scope, receive, sent if scope["type"] == "http" else send)
