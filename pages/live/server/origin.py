"""Which pages may open the live channel: those that may open Streamlit's own websocket, by Streamlit's own function."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.websockets import WebSocket
from streamlit.web.server.starlette.starlette_websocket import _is_origin_allowed, is_host_allowed

HOST = "The server does not answer to the name {host}. Add it to its setting server.allowedHosts."
ORIGIN = (
    "The server refuses pages from {origin}, because the proxy asks it for another address. Let the proxy pass the "
    "address on (nginx: proxy_set_header Host $http_host;), or start the server with --browser.serverAddress={name}."
)


def refusal(socket: WebSocket) -> str:
    """Why the page that connects may not, and what to set; "" if it may. Clients that are no browser name no origin."""
    origin, host = socket.headers.get("origin"), socket.headers.get("host")
    try:
        address = urlsplit(origin or "")
        allowed = _is_origin_allowed(origin, host)
    except ValueError:  # no address, such as "http://["
        return ORIGIN.format(origin="such an address", name="NAME")
    if allowed:
        return ""
    return (ORIGIN if is_host_allowed(host) else HOST).format(origin=origin, host=host, name=address.hostname or "NAME")
