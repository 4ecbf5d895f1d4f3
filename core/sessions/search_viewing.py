"""What is shown of a search: a generation, a model and a region of it, and the axes of the scatter."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any

from core.errors import UserError
from core.search.regions import Region, narrowed, selected
from core.search.search import Search
from core.sessions.commands import Sight


class SearchViewing:
    """What the owner of a search looks at: the generation numbered `generation` of the list `generations`, which grows;
    the number of the model that is `picked`; the `region` of that generation that is selected; the two settings that
    are the scatter's `axes`; and whether it has the axes of the first generation, with all others in it (`whole`)."""

    def __init__(self, generations: list[Search]) -> None:
        self._generations = generations
        self.generation = len(generations) - 1
        self.picked: int | None = None
        self.region: Region = {}
        self.whole = True
        names = [one.name for one in self.search.plan.space.ranges]
        self.axes = (names[0], names[min(1, len(names) - 1)])

    @property
    def search(self) -> Search:
        """The generation shown."""
        return self._generations[self.generation]

    def chosen(self, sight: Sight) -> SearchViewing:
        """A copy with what a watcher chose to see; what is not there is left as the owner sees it. Of another
        generation than the owner's, nothing is picked or selected."""
        seen = copy(self)
        if sight.generation not in (None, self.generation) and sight.generation < len(self._generations):
            seen.see(sight.generation)
        names = {one.name for one in self.search.plan.space.ranges}
        seen.axes = sight.axes if sight.axes and names.issuperset(sight.axes) else self.axes
        seen.whole = self.whole if sight.whole is None else sight.whole
        return seen

    def see(self, generation: int) -> None:
        """Show a generation."""
        self.generation = min(max(0, generation), len(self._generations) - 1)
        self.picked, self.region = None, {}

    def pick(self, number: int | None) -> None:
        """Pick a model of the generation shown, or none."""
        models = len(self.search.trials)
        if number is not None and not 0 <= number < models:
            raise UserError(f"There is no model {number}: they are numbered from 0 to {models - 1}.")
        self.picked = number

    def select(self, of: int, places: Mapping[str, Any] | None) -> None:
        """Select a region of the generation shown, by places in 0..1 on the axes of the generation `of`.

        `places` has (low, high) or None by the names of some settings (see `core.search.regions.selected`); None clears
        the region. Raises `UserError` for what cannot be selected.
        """
        if places is None:
            self.region = {}
            return
        if not 0 <= of < len(self._generations):
            raise UserError(f"There is no generation {of + 1:,}: select the region again.")
        axes, space = self._generations[of].plan.space, self.search.plan.space
        try:
            self.region = selected(space, self.region, axes, places)
        except UserError as error:
            if axes.ranges == space.ranges:
                raise
            seen = self.generation + 1
            words = f"Nothing of generation {seen} lies there: select inside its box, or look at another generation."
            raise UserError(words) from error

    def narrow(self, values: Region) -> None:
        """Select (low, high) or choices of some settings of the generation shown, () for all of one. `UserError` for
        what cannot be selected."""
        self.region = narrowed(self.search.plan.space, self.region, values)
