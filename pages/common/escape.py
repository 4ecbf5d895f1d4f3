"""A person's text in Markdown, so that it is shown as it was typed; and in names that only a screen reader says."""

from __future__ import annotations

import re

SIGNS = re.compile(r"([!-/:-@\[-`{-~])")
# Streamlit turns some text into links, icons or arrows even if escaped; an invisible word joiner prevents that.
BETWEEN = re.compile(r"(?<=:)(?=\S)|(?<=@)|(?<=[-<>~])(?=[-<>=])|(?<=www)(?=\.)", re.IGNORECASE)


MARKDOWN = re.compile(r"[*_`\[\]<>!:$\\~#|{}^@\s]+")


def spoken(text: str) -> str:
    """Return `text` without the signs of Markdown, for labels that are not shown: these are read out as they are."""
    return MARKDOWN.sub(" ", text).strip()


def plain(text: str) -> str:
    """Return `text` escaped for `st.markdown`, `st.caption` and labels of widgets."""
    return SIGNS.sub(r"\\\1", BETWEEN.sub("\u2060", text))
