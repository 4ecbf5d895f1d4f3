"""The lab of softmax: from z to probabilities, loss and gradient, and the boundaries they draw. Course rows C16-C19."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import numpy as np
import streamlit as st

from core.charts.labs import boundaries as boundary_charts
from core.charts.labs import from_z as z_charts
from core.charts.labs import loss_terms as loss_charts
from core.charts.labs import two_classes as two_charts
from core.errors import UserError
from core.labs import boundaries as plane
from core.labs.from_z import FAR, FromZ, from_z
from core.labs.loss_terms import LossTerms, loss_terms
from core.labs.two_classes import REACH, two_classes
from core.settings.table import RunSpec, Settings
from pages.common.current_run import keep_table
from pages.common.escape import plain
from pages.panels.labs import lab, tex

SIDES = [1.15, 3]  # controls and charts
STYLE = """<style>
.stMarkdown table { width: 100%; font-size: 0.875rem; font-variant-numeric: tabular-nums }
.stMarkdown table :is(td, th) { padding: 0.125rem 0.375rem; border-width: 0 0 1px }
.stMain .katex-display { margin: 0 }
.stMain .katex { font-size: 1.1em }
[class*="st-key-from-z-classes"] button { padding: 0 0.5625rem }
[class*="st-key-boundaries-"] button { padding: 0 0.625rem; min-height: 2rem }
</style>"""
STAYS = {"required": True, "persist_state": "session"}  # of a choice, which is there when one comes back
COURSE_Z = (5.0, 2.0, -1.0, 3.0, 0.0, 1.0, -2.0, 4.0, 0.5, -3.0)
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
BATCH = ((5, 2, -1, 3), (1, 3, 0, 0), (0, 0, 2, -1), (-1, 1, 1, 2), (2, 2, 0, -2))  # z of the first examples
TRUE = [0, 1, 0, 3, 2]  # their classes
CLASSES = 4  # of the batch


def panel(show: Callable[[], None]) -> Callable[[], None]:
    """A fragment that says in a sentence what it cannot show."""

    @st.fragment
    @wraps(show)
    def guarded() -> None:
        try:
            show()
        except UserError as error:
            st.error(plain(str(error)))

    return guarded


def z_knob(name: str, j: int) -> lab.Field:
    """The dial of class j's z."""
    return lab.knob(name, f"z{j}".translate(SUBSCRIPTS), f"z of class {j}", -10, 10)


# C16, C17


@panel
def z_to_a() -> None:
    """t, its sum and a of any z; temperature; a constant that changes nothing."""
    ask = "z is 5, 2, -1, 3. You add 1000 to each. What becomes of the probabilities?"
    why = "The constant cancels: numerator and sum grow by the same factor."
    options = ["Nothing", "All near 1/4", "The first becomes 1"]
    if not lab.question("from-z", ask, options, "Nothing", why):
        return
    controls, charts = lab.sides("from-z", SIDES, low=True)
    with controls:
        C = st.segmented_control("Classes", range(2, 11), default=4, key="from-z-classes", wrap=True, **STAYS)
        z = lab.dials(
            "from-z",
            [z_knob(f"z{j}", j) for j in range(1, C + 1)],
            {f"z{j}": value for j, value in enumerate(COURSE_Z, start=1)},
            compact=True,
        )
        more = lab.dials("from-z-more", MORE, {"temperature": 1.0, "constant": 0.0})
        shown = from_z(np.array(list(z.values())), **more)
        lab.see_in_panda("from-z", lambda: (_with_classes(C), Settings()), ["outputs", "z"])
    with charts:
        lab.charts("from-z", shown, [z_charts.EXPONENTIALS, z_charts.PROBABILITIES])
        terms, constant = st.columns(2, gap="medium")
        with terms:
            _terms(shown, more["temperature"])
            st.latex(_share(shown))
        with constant:
            _constant(shown, from_z(shown.z, more["temperature"], FAR), **more)


MORE = [
    lab.knob("temperature", "T", "temperature", 0.02, 50, "log", help="Every z is divided by T."),
    lab.knob("constant", "c", "constant added to all z", -FAR, FAR, help="Added to every z."),
]


