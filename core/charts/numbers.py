"""How numbers are written on hover and beside axes: in full, and never so short that two that differ look alike.

The formats are those of d3, which plotly uses. Its `g` writes an exponent for a number with more
digits than it may show.
"""

from __future__ import annotations

import math
from typing import Any

MEASURED = ",.7~r"  # a float32 number of any size: 0.317235, 3,180.52, 1,234,567, 0.0000000025
X, Y = f"%{{x:{MEASURED}}}", f"%{{y:{MEASURED}}}"  # in a template of plotly's
LARGEST, LEAST = 1e12, 1e-6  # numbers beyond are written with an exponent


def decimals(low: float, high: float, parts: int) -> int:
    """How many decimals tell apart numbers that differ by 1/`parts` of the range from `low` to `high`."""
    part = (high - low) / parts
    return min(12, max(0, -math.floor(math.log10(part)))) if part > 0 else 6


def among(low: float, high: float) -> str:
    """The format of numbers from `low` to `high`: in full, to a thousandth of the range, such as 4,470,120.5."""
    if not LEAST < max(abs(low), abs(high)) < LARGEST:
        return MEASURED
    return f",.{decimals(low, high, 1000)}~f"


def ticks(low: float, high: float) -> tuple[dict[str, Any], int]:
    """What an axis from `low` to `high` needs so that its ticks are in full, and how many letters the longest has."""
    if not LEAST < max(abs(low), abs(high)) < LARGEST:
        return {}, 6
    letters = max(len(f"{end:,.{decimals(low, high, 4)}f}") for end in (low, high))
    return {"exponentformat": "none", "separatethousands": True, "nticks": 5 if letters < 8 else 3}, letters
