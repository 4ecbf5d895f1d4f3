"""Numbers and tables as LaTeX for `st.latex`: formulas with the numbers of this moment in them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

NEXT = r" \\ "  # line of a table
LARGE, SMALL = 1e5, 1e-4  # from and below which a number is written with a power of ten


def number(value: float, digits: int = 4) -> str:
    """Such as 148.4, 1.2 \\cdot 10^{-5}, \\infty or NaN, with at most so many significant digits."""
    if math.isnan(value):
        return r"\text{NaN}"
    if math.isinf(value):
        return r"\infty" if value > 0 else r"-\infty"
    if value and not SMALL <= abs(value) < LARGE:
        mantissa, power = f"{value:.{digits - 1}e}".split("e")
        return rf"{float(mantissa):g} \cdot 10^{{{int(power)}}}"
    return f"{value:.{digits}g}"


def fixed(value: float, places: int = 3) -> str:
    """With so many decimal places, and no sign before zero."""
    return f"{value:.{places}f}" if round(value, places) else f"{0:.{places}f}"


def shifted(value: float) -> str:
    """A number behind a sum: "+ 3" or "- 3"."""
    return f"{'-' if value < 0 else '+'} {number(abs(value), 3)}"


def column(values: Iterable[str]) -> str:
    """A column vector."""
    return matrix([value] for value in values)


def matrix(rows: Iterable[Iterable[str]]) -> str:
    """A matrix in brackets."""
    return rf"\begin{{bmatrix}} {_lines(rows)} \end{{bmatrix}}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], foot: Sequence[str] = (), align: str = "") -> str:
    """A table with a line below its head, and one above its foot."""
    parts = [" & ".join(head), r"\hline " + _lines(rows)]
    if foot:
        parts.append(r"\hline " + " & ".join(foot))
    body, columns = NEXT.join(parts), align or "r|" + "r" * (len(head) - 1)
    return rf"\begin{{array}}{{{columns}}} {body} \end{{array}}"


def _lines(rows: Iterable[Iterable[str]]) -> str:
    return NEXT.join(" & ".join(row) for row in rows)
