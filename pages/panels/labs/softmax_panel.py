"""What the panels of the softmax lab share: column widths, and the dial of one z."""

from __future__ import annotations

from typing import Literal, TypedDict

from core.settings.table import Field
from pages.panels.labs import lab

SIDES = [1.15, 3]  # widths of the column of controls and of the column of charts


class Stays(TypedDict):
    """Arguments of a choice that is still there after another page."""

    required: Literal[True]
    persist_state: Literal["session"]


STAYS: Stays = {"required": True, "persist_state": "session"}
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def z_knob(name: str, j: int) -> Field:
    """The dial of class j's z."""
    return lab.knob(name, f"z{j}".translate(SUBSCRIPTS), f"z of class {j}", -10, 10)
