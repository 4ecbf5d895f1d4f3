"""Every scene is complete, opens where it says, and belongs to its runs and no others."""

from dataclasses import replace

import pytest

from core.charts import CHARTS, charts_of
from core.runs.run import Run
from core.scenes.registry import FIRST, SCENES, beside, scene_of
from core.sessions.pacing import SPEEDS
from core.settings.table import RunSpec, changed

LONGEST = 130  # letters of a sentence: two lines on the page
COURSE = {f"C{row}" for row in range(1, 21)}


@pytest.fixture(params=list(SCENES))
def scene(request):
    return SCENES[request.param]


def test_the_scenes_that_were_promised_are_there():
    assert FIRST == "spiral"
    promised = "spiral fast slow momentum batch_norm batch_size decay two digits overfitting race"
    assert set(SCENES) >= set(promised.split())


def test_a_scene_has_words_that_are_its_own(scene):
    assert scene.key == next(key for key, one in SCENES.items() if one is scene)
    assert scene.sentence.endswith(".")
    assert scene.seen.endswith(".")
    assert len(scene.sentence) <= LONGEST, f"the sentence of {scene.key} has {len(scene.sentence)} letters"
    assert scene.action
    assert scene.checks
    assert scene.course in COURSE
    assert [one.key for one in SCENES.values() if one.title == scene.title] == [scene.key]


def test_a_scene_opens_at_its_step_with_charts_that_fit(scene):
    if scene.race:
        assert scene.race.first_step == 0
        return
    run = scene.run()
    assert run.step == scene.step <= scene.try_at
    assert run.journal == scene.journal
    assert scene.speed in SPEEDS
    assert 3 <= len(scene.charts) <= 4
    assert set(scene.charts) <= charts_of(run).keys(), f"{scene.key} shows a chart that does not fit its run"
    assert run.settings.batch_size <= run.data.train.labels.size


def test_the_nudge_of_a_scene_is_one_that_can_be_made(scene):
    assert bool(scene.nudge) != bool(scene.race)
    if scene.nudge:
        assert not scene.tried(scene.settings)
        assert scene.tried(changed(scene.settings, scene.nudge))


def test_a_run_belongs_to_one_scene_under_whatever_seed(scene):
    if scene.race:
        return
    assert scene_of(scene.spec) is scene
    assert scene_of(replace(scene.spec, seed=7)) is scene
    assert sum(one.is_of(scene.spec) for one in SCENES.values()) == 1


def test_the_default_run_belongs_to_no_scene():
    assert scene_of(RunSpec()) is None
    assert scene_of(replace(SCENES[FIRST].spec, noise=0.3)) is None


def test_next_and_back_go_through_all_and_end():
    keys, scene = [], SCENES[FIRST]
    while scene:
        keys.append(scene.key)
        scene = beside(scene, 1)
    assert keys == list(SCENES)
    assert beside(SCENES[FIRST], -1) is None
    assert beside(SCENES[keys[-1]], -1) is SCENES[keys[-2]]


def test_too_fast_diverges_and_the_ravine_is_drawn():
    scene = SCENES["fast"]
    run = scene.run()
    run.nudge(**scene.nudge)
    run.advance(scene.horizon)
    assert run.trouble
    assert "weight_path" in SCENES["momentum"].charts


def test_the_path_of_two_weights_is_what_they_were():
    run = Run(RunSpec("ravine", hidden=(3,)))
    first = run.stack.network.theta.W[1].reshape(-1)[:2].tolist()
    run.advance(20)
    last = run.stack.network.theta.W[1].reshape(-1)[:2].tolist()
    arrays = CHARTS["weight_path"].frame(run)
    assert len(arrays["path.x"]) == 21
    assert [arrays["start.x"][0], arrays["start.y"][0]] == first
    assert [arrays["now.x"][0], arrays["now.y"][0]] == last
    assert arrays["path.text"][-1] == "20"
    run.nudge(learning_rate=0.01)
    run.advance(5)
    arrays = CHARTS["weight_path"].frame(run)
    assert [arrays["nudge.x"][0], arrays["nudge.y"][0]] == last
    assert [arrays["now.x"][0], arrays["now.y"][0]] != last
