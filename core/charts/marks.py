"""Marks for nudges on an axis of steps: a thin line for each, and short labels that do not overlap."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import Any

import numpy as np

from core.charts.names import LETTER
from core.runs.journal import Gesture, Nudge, gestures
from core.settings.table import FIELDS

Array = np.ndarray
NUDGES = 1000  # newest nudges that are grouped into gestures
LINES = 60
LABELS = 10
HEIGHTS = (0.95, 0.86, 0.77)
SPACE = "\u00a0"  # between a label and its line
PLOT = 280  # width of the plot in pixels; labels must fit into it
WITHOUT_NAME = ("optimizer", "decay")  # labels of these show only the value, such as "Adam"


def newest(journal: Sequence[Nudge]) -> list[Gesture]:
    """The newest gestures. Of a drag only the first and the last nudge are read, because drags are long."""
    recent = journal[-NUDGES:]
    drags = [(nudge.gesture, *nudge.changes) for nudge in recent]
    within = zip([None, *drags], drags, [*drags[1:], None], strict=False)
    ends = (not drag[0] or not before == drag == after for before, drag, after in within)
    return gestures(compress(recent, ends))[-LINES:]


def label(gesture: Gesture) -> str:
    """The new value, such as "α 0.01", "Adam" or "batch norm off"."""
    words = [_word(name, new) for name, (_, new) in gesture.changes.items()]
    return words[0] if len(words) == 1 else f"{words[0]} +{len(words) - 1}"


def _word(name: str, value: Any) -> str:
    field = FIELDS[name]
    if name in WITHOUT_NAME:
        return f"no {name}" if value == "none" else field.word(value)
    word = f"{value:.3g}" if isinstance(value, float) else field.word(value)
    return f"{field.symbol or field.label} {word}"


def lines(made: Sequence[Gesture]) -> tuple[Array, Array]:
    """Vertical lines from 0 to 1 at the gestures, as x and y (3 n,) with a gap after each."""
    steps = np.array([gesture.step for gesture in made], np.float32)
    x = np.repeat(steps, 3)
    x[2::3] = np.nan
    return x, np.tile(np.array([0, 1, np.nan], np.float32), steps.size)


def labels(made: Sequence[Gesture], now: int) -> list[tuple[int, float, str, str]]:
    """(step, height, text, position) of the labels of the newest gestures on an axis from 0 to `now`.

    A label is to the right of its line, or to its left near the end of the axis. It takes the first of three heights
    at which it overlaps no newer label; if there is none, it is left out.
    """
    placed: list[tuple[int, float, str, str]] = []
    taken: dict[float, list[tuple[float, float]]] = {height: [] for height in HEIGHTS}
    for gesture in reversed(made[-LABELS:]):
        text = label(gesture)
        wide = (LETTER * len(text) + 10) / PLOT * max(now, 1)
        to_right = gesture.step + wide <= max(now, 1) * 1.04
        start = gesture.step if to_right else gesture.step - wide
        for height, spans in taken.items():
            if all(start + wide <= low or high <= start for low, high in spans):
                spans.append((start, start + wide))
                shown, side = (f"{SPACE}{text}", "middle right") if to_right else (f"{text}{SPACE}", "middle left")
                placed.append((gesture.step, height, shown, side))
                break
    return placed[::-1]
