"""Every chart of a run on one HTML page that works without this program.

Text that a person wrote or uploaded is escaped, and a content security policy keeps the page from loading or running
anything that is not in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from html import escape
from typing import Any

import plotly.io
from plotly.offline import get_plotlyjs

from core.charts import Chart, charts_of, figure
from core.export import script
from core.runs.journal import gestures
from core.runs.run import Run
from core.settings.table import FIELDS, RunSpec

POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
CONFIG = {"displaylogo": False, "responsive": True}
HEIGHT = "340px"
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #31333F; background: #FFFFFF; max-width: 76rem;
       margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 0; }
html { overflow-y: scroll; }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(26rem, 100%), 1fr)); gap: 1.5rem; }
section { min-width: 0; break-inside: avoid; } p { margin: 0.2rem 0 0.4rem; } .hint { font-style: italic; }
table { border-collapse: collapse; margin: 0.5rem 0 1.5rem; }
th, td { text-align: left; vertical-align: top; padding: 0.15rem 1rem 0.15rem 0; border-bottom: 1px solid #DDDFE4; }
td { overflow-wrap: anywhere; white-space: pre-line; }
"""


def charts_html(run: Run) -> str:
    """The page: the run's title, its charts at the present step, its settings and its journal."""
    title = escape(script.title(run))
    charts = "\n".join(_section(run, chart) for chart in charts_of(run).values())
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{STYLE}</style>
<script>{get_plotlyjs()}</script>
</head>
<body>
<h1>{title}</h1>
<p>{escape(script.losses(run))}</p>
<main>
{charts}
</main>
{_table("What is fixed", ("", ""), _rows(_effective(run.spec)))}
{_table("Settings", ("", "at step 0", f"at step {run.step:,}"), _rows(asdict(run.start), asdict(run.settings)))}
{_table("Journal", ("step", "nudge", "note"), _entries(run)) if run.journal else ""}
</body>
</html>
"""


def _section(run: Run, chart: Chart[Run]) -> str:
    """A chart with its title and its summary."""
    drawn = plotly.io.to_html(
        figure(run, chart), CONFIG, full_html=False, include_plotlyjs=False, div_id=chart.name, default_height=HEIGHT
    )
    hint = chart.hint(run)
    said = f'<p class="hint">{escape(hint)}</p>\n' if hint else ""
    return f"<section>\n<h2>{escape(chart.title)}</h2>\n<p>{escape(chart.summary)}</p>\n{said}{drawn}\n</section>"


def _effective(spec: RunSpec) -> dict[str, Any]:
    """The fields of a spec that have an effect; noise, for example, has none on bundled data."""
    return {name: value for name, value in asdict(spec).items() if not FIELDS[name].idle(spec)}


def _rows(first: dict[str, Any], *others: dict[str, Any]) -> Iterable[tuple[str, ...]]:
    """Table rows: each field's label and its value in every dict."""
    for name, value in first.items():
        field = FIELDS[name]
        yield field.label, *(field.word(each) for each in (value, *(other[name] for other in others)))


def _entries(run: Run) -> Iterable[tuple[str, ...]]:
    """Table rows: steps, changes and note of each nudge, with a drag as one."""
    for made in gestures(run.journal):
        steps = f"{made.first:,}" if made.first == made.step else f"{made.first:,} to {made.step:,}"
        yield steps, made.words, run.journal[made.place].note


def _table(title: str, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    def row(cells: Iterable[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>\n"

    return f"<h2>{title}</h2>\n<table>\n{row(heads, 'th')}{''.join(row(cells, 'td') for cells in rows)}</table>"
