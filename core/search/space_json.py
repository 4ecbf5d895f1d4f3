"""A search space and its points as plain dicts and lists, and back; what comes in is checked and bounded."""

from __future__ import annotations

from typing import Any

from core.data.checks import exact_fields
from core.data.safe_load import FileError
from core.search.space import MOST_POINTS, Point, Range, Space
from core.settings.plain import as_dict, settings_of, spec_of


def space_to_json(space: Space) -> dict[str, Any]:
    """The space as plain dicts, lists, strings and numbers, which come back to the bit. Points are that already."""
    ranges = [
        {"name": one.name, "choices": list(one.choices)}
        if one.choices
        else {"name": one.name, "low": one.low, "high": one.high, "scale": one.scale}
        for one in space.ranges
    ]
    return {"spec": as_dict(space.spec), "settings": as_dict(space.settings), "ranges": ranges}


def space_from_json(found: Any) -> Space:
    """The space of `space_to_json`, all of it checked. Raises `UserError` that says what is wrong."""
    exact_fields(found, ("spec", "settings", "ranges"), "search")
    rows = found["ranges"]
    if not isinstance(rows, list):
        raise FileError("The search has no list of ranges: save it again.")
    for row in rows:
        chosen = isinstance(row, dict) and "choices" in row
        exact_fields(row, ("name", "choices") if chosen else ("name", "low", "high", "scale"), "range")
    return Space(spec_of(found["spec"]), settings_of(found["settings"]), tuple(Range(**row) for row in rows))


def points_from_json(space: Space, found: Any) -> list[Point]:
    """Points that came as JSON, at most 1,000, each of them in the space. Raises `UserError` that says what is not."""
    if not isinstance(found, list) or len(found) > MOST_POINTS:
        raise FileError(f"The search has no list of at most {MOST_POINTS:,} points: save it again.")
    for point in found:
        exact_fields(point, [one.name for one in space.ranges], "point")
    return [{one.name: one.check(point[one.name]) for one in space.ranges} for point in found]
