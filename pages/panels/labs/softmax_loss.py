"""A panel of the softmax lab: every term of the loss, the cost, and the gradient. Course row C19."""

from __future__ import annotations

from itertools import product

import numpy as np
import streamlit as st

from core.charts.labs import loss_terms as charts
from core.labs.loss_terms import LossTerms, loss_terms
from core.settings.table import RunSpec, Settings
from pages.common.sentences import panel
from pages.panels.labs import lab, tex
from pages.panels.labs.softmax_panel import SIDES, STAYS, z_knob

CLASSES = 4
BATCH = ((5, 2, -1, 3), (1, 3, 0, 0), (0, 0, 2, -1), (-1, 1, 1, 2), (2, 2, 0, -2))  # z of each example at first
TRUE = [0, 1, 0, 3, 2]  # their classes
START = {f"z{j}of{i}": float(z) for i, column in enumerate(BATCH) for j, z in enumerate(column, start=1)}


@panel
def loss() -> None:
    """Every term of the loss, the cost, and the gradient against finite differences."""
    ask = "The true class gets probability 0.842. What is the loss of this example?"
    why = "Of all terms y log a only that of the true class is not 0: -log 0.842 = 0.172."
    if not lab.question("loss", ask, ["0.158", "0.172", "It depends on the others"], "0.172", why):
        return
    controls, figures = lab.sides("loss", SIDES)
    with controls:
        m = st.segmented_control("Examples in the batch", [3, 4, 5], default=4, key="loss-m", **STAYS)
        i = st.segmented_control("Example to change", range(1, m + 1), default=1, key=f"loss-i-{m}", **STAYS) - 1
        labels = _true_class(i)
        lab.dials("loss", [z_knob(f"z{j}of{i}", j) for j in range(1, CLASSES + 1)], START, compact=True)
        held = lab.state("loss", START)
        Z = np.array([[held[f"z{j}of{k}"] for k in range(m)] for j in range(1, CLASSES + 1)])
        shown = loss_terms(Z, np.array(labels[:m]))
        spec = RunSpec(dataset="blobs", classes=CLASSES, hidden=(8,))
        lab.see_in_panda("loss", lambda: (spec, Settings(batch_size=m)), ["loss", "outputs"])
    with figures:
        lab.charts("loss", shown, [charts.LOSSES, charts.GRADIENT])
        _terms_of(shown)
        first, second = st.columns([1, 1.35], gap="medium")
        first.latex(_true(shown))
        second.latex(_loss_and_cost(shown, i))
        _slopes(shown, i)


def _true_class(i: int) -> list[int]:
    """The true classes of all examples, with a control for that of example i."""
    labels: list[int] = lab.state("loss-true", {"labels": TRUE.copy()})["labels"]
    key = f"loss-true-{i}"

    def take() -> None:
        labels[i] = st.session_state[key] - 1

    options = range(1, CLASSES + 1)
    st.segmented_control("Its true class", options, default=labels[i] + 1, key=key, required=True, on_change=take)
    return labels


def _terms_of(shown: LossTerms) -> None:
    """A table of the terms y log a, one column for each example, and the losses."""
    rows = [[f"{j + 1}"] for j in range(CLASSES)]
    for j, k in product(range(CLASSES), range(shown.losses.size)):
        y, a, term = shown.Y[j, k], tex.fixed(shown.A[j, k]), tex.fixed(shown.terms[j, k])
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
    """The gradient of example i's loss, a - y, beside central differences; and the largest difference of all."""
    m = shown.losses.size
    rows = {"a - y": shown.A[:, i] - shown.Y[:, i], "differences of L": m * shown.numeric[:, i]}
    head = [f"dL/dz, example {i + 1}", *(f"class {j + 1}" for j in range(CLASSES))]
    lab.table(
        "softmax-gradient", head, [[name, *(tex.fixed(value, 6) for value in values)] for name, values in rows.items()]
    )
    lab.numbers({"Largest difference, (A - Y)/m from central differences of J": f"{shown.largest:.1e}"})
