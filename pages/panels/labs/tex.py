"""Numbers and matrices in LaTeX, for formulas with present numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable

LARGE, SMALL = 1e5, 1e-4  # limits outside which a number is written with a power of ten


def number(value: float, digits: int = 4) -> str:
    """Such as 148.4, 1.2 \\cdot 10^{-5}, \\infty or NaN, with at most `digits` significant digits."""
    if math.isnan(value):
        return r"\text{NaN}"
    if math.isinf(value):
        return r"\infty" if value > 0 else r"-\infty"
    if value and not SMALL <= abs(value) < LARGE:
        mantissa, power = f"{value:.{digits - 1}e}".split("e")
        return rf"{float(mantissa):g} \cdot 10^{{{int(power)}}}"
    return f"{value:.{digits}g}"


def words(value: float, digits: int = 4) -> str:
    """The same in plain text: 148.4, 1.2e-05, inf or NaN."""
    return "NaN" if math.isnan(value) else f"{value:.{digits}g}"


def fixed(value: float, places: int = 3) -> str:
    """With `places` decimal places, and no sign before zero."""
    return f"{value:.{places}f}" if round(value, places) else f"{0:.{places}f}"


def shifted(value: float) -> str:
    """A number as a further term of a sum: "+ 3" or "- 3"."""
    return f"{'-' if value < 0 else '+'} {number(abs(value), 3)}"


def matrix(rows: Iterable[Iterable[str]]) -> str:
    """A matrix in brackets."""
    body = r" \\ ".join(" & ".join(row) for row in rows)
    return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"