def _with_classes(C: int) -> RunSpec:
    """A run whose output layer has C classes, or ten digits."""
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
    """What a constant does to the formula as it is written, and to the engine's."""
    j = int(np.argmax(shown.a))
    lab.table("softmax-overflow", ["z", "as written", "less the largest z"], [_both(shown, j), _both(far, j)])
    st.latex(
        r"\frac{e^{z_j + c}}{\sum e^{z_k + c}} = \frac{e^c\, e^{z_j}}{e^c \sum e^{z_k}} = \frac{e^{z_j}}{\sum e^{z_k}}"
    )
    lab.numbers({f"Largest difference that c = {constant:g} makes": f"{shown.moved:.2g}"})
    st.caption(_why(far, j))


def _both(shown: FromZ, j: int) -> list[str]:
    """The probability of class j as the formula is written, with what it comes from, and as the engine has it."""
    written = tex.fixed(shown.written[j])
    if not np.isfinite(shown.written[j]):
        written = f"{tex.words(shown.t[j])} / {tex.words(shown.sum)} = NaN"
    return [tex.words(shown.z[j], 6), written, tex.fixed(shown.a[j])]


def _share(shown: FromZ) -> str:
    """The share of the largest t in the sum."""
    j = int(np.argmax(shown.a))
    t, whole, a = tex.number(shown.t[j]), tex.number(shown.sum), tex.fixed(shown.a[j])
    sign = "=" if np.isfinite(shown.written[j]) else r"\text{ fails, but } a ="
    return rf"a_{{{j + 1}}} = \frac{{t_{{{j + 1}}}}}{{\sum_k t_k}} = \frac{{{t}}}{{{whole}}} {sign} {a}"


def _why(far: FromZ, j: int) -> str:
    """Why the engine takes the largest z away."""
    overflows = f"As written, exp({far.z[j]:g}) is inf, and inf / inf is NaN. " if np.isinf(far.t[j]) else ""
    return f"{overflows}So the engine takes c = -max z: no exponent is above 0, and nothing overflows."


# C18


@panel
def two() -> None:
    """The softmax of two classes is the logistic sigmoid of the difference of their z."""
    ask = "Two classes, z₁ = 2 and z₂ = 0. Both z grow by 3. What does a₁ do?"
    why = "Only z₁ - z₂ counts: softmax of two classes is the sigmoid of that difference."
    if not lab.question("two-classes", ask, ["It grows", "It stays", "It shrinks"], "It stays", why):
        return
    controls, charts = lab.sides("two-classes", SIDES)
    with controls:
        fields = [
            lab.knob("difference", "z₁ - z₂", "", -REACH, REACH, help="How far the first class is ahead."),
            lab.knob("z2", "z₂", "of the second class", -REACH, REACH, help="The first has z₂ and the difference."),
        ]
        values = lab.dials("two-classes", fields, {"difference": 2.0, "z2": 0.0})
        shown = two_classes(**values)
        lab.numbers({"Largest difference": f"{shown.largest:.2g}"})
        lab.see_in_panda("two-classes", lambda: (RunSpec(dataset="moons", hidden=(8, 8)), Settings()), ["outputs", "z"])
    with charts:
        lab.charts("two-classes", shown, [two_charts.CURVES, two_charts.REST])
        first, second = st.columns(2, gap="medium")
        z1, z2 = (tex.number(z) for z in shown.z)
        first.latex(
            rf"\frac{{e^{{z_1}}}}{{e^{{z_1}} + e^{{z_2}}}} = \frac{{e^{{{z1}}}}}{{e^{{{z1}}} + e^{{{z2}}}}}"
            rf" = {shown.softmax_here:.6f}"
        )
        second.latex(
            rf"\frac{{1}}{{1 + e^{{-(z_1 - z_2)}}}} = \frac{{1}}{{1 + e^{{{tex.number(-shown.here)}}}}}"
            rf" = {shown.sigmoid_here:.6f}"
        )


# C19


@panel
def loss() -> None:
    """Every term of the loss, the cost, and the gradient against finite differences."""
    ask = "The true class gets probability 0.842. What is the loss of this example?"
    why = "Of all terms y log a only that of the true class is not 0: -log 0.842 = 0.172."
    if not lab.question("loss", ask, ["0.158", "0.172", "It depends on the others"], "0.172", why):
        return
    controls, charts = lab.sides("loss", SIDES)
    with controls:
        m = st.segmented_control("Examples in the batch", [3, 4, 5], default=4, key="loss-m", **STAYS)
        i = st.segmented_control("Example to change", range(1, m + 1), default=1, key=f"loss-i-{m}", **STAYS) - 1
        labels = _true_class(i)
        lab.dials("loss", [z_knob(f"z{j}of{i}", j) for j in range(1, CLASSES + 1)], START, compact=True)
        held = lab.state("loss", START)
        Z = np.array([[held[f"z{j}of{k}"] for k in range(m)] for j in range(1, CLASSES + 1)])
        shown = loss_terms(Z, labels[:m])
        spec = RunSpec(dataset="blobs", classes=CLASSES, hidden=(8,))
        lab.see_in_panda("loss", lambda: (spec, Settings(batch_size=m)), ["loss", "outputs"])
    with charts:
        lab.charts("loss", shown, [loss_charts.LOSSES, loss_charts.GRADIENT])
        _terms_of(shown)
        first, second = st.columns([1, 1.35], gap="medium")
        first.latex(_true(shown))
        second.latex(_loss_and_cost(shown, i))
        _slopes(shown, i)


