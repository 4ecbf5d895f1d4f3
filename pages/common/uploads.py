"""Streamlit's uploader, and why a file would be refused before anybody chooses one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from streamlit.web.server.server_util import is_xsrf_enabled
from streamlit.web.server.starlette.starlette_server_config import XSRF_COOKIE_NAME

REFUSED = (
    "A file cannot be uploaded here: the browser keeps no cookies for this page, as in a frame on another site, and "
    "the server takes files only from pages with its cookie. [Open Panda in a tab of its own](<{address}>)."
)


def uploader(label: str, types: list[str], **options: Any) -> Any:
    """The uploaded file or None, as `st.file_uploader`; a sentence in its place where the file would be refused."""
    if _refused():
        st.warning(REFUSED.format(address=urlsplit(str(st.context.url or ""))._replace(query="", fragment="").geturl()))
        return None
    return st.file_uploader(label, types, **options)


def _refused() -> bool:
    """Whether this browser lacks the cookie that Streamlit compares with each upload. It comes before the page does;
    without a browser, as in tests, there are no headers either."""
    browser = bool(st.context.headers.to_dict())
    return browser and is_xsrf_enabled() and XSRF_COOKIE_NAME not in st.context.cookies
