"""Your own data: upload a CSV file, preview it, choose the label column, and start a new run on it.

An error in the file is one sentence, and the current run stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from html import unescape
from types import SimpleNamespace
from typing import Any

import streamlit as st

from core.charts.names import distinct
from core.data.csv_reader import Sheet, read_csv
from core.data.safe_load import clean
from core.data.shelf import MAX_BYTES, MAX_CLASSES, MAX_FEATURES, MAX_ROWS, Table
from core.data.uploads import label_guess, table_of
from core.errors import UserError
from core.sessions.run_session import RunSession
from pages.common.current_run import keep_table, start
from pages.common.escape import plain
from pages.common.uploads import uploader
from pages.panels.panda import controls

TYPES = ["csv", "tsv", "txt"]
HELP = (
    "One row for each example: columns of numbers, and one column of labels. The first row may name the columns. The "
    "file is UTF-8 text with commas, semicolons or tabs between the columns."
)
LIMITS = (
    f"At most {MAX_BYTES >> 20} MB, {MAX_ROWS:,} rows, {MAX_FEATURES} columns of numbers and {MAX_CLASSES} classes. "
    "Larger files are refused."
)
WIDE = 32  # with so many features or more, larger layers are proposed
SHOWN_NAME = 20
KEPT = ("own-sheet", "own-table")


def own_data(opened: RunSession) -> None:
    """The uploader; once there is a file, its preview and the button that starts a run with it."""
    file = uploader("A CSV file", TYPES, key="own-file", help=HELP)
    if file is None:
        st.caption(LIMITS)
        for name in KEPT:
            st.session_state.pop(name, None)
        return
    sheet = _once("own-sheet", file.file_id, lambda: read_csv(file.getvalue()))
    if isinstance(sheet, UserError):
        st.error(plain(str(sheet)))
        return
    _preview(sheet)
    label = _label_input(sheet, f"own-label-{file.file_id}")
    table = _once("own-table", (file.file_id, label), lambda: table_of(sheet, label))
    if isinstance(table, UserError):
        st.error(plain(str(table)))
        return
    st.text(summary(table))
    _start(opened, table, clean(file.name))


def _once(name: str, key: Hashable, make: Callable[[], Any]) -> Any:
    """The result of `make()`, or its `UserError`; computed again only when `key` changes."""
    kept = st.session_state.get(name)
    if kept is None or kept[0] != key:
        try:
            made = make()
        except UserError as error:
            made = UserError(str(error))  # a copy without traceback, which would keep the whole file in memory
        kept = st.session_state[name] = (key, made)
    return kept[1]


def _preview(sheet: Sheet) -> None:
    """The first rows, as text."""
    columns = zip(*sheet.preview, strict=True)
    rows = {column.name: list(cells) for column, cells in zip(sheet.columns, columns, strict=False)}
    st.dataframe(rows, hide_index=True, height="content")
    names = (
        "The first row names the columns." if sheet.named else "It has no row of names, so the columns are numbered."
    )
    st.caption(f"The first {len(sheet.preview)} of {sheet.lines.size:,} rows. {names}")


def _label_input(sheet: Sheet, key: str) -> int:
    """Which column, from 0, holds the labels."""
    return st.selectbox(
        "Label column",
        range(len(sheet.columns)),
        label_guess(sheet).number - 1,
        format_func=lambda i: sheet.columns[i].name,
        key=key,
        help="The class of each example. All other columns are features.",
    )


def summary(table: Table) -> str:
    """Such as "400 rows, 4 features, 3 classes: a 120, b 140, c 140"."""
    m, n_x = table.points.shape
    names = map(unescape, distinct(list(table.counts), SHOWN_NAME))  # which come escaped
    counts = ", ".join(f"{name} {count:,}" for name, count in zip(names, table.counts.values(), strict=True))
    features = "1 feature" if n_x == 1 else f"{n_x:,} features"
    return f"{m:,} rows, {features}, {len(table.class_names)} classes: {counts}"


def _start(opened: RunSession, table: Table, title: str) -> None:
    """The other inputs of a run, and the button that starts it."""
    # The same inputs are on the page for the other data sets, so these need keys of their own.
    here: Any = SimpleNamespace(token=f"{opened.token}-own", run=opened.run)
    chosen = controls.spec_inputs(here, ["dev_share", "normalize"])
    chosen["hidden"] = controls.layers_input(here, (64, 32) if table.points.shape[1] >= WIDE else (16, 16))
    if st.button("Start a new run with this data", type="primary", width="stretch"):
        try:
            keep_table(table, title)
            start(replace(opened.run.spec, dataset=table.name, **chosen), opened.run.settings)
        except UserError as error:
            st.error(plain(str(error)))
        else:
            st.toast(f"A new run with {plain(title)}. The one before is kept.")
            st.rerun(scope="app")
