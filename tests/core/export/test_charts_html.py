"""Tests of the page of charts: whole, without anything from elsewhere, and what a person wrote stays text."""

import re
from html.parser import HTMLParser

import pytest
from plotly.offline import get_plotlyjs

from core.charts import charts_of, figure
from core.export.charts_html import charts_html
from core.runs.run import Run
from core.settings.table import SETTINGS, RunSpec, Settings

VOID = {"meta"}


class Page(HTMLParser):
    """What a browser makes of a page: its tags with their attributes, texts, and scripts."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.texts, self.scripts, self._open = [], [], [], []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        (self.scripts if self._open[-1:] == ["script"] else self.texts).append(data)


def page_of(run):
    """The page without plotly's own code, which would only take time."""
    text = charts_html(run)
    assert text.count(get_plotlyjs()) == 1
    return Page(text.replace(get_plotlyjs(), ""))


@pytest.fixture(scope="module")
def page(noted):
    return page_of(noted)


def test_every_chart_that_applies_is_drawn_once(noted, page):
    divs = [attributes["id"] for tag, attributes in page.tags if tag == "div" and "id" in attributes]
    assert divs == list(charts_of(noted))
    for name in charts_of(noted):
        assert sum(f'"{name}"' in re.findall(r"newPlot\(\s*(\S+),", script) for script in page.scripts) == 1


@pytest.mark.parametrize("spec", [RunSpec(), RunSpec(dataset="digits"), RunSpec(dataset="blobs", classes=8)])
def test_other_runs(spec):
    run = Run(spec, Settings(batch_norm=spec.dataset != "blobs"))
    run.advance(5)
    divs = [attributes["id"] for tag, attributes in page_of(run).tags if tag == "div" and "id" in attributes]
    assert divs == list(charts_of(run))


def test_before_the_first_step():
    page = page_of(Run())
    assert any("Nothing is measured" in text for text in page.texts)
    assert not any(text == "Journal" for text in page.texts)


def test_nothing_comes_from_elsewhere(page):
    policy = next(attributes["content"] for _, attributes in page.tags if "http-equiv" in attributes)
    assert policy.startswith("default-src 'none'; script-src 'unsafe-inline';")
    assert {tag for tag, _ in page.tags} == {
        "html", "head", "meta", "title", "style", "script", "body", "h1", "h2", "p", "main", "section", "div", "table",
        "tr", "th", "td"}  # fmt: skip
    names = {name for _, attributes in page.tags for name in attributes}
    assert names == {"lang", "charset", "http-equiv", "content", "name", "id", "class", "style"}


def test_what_a_person_wrote_is_text(noted, page):
    note = noted.journal[0].note
    assert "<script>alert(4)</script>" in note
    assert any(note.splitlines()[0] in text and "<script>alert(4)</script>" in text for text in page.texts)
    assert len(page.scripts) == len(charts_of(noted))
    for script in page.scripts:
        assert not re.search("<[a-zA-Z/!]", script)


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def test_names_of_own_data_are_escaped_where_plotly_reads_html(noted):
    found = [text for chart in charts_of(noted).values() for text in strings(figure(noted, chart).to_plotly_json())]
    assert any("&lt;img" in text for text in found)
    names = [name[:4] for name in (*noted.data.class_names, *noted.data.feature_names) if "<" in name]
    assert not [text for text in found if any(name in text for name in names)]


def test_journal_and_settings_are_tables(noted, page):
    cells = [text for text in page.texts if text.strip()]
    for field in SETTINGS:
        assert field.label in cells
    assert "7 to 21" in cells
    assert "learning rate from 0.1 to 0.01" in cells
    assert "batch norm from on to off" in cells
    assert "noise" not in cells
    assert "own data" in " ".join(cells)
