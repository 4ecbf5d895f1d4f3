"""Names of classes, features and runs in charts: shortened, and safe in text that plotly reads as HTML.

Plotly interprets some tags, entities and %{...}. A name may come from a file and hold any character.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from html import escape, unescape
from os.path import commonprefix

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


def distinct(names: Sequence[str], most: int = 14) -> list[str]:
    """The names as in `short`, no two alike: names that a cut makes alike keep the part in which they differ, such as
    "Iris…alpha" and "Iris…beta"; where that is not enough they get numbers."""
    return list(_distinct(tuple(names), most))


@lru_cache(maxsize=256)
def _distinct(names: tuple[str, ...], most: int) -> tuple[str, ...]:
    whole = [" ".join(name[: 50 * most].split()) for name in names]
    cut = [short(name, most) for name in names]
    count, shown = Counter(cut), list[str]()
    for name, text in zip(whole, cut, strict=True):
        if count[text] > 1:
            others = [other for other, its in zip(whole, cut, strict=True) if its == text and other != name]
            text = short(_without_middle(name, others, most), most)
        shown.append(_numbered(text, shown, most))
    return tuple(shown)


def _without_middle(name: str, others: Sequence[str], most: int) -> str:
    """A name without most of what it shares with the beginning of one of `others`."""
    shared = max((len(commonprefix([name, other])) for other in others), default=0)
    tail = name[max(0, min(shared, len(name) - 3)) :]
    head = max(most // 4, most - 1 - letters(tail))
    return f"{name[:head]}…{tail}" if letters(name) > most else name


def _numbered(text: str, taken: Sequence[str], most: int) -> str:
    """`text`, which comes escaped, with the first number that makes it differ from all that is `taken`."""
    number, numbered = 1, text
    while numbered in taken:
        number += 1
        numbered = f"{short(unescape(text), most - len(str(number)) - 1)} {number}"
    return numbered


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
