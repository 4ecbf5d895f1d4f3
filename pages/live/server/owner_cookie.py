"""The owner cookie: a random token that identifies a visitor, set with the first page and hidden from scripts.

Other applications on the same host set cookies of any form, so ours is read leniently. It is set only where no cookie
of our name is there: whoever loses it loses their runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.store import new_token

NAME = "panda"
TOKEN = re.compile(r"[\w-]{22}", re.ASCII)  # 128 bits, as `new_token` writes them
DAYS = 400  # the longest that browsers keep a cookie

FORWARDED_SCHEMES = ("x-forwarded-proto", "x-forwarded-protocol", "x-forwarded-scheme", "cloudfront-forwarded-proto")
SCHEMES = (*FORWARDED_SCHEMES, "x-url-scheme", "x-scheme")
SWITCHES = (
    "x-forwarded-ssl",
    "front-end-https",
    "x-forwarded-https",
)  # "on" where the browser's connection is encrypted
FORWARDED = re.compile(r'(?:[^,"]|"[^"]*")*?\bproto\s*=\s*"?(\w+)', re.IGNORECASE)  # of the first proxy


def owner_in(cookies: Iterable[str]) -> str | None:
    """The owner's token in the Cookie headers of a request, the first valid one; None if there is none."""
    return next((value for value in _values(cookies) if TOKEN.fullmatch(value)), None)


def may_hold_owner(cookies: Iterable[str]) -> bool:
    """Whether there is a cookie of our name with any value, also one that cannot be read now."""
    return any(_values(cookies))


def _values(cookies: Iterable[str]) -> Iterator[str]:
    """The values of our name: between semicolons as browsers write them, then as a proxy joins headers, with commas."""
    for separators in (";", "[;,]"):
        for header in cookies:
            for pair in re.split(separators, header):
                name, _, value = pair.partition("=")
                if _bare(name) == NAME:
                    yield _bare(value)


def _bare(text: str) -> str:
    """Without percent-encoding, spaces and quotes around it."""
    text = unquote(text).strip()
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] == '"' else text


def is_secure(scope: Scope) -> bool:
    """Whether the browser's own connection is encrypted: to this server, or to the first proxy before it."""
    headers = Headers(scope=scope)
    schemes = [scope.get("scheme", ""), *(value.split(",")[0] for name in SCHEMES for value in headers.getlist(name))]
    schemes += [found[1] for value in headers.getlist("forwarded") if (found := FORWARDED.match(value))]
    switched = (value for name in SWITCHES for value in headers.getlist(name))
    return any(one.strip(' "').lower() == "https" for one in schemes) or any(
        one.strip().lower() == "on" for one in switched
    )


class OwnerCookie:
    """Middleware that sets the cookie for visitors without one. `base` is the server's base path."""

    def __init__(self, app: ASGIApp, base: str = "") -> None:
        self._app, self._path = app, base or "/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; add the cookie to a page for a new visitor."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_page(message):
                message["headers"] = [*message.get("headers", []), (b"set-cookie", self._cookie(is_secure(scope)))]
            await send(message)

        new = scope["type"] == "http" and not may_hold_owner(Headers(scope=scope).getlist("cookie"))
        await self._app(scope, receive, sent if new else send)

    def _cookie(self, secure: bool) -> bytes:
        lasting = f"Max-Age={DAYS * 86_400}; Path={self._path}; HttpOnly; SameSite=Lax"
        return f"{NAME}={new_token()}; {lasting}{'; Secure' * secure}".encode()


def _is_page(message: Message) -> bool:
    headers = message.get("headers", [])
    return any(name.lower() == b"content-type" and b"text/html" in value for name, value in headers)
