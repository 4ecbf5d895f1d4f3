"""What a client may send on the live channel, enforced while it arrives, before a message is whole.

uvicorn has one limit for all websockets, `ws_max_size`, and Streamlit's own needs megabytes. So the limit is set on
the parser of each connection to the channel, which belongs to uvicorn's `websockets-sansio`. `streamlit run app.py` and
`uvicorn app:app` both use that. With another implementation, only whole messages are checked (`core.sessions.decoder`).
"""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from starlette.types import Receive
from websockets.exceptions import PayloadTooBig, ProtocolError
from websockets.extensions import Extension
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State

from core.sessions.decoder import LONGEST_MESSAGE

MOST_BYTES = LONGEST_MESSAGE
MOST_FILES = 1 << 16
MOST_FRAGMENTS = 64  # frames of one message, which may be empty
READ_BYTES = 2 * LONGEST_MESSAGE  # at once; the 256 KB that asyncio reads may be 40,000 messages, parsed before others
MOST_PINGS = 20  # a second; browsers send none
TOO_MUCH = {"type": "error", "sentence": f"A message may have {MOST_BYTES:,} characters.", "id": None}


def allow_connections() -> None:
    """Let this process have as many sockets and files open as the system allows it: at first that is often 1,024."""
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


class Bounds(Extension):
    """Sees every frame that a client has sent, in the way of an extension of the protocol.

    Text is handed on as bytes: what is no UTF-8 is then answered in words, where uvicorn would log a traceback.
    """

    def __init__(self) -> None:
        self._fragments = 0
        self._pings: deque[float] = deque([float("-inf")] * MOST_PINGS, maxlen=MOST_PINGS)  # when the last ones came

    def decode(self, frame: Frame, *, max_size: int | None = None) -> Frame:
        """The frame. Raises `PayloadTooBig` or `ProtocolError`, which end the connection, where it is too much."""
        if frame.opcode is Opcode.PING:
            now = time.monotonic()
            if now - self._pings[0] < 1:
                raise ProtocolError("too many pings")
            self._pings.append(now)
        if frame.opcode is Opcode.CONT:
            self._fragments += 1
            if self._fragments > MOST_FRAGMENTS:
                raise PayloadTooBig(self._fragments, MOST_FRAGMENTS)
        elif frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._fragments = 0
            frame.opcode = Opcode.BINARY
        return frame

    def encode(self, frame: Frame) -> Frame:
        """The frame: what is sent is not bounded."""
        return frame


def bound(receive: Receive) -> None:
    """Bound what comes in on the connection whose ASGI callable this is."""
    protocol: Any = getattr(receive, "__self__", None)
    parser: Any = getattr(protocol, "conn", None)
    if hasattr(parser, "max_message_size"):
        parser.max_message_size = MOST_BYTES
        parser.extensions = [Bounds(), *parser.extensions]
        parser.fail = _in_words(parser)
        with suppress(AttributeError):  # of another event loop
            protocol.transport.max_size = READ_BYTES


def _in_words(parser: Any) -> Callable[..., None]:
    """The parser's `fail`, which also says in words that a message is too long."""
    fail = parser.fail

    def failed(code: CloseCode, reason: str = "") -> None:
        if code == CloseCode.MESSAGE_TOO_BIG and parser.state is State.OPEN:
            parser.send_text(json.dumps(TOO_MUCH).encode())
        fail(code, reason)

    return failed
