"""Stands before every websocket of the server: whatever a client does, it writes one line to the log at most."""

from __future__ import annotations

import asyncio
import logging
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from pages.live.server import external_address
from pages.live.server.limits import bound

LOG = logging.getLogger(__name__)
STREAMLITS = "/_stcore/stream"  # Streamlit's own websocket, which has large messages


class Guard:
    """Middleware for websockets: bounds the messages of ours, refuses an origin that is no address, and ends a
    connection that fails without a traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the connection on."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        if not scope["path"].endswith(STREAMLITS):
            bound(receive)  # before anything is awaited, and so before the next bytes are read
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        if not is_address(origin):
            await send({"type": "websocket.close", "code": 1008})
            return
        if origin and urlsplit(origin).netloc != headers.get("host"):
            await external_address.known()  # Streamlit and `refusal` compare it with that
        await self._guarded(scope, receive, send)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def sent(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except (WebSocketDisconnect, OSError):  # the client has left
            pass
        except Exception as error:
            LOG.error("A websocket ended: %s", in_a_line(error))
            with suppress(Exception):
                await send({"type": "websocket.close", "code": 1011})
        else:
            return
        if not started:
            with suppress(Exception):
                await send({"type": "websocket.close", "code": 1011})


def is_address(origin: str) -> bool:
    """Whether a browser could have sent this as the origin of a page, or there is none."""
    try:
        urlsplit(origin).port  # noqa: B018
    except ValueError:
        return False
    return True


def in_a_line(error: BaseException) -> str:
    """What an error is and where it was raised, for a log that a client cannot fill with tracebacks."""
    where = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(where[-1].filename).name}:{where[-1].lineno}, {where[-1].name})" if where else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}{place}"


def handle_loop_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """For the event loop: an error in reading what a client sent, or in accepting it, is one line; any other is logged
    as it was."""
    if context.keys() & {"transport", "protocol", "socket"}:
        error = context.get("exception")
        LOG.error("A connection ended: %s", in_a_line(error) if error else context.get("message"))
    else:
        loop.default_exception_handler(context)
