"""The live parts of a page as Streamlit elements: bars, dials, charts and lines of text.

They share one component. Its code is a stub that imports a static file, because inline code would be sent again with
every update. All parts of one run on a page share one websocket. Addresses are relative to the page, whose path has at
most one part below the path of the server, as Streamlit's own files are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from core.charts import Chart
from core.charts.palette import COLOURS
from core.sessions.lab_session import LabSession
from core.sessions.pacing import SPEEDS
from core.sessions.run_session import RunSession
from core.sessions.search_session import SearchSession
from core.sessions.session import Session
from core.settings.table import Field
from pages.common.identity import token_for
from pages.common.sight import sight_row
from pages.live.server.assets import address
from pages.live.server.phone import PHONE_ROUTE
from pages.live.server.reports import hearing, ignore

STUB = """
export default (component) => {
  let end = null, over = false;
  import(new URL(component.data.module, location.href).href).then(async (live) => {
    await live.styled;
    if (!over) end = live.mount(component);
  });
  return () => { over = true; if (end) end(); };
};
"""

RESTART = "restart-asked"  # in the session: a click on a restart button that no run of the script has seen yet

Hears = Callable[[Any], None]

_component = st.components.v2.component("panda.live", js=STUB, isolate_styles=False)


def _mount(opened: Session[Any], part: str, key: str, data: dict[str, Any], **hears: Hears) -> None:
    token = token_for(opened)
    common = {
        "part": part,
        "token": token,
        "watching": token == opened.token,
        "sight": sight_row(opened),
        "socket": f"live/{token}",
        "module": address("main.js"),
        "plotly": address("plotly.min.js"),
    }
    _component(key=key, data=common | data, **hearing(key, hears))


def local(part: str, key: str, data: dict[str, Any], **hears: Hears) -> None:
    """A part without a run, which the page's script updates itself: see `pages.panels.labs.lab`. `hears` takes its
    reports, by their names in `pages.live.server.reports`."""
    common = {"part": part, "module": address("main.js"), "plotly": address("plotly.min.js")}
    _component(key=key, data=common | data, **hearing(key, hears))


def transport(opened: RunSession) -> str | None:
    """The bar that plays the run. Returns "same" or "new" (weights) once after a click on a restart button."""
    phone = PHONE_ROUTE.format(token=opened.token)  # of the token that reads it: the code can be seen by all
    data = {"speeds": list(SPEEDS.items()), "restart": True, "phone": phone}
    _mount(opened, "run-bar", "transport", data, restart=partial(st.session_state.__setitem__, RESTART))
    restart: str | None = st.session_state.pop(RESTART, None)
    return restart


def dials(opened: RunSession, fields: Sequence[Field], key: str, watch: dict[str, Any] | None = None) -> None:
    """Dials for the continuous settings `fields`. `watch` is what the page's own widgets show; when the run's values
    differ from it, the fragment around the dials runs again."""
    settings = opened.run.settings
    most = {"batch_size": opened.run.data.train.labels.size}
    rows = [
        dial_row(field, getattr(settings, field.name)) | {"high": most.get(field.name, field.high)} for field in fields
    ]
    _mount(opened, "dials", key, {"dials": rows, "watch": watch or {}}, stale=ignore)


def dial_row(field: Field, value: float) -> dict[str, Any]:
    """A dial as the client takes it."""
    return {
        "name": field.name,
        "symbol": field.symbol,
        "label": field.label,
        "help": field.help,
        "scale": field.scale,
        "low": field.low,
        "high": field.high,
        "integer": field.integer,
        "value": value,
        "averages": field.scale == "one_minus",
    }


def words(
    opened: RunSession | SearchSession, name: str, now: str = "", watch: dict[str, Any] | None = None, key: str = ""
) -> None:
    """A line of text that changes while the run or search trains: first `now`, then `status.words[name]`."""
    data = {"name": name, "now": now, "watch": watch or {}}
    _mount(opened, "status-text", key or f"words-{name}", data, stale=ignore)


def helped(opened: RunSession, control: str) -> None:
    """The line that says whether the last nudge helped: under the `control` that was moved, or for any ("")."""
    _mount(opened, "helped", f"helped-{control}", {"control": control})


def search_bar(opened: SearchSession) -> None:
    """The bar that plays a search."""
    _mount(opened, "search-bar", "search", {})


def side_bar(opened: LabSession) -> None:
    """The bar that trains networks side by side. When they stop, the fragment around it runs again."""
    _mount(opened, "lab-bar", "side", {"watch": {"rests_at": opened.rests_at}}, stale=ignore)


def leaders(opened: SearchSession, watch: dict[str, Any]) -> None:
    """The list of best models of a search. When `watch` is out of date, the fragment around it runs again."""
    _mount(opened, "leaders", "leaders", {"watch": watch}, stale=ignore)


def charts(
    opened: RunSession | SearchSession | LabSession,
    chosen: Sequence[Chart[Any]],
    key: str = "charts",
    watch: dict[str, Any] | None = None,
) -> None:
    """The chosen charts: drawn once from their skeletons, then updated with arrays."""
    rows = [chart_row(chart, opened.shown) for chart in chosen]
    data = {"charts": rows, "palette": list(COLOURS), "watch": watch or {}}
    _mount(opened, "charts", key, data, stale=ignore)


def chart_row(chart: Chart[Any], shown: Any) -> dict[str, Any]:
    """A chart as the client takes it: its skeleton, title and summary, and what it says about itself."""
    return {
        "name": chart.name,
        "title": chart.title,
        "summary": chart.summary,
        "every": chart.every,
        "guide": {"look_for": chart.guide.look_for, "course": chart.guide.rows} if chart.guide else None,
        "figure": json.loads(chart.skeleton(shown).to_json(remove_uids=False)),
    }
