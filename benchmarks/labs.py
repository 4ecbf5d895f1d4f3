"""How fast the labs answer in a browser: each dial, switch, choice, button of every panel. `python -m benchmarks.labs`.

About five minutes on a quiet machine. A control is moved as a person moves it, and the time is taken in the page: until
the first text or chart has changed, and until the last one has. Needs requirements-dev.txt and Chromium.
"""

from __future__ import annotations

import argparse
import os
from statistics import median

from playwright.sync_api import Locator, Page, TimeoutError

from benchmarks.live_browser import SCREEN, chromium
from benchmarks.live_process import APP, server
from benchmarks.live_report import Required, table

LABS = ("scales", "batch_norm", "softmax")
ANSWER = Required("a moved control to the last chart and number that follow, median", 150, "ms")
QUIET = 550  # ms without a change after which an answer is whole, and charts have come to rest
PATIENCE = 3000  # ms
SKIPPED = ("See it", "Just show me", "Push", "Start again", "Play")  # that leave the page, or play

PROBE = """() => {
  const main = document.querySelector('[data-testid="stMain"]');
  const told = { since: 0, first: 0, last: 0 };
  const change = () => { const now = performance.now(); told.first ||= now; told.last = now; };
  // Charts say themselves when they have drawn; 350 ms later they draw the same once more, which is no answer.
  document.addEventListener("panda-frame", change);
  const IGNORED = '.panda-dials, .panda-plot, [data-testid="stButton"], [data-testid="stButtonGroup"], '
    + '[data-testid="stCheckbox"]';
  const counts = ({ target }) => target.isConnected // what is gone again was not to be seen
    && !(target.nodeType === 1 ? target : target.parentElement).closest(IGNORED);
  new MutationObserver((changes) => { if (changes.some(counts)) change(); })
    .observe(main, { childList: true, subtree: true, characterData: true });
  window.__answers = {
    begin() { told.since = performance.now(); told.first = told.last = 0; },
    told,
  };
}"""
TURN = """([dial, place]) => {
  const range = document.querySelectorAll('.panda-dial input[type=range]')[dial];
  window.__answers.begin();
  range.value = Math.round(place * Number(range.max));
  range.dispatchEvent(new Event('input', { bubbles: true }));
  range.dispatchEvent(new Event('change', { bubbles: true }));
}"""
CLICK = "(node) => { window.__answers.begin(); node.click(); }"
WHOLE = f"() => {{ const {{ last }} = __answers.told; return last && performance.now() - last > {QUIET}; }}"
TAKEN = "() => { const { since, first, last } = __answers.told; return [first - since, last - since]; }"


def taken(page: Page) -> list[float] | None:
    """Milliseconds until the first and until the last change; None where nothing has changed."""
    try:
        page.wait_for_function(WHOLE, timeout=PATIENCE)
    except TimeoutError:  # a control that changes nothing at this place
        return None
    return page.evaluate(TAKEN)


def visible(found: Locator) -> list[Locator]:
    """Those that a person sees and can press."""
    return [one for one in found.all() if one.is_visible() and one.is_enabled()]


def of_dials(page: Page, times: int) -> dict[str, list[list[float]]]:
    """Each dial that is shown, turned to places all over its scale."""
    found = {}
    for number, dial in enumerate(page.locator(".panda-dial").all()):
        if not dial.is_visible():
            continue
        name = dial.locator(".panda-name").inner_text().replace("\n", " ")
        places = [0.15 + 0.7 * ((0.618 * i) % 1) for i in range(1, times + 1)]
        seen = []
        for place in places:
            page.evaluate(TURN, [number, place])
            seen.append(taken(page))
        found[f"dial {name}"] = [one for one in seen if one]
    return found


def of_buttons(page: Page, times: int) -> dict[str, list[list[float]]]:
    """Each group of choices, each switch and each button that is shown."""
    found = {}
    groups = page.locator('[data-testid="stMain"] [data-testid="stButtonGroup"]')
    for number, group in enumerate(visible(groups)):
        if group.get_by_text("Just show me").count():
            continue
        words = (group.locator("label").all_inner_texts() or [""])[0] or f"choice {number + 1}"
        buttons = visible(group.locator("button"))
        found[f"choice {words}"] = pressed(page, [buttons[i % len(buttons)] for i in range(1, times + 1)])
    for switch in visible(page.locator('[data-testid="stMain"] [data-testid="stCheckbox"] input')):
        found["switch " + switch.locator("xpath=ancestor::label").inner_text()] = pressed(page, [switch] * times)
    for button in visible(page.locator('[data-testid="stMain"] [data-testid="stButton"] button')):
        words = button.inner_text().split("\n")[-1]
        if not any(skipped in words for skipped in SKIPPED):
            found[f"button {words}"] = pressed(page, [button] * times)
    return found


def pressed(page: Page, buttons: list[Locator]) -> list[list[float]]:
    """What each press takes."""
    seen = []
    for button in buttons:
        button.evaluate(CLICK)
        seen.append(taken(page))
    return [one for one in seen if one]


def measure(page: Page, address: str, times: int) -> list[list[str]]:
    """All panels of a lab: a row for each control."""
    page.goto(address)
    tabs = page.get_by_role("tab")
    tabs.first.wait_for()
    page.evaluate(PROBE)
    rows = []
    for tab in range(tabs.count()):
        tabs.nth(tab).click()
        page.wait_for_timeout(1500)
        shown = page.get_by_text("Just show me").locator("visible=true")
        if shown.count():
            shown.first.click()
            page.wait_for_timeout(2500)
        panel = tabs.nth(tab).inner_text()
        for name, seen in (of_dials(page, times) | of_buttons(page, times)).items():
            if seen:
                first, last = (median(column) for column in zip(*seen, strict=True))
                rows.append([panel, name, f"{first:.0f}", f"{last:.0f}", "met" if last <= ANSWER.limit else "NOT MET"])
            print(panel, name, rows[-1][2:] if seen else "changes nothing", flush=True)
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=7, help="moves of each control")
    parser.add_argument("labs", nargs="*", default=LABS, help=f"of {', '.join(LABS)}")
    given = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores", flush=True)
    with chromium() as browser, server(APP) as running:
        for lab in given.labs:
            page = browser.new_page(viewport=SCREEN)
            rows = measure(page, running.address + lab, given.times)
            print(
                f"\n## {lab}\n", table(["panel", "control", "first change, ms", "last change, ms", ""], rows), sep="\n"
            )
            page.close()


if __name__ == "__main__":
    main()
