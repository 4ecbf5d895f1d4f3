"""A panel of the softmax lab: from z to probabilities, temperature, hardmax and overflow. Course rows C16, C17."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.charts.labs import from_z as charts
from core.labs.from_z import FAR, FromZ, from_z
from core.settings.table import RunSpec, Settings
from pages.common.sentences import panel
from pages.panels.labs import lab, tex
from pages.panels.labs.softmax_panel import SIDES, STAYS, z_knob

COURSE_Z = (5.0, 2.0, -1.0, 3.0, 0.0, 1.0, -2.0, 4.0, 0.5, -3.0)
MORE = [
    lab.knob("temperature", "T", "temperature", 0.02, 50, "log", help="Every z is divided by T."),
    lab.knob("constant", "c", "constant added to all z", -FAR, FAR, help="Added to every z."),
]


@panel
def from_z_to_a() -> None:
    """t, its sum and a for any z; temperature; and a constant added to all z, which changes nothing."""
    ask = "z is 5, 2, -1, 3. You add 2 to each. What happens to the probabilities?"
    why = "The constant cancels: numerator and sum grow by the same factor."
    options = ["Nothing", "They come closer", "The largest grows"]
    if not lab.question("from-z", ask, options, "Nothing", why):
        return
    controls, figures = lab.sides("from-z", SIDES, low=True)
    with controls:
        C = st.segmented_control("Classes", range(2, 11), default=4, key="from-z-classes", wrap=True, **STAYS)
        z = lab.dials(
            "from-z",
            [z_knob(f"z{j}", j) for j in range(1, C + 1)],
            {f"z{j}": value for j, value in enumerate(COURSE_Z, start=1)},
            compact=True,
        )
        more = lab.dials("from-z-more", MORE, {"temperature": 1.0, "constant": 2.0})
        shown = from_z(np.array(list(z.values())), **more)
        lab.see_in_panda("from-z", lambda: (_with_classes(C), Settings()), ["outputs", "z"])
    with figures:
        lab.charts("from-z", shown, [charts.EXPONENTIALS, charts.PROBABILITIES])
        terms, constant = st.columns(2, gap="medium")
        with terms:
            _terms(shown, more["temperature"])
            st.latex(_share(shown))
        with constant:
            _constant(shown, from_z(shown.z, more["temperature"], FAR), **more)


def _with_classes(C: int) -> RunSpec:
    """A spec with C classes: blobs, or the digits for nine and ten."""
    return RunSpec(dataset="blobs", classes=C, hidden=(8,)) if C <= 8 else RunSpec(dataset="digits", hidden=(64, 32))


def _terms(shown: FromZ, temperature: float) -> None:
    """Class by class: z, t, a, hardmax, and their sums."""
    power = "z" if temperature == 1 else f"z / {temperature:g}"
    columns = zip(shown.z, shown.t, shown.a, shown.hard, strict=True)
    rows = [
        [str(j), tex.words(z, 6), tex.words(t), tex.fixed(a), f"{hard:.0f}"]
        for j, (z, t, a, hard) in enumerate(columns, start=1)
    ]
    head = ["class", "z", f"t = exp({power})", "a = t / Σt", "hardmax"]
    lab.table("softmax-terms", head, [*rows, ["Σ", "", tex.words(shown.sum), tex.fixed(shown.a.sum()), "1"]])


def _constant(shown: FromZ, far: FromZ, temperature: float, constant: float) -> None:
    """What a constant does to the formula as written, and to the engine's."""
    j = int(np.argmax(shown.a))
    lab.table("softmax-overflow", ["z", "as written", "minus the largest z"], [_both(shown, j), _both(far, j)])
    st.latex(
        r"\frac{e^{z_j + c}}{\sum e^{z_k + c}} = \frac{e^c\, e^{z_j}}{e^c \sum e^{z_k}} = \frac{e^{z_j}}{\sum e^{z_k}}"
    )
    lab.numbers({f"Largest difference that c = {constant:g} makes": f"{shown.moved:.2g}"})
    st.caption(_why(far, j))


def _both(shown: FromZ, j: int) -> list[str]:
    """A table row: z of class j, its probability by the formula as written, and by the engine."""
    written = tex.fixed(shown.written[j])
    if not np.isfinite(shown.written[j]):
        written = f"{tex.words(shown.t[j])} / {tex.words(shown.sum)} = NaN"
    return [tex.words(shown.z[j], 6), written, tex.fixed(shown.a[j])]


def _share(shown: FromZ) -> str:
    """The formula of the largest probability."""
    j = int(np.argmax(shown.a))
    t, whole, a = tex.number(shown.t[j]), tex.number(shown.sum), tex.fixed(shown.a[j])
    sign = "=" if np.isfinite(shown.written[j]) else r"\text{ fails, but } a ="
    return rf"a_{{{j + 1}}} = \frac{{t_{{{j + 1}}}}}{{\sum_k t_k}} = \frac{{{t}}}{{{whole}}} {sign} {a}"


def _why(far: FromZ, j: int) -> str:
    """Why the engine subtracts the largest z."""
    overflows = f"As written, exp({far.z[j]:g}) is inf, and inf / inf is NaN. " if np.isinf(far.t[j]) else ""
    return f"{overflows}So the engine takes c = -max z: no exponent is above 0, and nothing overflows."
