"""The page Caviar through Streamlit's AppTest: search, pick, open in Panda, zoom; and variants of a run in Panda."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.sessions.commands import Adopt, Pause, Pick, Play, Read, Region
from core.sessions.run_registry import RUN_SESSIONS
from core.sessions.search_registry import SEARCH_SESSIONS
from pages.live.server.frames import search_status
from tests.pages.test_panda_page import FRAME, button, run_of, token_of, turn_to, widget

CAVIAR = Path(__file__).parents[2] / "pages" / "caviar.py"


@pytest.fixture
def app():
    return AppTest.from_file(CAVIAR, default_timeout=60).run()


def search_of(app):
    held = app.query_params["search"]
    return SEARCH_SESSIONS.get(held if isinstance(held, str) else held[0])


def to_the_end(opened):
    opened.do(Play())
    while opened.busy:
        opened.train(None, 0.5)


def new_search(app, models=8, steps=20):
    app.session_state["caviar-panel"] = "New search"
    app.run()
    next(w for w in app.number_input if w.label == "Models").set_value(models).run()
    next(w for w in app.number_input if w.label == "Steps each").set_value(steps).run()
    return app


def test_it_opens_on_a_search_of_the_default_run(app):
    assert not app.exception
    opened = search_of(app)
    assert [one.name for one in opened.search.plan.space.ranges] == ["learning_rate", "beta1"]
    assert not opened.playing


@pytest.mark.parametrize(("label", "value", "words"), [
    ("Models", 1001, "models cannot be 1001: it takes a whole number, 1 to 1,000"),
    ("Models", 0, "models cannot be 0: it takes a whole number, 1 to 1,000"),
    ("Steps each", 9, "steps cannot be 9: it takes a whole number, 10 to 20,000"),
    ("Search seed", -1, "seed cannot be -1: it takes a whole number, 0 to 2,147,483,647"),
])  # fmt: skip
def test_a_number_that_cannot_be_is_answered_by_its_range_and_starts_nothing(app, label, value, words):
    first = search_of(app)
    new_search(app)
    number = next(w for w in app.number_input if w.label == label)
    assert (number.min, number.max) == (None, None)  # else the browser would keep it, and send the number before
    number.set_value(value).run()
    assert words in app.error[0].value.replace("\\", "")
    assert button(app, "Start this search").disabled
    assert search_of(app) is first
    assert next(w for w in app.number_input if w.label == "Models").value == (value if label == "Models" else 8)
    number.set_value(12).run()
    assert not app.error
    assert not button(app, "Start this search").disabled


@pytest.mark.parametrize("seeds", [0, 5, 51])
def test_a_number_of_seeds_that_cannot_be_starts_nothing(app, seeds):
    first = search_of(app)
    many_seeds(app).set_value(seeds).run()
    (error,) = app.error
    assert f"cannot be compared under {seeds} seeds: it takes 6 to 50" in error.value.replace("\\", "")
    assert button(app, "Start this search").disabled
    assert search_of(app) is first


def test_a_search_is_started_with_what_was_chosen(app):
    first = search_of(app)
    new_search(app)
    app.multiselect[0].set_value(["learning_rate", "units", "batch_norm"]).run()
    button(app, "Start this search").click().run()
    assert not app.exception
    opened = search_of(app)
    assert opened is not first
    assert opened.playing
    assert {"learning_rate", "units", "batch_norm"} == {one.name for one in opened.search.plan.space.ranges}
    assert (len(opened.search.trials), opened.search.plan.steps) == (8, 20)


def test_a_search_of_nothing_is_answered_by_a_sentence(app):
    app.session_state["caviar-panel"] = "New search"
    app.run()
    app.multiselect[0].set_value([]).run()
    assert not app.exception
    assert any("Nothing is searched" in error.value for error in app.error)
    assert button(app, "Start this search").disabled


def test_the_wrong_scale_is_a_switch_away(app):
    new_search(app)
    widget(app.toggle, "range-learning_rate-scale").set_value(False).run()
    button(app, "Start this search").click().run()
    scales = {one.name: one.scale for one in search_of(app).search.plan.space.ranges}
    assert scales == {"learning_rate": "linear", "beta1": "one_minus"}


def test_a_picked_model_opens_as_a_run_with_the_same_bits(app):
    new_search(app)
    button(app, "Start this search").click().run()
    opened = search_of(app)
    to_the_end(opened)
    number = opened.best(1)[0]
    opened.do(Pick(number))
    app.session_state["caviar-panel"] = "Best"
    app.run()
    before = {one.token for one in RUN_SESSIONS.sessions()}
    button(app, "Open in Panda").click().run()
    (token,) = {one.token for one in RUN_SESSIONS.sessions()} - before
    run = RUN_SESSIONS.get(token)
    run.do(Read(lambda it: None))
    assert run.run.fingerprint() == opened.search.fingerprint(number)


def test_zooming_searches_on_inside(app):
    new_search(app)
    button(app, "Start this search").click().run()
    opened = search_of(app)
    to_the_end(opened)
    app.session_state["caviar-panel"] = "Best"
    app.run()
    button(app, "Zoom into the best 10 %").click().run()
    assert not app.exception
    assert len(opened.generations) == 2
    assert opened.playing


def test_a_region_is_told_and_searched_inside(app):
    opened = search_of(app)
    opened.do(Region(0, {"learning_rate": [0.25, 0.5], "beta1": [0.5, 1.0]}))
    app.run()
    assert button(app, "Zoom into the best 10 %") is None
    assert "Region: α 0.001–0.01, β 0.99–0.999" in [caption.value.replace("\\", "") for caption in app.caption]
    button(app, "Search inside the region").click().run()
    assert not app.exception
    assert len(opened.generations) == 2
    assert opened.playing
    assert opened.viewing.generation == 1
    assert len(opened.search.trials) == len(opened.generations[0].trials)
    assert all(1e-3 <= trial.point["learning_rate"] <= 1e-2 for trial in opened.search.trials)
    assert button(app, "Search inside the region") is None


def test_the_scatter_shows_all_generations_or_only_the_one_seen(app):
    opened = search_of(app)
    assert not app.toggle
    opened.do(Region(0, {"learning_rate": [0.25, 0.5]}))
    app.run()
    button(app, "Search inside the region").click().run()
    assert opened.viewing.whole
    app.toggle[0].set_value(False).run()
    assert not opened.viewing.whole


def test_a_region_is_typed_follows_the_charts_and_is_given_free(app):
    opened = search_of(app)
    opened.do(Region(0, {"learning_rate": [0.25, 0.5]}))
    app.run()

    def rate(end):
        return widget(app.number_input, f"region-learning_rate-{end}")

    assert (rate("from").value, rate("to").value) == pytest.approx((1e-3, 1e-2))
    assert widget(app.number_input, "region-beta1-from").value is None
    rate("from").set_value(5e-3).run()
    assert opened.viewing.region["learning_rate"] == (5e-3, pytest.approx(1e-2))
    widget(app.number_input, "region-beta1-from").set_value(0.99).run()
    assert opened.viewing.region["beta1"] == (0.99, 0.999)
    assert widget(app.number_input, "region-beta1-to").value is None
    assert "Region: α 0.005–0.01, β 0.99–0.999" in [caption.value.replace("\\", "") for caption in app.caption]
    rate("to").set_value(50.0).run()
    assert "searched from 0.0001 to 1" in app.error[0].value.replace("\\", "")
    assert rate("to").value == pytest.approx(1e-2)
    for end in ("from", "to"):
        rate(end).set_value(None).run()
    assert not app.error
    assert list(opened.viewing.region) == ["beta1"]
    button(app, "Search inside the region").click().run()
    assert (opened.viewing.generation, opened.viewing.region) == (1, {})
    assert not app.exception


def test_choices_and_whole_numbers_of_a_region_are_typed(app):
    new_search(app)
    app.multiselect[0].set_value(["units", "activation"]).run()
    button(app, "Start this search").click().run()
    app.session_state["caviar-panel"] = "Best"
    app.run()
    opened = search_of(app)
    widget(app.number_input, "region-units-to").set_value(16).run()
    widget(app.button_group, "region-activation").set_value(["tanh"]).run()
    assert not app.exception
    assert opened.viewing.region == {"units": (4, 16), "activation": ("tanh",)}
    widget(app.button_group, "region-activation").set_value([]).run()
    assert opened.viewing.region == {"units": (4, 16)}


def test_who_watches_types_no_region(app):
    guest = AppTest.from_file(CAVIAR, default_timeout=60)
    guest.query_params["search"] = search_of(app).token
    guest.run()
    assert app.number_input
    assert not guest.number_input


def generation_control(app):
    return next(one for one in app.button_group if one.label.startswith("Generation"))


def test_who_watches_looks_at_another_generation_without_moving_the_owners_page(app):
    opened = search_of(app)
    opened.do(Region(0, {"learning_rate": [0.25, 0.5]}))
    app.run()
    button(app, "Search inside the region").click().run()
    opened.do(Pause())
    guest = AppTest.from_file(CAVIAR, default_timeout=60)
    guest.query_params["search"] = opened.token
    guest.run()
    assert search_of(guest) is opened
    first, second = generation_control(guest).options
    generation_control(guest).set_value(first).run()
    guest.toggle[0].set_value(False).run()
    assert not guest.exception
    assert (opened.viewing.generation, opened.viewing.whole) == (1, True)
    assert [generation_control(one).value for one in (guest, app.run())] == [first, second]
    assert [one.toggle[0].value for one in (guest, app)] == [False, True]
    generation_control(app).set_value(first).run()
    assert opened.viewing.generation == 0


def test_who_watches_chooses_the_axes_of_their_own_scatter(app):
    new_search(app)
    app.multiselect[0].set_value(["learning_rate", "units", "beta1"]).run()
    button(app, "Start this search").click().run()
    opened = search_of(app)
    guest = AppTest.from_file(CAVIAR, default_timeout=60)
    guest.query_params["search"] = opened.token
    guest.run()
    widget(guest.selectbox, "axis-Horizontal axis").set_value("units").run()
    assert not guest.exception
    assert widget(guest.selectbox, "axis-Horizontal axis").value == "units"
    assert opened.viewing.axes == ("learning_rate", "beta1")
    widget(app.selectbox, "axis-Vertical axis").set_value("units").run()
    assert opened.viewing.axes == ("learning_rate", "units")


def test_zooming_before_anything_is_trained_is_answered_by_a_sentence(app):
    button(app, "Zoom into the best 10 %").click().run()
    assert not app.exception
    assert "train more" in app.error[0].value


@pytest.mark.parametrize("label", ["Try variants from here", "Re-check the settings"])
def test_from_panda_to_many_variants(label):
    app = AppTest.from_file(FRAME, default_timeout=60).run()
    run, token = run_of(app), token_of(app)
    run.advance(30)
    turn_to(app, "Settings")
    before = {one.token for one in SEARCH_SESSIONS.sessions()}
    button(app, label).click().run()
    (search,) = {one.token for one in SEARCH_SESSIONS.sessions()} - before
    opened = SEARCH_SESSIONS.get(search)
    assert opened.search.trials[0].settings == run.settings
    assert (opened.search.plan.origin is not None) == label.startswith("Try")
    if label.startswith("Try"):
        to_the_end(opened)
        number = opened.best(1)[0]
        held = RUN_SESSIONS.get(token)
        held.do(Adopt(opened.search.run(number), 30))
        assert held.run.fingerprint() == opened.search.fingerprint(number)
        assert len(held.recorder.store.lines(held.token)) == 2


def many_seeds(app):
    new_search(app, 4, 20)
    next(w for w in app.segmented_control if w.label == "Points").set_value("both").run()
    next(w for w in app.toggle if w.label == "Over many seeds").set_value(True).run()
    return next(w for w in app.number_input if w.label == "Seeds")


def test_random_and_grid_are_compared_over_many_seeds(app):
    seeds = many_seeds(app)
    assert seeds.value == 20
    assert any(caption.value.startswith("40 searches, about ") for caption in app.caption)
    seeds.set_value(6).run()
    assert any(caption.value.startswith("12 searches, about ") for caption in app.caption)
    button(app, "Start this search").click().run()
    assert not app.exception
    opened = search_of(app)
    assert [search.plan.kind for search in opened.generations] == ["random", "grid"]
    status = search_status(opened)
    assert status["words"] == {"contest": "0 of 6 seeds are done."}
    assert (status["done"], status["progress"]) == (False, 0)
    while opened.busy:
        opened.train(None, 0.5)
    status = search_status(opened)
    assert status["words"]["contest"] == opened.contest.outcome.words
    assert "found the better model under" in opened.contest.outcome.words
    assert (status["done"], status["progress"]) == (True, 1)


def test_too_much_over_many_seeds_is_answered_by_a_sentence(app, monkeypatch):
    many_seeds(app)
    monkeypatch.setattr("core.search.random_vs_grid.SECONDS", 0.0)
    before = search_of(app)
    button(app, "Start this search").click().run()
    assert not app.exception
    assert "hours of work" in app.error[0].value
    assert search_of(app) is before


def test_many_seeds_are_offered_only_where_both_are_searched(app):
    new_search(app)
    assert not [w for w in app.toggle if w.label == "Over many seeds"]
    button(app, "Start this search").click().run()
    assert search_of(app).contest is None
    assert search_status(search_of(app))["words"] == {"contest": ""}
