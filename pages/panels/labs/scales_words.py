"""Numbers and formulas in LaTeX, and the button and the choice that several panels share."""

from __future__ import annotations

import streamlit as st

from pages.panels.labs import lab


def tex(value: float, digits: int = 4) -> str:
    """A number of a few digits in LaTeX."""
    short, _, power = f"{value:.{digits}g}".partition("e")
    return rf"{short}\cdot 10^{{{int(power)}}}" if power else short


def aligned(*lines: str) -> None:
    """Formulas under each other, aligned at their `&`."""
    st.latex(r"\begin{aligned}" + r"\\".join(lines) + r"\end{aligned}")


def draw_again(key: str, most: int = 10**6) -> None:
    """A button that draws other points: it increases the seed of the panel, below `most`."""

    def draw() -> None:
        held = lab.state(key, {"seed": 0})
        held["seed"] = (seed(key, most) + 1) % most

    st.button("Draw again", key=f"{key}-again", icon=":material/casino:", on_click=draw)


def seed(key: str, most: int = 10**6) -> int:
    """The seed of the panel, 0 if the session holds no valid one."""
    held = lab.state(key, {"seed": 0})["seed"]
    return held if isinstance(held, int) and 0 <= held < most else 0


def choice(key: str, label: str, options: dict[str, str]) -> str:
    """A choice between options (name -> label). Returns the chosen name, at first the first."""
    first = next(iter(options))
    found = st.segmented_control(
        label,
        list(options),
        default=first,
        format_func=lambda name: options[name],
        key=key,
        label_visibility="collapsed",
        required=True,
        persist_state="session",
    )
    return found if found in options else first
