"""A person's text in a place that reads Markdown: every sign that could mean something there stands for itself."""

from __future__ import annotations

import re

SIGNS = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:^=@&])")


def plain(text: str) -> str:
    """`text` as it is, for `st.markdown`, `st.caption` and labels of widgets."""
    return SIGNS.sub(r"\\\1", text)