START = {f"z{j}of{i}": float(z) for i, column in enumerate(BATCH) for j, z in enumerate(column, start=1)}


def _true_class(i: int) -> list[int]:
    """The true classes of all examples, after a choice for example i."""
    labels, key = lab.state("loss-true", {"labels": TRUE.copy()})["labels"], f"loss-true-{i}"

    def take() -> None:
        labels[i] = st.session_state[key] - 1

    options = range(1, CLASSES + 1)
    st.segmented_control("Its true class", options, default=labels[i] + 1, key=key, required=True, on_change=take)
    return labels


def _terms_of(shown: LossTerms) -> None:
    """Every term y log a, a column for each example, and the losses."""
    rows = [[f"{j + 1}"] for j in range(CLASSES)]
    for (j, k), y in np.ndenumerate(shown.Y):
        a, term = tex.fixed(shown.A[j, k]), tex.fixed(shown.terms[j, k])
        rows[j].append(f"**{y:.0f} log {a} = {term}**" if y else f"{y:.0f} log {a} = 0")
    head = ["y log a", *(f"example {k + 1}" for k in range(shown.losses.size))]
    lab.table("softmax-losses", head, [*rows, ["L = -Σ", *(tex.fixed(one) for one in shown.losses)]])


def _true(shown: LossTerms) -> str:
    """The true classes, one-hot."""
    C, m = shown.Y.shape
    rows = tex.matrix([f"{y:.0f}" for y in row] for row in shown.Y)
    return rf"\underset{{({C} \times {m})}}{{Y}} = {rows}"


def _loss_and_cost(shown: LossTerms, i: int) -> str:
    """The loss of example i, and the cost."""
    true, m = int(np.argmax(shown.Y[:, i])), shown.losses.size
    L = rf"L^{{({i + 1})}} &= -\sum_j y_j \log a_j = -\log {tex.fixed(shown.A[true, i])} = {shown.losses[i]:.4f}"
    J = rf"J &= \frac{{1}}{{{m}}} \sum_i L^{{(i)}} = {shown.J:.4f}"
    return rf"\begin{{aligned}} {L} \\ {J} \end{{aligned}}"


def _slopes(shown: LossTerms, i: int) -> None:
    """The gradient of example i's loss, a - y, beside central differences of m J; and how far all of them agree."""
    m = shown.losses.size
    rows = {"a - y": shown.A[:, i] - shown.Y[:, i], "differences of L": m * shown.numeric[:, i]}
    head = [f"dL/dz, example {i + 1}", *(f"class {j + 1}" for j in range(CLASSES))]
    lab.table(
        "softmax-gradient", head, [[name, *(tex.fixed(value, 6) for value in values)] for name, values in rows.items()]
    )
    lab.numbers({"Largest difference, (A - Y)/m from central differences of J": f"{shown.largest:.1e}"})


# boundaries


@panel
def boundaries() -> None:
    """Points that a person moves, divided without hidden layers and with."""
    ask = "Softmax with no hidden layer, four classes: what borders can it draw?"
    why = "Two classes tie where their z do, and each z is linear in x."
    if not lab.question("boundaries", ask, ["Straight lines", "Circles", "Any curve"], "Straight lines", why):
        return
    held = lab.state("boundaries", {"preset": "groups", "classes": 4, "points": plane.preset("groups", 4)})
    controls, charts = lab.sides("boundaries", SIDES, low=True)
    with controls:
        held["layers"] = _point_controls(held)
        if held["layers"] == "none":
            st.caption("Panda's networks have hidden layers: choose one or two to see this there.")
        else:
            lab.see_in_panda("boundaries", lambda: _own_run(held["points"], held["layers"]), ["decision_map", "loss"])
    with charts:
        _plane(held)


