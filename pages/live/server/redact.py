"""Keeps tokens out of the server's logs, because who has a run's token has the run; and keeps the logs short.

Every record of the process is changed as it is made, whoever logs it: the query of an address is left out, and so is
whatever is named or looks like a token, also percent-encoded.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

IS = r"(?:=|%3d|%253d)"
NAMES = r"(?:run|search|key|watch|owner|token|panda)"
QUERY = re.compile(r"(?<=[^\s?])(\?|%3f)[^\s\"'<>]*(?:=|%3d)[^\s\"'<>]*", re.IGNORECASE)
NAMED = re.compile(rf"(?<![a-z])({NAMES}{IS})[^\s&;,\"'<>…]+", re.IGNORECASE)
CHANNEL = re.compile(r"((?:/|%2f)live(?:/|%2f))[^\s/?\"'<>…]+", re.IGNORECASE)
# a run of signs as long as the shortest token; the words of Python's names have neither capitals nor digits
TOKEN = re.compile(r"(?<![\w-])(?=[a-z_-]*[A-Z0-9%])(?:[\w-]|%[0-9A-Fa-f]{2}){22,}", re.ASCII)

# What uvicorn and asyncio say of each connection; a refusal stays, in one line.
CHATTER = re.compile(
    r"connection (open|closed|rejected)|HTTP response sent|Unsupported upgrade request|socket\.send\(\) raised"
    r'|.* - "WebSocket .*" \[accepted\]$|.* - "WebSocket .*/_stcore/stream" 403$'  # Streamlit says why it refuses
)
STREAMLITS = "streamlit.web.server.starlette.starlette_websocket"


def redacted(text: str) -> str:
    """A message without tokens."""
    for pattern in (QUERY, NAMED, CHANNEL):
        text = pattern.sub(r"\1…", text)
    return TOKEN.sub("…", text)


def redact(record: logging.LogRecord) -> logging.LogRecord:
    """The record without tokens, in its message and its traceback."""
    try:
        message = record.getMessage()
    except (TypeError, ValueError, KeyError):  # its arguments do not fit, which its handler will say
        return record
    if (short := redacted(message)) != message:
        if record.name == "uvicorn.access" and isinstance(record.args, tuple):  # its formatter reads them
            record.args = tuple(redacted(one) if isinstance(one, str) else one for one in record.args)
        else:
            record.msg, record.args = short, ()
    if record.exc_info and record.exc_info[0]:
        record.exc_text = TOKEN.sub("…", logging.Formatter().formatException(record.exc_info))  # but file names stay
    return record


def not_chatter(record: logging.LogRecord) -> bool:
    """A logging filter that leaves one line at most for each connection."""
    return not CHATTER.match(record.getMessage())


def in_one_line(record: logging.LogRecord) -> bool:
    """A logging filter that leaves out the traceback of what a client has caused."""
    record.exc_info = record.exc_text = None
    return True


class _Factory:
    """Makes records without tokens."""

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make = make

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        return redact(self._make(*args, **kwargs))


def redact_logs() -> None:
    """From now on no record of this process has a token in it."""
    if not isinstance(logging.getLogRecordFactory(), _Factory):
        logging.setLogRecordFactory(_Factory(logging.getLogRecordFactory()))
    for name in ("uvicorn.error", "asyncio"):
        logging.getLogger(name).addFilter(not_chatter)
    logging.getLogger(STREAMLITS).addFilter(in_one_line)
    access = logging.getLogger("uvicorn.access")
    if len(access.handlers) > 1 and hasattr(access, "streamlit_console_handler"):  # beside uvicorn's own
        access.removeHandler(access.streamlit_console_handler)
