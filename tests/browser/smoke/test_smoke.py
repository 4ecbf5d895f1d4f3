"""Does it work at all in WebKit and Firefox? Every page, Panda, a search and a panel of each lab."""

import json

import pytest

pytestmark = pytest.mark.browser

PART = "[data-testid=stBidiComponentRegular]"  # where Streamlit puts a live part
PAGES = {  # and what each has, also before its parts come up
    "": PART,
    "caviar": PART,
    "scales": "[data-testid=stButtonGroup]",
    "batch_norm": "[data-testid=stButtonGroup]",
    "softmax": "[data-testid=stButtonGroup]",
    "runs": "[data-testid=stPageLink]",
    "settings": "[data-testid=stTable]",
}
PARTS = {"": 8, "caviar": 3}
WHOLE = {"script": "notRunning", "empty parts": 0, "empty charts": 0, "exceptions": []}
SEEN = f"""(() => {{
  const all = (css) => [...document.querySelectorAll(css)];
  const without = (hosts, css) => all(hosts).filter((host) => !host.querySelector(css)).length;
  return {{
    script: document.querySelector('[data-testid=stApp]')?.dataset.testScriptState,
    'empty parts': without('{PART}', '.panda-part > *'),
    'empty charts': without('.panda-card', '.js-plotly-plot .main-svg, canvas.panda-network'),
    exceptions: all('[data-testid=stException]').map((box) => box.innerText),
  }};
}})()"""
COUNT = "document.querySelectorAll('.panda-part').length"
PANDA = "window.__panda"
RANGE = "document.querySelector('.panda-dial input[type=range]')"
LABS = {"scales": "Averages", "batch_norm": "One mini-batch", "softmax": "From z to a"}
DRAWN = """JSON.stringify([...document.querySelectorAll('.js-plotly-plot')]
  .flatMap((plot) => plot._fullData ?? []).map(({ x, y, z }) => [x, y, z].map((one) => [...one ?? []])))"""


def named(words):
    """The button, tab or choice with that text."""
    return f"""[...document.querySelectorAll('button, [role=tab], [role=radio], label')]
      .find((one) => one.offsetParent && one.innerText.trim() === '{words}')"""


def readout(label):
    """What stands beside a label of the bar."""
    return f"[...document.querySelectorAll('dl dt')].find((one) => one.innerText === '{label}').nextSibling.innerText"


def opened(browser, address, page):
    """Open a page and wait until it is whole: its script has run, its parts and its charts are filled."""
    browser.open(f"{address}/{page}")
    browser.until(f"Boolean(document.querySelector('[data-testid=stMain] {PAGES[page]}'))")
    whole(browser)


def whole(browser):
    browser.until(SEEN, WHOLE)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_comes_up_whole(browser, hooked, page):
    opened(browser, hooked, page)
    assert browser.evaluate(COUNT) == PARTS.get(page, 0)


def test_panda_plays_and_a_dial_nudges_it(browser, hooked):
    opened(browser, hooked, "")
    browser.until(f"{PANDA}.frames > 0")
    step, rate = browser.evaluate(f"[{PANDA}.lastStep, {PANDA}.lastSettings.learning_rate]")
    browser.click(named("Play"))
    browser.until(f"{PANDA}.lastStep >= {step + 20}")
    browser.drag(RANGE, 0.5, 0.45, 0.4)
    browser.until(f"{PANDA}.lastSettings.learning_rate < {rate / 10}")
    browser.click(named("Pause"))
    browser.until(f"Boolean({named('Play')})")
    whole(browser)


def test_caviar_runs_a_search_of_64(browser, hooked):
    opened(browser, hooked, "caviar")
    browser.until(f"{PANDA}.frames > 0")
    browser.click(named("Play"))
    browser.until(f"[{readout('models')}, {readout('left')}]", ["64", "done"], seconds=90)
    browser.until("document.querySelectorAll('.panda-leader').length > 0")
    whole(browser)


@pytest.mark.parametrize("lab", LABS)
def test_a_panel_of_a_lab_answers_a_moved_dial(browser, hooked, lab):
    opened(browser, hooked, lab)
    browser.click(named(LABS[lab]))
    browser.click(named("Just show me"))
    browser.until(f"Boolean({RANGE}) && {DRAWN} !== '[]'")
    whole(browser)
    before = browser.evaluate(DRAWN)
    browser.drag(RANGE, 0.5, 0.6, 0.7)
    browser.until(f"{DRAWN} !== {json.dumps(before)}")
    whole(browser)