@st.fragment
def _plane(held: dict) -> None:
    """The points on what the networks make of the plane. A point that moves runs only this again."""
    points, layers, wrong = held["points"], held["layers"], held.pop("wrong", "")
    linear, problem = _divided(points, "none")
    deeper = None if layers == "none" else _divided(points, layers)[0]
    shown = boundary_charts.Boundaries(linear, deeper)
    chosen = [boundary_charts.LINEAR] + ([boundary_charts.DEEPER[layers]] if deeper else [])
    lab.charts("boundaries", shown, chosen, heard=lambda message: _hear(held, message))
    if wrong:
        st.error(plain(wrong))
    if problem:
        st.info(plain(problem))
        return
    accuracies, border = st.columns([1, 1.6], gap="medium")
    with accuracies:
        lab.numbers(_accuracies(shown, layers))
    border.latex(_border(linear))


def _point_controls(held: dict) -> str:
    """Where the points start from, what a click adds, how many hidden layers; which of `LAYERS` is chosen."""
    counts = range(3, 7)

    def start(name: str) -> None:
        held.update(preset=name, points=plane.preset(name, held["classes"]))

    def clear() -> None:
        nothing = np.zeros(0)
        held["points"] = plane.Points(nothing, nothing, np.zeros(0, np.int64), held["classes"])

    def count() -> None:
        held["classes"] = st.session_state["boundaries-classes"]
        start(held["preset"])

    st.segmented_control(
        "Classes", counts, default=held["classes"], key="boundaries-classes", required=True, on_change=count
    )
    layers = st.segmented_control("Hidden layers", list(plane.LAYERS), default="one", key="boundaries-layers", **STAYS)
    with st.container(horizontal=True, gap="xsmall"):
        for name in plane.PRESETS:
            st.button(name.capitalize(), key=f"boundaries-{name}", on_click=start, args=(name,))
        st.button("Clear", key="boundaries-clear", icon=":material/delete:", on_click=clear)
    options = range(1, held["classes"] + 1)
    key = f"boundaries-label-{held['classes']}"
    held["label"] = st.segmented_control("A click adds a point of class", options, default=1, key=key, **STAYS) - 1
    st.caption("Drag a point to move it; click it to remove it.")
    return layers


def _divided(points: plane.Points, layers: str) -> tuple[plane.Divided, str]:
    """The plane as a network with these layers divides it; or undivided, and why."""
    try:
        return plane.divided(points, plane.LAYERS[layers]), ""
    except UserError as error:
        return plane.undivided(points, plane.LAYERS[layers]), str(error)


def _hear(held: dict, message: dict) -> None:
    """A person did something to a point."""
    try:
        held["points"] = plane.heard(held["points"], message, held["label"])
    except UserError as error:
        held["wrong"] = str(error)


def _accuracies(shown: boundary_charts.Boundaries, layers: str) -> dict[str, str]:
    """Train accuracy of what is shown."""
    rows = {"none": shown.linear} | ({layers: shown.deeper} if shown.deeper else {})
    return {f"Train accuracy, hidden layers {name}": f"{100 * it.accuracy:.1f} %" for name, it in rows.items()}


def _border(linear: plane.Divided) -> str:
    """Where classes 1 and 2 tie, with the weights of this moment."""
    (u, v), c = linear.W[0] - linear.W[1], float(linear.b[0, 0] - linear.b[1, 0])
    line = rf"{tex.number(float(u), 3)}\, x_1 {tex.shifted(float(v))}\, x_2 {tex.shifted(c)} = 0"
    return rf"z_1 - z_2 = {line}"


def _own_run(points: plane.Points, layers: str) -> tuple[RunSpec, Settings]:
    """A run that learns these points with the same layers and settings."""
    table = plane.table(points)
    keep_table(table, "points of the softmax lab")
    size = {"hidden": plane.LAYERS[layers], "activation": plane.ACTIVATION, "initialization": "xavier"}
    spec = RunSpec(dataset=table.name, dev_share=0.05, normalize=False, **size)
    return spec, plane.settings(points)


PANELS = {"From z to a": z_to_a, "Two classes": two, "Loss and gradient": loss, "Boundaries": boundaries}

st.html(STYLE)
st.subheader("Softmax")
for tab, show in zip(st.tabs(list(PANELS), key="softmax-panel", on_change="rerun"), PANELS.values(), strict=True):
    if tab.open is not False:
        with tab:
            show()
