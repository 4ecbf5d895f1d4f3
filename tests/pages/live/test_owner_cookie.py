"""The owner cookie is found among any others, never overwritten, and marked Secure behind any proxy with TLS."""

import asyncio
import json
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route

from pages.common import identity
from pages.live.server import owner_cookie

TOKEN = "Zx-81_kQ9abcdEFGH12345"
OTHER = "another-one-0000000000"
assert len(TOKEN) == len(OTHER) == 22

FOREIGN = [  # cookies of other applications on the same host
    'prefs={"theme":"dark"}',
    "path=x",
    "a[b]=1",
    "note=two words",
    "flag",
    "name=José",
    "name=日本",
    'quoted="a b, c"',
    'open="never closed',
    "list=1,2,3",
    "a=b=c=d",
    "=nameless",
    ";;;",
    "domain=.example.com",
    "expires=Wed, 21 Oct 2026 07:28:00 GMT",
    "$Version=1",
    "percent=%zz%",
    "escaped=\\073\\",
    "x@y:z=(1)",
    "long=" + "x" * 50_000,
    "pandas=" + OTHER,
    "my-panda=" + OTHER,
    json.dumps({"panda": "x"}),
]


def application():
    routes = [Route("/", lambda _: HTMLResponse("page")), Route("/text", lambda _: PlainTextResponse("text"))]
    return Starlette(routes=routes, middleware=[Middleware(owner_cookie.OwnerCookie)])


def set_cookies(*headers, path="/", scheme="http"):
    """What is set by a page that is asked for with these headers, which are sent as they are."""
    raw = [(name.encode(), value.encode()) for name, value in headers]
    scope = {"type": "http", "method": "GET", "path": path, "headers": raw, "scheme": scheme, "query_string": b""}
    sent = []

    async def receive():
        return {"type": "http.request", "body": b""}

    async def send(message):
        sent.append(message)

    asyncio.run(application()(scope, receive, send))
    return [value.decode() for name, value in sent[0]["headers"] if name == b"set-cookie"]


def on_the_page(monkeypatch, *cookies):
    """The owner as the page's script sees it."""
    found = [cookie.encode().decode("latin-1") for cookie in cookies]
    headers = SimpleNamespace(get_all=lambda name: found if name.lower() == "cookie" else [])
    monkeypatch.setattr(identity.st, "context", SimpleNamespace(headers=headers))
    return identity._from_cookie()


def test_a_new_visitor_gets_a_cookie_with_a_page_and_with_nothing_else():
    (cookie,) = set_cookies()
    assert owner_cookie.owner_in([cookie.partition(";")[0]])
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert not set_cookies(path="/text")


@pytest.mark.parametrize("foreign", FOREIGN, ids=lambda cookie: cookie[:20])
@pytest.mark.parametrize("form", ["{foreign}; panda={token}", "panda={token}; {foreign}", "{foreign};panda={token} "])
def test_ours_is_found_beside_any_other_and_not_overwritten(monkeypatch, foreign, form):
    header = form.format(foreign=foreign, token=TOKEN)
    assert set_cookies(("cookie", header)) == []
    assert on_the_page(monkeypatch, header) == TOKEN


@pytest.mark.parametrize("foreign", FOREIGN, ids=lambda cookie: cookie[:20])
def test_who_has_only_cookies_of_others_gets_ours(monkeypatch, foreign):
    assert len(set_cookies(("cookie", foreign))) == 1
    assert on_the_page(monkeypatch, foreign) is None


@pytest.mark.parametrize(
    "headers",
    [
        [f'panda="{TOKEN}"'],
        [f"panda = {TOKEN}"],
        [f"panda=%22{TOKEN}%22"],
        ["panda=" + "".join(f"%{ord(sign):02x}" for sign in TOKEN)],
        [f"$Version=1; panda={TOKEN}; $Path=/"],
        [f"a=1, panda={TOKEN}"],
        [f"panda={TOKEN}, a=1"],
        [f"panda={TOKEN}; panda={OTHER}"],
        [f"panda=spoiled; panda={TOKEN}"],
        [f"panda=; panda={TOKEN}"],
        [f"panda={TOKEN}", "b=2"],
        ["a=1", f"panda={TOKEN}", "c=3"],
        [f'prefs="a;panda={OTHER}"; panda={TOKEN}'],
    ],
)
def test_an_identity_in_any_form_is_read_and_not_overwritten(monkeypatch, headers):
    assert set_cookies(*(("cookie", header) for header in headers)) == []
    assert on_the_page(monkeypatch, *headers) == TOKEN


@pytest.mark.parametrize("value", ["cut-off", TOKEN + "x", "José" * 6, '{"theme":"dark","a":"bcdefgh"}', "é" * 22, "%"])
def test_one_that_cannot_be_read_is_not_overwritten_either(monkeypatch, value):
    assert set_cookies(("cookie", f"panda={value}")) == []
    assert on_the_page(monkeypatch, f"panda={value}") is None


@pytest.mark.parametrize(
    ("name", "value", "secure"),
    [
        ("x-forwarded-proto", "https", True),
        ("x-forwarded-proto", "HTTPS", True),
        ("x-forwarded-proto", "https,http", True),
        ("X-Forwarded-Proto", " Https , http", True),
        ("x-forwarded-proto", "http,https", False),
        ("x-forwarded-proto", "http", False),
        ("x-forwarded-proto", "httpsx", False),
        ("x-forwarded-scheme", "https", True),
        ("x-forwarded-ssl", "On", True),
        ("x-scheme", "https", True),
        ("cloudfront-forwarded-proto", "https", True),
        ("x-forwarded-https", "on", True),
        ("front-end-https", "on", True),
        ("x-forwarded-ssl", "off", False),
        ("forwarded", "proto=https", True),
        ("forwarded", "for=192.0.2.60;Proto=HTTPS;by=203.0.113.43", True),
        ("forwarded", 'for="[2001:db8::1]:47";proto="https", for=10.0.0.1;proto=http', True),
        ("forwarded", 'for="a,b"; proto = https', True),
        ("forwarded", "for=10.0.0.1;proto=http, for=10.0.0.2;proto=https", False),
        ("forwarded", "for=10.0.0.1, for=10.0.0.2;proto=https", False),
        ("forwarded", "for=10.0.0.1", False),
        ("forwarded", '"""', False),
    ],
)
def test_the_cookie_is_secure_where_the_browsers_connection_is(name, value, secure):
    (cookie,) = set_cookies((name.lower(), value))
    assert ("Secure" in cookie) == secure


def test_the_cookie_is_secure_where_this_server_has_tls_itself():
    assert "Secure" in set_cookies(scheme="https")[0]
