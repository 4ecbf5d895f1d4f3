"""Names of classes, features and runs in charts: shortened, and safe in text that plotly reads as HTML.

Plotly interprets some tags, entities and %{...}. A name may come from a file and hold any character.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from html import escape, unescape

LETTER = 5.8  # average width of a letter in pixels, rounded up
NAMELESS = "(blank)"
JOINERS = "\u200c\u200d"  # invisible characters that some scripts need; all others are removed
RIGHT_TO_LEFT = {"R", "AL"}
NO_TEMPLATE = "%\u2060{"  # an invisible character keeps plotly from filling in %{...}
ISOLATED = "\u2068{}\u2069"  # keeps the order of the text around right-to-left names


def short(name: str, most: int = 14) -> str:
    """A name on one line, escaped, not wider than `most` letters and never empty."""
    plain = " ".join("".join(c for c in name[: 8 * most] if _shown(c)).split())
    plain = plain if letters(plain.replace(" ", "")) else NAMELESS  # joiners and accents alone cannot be seen
    if letters(plain) > most or len(name) > 8 * most:
        while letters(plain) > most - 1:
            plain = plain[:-1]
        plain = plain.rstrip() + "…"
    text = escape(plain, quote=False).replace("%{", NO_TEMPLATE)
    right_to_left = any(unicodedata.bidirectional(c) in RIGHT_TO_LEFT for c in plain)
    return ISOLATED.format(text) if right_to_left else text


def room(names: int) -> int:
    """How many letters each of `names` names may have in a key."""
    return 14 if names <= 6 else 8


def _shown(c: str) -> bool:
    return c.isspace() or c in JOINERS or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def letters(text: str) -> int:
    """The width of plain text in letters: East Asian letters and emoji count 2, combining and invisible marks 0."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return wide + sum(not unicodedata.combining(c) and unicodedata.category(c) != "Cf" for c in text)


def width(text: str) -> int:
    """The width of escaped text in letters."""
    return letters(unescape(text))


def left_of(names: Iterable[str]) -> int:
    """The left margin in pixels that these escaped tick labels need."""
    return round(14 + LETTER * max(width(name) for name in names))


def shared_word(names: Sequence[str]) -> tuple[str, list[str]]:
    """The first word if all names begin with it, else "", and the names without it: ("arm", ["1", "2"]) for arms."""
    word = names[0].split(" ")[0]
    if word and len(names) > 1 and all(name.startswith(f"{word} ") and name[len(word) :].strip() for name in names):
        return word, [name[len(word) + 1 :] for name in names]
    return "", list(names)
