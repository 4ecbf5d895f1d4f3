"""People's names of classes, features and runs in charts: shortened, and safe in text that plotly reads as HTML.

Plotly knows a few tags, entities and no more than one line; a name may hold anything that a file can.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from html import escape, unescape

LETTER = 5.8  # width of a letter in pixels, at most on average
NAMELESS = "(blank)"
JOINERS = "\u200c\u200d"  # which some scripts need, unlike all other marks that cannot be seen
RIGHT_TO_LEFT = {"R", "AL"}
NO_TEMPLATE = "%\u2060{"  # plotly fills in %{...}, unless something that cannot be seen is between
ISOLATED = "\u2068{}\u2069"  # keeps the order of what stands beside it


def short(name: str, most: int = 14) -> str:
    """A name on one line, as wide as `most` letters at most, escaped; never empty."""
    plain = " ".join("".join(c for c in name[: 8 * most] if _shown(c)).split())
    plain = plain if letters(plain.replace(" ", "")) else NAMELESS  # joiners and accents alone cannot be seen
    if letters(plain) > most or len(name) > 8 * most:
        while letters(plain) > most - 1:
            plain = plain[:-1]
        plain = plain.rstrip() + "…"
    text = escape(plain, quote=False).replace("%{", NO_TEMPLATE)
    turned = any(unicodedata.bidirectional(c) in RIGHT_TO_LEFT for c in plain)
    return ISOLATED.format(text) if turned else text


def room(names: int) -> int:
    """Letters for each of so many names in one key."""
    return 14 if names <= 6 else 8


def _shown(c: str) -> bool:
    return c.isspace() or c in JOINERS or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def letters(text: str) -> int:
    """The width of plain text in letters: those of East Asia and pictures count as two, accents and marks as none."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return wide + sum(not unicodedata.combining(c) and unicodedata.category(c) != "Cf" for c in text)


def width(text: str) -> int:
    """The width of escaped text in letters."""
    return letters(unescape(text))


def left_of(names: Iterable[str]) -> int:
    """Margin in pixels that takes these tick labels, escaped as they are."""
    return round(14 + LETTER * max(width(name) for name in names))


def shared_word(names: Sequence[str]) -> tuple[str, list[str]]:
    """The first word if all names have it, and the names without it: ("arm", ["1", "2"]) of "arm 1" and "arm 2"."""
    word = names[0].split(" ")[0]
    if word and len(names) > 1 and all(name.startswith(f"{word} ") and name[len(word) :].strip() for name in names):
        return word, [name[len(word) + 1 :] for name in names]
    return "", list(names)
