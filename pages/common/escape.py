"""A person's text in a place that reads Markdown: every sign that could mean something there stands for itself."""

from __future__ import annotations

import re

SIGNS = re.compile(r"([!-/:-@\[-`{-~])")
# An invisible word joiner parts what Streamlit would make a link, an icon or an arrow of even where it is escaped.
BETWEEN = re.compile(r"(?<=:)(?=\S)|(?<=@)|(?<=[-<>~])(?=[-<>=])|(?<=www)(?=\.)", re.IGNORECASE)


def plain(text: str) -> str:
    """`text` as it is, for `st.markdown`, `st.caption` and labels of widgets."""
    return SIGNS.sub(r"\\\1", BETWEEN.sub("\u2060", text))
