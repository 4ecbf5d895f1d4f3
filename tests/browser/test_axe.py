"""axe-core on every page and dialog, light and dark, wide and narrow: no serious or critical finding."""

from pathlib import Path

import pytest

from tests.browser.conftest import at_rest, ready

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
FINDINGS = """async () => (await axe.run(document, { resultTypes: ['violations'] })).violations
  .filter(({ impact }) => ['serious', 'critical'].includes(impact))
  .map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 160))])"""
PAGES = ["caviar", "scales", "batch_norm", "softmax", "runs", "settings"]
LOOKS = [(1280, 800, "light"), (1280, 800, "dark"), (390, 844, "light"), (390, 844, "dark")]


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[2]}")
def page(chromium, request):
    if not AXE.exists():
        pytest.fail("axe-core is missing: `npm ci` brings it")
    width, height, scheme = request.param
    context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def findings(page):
    page.wait_for_timeout(600)  # what fades in has its colours
    at_rest(page, "attached")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    return page.evaluate(FINDINGS)


@pytest.mark.parametrize("name", PAGES)
def test_a_page(page, server, name):
    page.goto(f"{server}/{name}")
    page.get_by_role("heading").or_(page.get_by_role("tab")).or_(page.get_by_role("button")).first.wait_for()
    page.wait_for_timeout(1000)
    assert findings(page) == []


def test_panda_and_its_panels(page, server):
    page.goto(server)
    ready(page)
    assert findings(page) == []
    for panel in ("Journal", "New run", "Share"):
        page.get_by_role("tab", name=panel).click()
        at_rest(page)
        assert findings(page) == [], panel


def test_pandas_dialogs_and_presenter_mode(page, server):
    page.goto(server)
    ready(page)
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    assert findings(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="About: Loss").click()
    assert findings(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Full screen: Loss").click()
    assert findings(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Present", exact=True).click()
    page.get_by_role("button", name="QR code").click()
    assert findings(page) == []
