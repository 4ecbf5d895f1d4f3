"""A small picture of a chart's line i, for a table beside the chart: its colour, its dash and its marker."""

from __future__ import annotations

from urllib.parse import quote

from core.charts.palette import GLYPHS, colour, dash, symbol

STROKES = {  # pixels of ink and gap
    "solid": "none",
    "dash": "6 3",
    "dashdot": "6 3 1.5 3",
    "longdash": "10 4",
    "longdashdot": "10 4 2 4",
}
WIDTH, HEIGHT = 44, 20


def swatch(i: int) -> str:
    """The picture as a data address with SVG."""
    ink, middle = colour(i), HEIGHT / 2
    style = f'stroke="{ink}" stroke-width="2.5" stroke-dasharray="{STROKES[dash(i)]}"'
    line = f'<line x1="1" x2="{WIDTH - 12}" y1="{middle}" y2="{middle}" {style}/>'
    end = f'<text x="{WIDTH - 7}" y="{middle + 4.5}" font-size="13" text-anchor="middle" fill="{ink}">'
    box = f'xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return f"data:image/svg+xml,{quote(f'<svg {box}>{line}{end}{GLYPHS[symbol(i)]}</text></svg>')}"
