"""Text that somebody else wrote, such as a column's name, where Streamlit reads Markdown: it is shown as it stands."""

from __future__ import annotations

import re

PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
# Streamlit makes links, icons and arrows of these even where they are escaped.
BETWEEN = re.compile(r"(?<=:)(?=\S)|(?<=@)|(?<=[-<>~])(?=[-<>=])|(?<=www)(?=\.)", re.IGNORECASE)
WORD_JOINER = "\u2060"  # cannot be seen


def plain_text(text: str) -> str:
    """Markdown that shows `text` and nothing else: no link, picture, formula, colour or icon, whatever it holds."""
    return PUNCTUATION.sub(r"\\\1", BETWEEN.sub(WORD_JOINER, " ".join(text.split())))
