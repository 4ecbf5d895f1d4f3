"""Keeps tokens out of the server's logs, because who has a run's token has the run."""

from __future__ import annotations

import logging
import re

TOKEN = re.compile(r"(/live/|run=|key=)[\w-]+")


def _redacted(value: object) -> object:
    return TOKEN.sub(r"\1…", value) if isinstance(value, str) else value


def redact(record: logging.LogRecord) -> bool:
    """A logging filter that replaces tokens in every record."""
    record.msg = _redacted(record.msg)
    if isinstance(record.args, tuple):
        record.args = tuple(_redacted(value) for value in record.args)
    return True


def redact_server_logs() -> None:
    """Put the filter on the server's own loggers."""
    for name in ("uvicorn.access", "uvicorn.error"):
        logging.getLogger(name).addFilter(redact)
