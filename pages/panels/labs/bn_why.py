"""A panel of the batch norm lab: networks with and without it, trained side by side and pushed. Course row C14."""

from __future__ import annotations

import math

import streamlit as st

from core.charts.labs.side_by_side import SIDE_CHARTS
from core.labs.side_by_side import ACTIVATIONS, LAYERS, NAMES, SETTINGS
from core.sessions.commands import LookAt, More, Push, Read, Restart
from core.sessions.lab_session import LAB_SESSIONS, LabSession
from core.settings.table import FIELDS as SETTINGS_FIELDS
from core.settings.table import RunSpec, Settings
from pages.common.identity import owner_token
from pages.live.server import component
from pages.panels.labs import lab

KEY = "why"
HELD = "why-token"
FIELDS = (
    lab.knob("shift", "x +", "shift of the inputs", -3.0, 3.0, help="In standard deviations of the inputs."),
    lab.knob("scale", "W[1] ×", "scale of layer 1", 0.1, 10.0, "log", help="Multiplies every weight of layer 1."),
)
DEFAULTS = {"shift": 1.0, "scale": 1.0}


@st.fragment
def why() -> None:
    """Three networks with the same seed train together. A push of the first layer reaches the last one, or does not."""
    asked = f"All inputs move by one standard deviation. How far does the z of layer {LAYERS} move with batch norm?"
    options = ["As far as without", "Half as far", "Not at all"]
    if not lab.question(KEY, asked, options, "Not at all", "Batch norm in layer 1 subtracts the mean again."):
        return
    opened = in_hand()
    component.side_bar(opened)
    controls, figures = lab.sides(KEY, [1.15, 3])
    with controls:
        choices(opened)
        values = lab.dials(f"{KEY}-push", FIELDS, DEFAULTS)
        with st.container(horizontal=True):
            push(opened, values["shift"], values["scale"])
            spec = opened.trained.spec
            lab.see_in_panda(KEY, lambda: like(spec), ["loss", "z", "activations", "gradients"])
    with figures:
        component.charts(opened, list(SIDE_CHARTS.values()), key=f"{KEY}-charts")
        felt(opened, values["shift"], values["scale"])
        st.caption(
            "Does it work because inputs stay steady? That is debated (Santurkar et al. 2018). With sigmoid, noise"
            " after batch norm makes inputs vary more than without it, yet training stays almost as fast. With tanh"
            " and ReLU batch norm gains nothing here, and noise slows training."
        )


def like(spec: RunSpec) -> tuple[RunSpec, Settings]:
    """Spec and settings of the network without batch norm, which can be switched on in Panda."""
    return spec, Settings(SETTINGS.learning_rate, batch_norm=False)


def in_hand() -> LabSession:
    """The networks of this session; new ones if there are none."""
    opened = LAB_SESSIONS.get(st.session_state.get(HELD, ""))
    if not opened:
        opened = LAB_SESSIONS.open(owner_token())
        for _ in range(2):  # 100 steps, so that there are curves to look at
            opened.do(More())
        st.session_state[HELD] = opened.token
    return opened


def choices(opened: LabSession) -> None:
    """Choices of the activation (a new one restarts the networks) and of the layer whose inputs are charted."""
    word = SETTINGS_FIELDS["activation"].word
    now = opened.trained.spec.activation
    chosen = st.segmented_control(
        "Activation", ACTIVATIONS, default=now, format_func=word, key=f"{KEY}-activation", required=True
    )
    if chosen and chosen != now:
        opened.do(Restart(chosen))
    layers = range(2, LAYERS + 2)
    layer = st.segmented_control("Inputs of layer", layers, default=opened.layer, key=f"{KEY}-layer", required=True)
    if layer and layer != opened.layer:
        opened.do(LookAt(layer))


def push(opened: LabSession, shift: float, scale: float) -> None:
    """A button that pushes all three networks."""
    words = "Moves the inputs and scales W[1] from this step on, in all three networks."
    if st.button("Push", key=f"{KEY}-do-push", icon=":material/swipe_right:", help=words):
        opened.do(Push(shift, scale))


def felt(opened: LabSession, shift: float, scale: float) -> None:
    """A table of what such a push does to the z of the last hidden layer."""
    step, found = opened.do(Read(lambda it: (it.trained.step, it.trained.felt(shift, scale))))
    rows = [[name, f"{said(one.moved)} σ", f"× {said(one.spread)}"] for name, one in zip(NAMES, found, strict=True)]
    lab.table(KEY, [f"Such a push at step {step:,}", f"moves the z of layer {LAYERS}", "scales its spread"], rows)


def said(number: float) -> str:
    """A number, or a dash if it is not finite (the network diverged)."""
    return f"{number:.3g}" if math.isfinite(number) else "–"
