"""The commands of a session, one type each; `core.sessions.decoder` makes them from a client's messages.

A message is a JSON object such as {"type": "look", "step": 120}; its type is the command's name. `RunMessage`,
`SearchMessage` and `LabMessage` are what a browser may send on the live channel, besides a `Frame`. The page's script
may send more: `RunCommand`, `SearchCommand`, `LabCommand`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct

from core.runs.journal import MOST_STEPS

if TYPE_CHECKING:
    from core.runs.replay import Replay
    from core.runs.run import Run
    from core.search.random_vs_grid import RandomVsGrid
    from core.search.regions import Region as Ranges
    from core.search.search import Search

Whole = Annotated[int, Meta(ge=0, lt=1 << 53)]  # whole numbers that JavaScript has exactly
Steps = Annotated[int, Meta(ge=1, le=MOST_STEPS)]
Loss = Annotated[float, Meta(gt=0, le=1e6)]
Value = bool | int | float | str
Changes = Annotated[dict[str, Value], Meta(min_length=1, max_length=20)]
Charts = Annotated[list[str], Meta(max_length=40)]
Places = Annotated[dict[str, tuple[float, float] | None], Meta(max_length=40)]


def _type(name: str) -> str:
    """StopAt is "stop_at" in a message."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Command(Struct, frozen=True, kw_only=True, tag_field="type", tag=_type):
    """A command; an error that it causes is sent with its `id`."""

    id: Whole | None = None


# for several kinds of session


class Sight(Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody who only watches a search wants to see: a generation (from 0), the axes of the scatter, and whether
    that shows all generations; None for what its owner sees."""

    generation: Whole | None = None
    axes: tuple[str, str] | None = None
    whole: bool | None = None


class Frame(Command, frozen=True):
    """Send the arrays of these charts, with the number `seq`, as soon as they are new to this viewer; with `anew`, also
    those that were sent before."""

    charts: Charts
    seq: Whole
    anew: bool = False
    sight: Sight | None = None


class Play(Command, frozen=True):
    """Train from the next frame on."""


class Pause(Command, frozen=True):
    """Stop training for now."""


class Read(Command, frozen=True):
    """Answer with `of(session)`, which must not change the session."""

    of: Callable[[Any], Any]


# runs


class Step(Command, frozen=True):
    """Train `steps` more, after those that are still owed, then pause."""

    steps: Steps = 1


class Epoch(Command, frozen=True):
    """Train to the end of this epoch, or of the epoch in which the steps that are owed already end."""


class Speed(Command, frozen=True):
    """Train `steps` per frame; 0: as many as fit."""

    steps: Whole


class StopAt(Command, frozen=True):
    """Pause at this step, at the end of this epoch (from 1), or once the averaged loss is down to this; without any:
    never."""

    step: Whole | None = None
    epochs: Steps | None = None
    loss: Loss | None = None

    def __post_init__(self) -> None:
        if sum(one is not None for one in (self.step, self.epochs, self.loss)) > 1:
            raise ValueError("More than one - at `$.stop`")  # in msgspec's words, for the decoder


class Nudge(Command, frozen=True):
    """Change settings from the present step on; while an earlier step is shown, on a new branch from there.

    All nudges of one drag have the same number `gesture`."""

    changes: Changes
    gesture: Whole = 0


class Look(Command, frozen=True):
    """Show the run as it was at `step`; for None or its present step, as it is."""

    step: Whole | None = None


class Rewind(Command, frozen=True):
    """Go back to `step` and pause; what came after stays as a branch."""

    step: Whole


class Repair(Command, frozen=True):
    """Where something has gone wrong: go back to before it, with settings under which it should not; pause there. What
    came after stays as a branch."""


class Undo(Command, frozen=True):
    """Undo the last gesture: the run goes to the step before it and pauses; what came after stays as a branch. The
    answer is an `Undone`."""


class Annotate(Command, frozen=True):
    """Write a note on the nudge at `place` of the journal."""

    place: int
    note: str


class OpenBranch(Command, frozen=True):
    """Continue on another branch of the run."""

    line: str


class Adopt(Command, frozen=True):
    """Continue as `replay`, a run found elsewhere that branches off this one at step `at`."""

    replay: Replay[Run]
    at: int


class KeepTwins(Command, frozen=True):
    """Whether each gesture gets a twin, the same run without it, for `Run.twin_steps`; the last gesture gets one at
    once."""

    twins: bool


class Dismiss(Command, frozen=True):
    """Drop the twin and the seed test of the last gesture; the next gesture gets a twin again."""


class StartSeedTest(Command, frozen=True):
    """Train the run with and without its last gesture under other seeds."""


class DropSeedTest(Command, frozen=True):
    """Close the seed test."""


# searches


class Stop(Command, frozen=True):
    """End the search for good; one that is done stays as it is."""


class Pick(Command, frozen=True):
    """Pick a model of the generation shown; None: none."""

    number: Whole | None = None


class Region(Command, frozen=True):
    """Select a region of the generation shown: for each setting (low, high) in 0..1 on its axis of the generation `of`.
    None selects all of a setting, or of all settings."""

    of: Whole | None = None
    places: Places | None = None

    def __post_init__(self) -> None:
        if self.places is not None and self.of is None:
            raise ValueError("Object missing required field `of`")  # in msgspec's words, for the decoder


class Narrow(Command, frozen=True):
    """Select (low, high) or choices of some settings of the generation shown, () for all of one."""

    values: Ranges


class See(Command, frozen=True):
    """Show a generation."""

    generation: int


class Axes(Command, frozen=True):
    """Show these two settings in the scatter."""

    axes: tuple[str, str]


class ShowWhole(Command, frozen=True):
    """Whether the scatter shows all generations, or only the one shown."""

    whole: bool


class Add(Command, frozen=True):
    """Add a generation, and show it."""

    search: Search


class Compete(Command, frozen=True):
    """Once the generations are done, train the first two under other seeds."""

    contest: RandomVsGrid


# labs


class More(Command, frozen=True):
    """Train a few steps."""


class Restart(Command, frozen=True):
    """The same networks untrained, with another activation where one is named."""

    activation: str = ""


class LookAt(Command, frozen=True):
    """Look at the inputs of a layer."""

    layer: int


class Push(Command, frozen=True):
    """Push the earlier layers of all networks (see `SideBySide.push`)."""

    shift: float
    scale: float


RunMessage = Nudge | Play | Pause | Step | Epoch | Speed | StopAt | Look | Rewind | Repair | Dismiss | StartSeedTest
SearchMessage = Play | Pause | Stop | Pick | Region
LabMessage = Play | Pause | More | Restart
RunCommand = RunMessage | Undo | Annotate | OpenBranch | Adopt | KeepTwins | DropSeedTest | Read
SearchCommand = SearchMessage | Narrow | See | Axes | ShowWhole | Add | Compete | Read
LabCommand = LabMessage | LookAt | Push | Read
