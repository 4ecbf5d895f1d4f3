"""Controls, all built from the one table of settings: dials for numbers, Streamlit's own widgets for choices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

import streamlit as st

from core.nn.optimizers import OPTIMIZERS, keeps_moments
from core.runs.helped import ALL, control_of
from core.runs.notices import decay_words
from core.runs.run import Run, differences
from core.sessions.commands import Nudge
from core.sessions.run_session import RunSession
from core.settings.table import FIELDS, GROUPS, MAX_LAYERS, SETTINGS, Field, Settings
from pages.common.identity import drives
from pages.common.sentences import callback
from pages.live.server import component

NATIVE = ("choice", "switch")
LIVE_WORDS = {"decay": decay_words}  # text below a control that changes while the run trains


def settings_panel(opened: RunSession) -> None:
    """Every live setting, grouped and ordered as the course ranks them (C1)."""
    watch = {field.name: getattr(opened.shown.settings, field.name) for field in SETTINGS if field.scale in NATIVE}
    for group, words in GROUPS.items():
        fields = [field for field in SETTINGS if field.group == group]
        box = st.expander(words) if group == "seldom" else st.container(gap="small")
        with box:
            for i, (native, some) in enumerate(groupby(fields, key=lambda field: field.scale in NATIVE)):
                if native:
                    for field in some:
                        _native(opened, field)
                else:
                    component.dials(opened, list(some), key=f"dials-{group}-{i}", watch=watch)
                    watch = {}
    _reset_button(opened)


def _reset_button(opened: RunSession) -> None:
    """Set all settings to their defaults, as one nudge."""

    @callback
    def reset() -> None:
        most = opened.run.data.train.labels.size
        defaults = asdict(Settings())
        if not differences(opened.shown.settings, Settings(**defaults)):
            st.toast("All settings have their defaults already.", icon=":material/info:")
        opened.do(Nudge(defaults | {"batch_size": min(defaults["batch_size"], most)}))

    help = "One nudge, with a twin, which one undo takes back."
    st.button("Reset all settings", icon=":material/restart_alt:", help=help, on_click=reset, width="stretch",
              disabled=not drives(opened))  # fmt: skip
    _answer(opened, ALL)


def _answer(opened: RunSession, control: str) -> None:
    """Under a control of the page's own that was moved last: whether that helped."""
    journal = opened.run.journal
    if journal and control_of(journal[-1]) == control:
        component.helped(opened, control)


def _native(opened: RunSession, field: Field) -> None:
    """A choice or a switch that shows the run's value and nudges it."""
    key = _key(field, getattr(opened.shown.settings, field.name))
    label = f"{field.symbol} {field.label}".strip()
    label = label[0].upper() + label[1:] if not field.symbol else label
    common: dict[str, Any] = {"key": key, "help": field.help, "on_change": _nudge, "args": (opened, field, key)}
    common["disabled"] = not drives(opened)
    with st.container(gap=None):
        if field.scale == "switch":
            st.toggle(label, **common)
        else:
            st.selectbox(label, list(field.choices or ()), format_func=field.word, **common)
        st.caption(_state(opened, field))
        if field.name == "optimizer" and (note := OPTIMIZERS[st.session_state[key]].note):
            st.caption(note)
        if field.name in LIVE_WORDS:
            component.words(opened, field.name, LIVE_WORDS[field.name](opened.shown))
        _answer(opened, field.name)


def _key(field: Field, value: Any) -> str:
    """The key of the widget that shows `value`: another one whenever something else has changed the value, such as an
    undo. A browser that has not drawn that yet sends the old value with its next message, which is no nudge."""
    if st.session_state.setdefault(_current(field), value) != value:
        st.session_state[_changes(field)] += 1
        st.session_state[_current(field)] = value
    return _current(field)


def _current(field: Field) -> str:
    return f"setting-{field.name}-{st.session_state.setdefault(_changes(field), 0)}"


def _changes(field: Field) -> str:
    return f"changes-{field.name}"


def _state(opened: RunSession, field: Field) -> str:
    """Such as "since step 120 · moments kept"."""
    run = opened.shown
    words = [f"since step {run.since[field.name]:,}"]
    if field.name == "optimizer" and run.since["optimizer"]:
        words.append(_moments(run))
    if field.name == "batch_norm" and run.since["batch_norm"]:
        words.append("same predictions as before, moments started again at 0")
    if idle := field.idle(run.settings):
        words.append(idle)
    return " · ".join(words)


def _moments(run: Run) -> str:
    """What became of the moments at the last switch of the optimizer."""
    old, new = next(nudge.changes["optimizer"] for nudge in reversed(run.journal) if "optimizer" in nudge.changes)
    kept = keeps_moments(old, new, run.settings.on_switch)
    return "moments kept" if kept else "moments started again at 0"


@callback
def _nudge(opened: RunSession, field: Field, key: str) -> None:
    if key == _current(field):
        opened.do(Nudge({field.name: st.session_state[key]}))


def spec_inputs(opened: RunSession, names: Sequence[str]) -> dict[str, Any]:
    """Inputs for fields of a spec, starting from the run's own; returns what they hold."""
    return {name: _spec_input(opened, FIELDS[name]) for name in names}


def _spec_input(opened: RunSession, field: Field) -> Any:
    label = field.label[0].upper() + field.label[1:]
    key = f"spec-{opened.token}-{field.name}"
    own = getattr(opened.run.spec, field.name)
    common: dict[str, Any] = {"help": field.help, "key": key}
    if field.integer:  # emptied, it takes its `value` again; `RunSpec` says what is out of range
        return st.number_input(label, value=own, step=1, **common)
    st.session_state.setdefault(key, own)
    if field.scale == "choice":
        offered = list(dict.fromkeys([*(field.choices or ()), own]))  # own data are none of the choices
        return st.selectbox(label, offered, format_func=field.word, **common)
    if field.scale == "switch":
        return st.toggle(label, **common)
    return st.slider(label, field.low, field.high, step=0.01, **common)


def layers_input(opened: RunSession, hidden: tuple[int, ...]) -> tuple[int, ...]:
    """How many hidden layers, and the units of each, starting from `hidden`: three beside each other."""
    key = f"spec-{opened.token}-{'-'.join(map(str, hidden))}"
    first, *cells = st.columns([1.35, 1, 1], gap="small")
    count = first.number_input("Hidden layers", value=len(hidden), step=1, key=key, help=FIELDS["hidden"].help)
    units = []
    for l in range(min(count, MAX_LAYERS + 1)):  # one too many, and `RunSpec` says so
        cells = cells or list(st.columns([1.35, 1, 1], gap="small"))
        now = hidden[min(l, len(hidden) - 1)]
        units.append(cells.pop(0).number_input(f"Units {l + 1}", value=now, step=1, key=f"{key}-{l}"))
    return tuple(units)
