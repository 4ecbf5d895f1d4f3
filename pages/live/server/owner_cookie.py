"""The owner cookie: a random token that identifies a visitor, set with the first page and hidden from scripts."""

from __future__ import annotations

import re
from http.cookies import CookieError, SimpleCookie

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.store import new_token

NAME = "panda"
TOKEN = re.compile(r"[\w-]{22}")  # 128 bits, as `new_token` writes them
DAYS = 400  # the longest that browsers keep a cookie


def owner_in(cookies: str) -> str | None:
    """The owner's token in a Cookie header; None if there is no valid one."""
    try:
        found = SimpleCookie(cookies).get(NAME)
    except CookieError:
        return None
    return found.value if found and TOKEN.fullmatch(found.value) else None


class OwnerCookie:
    """Middleware that sets the cookie for visitors without one. `base` is the server's base path."""

    def __init__(self, app: ASGIApp, base: str = "") -> None:
        self._app, self._path = app, base or "/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; add the cookie to a page for a new visitor."""
        headers = dict(scope.get("headers", []))
        known = owner_in(headers.get(b"cookie", b"").decode("latin-1"))
        secure = scope.get("scheme") == "https" or headers.get(b"x-forwarded-proto") == b"https"

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_page(message):
                message["headers"] = [*message.get("headers", []), (b"set-cookie", self._cookie(secure))]
            await send(message)

        await self._app(scope, receive, send if known or scope["type"] != "http" else sent)

    def _cookie(self, secure: bool) -> bytes:
        lasting = f"Max-Age={DAYS * 86_400}; Path={self._path}; HttpOnly; SameSite=Lax"
        return f"{NAME}={new_token()}; {lasting}{'; Secure' * secure}".encode()


def _is_page(message: Message) -> bool:
    headers = message.get("headers", [])
    return any(name.lower() == b"content-type" and b"text/html" in value for name, value in headers)
