"""Building blocks of the labs: dials with values in the session, charts that the script updates, a question to guess
first, tables of numbers, and the button "See it in Panda".

A panel of a lab is a fragment: moving a dial runs only this panel again, and updates its charts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.charts import Chart
from core.charts.palette import COLOURS
from core.errors import UserError
from core.settings.table import Field, RunSpec, Settings
from pages.common.current_run import start
from pages.common.escape import plain
from pages.live.server import component

PANDA = "panda.py"
PRECISION = 7  # significant digits of the numbers sent to charts
MOST_KEPT = 200  # skeletons

Scale = Literal["log", "one_minus", "linear"]

_KEPT: dict[tuple[Chart[Any], Hashable], dict[str, Any]] = {}  # skeletons by chart and shape, never changed


def knob(name: str, symbol: str, label: str, low: float, high: float, scale: Scale = "linear", **more: Any) -> Field:
    """A field for a dial of a lab, which is not a setting of a run. See `core.settings.table.Field`."""
    return Field(name, symbol, label, more.pop("help", ""), scale, "lab", low, high, **more)


def dials(
    key: str,
    fields: Sequence[Field],
    defaults: Mapping[str, float],
    compact: bool = False,
    idle: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Dials for `fields`. Returns their values, which are kept in the session under `key`.

    A value out of range, which only a changed page could send, is refused with a sentence. `idle` says why a dial has
    no effect now.
    """
    values = state(key, defaults)
    values.update(_mended(fields, values, defaults))
    part = f"{key}-dials"

    def take(found: dict[str, float]) -> None:
        taken = _fitting(fields, found, st.session_state)
        moved = [name for name, value in taken.items() if value != values[name]]
        st.session_state[f"{key}-last"] = moved[-1] if moved else last(key)
        values.update(taken)
        st.session_state[f"{key}-seq"] = int(found.get("seq", 0))

    now = {field.name: values[field.name] for field in fields}
    data = {
        "dials": [component.dial_row(field, values[field.name]) for field in fields],
        "values": now,
        "seq": st.session_state.get(f"{key}-seq", 0),
        "compact": compact,
        "idle": dict(idle or {}),
        "title": "Values of this panel",
    }
    component.local("dials", part, data, values=take)
    if wrong := st.session_state.pop("lab-wrong", ""):
        st.error(plain(wrong))
    return now


def last(key: str) -> str | None:
    """The name of the dial under `key` that was moved last, None at first."""
    return st.session_state.get(f"{key}-last")


def sides(key: str, sizes: Sequence[float] = (1, 3), low: bool = False) -> list[DeltaGenerator]:
    """Columns for the dials and for the charts. On a phone one chart stays visible above the dials (see live.css).

    With `low` the charts are lower in a low window, so that the panel fits.
    """
    return together(key, low).columns(sizes, gap="medium")


def together(key: str, low: bool = False) -> DeltaGenerator:
    """A container with the same layout as `sides`, for columns of one's own."""
    return st.container(key=f"{key}-lab-sides{'-low' if low else ''}")


