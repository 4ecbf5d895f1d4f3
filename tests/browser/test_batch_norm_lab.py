"""The lab of batch norm done by a real browser: dials move formulas and charts, networks train live, a phone fits."""

import pytest

from tests.browser.conftest import at_rest
from tests.browser.test_caviar import in_panda

pytestmark = pytest.mark.browser

PANELS = ["One mini-batch", "Inputs", "Why it works", "Test time", "Mini-batch size"]
TRACE = """([name, uid, way]) => {
  const plot = document.querySelector(`[data-chart="${name}"] .js-plotly-plot`);
  const trace = plot?._fullData?.find((one) => one.uid === uid);
  return trace ? Array.from(trace[way] ?? []) : null }"""
DRAWN = "(name) => Boolean(document.querySelector(`[data-chart='${name}'] .js-plotly-plot`)?._fullLayout)"
FITTED = """() => {
  const plots = [...document.querySelectorAll('.panda-card .panda-plot')].filter((one) => one.clientWidth);
  return plots.length > 0 && plots.every((one) => {
    const plot = one.querySelector('.js-plotly-plot');
    return plot?._fullLayout && Math.abs(plot._fullLayout.width - plot.clientWidth) < 1 });
}"""
PARTS = ".panda-card, .panda-dial, .panda-bar, table, .katex-html, [data-testid=stButton] button, label"
TOO_WIDE = f"""() => [...document.querySelectorAll('{PARTS}')].filter((one) => {{
  const {{ left, right, width }} = one.getBoundingClientRect();
  return width && (left < 0 || right > innerWidth) && !one.closest('[role=tablist]');
}}).map((one) => one.outerHTML.slice(0, 200))"""


@pytest.fixture
def lab(context, server):
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield lambda: opened(page, server)
    assert errors == []


def opened(page, server):
    page.goto(f"{server}/batch_norm")
    page.get_by_role("tab", name="One mini-batch").wait_for()
    at_rest(page)
    return page


def turn_to(page, panel):
    """Open a panel and leave its question out."""
    page.get_by_role("tab", name=panel).click()
    at_rest(page)
    page.locator('[role="tabpanel"]:visible').get_by_text("Just show me").click()
    at_rest(page)


def dial(page, name):
    return page.locator(".panda-dial:visible", has_text=name).locator("input[type=range]")


def trace(page, chart, uid, way="x"):
    return page.evaluate(TRACE, [chart, uid, way])


def test_b_moves_z_and_not_what_comes_out(lab):
    page = lab()
    turn_to(page, "One mini-batch")
    page.wait_for_function(DRAWN, arg="batch-dots")
    page.evaluate("document.querySelector('[data-chart=batch-dots] .js-plotly-plot').mark = 1")
    z, out = trace(page, "batch-dots", "dots0"), trace(page, "batch-dots", "dots2")
    thumb = dial(page, "bias").bounding_box()
    middle = thumb["y"] + thumb["height"] / 2
    page.mouse.move(thumb["x"] + thumb["width"] / 2, middle)
    page.mouse.down()
    for part in (0.4, 0.3, 0.2, 0.1):
        page.mouse.move(thumb["x"] + thumb["width"] * part, middle)
        page.wait_for_timeout(40)
    page.mouse.up()
    page.wait_for_function(f"({TRACE})(['batch-dots', 'dots0', 'x'])[0] < {z[0] - 2}")
    page.wait_for_timeout(400)
    assert trace(page, "batch-dots", "dots2") == pytest.approx(out, abs=1e-6)
    moved = trace(page, "batch-dots", "dots0")[0] - z[0]
    mu = float(page.locator(".katex annotation", has_text=r"\mu =").first.text_content().split("=")[1])
    assert mu == pytest.approx(3.875 + moved, abs=1e-3)  # b starts at 3, as in the question
    assert page.evaluate("document.querySelector('[data-chart=batch-dots] .js-plotly-plot').mark") == 1
    page.get_by_role("button", name="β = μ").click()
    page.wait_for_function(f"Math.abs(({TRACE})(['batch-dots', 'dots2', 'x'])[0] - {out[0]}) > 0.5")
    assert trace(page, "batch-dots", "dots2") == pytest.approx(trace(page, "batch-dots", "dots0"), abs=1e-6)


def test_three_networks_train_live_and_are_pushed(lab):
    page = lab()
    turn_to(page, "Why it works")
    page.wait_for_function(DRAWN, arg="side-losses")
    page.evaluate("document.querySelector('[data-chart=side-losses] .js-plotly-plot').mark = 1")
    for steps in (100, 150):  # the first are trained at once, so that there is something to see
        page.get_by_text(f"Such a push at step {steps}").wait_for()
        for chart, line in (("side-losses", "loss0"), ("side-inputs", "mean2")):  # the words may come before the frame
            page.wait_for_function(f"({TRACE})(['{chart}', '{line}', 'y'])?.length === {steps}")
        if steps == 100:
            page.get_by_role("button", name="50 steps").click()
    at_rest(page)
    page.get_by_role("button", name="Push", exact=True).click()
    page.wait_for_function(f"({TRACE})(['side-losses', 'pushes', 'x'])?.[0] === 150")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(f"({TRACE})(['side-losses', 'loss1', 'x'])?.at(-1) > 220")
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Play").wait_for()
    page.get_by_role("radio", name="tanh").click()
    page.get_by_text("Such a push at step 0").wait_for()
    assert page.evaluate("document.querySelector('[data-chart=side-losses] .js-plotly-plot').mark") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_every_panel_whole(chromium, server, scheme):
    context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    context.set_default_timeout(20_000)
    try:
        page = opened(context.new_page(), server)
        for panel in PANELS:
            turn_to(page, panel)
            page.wait_for_function(FITTED)
            assert page.evaluate(TOO_WIDE) == [], panel
    finally:
        context.close()


def test_see_it_in_panda(lab):
    page = lab()
    turn_to(page, "Test time")
    page.get_by_role("button", name="See it in Panda").click()
    in_panda(page)
    page.locator('[data-chart="statistics"]').wait_for()
