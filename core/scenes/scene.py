"""A scene: a prepared start, what to watch in it, and the nudge worth trying. Course row C7."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.runs.journal import Nudge
from core.runs.run import Run
from core.search.plan import Plan
from core.settings.table import RunSpec, Settings

CHANGES = "dev loss with the nudge and without it differs by a factor of 2, or only one of them diverges"


@dataclass(frozen=True)
class Scene:
    """A row of `SCENES`.

    A run of `spec` and `settings` with the nudges in `journal` stands at `step`, shows `charts` and trains `speed`
    steps a frame. `sentence` says what to watch. `action` says what the button does, which is the change `nudge`, and
    `seen` what comes of it. The benchmark makes the nudge at the step `try_at` and compares `horizon` steps later;
    `checks` says what.

    A scene with a `race` opens that search instead of a run, and its `action` zooms into the best models.
    """

    key: str  # in its address
    short: str  # below its picture
    title: str
    sentence: str
    action: str
    seen: str
    course: str
    spec: RunSpec
    settings: Settings
    nudge: Mapping[str, Any] = field(default_factory=dict)
    charts: tuple[str, ...] = ()
    speed: int = 3
    step: int = 0
    journal: tuple[Nudge, ...] = ()
    try_at: int = 0
    horizon: int = 500
    checks: str = CHANGES
    race: Plan | None = None

    def run(self) -> Run:
        """A new run, trained to the step at which the scene opens."""
        return Run.replay(self.spec, self.settings, self.journal, self.step)

    def is_of(self, spec: RunSpec) -> bool:
        """Whether a run of this spec is one of the scene's, under whatever seed."""
        return not self.race and replace(spec, seed=self.spec.seed, rules=self.spec.rules) == self.spec

    def tried(self, settings: Settings) -> bool:
        """Whether a run with these settings has the nudge."""
        return all(getattr(settings, name) == value for name, value in self.nudge.items())