def state(key: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a panel, which the session keeps between visits of the page."""
    held: dict[str, Any] = st.session_state.setdefault(key, {})
    for name, value in defaults.items():
        held.setdefault(name, value)
    return held


def _fitting(fields: Sequence[Field], found: Any, session: Any) -> dict[str, Any]:
    """The values in `found` that are valid for their fields."""
    values = {}
    for field in fields:
        if isinstance(found, Mapping) and field.name in found:
            try:
                values[field.name] = field.parse(found[field.name])
            except UserError as error:
                session["lab-wrong"] = str(error)
    return values


def _mended(fields: Sequence[Field], values: Mapping[str, Any], defaults: Mapping[str, float]) -> dict[str, Any]:
    """Defaults for the values that are no longer valid, with a sentence on the page."""
    wrong = [field for field in fields if not _fits(field, values[field.name])]
    for field in wrong:
        _fitting([field], values, st.session_state)
    return {field.name: defaults[field.name] for field in wrong}


def _fits(field: Field, value: Any) -> bool:
    try:
        return bool(field.parse(value) == value)
    except UserError:
        return False


def charts(
    key: str,
    shown: Any,
    chosen: Sequence[Chart[Any]],
    heard: Callable[[dict[str, Any]], None] | None = None,
    shape: Hashable = None,
    stays: int = 0,
) -> None:
    """Charts of `shown`, drawn once and updated at every run of the script. `heard` gets what a person does in them.

    `shape` is all that the skeletons depend on, () if they never change. Given a shape, skeletons are cached, which
    saves 5 ms a chart when a dial moves. On a phone the chart with the number `stays` stays visible.
    """

    def hear(message: dict[str, Any]) -> None:
        if heard:
            before, st.session_state[f"{key}-heard"] = st.session_state.get(f"{key}-heard"), message.get("id")
            if message.get("id") is None or message["id"] != before:  # otherwise it is a repeated message
                heard(message)

    data = {
        "charts": [_row(chart, shown, shape) for chart in chosen],
        "frames": {chart.name: _plain_arrays(chart.frame(shown)) for chart in chosen},
        "hints": {chart.name: words for chart in chosen if (words := chart.hint(shown))},
        "palette": list(COLOURS),
        "token": "lab",
        "stays": chosen[stays].name,
        "heard": st.session_state.get(f"{key}-heard"),
    }
    component.local("charts", f"{key}-charts", data, message=hear)


def _row(chart: Chart[Any], shown: Any, shape: Hashable) -> dict[str, Any]:
    if shape is None:
        return component.chart_row(chart, shown)
    if len(_KEPT) > MOST_KEPT:
        _KEPT.clear()
    if (chart, shape) not in _KEPT:
        _KEPT[chart, shape] = component.chart_row(chart, shown)
    return _KEPT[chart, shape]


def _plain_arrays(frame: Mapping[str, Any]) -> dict[str, Any]:
    """Arrays as lists of rounded numbers, with None for what is not finite."""
    return {key: _plain(value) for key, value in frame.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _plain_arrays(value)
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.kind != "f":
        return value.tolist()
    return [_plain(row) for row in value] if value.ndim > 1 else [_short(number) for number in value.tolist()]


def _short(number: float) -> float | None:
    return float(f"{number:.{PRECISION}g}") if math.isfinite(number) else None


def panels(key: str, rows: Mapping[str, Callable[[], None]]) -> None:
    """Panels behind tabs; after another page, the tab that was open is open again."""
    open_one = st.session_state.get(f"{key}-open")
    if open_one in rows:
        st.session_state.setdefault(key, open_one)
    for tab, panel in zip(st.tabs(list(rows), key=key, on_change="rerun"), rows.values(), strict=True):
        if tab.open is not False:
            with tab:
                panel()
    st.session_state[f"{key}-open"] = st.session_state.get(key)


def question(key: str, words: str, options: Sequence[str], right: str, why: str) -> bool:
    """A question to guess before the panel is shown. Returns whether it was answered or skipped."""
    st.markdown(f"**{words}**")
    named = f"{key}-guess"
    choices = [*options, "Just show me"]
    guess = st.pills(words, choices, key=named, label_visibility="collapsed", persist_state="session")
    if guess is None:
        return False
    if guess == right:
        st.success(f"Yes. {why}", icon=":material/check:")
    elif guess in options:
        st.info(f"Not quite. {right}. {why}", icon=":material/lightbulb:")
    return True


def numbers(rows: Mapping[str, str]) -> None:
    """Present numbers with their names, one line each."""
    st.markdown("  \n".join(f"{name}: **{value}**" for name, value in rows.items()))


def table(key: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A small table of present numbers. It costs the browser a quarter of the same as formulas."""
    lines = [heads, [":--", *["--:"] * (len(heads) - 1)], *rows]
    with st.container(key=f"{key}-lab-table"):
        st.markdown("\n".join(f"| {' | '.join(cells)} |" for cells in lines))


def see_in_panda(key: str, make: Callable[[], tuple[RunSpec, Settings]], shown: Sequence[str] = ()) -> None:
    """A button that opens Panda with a new run set up to show the same. `shown` names the charts to show."""
    help_words = "Opens the dashboard with a new run that is set up to show this."
    if st.button("See it in Panda", key=f"{key}-panda", icon=":material/monitor_heart:", help=help_words):
        try:
            opened = start(*make())
        except UserError as error:
            st.error(plain(str(error)))
            return
        if shown:
            kind = "charts-2d" if opened.run.data.n_x == 2 else "charts"
            st.session_state[f"picked-{kind}"] = list(shown)
            st.session_state.pop(f"pills-{kind}", None)
        st.switch_page(PANDA, query_params={"run": opened.token})
