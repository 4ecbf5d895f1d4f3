"""The journal of a run: its nudges, and the gestures that a person made them with. Course row C7."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from core.errors import UserError
from core.settings.table import FIELDS, Settings, changed

MOST_NUDGES = 30_000  # nudges of one run: five minutes of dragging at 100 a second
MOST_STEPS = 10_000_000  # the last step that a run may have


@dataclass(frozen=True)
class Nudge:
    """A change of settings that takes effect at a step: `changes` maps a setting to (old, new).

    Nudges with the same `gesture` belong to one drag and are shown as one; 0 is a nudge of its own. `note` is a
    person's comment.
    """

    step: int
    changes: dict[str, tuple[Any, Any]]
    gesture: int = 0
    note: str = ""

    @property
    def new_values(self) -> dict[str, Any]:
        """The settings that it changes, with their new values."""
        return {name: new for name, (_, new) in self.changes.items()}


@dataclass(frozen=True)
class Gesture:
    """The nudges of one drag, or a single nudge: the first was made at step `first`, the last at `step`.

    `changes` maps a setting to its values (before the first, after the last). `place` is the index of its first nudge
    in the journal.
    """

    first: int
    step: int
    changes: dict[str, tuple[Any, Any]]
    gesture: int
    place: int = field(default=0, compare=False)

    @property
    def words(self) -> str:
        """Such as "learning rate from 0.1 to 0.01"."""
        parts = ((FIELDS[name], old, new) for name, (old, new) in self.changes.items())
        return " and ".join(f"{field.label} from {field.word(old)} to {field.word(new)}" for field, old, new in parts)


def gestures(journal: Iterable[Nudge]) -> list[Gesture]:
    """The gestures of a journal, oldest first: consecutive nudges of one drag become one."""
    made: list[Gesture] = []
    for place, nudge in enumerate(journal):
        last = made[-1] if made else None
        if last and same_gesture(nudge, last):
            changes = {name: (last.changes[name][0], new) for name, (_, new) in nudge.changes.items()}
            made[-1] = Gesture(last.first, nudge.step, changes, nudge.gesture, last.place)
        else:
            made.append(Gesture(nudge.step, nudge.step, nudge.changes, nudge.gesture, place))
    return made


def settings_after(start: Settings, journal: Iterable[Nudge]) -> Settings:
    """The settings after the nudges of `journal`, which begins with `start`."""
    return changed(start, {name: new for nudge in journal for name, new in nudge.new_values.items()})


def last_gesture(journal: tuple[Nudge, ...]) -> Gesture:
    """The last gesture of a journal. Raises `UserError` where there is none."""
    if not journal:
        raise UserError("There is no nudge to undo.")
    return gestures(journal)[-1]


def same_gesture(nudge: Nudge, other: Nudge | Gesture) -> bool:
    """Whether both belong to one drag and change the same settings."""
    return bool(nudge.gesture) and nudge.gesture == other.gesture and nudge.changes.keys() == other.changes.keys()


def before_last_gesture(journal: tuple[Nudge, ...]) -> tuple[Nudge, ...]:
    """The journal without its last gesture; empty where there is none."""
    count = len(journal)
    while count > 1 and same_gesture(journal[count - 1], journal[count - 2]):
        count -= 1
    return journal[: max(0, count - 1)]
