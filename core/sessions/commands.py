"""What can be asked of a session: one type a command. `core.sessions.decoder` makes them of a client's messages.

A message is a JSON object such as {"type": "look", "step": 120}; its type is the command's name. `RunMessage`,
`SearchMessage` and `LabMessage` are what a browser may ask on the live channel, beside a `Frame`. The page's script may
ask for more: `RunCommand`, `SearchCommand`, `LabCommand`.
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
Value = bool | int | float | str
Changes = Annotated[dict[str, Value], Meta(min_length=1, max_length=20)]
Charts = Annotated[list[str], Meta(max_length=40)]
Places = Annotated[dict[str, tuple[float, float] | None], Meta(max_length=40)]


def _type(name: str) -> str:
    """StopAt is "stop_at" in a message."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Command(Struct, frozen=True, kw_only=True, tag_field="type", tag=_type):
    """Something that can be asked; an error that it leads to is sent with its `id`."""

    id: Whole | None = None


# what all sessions, or several, can be asked


class Sight(Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody who only watches a search chose to see of it: a generation (from 0), the axes of the scatter, and
    whether that shows all generations; None for what its owner sees."""

    generation: Whole | None = None
    axes: tuple[str, str] | None = None
    whole: bool | None = None


class Frame(Command, frozen=True):
    """Send the arrays of these charts, with the number `seq`, as soon as they are new to this viewer; all that was
    sent before counts as not seen where `anew`."""

    charts: Charts
    seq: Whole
    anew: bool = False
    sight: Sight | None = None


class Play(Command, frozen=True):
    """Train from the next frame on."""


class Pause(Command, frozen=True):
    """Stop training for now."""


class Read(Command, frozen=True):
    """Answer with what `of` returns of the session, which it must not change."""

    of: Callable[[Any], Any]


# runs


class Step(Command, frozen=True):
    """Train so many steps more than are owed already, then stand still."""

    steps: Steps = 1


class Epoch(Command, frozen=True):
    """Train to the end of this epoch, or of the epoch in which the steps that are owed already end."""


class Speed(Command, frozen=True):
    """Train so many steps a frame; 0 is as many as fit."""

    steps: Whole


class StopAt(Command, frozen=True):
    """Pause when this step is reached; None: never."""

    step: Whole | None = None


class Nudge(Command, frozen=True):
    """Change settings from the present step on; at an earlier step that is looked at, on a branch.

    Nudges of one dial while it is held have the same number `gesture`."""

    changes: Changes
    gesture: Whole = 0


class Look(Command, frozen=True):
    """Show the run as it was at `step`; None, or where it stands: as it is."""

    step: Whole | None = None


class Rewind(Command, frozen=True):
    """Go back to `step` and stand there; what came after stays as a branch."""

    step: Whole


class Undo(Command, frozen=True):
    """Take back the last gesture: the run goes to the step before it; what came after stays as a branch. The answer is
    the gesture."""


class Annotate(Command, frozen=True):
    """Write a note on the nudge at `place` of the journal."""

    place: int
    note: str


class OpenBranch(Command, frozen=True):
    """Go on with another branch of the run."""

    line: str


class Adopt(Command, frozen=True):
    """Go on as `replay`, which was found elsewhere and leaves this run at step `at`."""

    replay: Replay[Run]
    at: int


class KeepTwins(Command, frozen=True):
    """Whether every gesture leaves behind a twin that goes on without it; the last one does at once."""

    twins: bool


class StartSeedTest(Command, frozen=True):
    """Replay the last gesture, with it and without it, under other seeds."""


class DropSeedTest(Command, frozen=True):
    """Leave the other seeds."""


# searches


class Stop(Command, frozen=True):
    """End the search for good where it stands; one that is done stays as it is."""


class Pick(Command, frozen=True):
    """Pick a model of the generation that is seen; None: none."""

    number: Whole | None = None


class Region(Command, frozen=True):
    """Select a region of the generation that is seen, by (low, high) in 0..1 on the axes of the generation `of`, by the
    settings' names; None selects all of one setting, or of all."""

    of: Whole | None = None
    places: Places | None = None

    def __post_init__(self) -> None:
        if self.places is not None and self.of is None:
            raise ValueError("Object missing required field `of`")  # in msgspec's words, for the decoder


class Narrow(Command, frozen=True):
    """Select (low, high) or choices of some settings of the generation that is seen, () for all of one."""

    values: Ranges


class See(Command, frozen=True):
    """Look at a generation."""

    generation: int


class Axes(Command, frozen=True):
    """Show these two settings in the scatter."""

    axes: tuple[str, str]


class ShowWhole(Command, frozen=True):
    """Whether the scatter shows all generations, or only the one that is seen."""

    whole: bool


class Add(Command, frozen=True):
    """Search on in another generation, and look at it."""

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


RunMessage = Nudge | Play | Pause | Step | Epoch | Speed | StopAt | Look | Rewind
SearchMessage = Play | Pause | Stop | Pick | Region
LabMessage = Play | Pause | More | Restart
RunCommand = RunMessage | Undo | Annotate | OpenBranch | Adopt | KeepTwins | StartSeedTest | DropSeedTest | Read
SearchCommand = SearchMessage | Narrow | See | Axes | ShowWhole | Add | Compete | Read
LabCommand = LabMessage | LookAt | Push | Read
