"""The QR code that opens a run on a phone, to be watched only: the address that a phone can reach, drawn by segno."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import segno
import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

PHONE_ROUTE = "phone/{token}"  # below the base path; `at` in the query is the page's address in the browser
TOKEN = re.compile(r"[\w-]{1,64}", re.ASCII)
MOST = 512  # letters of an address
OUTSIDE = ("192.0.2.1", 9)  # of a network for documentation: nothing is sent there
LOOPBACK_ONLY = (
    "A phone cannot reach this server, because it listens on this machine only. "
    "Start it without --server.address, or with --server.address 0.0.0.0."
)
NO_NETWORK = "A phone cannot reach this server, because this machine is in no network."
NO_ADDRESS = "There is no page at this address."


@dataclass(frozen=True)
class Code:
    """What the browser shows: the site as text, without the run, and the code's rows, "1" for each dark module; or a
    sentence that says why there is none."""

    shown: str = ""
    rows: tuple[str, ...] = ()
    sentence: str = ""


def phone_code(token: str, at: str) -> Code:
    """The code of the run that `token` reads, for a page that the browser has at the address `at`."""
    try:
        page = urlsplit(at)
        host, port = page.hostname, page.port
    except ValueError:
        return Code(sentence=NO_ADDRESS)
    if page.scheme not in ("http", "https") or not host or len(at) > MOST or not TOKEN.fullmatch(token):
        return Code(sentence=NO_ADDRESS)
    if is_loopback(host):
        if is_loopback(str(st.get_option("server.address") or "")):
            return Code(sentence=LOOPBACK_ONLY)
        host = lan_address()
    if host is None:
        return Code(sentence=NO_NETWORK)
    site = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    address = page._replace(netloc=site, query=urlencode({"run": token}), fragment="").geturl()
    return Code(f"{page.scheme}://{site}", rows_of(address))


def rows_of(text: str) -> tuple[str, ...]:
    """The rows of the QR code of `text`, "1" for each dark module, without the white border."""
    return tuple("".join("1" if dark else "0" for dark in row) for row in segno.make_qr(text).matrix)


def is_loopback(host: str) -> bool:
    """Whether the name or address means the machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def lan_address() -> str | None:
    """This machine's address in its network, None if it is in none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(OUTSIDE)
        except OSError:
            return None
        found = str(probe.getsockname()[0])
    return None if is_loopback(found) else found


async def send_code(request: Request) -> Response:
    """The code as JSON."""
    code = phone_code(request.path_params["token"], request.query_params.get("at", ""))
    answer = {"shown": code.shown, "rows": code.rows, "sentence": code.sentence}
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})
