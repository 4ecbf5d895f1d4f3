"""What a component reports is checked: a crafted report starts no run, makes no loop and breaks no page."""

import json
import re
from pathlib import Path

import pytest
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from core.sessions.run_registry import RUN_SESSIONS
from pages.live.server import component
from pages.live.server.reports import REPORTS, checked

PAGES = Path(__file__).parents[3] / "pages"
ODD = [
    "xxx", "", "SAME", "same ", 0, 1, -1, True, False, [], {}, ["same"], {"same": 1}, {"how": "new"}, 1e308, 10**30,
    float("nan"), float("inf"), "\ud800", "x" * 100_000, None, [[[[]]]], {"": {"": {}}},
]  # fmt: skip
MESSAGES = [{"type": "move", "number": 0, "x": 10**400}, {"id": []}, {"id": {}, "type": 3}]
NUMBERS = [value for value in ODD if not isinstance(value, dict)]


@pytest.fixture(scope="module")
def panda():
    return AppTest.from_file(PAGES / "_frame.py", default_timeout=30).run()


@pytest.fixture
def dials():
    app = AppTest.from_file(PAGES / "scales.py", default_timeout=30)
    app.session_state["alpha-guess"] = "Just show me"
    return app.run()


def part(app, end):
    return next(it for it in app.get("bidi_component") if it.proto.id.endswith(f"-{end}")).proto.id


def report(app, end, state=None, events=None):
    """Run the page as a browser makes it run that reports this state, or these events."""
    identity = part(app, end)
    if events is None:
        return run_with(app, WidgetState(id=identity, json_value=json.dumps(state)))
    return run_with(app, WidgetState(id=_make_trigger_id(identity, "events"), json_trigger_value=json.dumps(events)))


def run_with(app, *reported):
    states = app._tree.get_widget_states()
    states.widgets.extend(reported)
    app._run(states)
    assert not app.exception
    return app


@pytest.mark.parametrize("value", [value for value in ODD if value is not None], ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("way", ["state", "event"])
def test_a_restart_that_is_none_starts_nothing(panda, value, way):
    before = len(RUN_SESSIONS)
    run = panda.query_params["run"]
    if way == "state":
        report(panda, "transport", {"restart": value})
    else:
        report(panda, "transport", events=[{"event": "restart", "value": value}])
    panda.run()
    assert not panda.exception
    assert (len(RUN_SESSIONS), panda.query_params["run"]) == (before, run)


@pytest.mark.parametrize(
    "events", [3, "restart", [1], [None], [{"event": 3}], [{"event": []}], [{"value": "same"}], {}]
)
def test_events_that_are_none_start_nothing(panda, events):
    before = len(RUN_SESSIONS)
    report(panda, "transport", events=events)
    assert not panda.exception
    assert len(RUN_SESSIONS) == before


@pytest.mark.parametrize("way", ["state", "event"])
def test_one_report_of_a_restart_starts_one_run(panda, way):
    before = len(RUN_SESSIONS)
    if way == "state":
        report(panda, "transport", {"restart": "new", "count": before})
    else:
        report(panda, "transport", events=[{"event": "restart", "value": "same"}])
    for _ in range(3):
        panda.run()
    assert not panda.exception
    assert len(RUN_SESSIONS) == before + 1


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:20])
def test_values_of_dials_that_are_none_change_nothing(dials, value):
    before = dict(dials.session_state["alpha"])
    report(dials, "alpha-dials", {"values": value})
    for name in before:
        report(dials, "alpha-dials", {"values": {name: value, "seq": value}})
        report(dials, "alpha-dials", {"values": {name: before[name], "seq": value}})
    assert not dials.exception
    assert all(name in dials.session_state["alpha"] for name in before)
    if value not in (0, 1, -1, 10**30):
        assert dict(dials.session_state["alpha"]) == before


def test_a_value_of_a_dial_is_taken(dials):
    name = next(iter(dials.session_state["alpha"]))
    report(dials, "alpha-dials", {"values": {"n": 200, "seq": 3}})
    assert (dials.session_state["alpha"]["n"], dials.session_state["alpha-seq"], name != "") == (200, 3, True)


@pytest.mark.parametrize("value", [*ODD, *MESSAGES], ids=lambda value: repr(value)[:20])
def test_a_message_of_a_chart_that_is_none_breaks_nothing(value):
    app = AppTest.from_file(PAGES / "softmax.py", default_timeout=30)
    app.session_state["softmax-panel"] = "Boundaries"
    app.session_state["boundaries-guess"] = "Just show me"
    app.run()
    found = [it.proto.id for it in app.get("bidi_component") if it.proto.id.endswith("-charts")]
    for identity in found:
        event = json.dumps([{"event": "message", "value": value}])
        run_with(app, WidgetState(id=identity, json_value=json.dumps({"message": value})))
        run_with(app, WidgetState(id=_make_trigger_id(identity, "events"), json_trigger_value=event))
    assert found
    assert not app.exception


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("value", [*NUMBERS[1:], {"a": []}, {"a": float("nan")}, {"a": 10**400}, {"x" * 41: 1}],
                         ids=lambda value: repr(value)[:20])  # fmt: skip
def test_every_report_has_a_form(name, value):
    if name == "stale" and isinstance(value, str) and len(value) < 4096:
        return
    assert checked(name, value) is None


def test_every_report_that_a_part_hears_has_a_row():
    source = (PAGES / "live" / "client").glob("*.js")
    sent = set(re.findall(r'set(?:Trigger|State)Value\("(\w+)"', "".join(path.read_text() for path in source)))
    assert sent == set(REPORTS)
    assert "result." not in Path(component.__file__).read_text()
