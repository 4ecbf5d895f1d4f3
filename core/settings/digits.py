"""Numbers in sentences: few digits, but none before the point is lost."""

from __future__ import annotations

import math

LARGEST = 1e12  # numbers from here on are written with an exponent


def in_full(number: float, digits: int = 4) -> str:
    """A number with that many significant digits, but all digits before the point, such as 3,175; "∞" for infinity."""
    if not math.isfinite(number):
        return "∞" if number > 0 else "no number"
    size = abs(number)
    if size >= LARGEST:
        return f"{number:.{max(0, digits - 2)}e}"
    return f"{number:,.0f}" if size >= 10 ** (digits - 1) else f"{number:.{digits}g}"
