"""Simple layouts that draw fast: one plot or stacked panels, with a key as text instead of a legend.

No shapes, no automatic margins, few ticks. Colours of text, grid and background come from the page's theme.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import plotly.graph_objects as go

from core.charts.names import width
from core.charts.numbers import Y
from core.charts.palette import GLYPHS, SWATCHES, colour, dash

FONT = 11
LINE = 15  # height of a line of text in pixels
KEY_WIDTH = 52  # letters that fit on one line of a narrow card
KEY_LINES = 4
SPACE = "   "  # between two entries
CLEAR = "rgba(0,0,0,0)"


def axis(**more: Any) -> dict[str, Any]:
    """An axis of numbers with few ticks. Small numbers are written 1e-3, large ones 20k if `more` asks for it."""
    return {"nticks": 5, "zeroline": False, "exponentformat": "e", "automargin": False, "tickangle": 0} | more


def titled(text: str, standoff: int = 2) -> dict[str, Any]:
    """An axis title, `standoff` pixels from the tick labels."""
    return {"text": text, "standoff": standoff, "font": {"size": FONT}}


def steps_axis(**more: Any) -> dict[str, Any]:
    """The axis of training steps."""
    return axis(exponentformat="SI", title=titled("step"), rangemode="tozero") | more


def names_axis(names: Sequence[str], **more: Any) -> dict[str, Any]:
    """An axis with a name at 0, 1, 2, ..."""
    ticks = {"tickmode": "array", "tickvals": list(range(len(names))), "ticktext": list(names)}
    return axis(showgrid=False, ticks="", fixedrange=True) | ticks | more


def layout(name: str, key: str = "", left: int = 46, bottom: int = 36, right: int = 14, **more: Any) -> dict[str, Any]:
    """The layout of the chart `name` with margins in pixels, and a key above the plot."""
    top = 8 + LINE * (key.count("<br>") + 1) if key else 8
    return {
        "template": {},
        "uirevision": name,
        "font": {"size": FONT},
        "margin": {"l": left, "r": right, "t": top, "b": bottom},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "showlegend": False,
        "hovermode": "closest",
        "annotations": [_above(key, left)] if key else [],
    } | more


def _above(text: str, left: int) -> dict[str, Any]:
    """Text that begins at the left edge of the card, above the plot."""
    return _on_top(0) | {"text": text, "showarrow": False, "xshift": 4 - left, "yshift": 2, "align": "left"}


def head(text: str, x: float) -> dict[str, Any]:
    """The head of a panel whose left edge is at `x`, from 0 to 1, of the plot."""
    return _on_top(x) | {"text": text, "showarrow": False, "font": {"size": FONT}}


def _on_top(x: float) -> dict[str, Any]:
    return {"xref": "paper", "yref": "paper", "x": x, "y": 1, "xanchor": "left", "yanchor": "bottom"}


def panels(name: str, titles: Sequence[str], key: str = "", log: bool = False) -> dict[str, Any]:
    """Stacked panels that share the axis of steps. The first is the highest and has "y", the next "y2"."""
    count, gap = len(titles), 0.09
    height = (1 - gap * (count - 1)) / count
    axes: dict[str, Any] = {}
    for i, title in enumerate(titles):
        high = 1 - i * (height + gap)
        kind = {"type": "log", "nticks": 3} if log else {"nticks": 4}
        axes[f"yaxis{i + 1 if i else ''}"] = axis(domain=[max(high - height, 0), high], title=titled(title, 3), **kind)
    anchor = f"y{count if count > 1 else ''}"
    return layout(name, key, left=58, meta={"steps": True}, xaxis=steps_axis(anchor=anchor), **axes)


def line(uid: str, name: str, i: int = 0, /, **more: Any) -> go.Scatter:
    """An empty line in the colour and dash of class or layer i."""
    style = {"color": colour(i), "dash": dash(i), "width": 2} | more.pop("line", {})
    over = {"hovertemplate": f"{Y} at step %{{x:,}}", "name": name} | more
    return go.Scatter(uid=uid, x=[], y=[], mode="lines", line=style, **over)


def key_of(entries: Iterable[tuple[str, str, str]], before: str = "", most: int = KEY_LINES) -> str:
    """A key as text, an entry for each (colour, dash or symbol, name), in lines that fit a narrow card.

    It has at most `most` lines and ends with "and 8 more" if entries are left out. `before` and names come escaped.
    """
    lines, used, entries = [before] if before else [""], width(before), list(entries)
    for i, (ink, style, name) in enumerate(entries):
        wide = width(name) + 5
        if used and used + wide > KEY_WIDTH:
            if len(lines) == most:
                lines[-1] += f"{SPACE}and {len(entries) - i} more"
                break
            lines.append("")
            used = 0
        space = SPACE if lines[-1] else ""
        lines[-1] += f'{space}<span style="color:{ink}"><b>{SWATCHES.get(style) or GLYPHS[style]}</b></span> {name}'
        used += wide
    return "<br>".join(lines)


def lines_key(names: Sequence[str], before: str = "layer") -> str:
    """The key of lines 0, 1, 2, ... in their colours and dashes."""
    return key_of(((colour(i), dash(i), name) for i, name in enumerate(names)), before)
