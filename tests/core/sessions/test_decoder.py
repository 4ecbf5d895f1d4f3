"""What a client sends becomes a command, or a sentence that says what is wrong with it; never anything else."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UserError
from core.runs.run import Run
from core.search.search import Plan, Search
from core.search.space import SEARCHABLE, Space
from core.sessions.commands import (
    Command,
    Epoch,
    Frame,
    Look,
    More,
    Nudge,
    Pause,
    Pick,
    Play,
    Region,
    Restart,
    Rewind,
    Sight,
    Speed,
    Step,
    Stop,
    StopAt,
)
from core.sessions.decoder import LONGEST_MESSAGE
from core.sessions.lab_session import LabSession
from core.sessions.run_session import RunSession
from core.sessions.search_session import SearchSession
from core.settings.table import RunSpec, Settings

KINDS = [RunSession, SearchSession, LabSession]
FIELDS = [
    "id",
    "charts",
    "seq",
    "anew",
    "sight",
    "steps",
    "step",
    "changes",
    "gesture",
    "number",
    "of",
    "places",
    "activation",
]
TYPES = [
    "frame",
    "play",
    "pause",
    "step",
    "epoch",
    "speed",
    "stop_at",
    "nudge",
    "look",
    "rewind",
    "repair",
    "stop",
    "pick",
    "region",
    "more",
    "restart",
]
SPEC = RunSpec(examples=60, hidden=(4,))


@pytest.mark.parametrize(
    ("kind", "message", "command"),
    [
        (RunSession, {"type": "frame", "charts": ["z"], "seq": 3}, Frame(["z"], 3)),
        (RunSession, {"type": "frame", "charts": [], "seq": 3, "anew": True, "sight": {}}, Frame([], 3, True, Sight())),
        (RunSession, {"type": "play"}, Play()),
        (RunSession, {"type": "pause", "id": 7}, Pause(id=7)),
        (RunSession, {"type": "step"}, Step(1)),
        (RunSession, {"type": "epoch"}, Epoch()),
        (RunSession, {"type": "speed", "steps": 0}, Speed(0)),
        (RunSession, {"type": "stop_at", "step": None}, StopAt(None)),
        (RunSession, {"type": "stop_at", "step": 30}, StopAt(30)),
        (RunSession, {"type": "stop_at", "epochs": 30}, StopAt(epochs=30)),
        (RunSession, {"type": "stop_at", "loss": 0.1}, StopAt(loss=0.1)),
        (RunSession, {"type": "nudge", "changes": {"batch_norm": False}}, Nudge({"batch_norm": False})),
        (RunSession, {"type": "nudge", "changes": {"beta1": 0.5}, "gesture": 2}, Nudge({"beta1": 0.5}, 2)),
        (RunSession, {"type": "look"}, Look(None)),
        (RunSession, {"type": "rewind", "step": 5}, Rewind(5)),
        (SearchSession, {"type": "stop"}, Stop()),
        (SearchSession, {"type": "pick", "number": 2}, Pick(2)),
        (SearchSession, {"type": "region"}, Region()),
        (SearchSession, {"type": "region", "of": 1, "places": {"beta1": [0, 1]}}, Region(1, {"beta1": (0, 1)})),
        (LabSession, {"type": "more"}, More()),
        (LabSession, {"type": "restart", "activation": "relu"}, Restart("relu")),
    ],
)
def test_a_message_is_a_command(kind, message, command):
    assert kind.decode(json.dumps(message)) == kind.decode(json.dumps(message).encode()) == command


WHOLE = "The message needs a whole number called {}."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "A message is one JSON object."),
        ("[]", "A message is one JSON object."),
        ("[" * 4000, "A message is one JSON object."),
        ('{"type":' * 500, "A message is one JSON object."),
        (b"\xff\xfe\xff", "A message is one JSON object."),
        ("x" * (LONGEST_MESSAGE + 1), "A message may have 4,096 characters."),
        ("{}", "There is no message type like this: there are frame, nudge, play"),
        ('{"type": []}', "There is no message type like this: there are frame, nudge, play"),
        ('{"type": {}}', "There is no message type like this: there are frame, nudge, play"),
        ('{"type": ' + "[" * 900 + "]" * 900 + "}", "There is no message type like this"),
        ('{"type": "pick"}', "There is no message type 'pick': there are frame, nudge, play"),
        ('{"type": "\\ud800"}', "There is no message type '\\ud800': there are"),
        ('{"type": "rewind"}', WHOLE.format("'step'")),
        ('{"type": "rewind", "step": true}', WHOLE.format("'step'")),
        ('{"type": "rewind", "step": 1.5}', WHOLE.format("'step'")),
        ('{"type": "rewind", "step": NaN}', WHOLE.format("'step'")),
        ('{"type": "rewind", "step": -1}', WHOLE.format("'step'")),
        ('{"type": "rewind", "step": ' + "9" * 4000 + "}", WHOLE.format("'step'")),
        ('{"type": "rewind", "step": "\\ud800"}', "The message has half a character in it."),
        ('{"type": "step", "steps": 0}', WHOLE.format("'steps'")),
        ('{"type": "play", "id": {}}', WHOLE.format("'id'")),
        ('{"type": "nudge"}', "A nudge needs 'changes', from a setting's name to its value."),
        ('{"type": "nudge", "changes": {"beta1": ' + "[" * 900 + "]" * 900 + "}}", "A nudge needs 'changes', from a"),
        ('{"type": "nudge", "changes": {' + ", ".join(f'"{i}": 1' for i in range(21)) + "}}", "A nudge needs"),
        ('{"type": "nudge", "changes": {"beta1": 0.5}, "gesture": "1"}', WHOLE.format("'gesture'")),
        ('{"type": "frame", "charts": [1], "seq": 0}', "A request for a frame needs 'charts', a list of chart names."),
        ('{"type": "frame", "charts": [], "seq": 0, "anew": 1}', "A request for a frame takes 'anew', true or false."),
    ],
)
def test_what_is_no_command_is_a_sentence(text, sentence):
    with pytest.raises(UserError) as caught:
        RunSession.decode(text)
    assert str(caught.value).startswith(sentence)


NUMBERS = st.integers() | st.integers(-3, 60) | st.floats() | st.booleans() | st.sampled_from([2**53, 10**400])
LEAVES = NUMBERS | st.none() | st.text(max_size=5) | st.sampled_from(["learning_rate", "beta1", "\ud800", "loss"])
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["learning_rate", "units", "generation", "axes", "\ud800"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
ANYTHING = st.builds(
    lambda kind, fields: {"type": kind} | fields,
    st.sampled_from(TYPES) | VALUES,
    st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=3), VALUES, max_size=4),
)
SETTINGS = st.sampled_from(["learning_rate", "beta1", "batch_size", "batch_norm", "optimizer", "decay", "units"])
NEARLY = st.fixed_dictionaries(  # nearer to what is meant
    {
        "type": st.sampled_from(TYPES),
        "steps": st.integers(0, 30),
        "step": st.none() | st.integers(0, 5),
        "number": st.none() | st.integers(0, 5),
        "changes": st.dictionaries(SETTINGS, LEAVES, max_size=2),
        "of": st.integers(0, 2),
        "places": st.none() | st.dictionaries(SETTINGS, st.none() | st.tuples(NUMBERS, NUMBERS), max_size=2),
        "activation": st.text(max_size=3) | st.sampled_from(["relu", "tanh"]),
    }
)
MESSAGES = (ANYTHING | NEARLY).map(json.dumps)


def answer(action):
    """What `action` returned, or its sentence; any other error is raised."""
    try:
        return action(), ""
    except UserError as error:
        return None, str(error)


@pytest.mark.parametrize("kind", KINDS)
@given(text=MESSAGES | st.text() | st.binary() | VALUES.map(json.dumps))
def test_whatever_is_sent_is_a_command_or_a_sentence(kind, text):
    command, words = answer(lambda: kind.decode(text))
    assert isinstance(command, Command) or (words[0].isupper() and words.endswith(".") and "$." not in words)
    json.dumps(words, ensure_ascii=False).encode()  # as it is sent


def search():
    space = Space(SPEC, Settings(), (SEARCHABLE["learning_rate"], SEARCHABLE["beta1"]))
    return SearchSession(Search(Plan(space, "random", 4, 50)))


SESSIONS = {RunSession: RunSession(Run(SPEC)), SearchSession: search(), LabSession: LabSession()}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=300, deadline=None)
@given(text=MESSAGES)
def test_whatever_command_a_client_sends_is_carried_out_or_answered_by_a_sentence(kind, text):
    command, words = answer(lambda: kind.decode(text))
    if command and not isinstance(command, Frame):
        _, words = answer(lambda: SESSIONS[kind].do(command))
    json.dumps(words, ensure_ascii=False).encode()
