"""What live parts report to the page's script, checked in one place: a browser may send anything as a report.

A report that has not the form of its row counts as none. Parts are told of a report once, when it comes; nothing reads
the state of a component at each run of the script, where one message could act again and again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
import streamlit as st
from msgspec import Meta

Name = Annotated[str, Meta(max_length=40)]
Number = Annotated[int, Meta(ge=-(1 << 53), le=1 << 53)] | Annotated[float, Meta(ge=-1e300, le=1e300)]

REPORTS: dict[str, Any] = {
    "restart": Literal["same", "new"],  # of a run, with which weights
    "stale": Annotated[str, Meta(max_length=4096)],  # widgets show something that is no longer true
    "values": Annotated[dict[Name, Number], Meta(max_length=60)],  # of the dials of a lab, and "seq"
    "message": Annotated[dict[Name, None | bool | Number | Name], Meta(max_length=20)],  # from the charts of a lab
}


def checked(name: str, value: Any) -> Any:
    """The report `name` if it has its form, else None."""
    try:
        return msgspec.convert(value, REPORTS[name])
    except (msgspec.ValidationError, UnicodeEncodeError, RecursionError):
        return None


def hearing(key: str, hears: dict[str, Callable[[Any], None]]) -> dict[str, Any]:
    """Callbacks for the component `key`, as Streamlit takes them: each report that has its form is handed on."""
    return {f"on_{name}_change": partial(_hear, key, name, then) for name, then in hears.items()}


def ignore(report: Any) -> None:
    """For a report that only makes the script run again."""


def _hear(key: str, name: str, then: Callable[[Any], None]) -> None:
    value = checked(name, st.session_state[key].get(name))
    if value is not None:
        then(value)
