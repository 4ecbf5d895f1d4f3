"""The scenes through Streamlit's AppTest: which run opens, what is offered, and what other runs keep."""

import pytest
from streamlit.testing.v1 import AppTest

from core.scenes.registry import SCENES
from core.sessions.commands import Nudge
from core.store import the_store
from pages.live.server.assets import PICTURES
from tests.pages.test_panda_page import FRAME, button, opened_of, run_of, token_of, turn_to

MOST_BYTES = 200 * 1024
RUNS = [key for key, scene in SCENES.items() if not scene.race]


def at(**query):
    app = AppTest.from_file(FRAME, default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def tries(app):
    return [one for one in app.button if one.label.startswith("Try this")]


def words(app):
    return " ".join(one.value for one in app.markdown)


def test_every_scene_has_a_picture_and_all_are_small():
    assert set(PICTURES) == {f"scene-{key}.webp" for key in SCENES}
    assert sum(path.stat().st_size for path in PICTURES.values()) < MOST_BYTES


def test_the_start_page_is_the_first_scene():
    app = at()
    assert not app.exception
    assert run_of(app).spec == SCENES["spiral"].spec
    assert SCENES["spiral"].sentence in words(app)


@pytest.mark.parametrize("key", RUNS)
def test_the_address_of_a_scene_opens_it_as_the_table_says(key):
    app, scene = at(scene=key), SCENES[key]
    assert not app.exception
    opened = opened_of(app)
    assert (opened.run.spec, opened.run.settings) == (scene.spec, scene.settings)
    assert (opened.run.step, opened.pacing.speed) == (scene.step, scene.speed)
    assert app.session_state[f"picked-scene-{key}"] == list(scene.charts)
    assert the_store().find(token_of(app)).name == scene.title


def test_try_this_nudges_keeps_a_twin_plays_and_is_not_offered_again():
    app = at(scene="slow")
    scene, (offered,) = SCENES["slow"], tries(app)
    offered.click().run()
    opened = opened_of(app)
    assert opened.run.settings.learning_rate == scene.nudge["learning_rate"]
    assert opened.run.twin is not None
    assert opened.playing
    assert not tries(app)
    assert scene.seen in words(app)
    button(app, "Undo").click().run()
    assert opened.run.settings == scene.settings
    assert len(tries(app)) == 1


def test_the_same_nudge_made_by_hand_counts_as_tried():
    app = at(scene="batch_norm")
    opened_of(app).do(Nudge({"batch_norm": True}))
    app.run()
    assert not tries(app)


def test_a_scene_that_was_only_looked_at_is_opened_again_and_a_touched_one_anew():
    app = at(scene="momentum")
    first = token_of(app)
    button(app, "Next").click().run()
    button(app, "Back").click().run()
    assert token_of(app) == first
    opened_of(app).do(Nudge({"beta1": 0.5}))
    button(app, "Next").click().run()
    button(app, "Back").click().run()
    assert token_of(app) != first


def test_an_unknown_scene_is_said_and_the_first_one_opens():
    app = at(scene="<b>nothing")
    assert "no scene called" in app.info[0].value
    assert run_of(app).spec == SCENES["spiral"].spec


def test_other_runs_have_no_scene_and_a_way_to_them():
    app = at(dataset="spiral")
    assert not tries(app)
    assert button(app, "Next") is None
    turn_to(app, "New run")
    button(app, "To the scenes").click().run()
    assert run_of(app).spec == SCENES["spiral"].spec


def test_a_watcher_of_a_scene_is_offered_nothing_to_try():
    app = at(scene="momentum")
    guest = at(run=token_of(app))
    assert not tries(guest)
    assert not guest.exception
