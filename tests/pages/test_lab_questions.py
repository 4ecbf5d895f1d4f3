"""Every panel of the labs asks first. Then its dials and choices are at the numbers of its question."""

import re
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.labs.side_by_side import LAYERS

FRAME = Path(__file__).parents[2] / "pages" / "_frame.py"
WORDS = {"no": 0, "one": 1, "two": 2, "three": 3, "four": 4}
NUMBER = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d+)?|" + "|".join(rf"\b{word}\b" for word in WORDS), re.IGNORECASE)
LABS = {"scales.py": "scales-panel", "batch_norm.py": "bn-panel", "softmax.py": "softmax-panel"}


def moves(state):
    held = state["moves"]
    return [held["a1"] - held["b1"], held["b1"], held["b2"], held["a2"] - held["b2"]]


def probability(state):
    z = np.array([state["loss"][f"z{j}of0"] for j in range(1, 5)])
    return [(np.exp(z) / np.exp(z).sum())[state["loss-true"]["labels"][0]].round(3)]


def searched(state):
    held = state["fine"]
    return [held["rounds"] * held["n"], held["rounds"]]


def divided(state):
    hidden = {"none": 0, "one": 1, "two": 2}[state["boundaries-layers"]]
    return [hidden, state["boundaries-classes"]]


QUESTIONS = {  # by lab and panel: the prefix of its keys, and its question's numbers, in order, from the session
    ("scales.py", "Sampling α"): ("alpha", lambda it: [it["alpha"][name] for name in ("n", "low", "high", "edge")]),
    ("scales.py", "β and its memory"): ("beta", lambda it: [it["beta-memory"]["beta"]]),
    ("scales.py", "Two moves of β"): ("moves", lambda it: moves(it)[:3]),
    ("scales.py", "Averages"): ("averages", lambda it: [it["averages"]["t"] - 1, it["averages"]["beta"]]),
    ("scales.py", "Random or grid"): ("grid", lambda it: [it["grid"]["side"] ** n for n in (2, 1, 1, 2)]),
    ("scales.py", "Coarse to fine"): ("fine", searched),
    ("batch_norm.py", "One mini-batch"): ("one-batch", lambda it: [it["one-batch"]["b"]]),
    ("batch_norm.py", "Inputs"): ("inputs", lambda it: [it["inputs"]["spread"]]),
    ("batch_norm.py", "Why it works"): ("why", lambda it: [it["why-push"]["shift"], LAYERS]),
    ("batch_norm.py", "Test time"): ("test-time", lambda it: []),
    ("batch_norm.py", "Mini-batch size"): ("sizes", lambda it: [it["sizes"]["size"], 4]),
    ("softmax.py", "From z to a"): (
        "from-z",
        lambda it: [it["from-z"][f"z{j}"] for j in range(1, 5)] + [it["from-z-more"]["constant"]],
    ),
    ("softmax.py", "Two classes"): (
        "two-classes",
        lambda it: [2, it["two-classes"]["difference"] + it["two-classes"]["z2"], it["two-classes"]["z2"]],
    ),
    ("softmax.py", "Loss and gradient"): ("loss", probability),
    ("softmax.py", "Boundaries"): ("boundaries", divided),
}


def opened_on(lab, panel, guess=None):
    app = AppTest.from_file(FRAME, default_timeout=60).run()
    app.session_state[LABS[lab]] = panel
    if guess:
        app.session_state[f"{QUESTIONS[lab, panel][0]}-guess"] = guess
    app.switch_page(lab).run()
    assert not app.exception
    return app


@pytest.mark.parametrize("lab", LABS)
def test_every_panel_is_in_the_table(lab):
    app = AppTest.from_file(FRAME, default_timeout=60).run()
    app.switch_page(lab).run()
    assert [tab.label for tab in app.tabs] == [panel for page, panel in QUESTIONS if page == lab]


@pytest.mark.parametrize(("lab", "panel"), QUESTIONS, ids=lambda name: name.removesuffix(".py"))
def test_a_panel_begins_at_the_numbers_of_its_question(lab, panel):
    (asked,) = [one.value for one in opened_on(lab, panel).markdown if one.value.startswith("**")]
    numbers = [WORDS.get(text.lower(), text.replace(",", "")) for text in NUMBER.findall(asked)]
    _, shown = QUESTIONS[lab, panel]
    app = opened_on(lab, panel, "Just show me")
    assert [float(number) for number in numbers] == pytest.approx(shown(app.session_state))


def test_a_push_that_the_question_does_not_speak_of_is_none():
    assert opened_on("batch_norm.py", "Why it works", "Just show me").session_state["why-push"]["scale"] == 1
    held = opened_on("scales.py", "Two moves of β", "Just show me").session_state
    assert moves(held)[0] == pytest.approx(moves(held)[3])
