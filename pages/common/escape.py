"""Escape a person's text for Markdown, so that it is shown as it was typed."""

from __future__ import annotations

import re

SIGNS = re.compile(r"([!-/:-@\[-`{-~])")
# Streamlit turns some text into links, icons or arrows even if escaped; an invisible word joiner prevents that.
BETWEEN = re.compile(r"(?<=:)(?=\S)|(?<=@)|(?<=[-<>~])(?=[-<>=])|(?<=www)(?=\.)", re.IGNORECASE)


def plain(text: str) -> str:
    """Return `text` escaped for `st.markdown`, `st.caption` and labels of widgets."""
    return SIGNS.sub(r"\\\1", BETWEEN.sub("\u2060", text))
