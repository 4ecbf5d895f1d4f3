"""Draws the small picture of each scene from a real run: `python -m scripts.scene_pictures`, with Chromium.

Each is a chart of the scene's run at its horizon, with the nudge and its twin, without axes and text, on a transparent
ground for both themes. Pillow, which comes with Streamlit, packs it as WebP.
"""

from __future__ import annotations

import io
import shutil
from typing import Any

import plotly.graph_objects as go
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from core.charts import CHARTS, figure
from core.charts.searches import SEARCH_CHARTS
from core.scenes.registry import SCENES
from core.scenes.scene import Scene
from core.search.search import Search
from core.search.view import SearchView
from pages.live.server.assets import CLIENT, PLOTLY

WIDTH, HEIGHT, SCALE = 112, 54, 2
SHOWN = {
    "spiral": "decision_map",
    "momentum": "weight_path",
    "digits": "confusion",
    "overfitting": "decision_map",
    "batch_norm": "gradients",
    "race": "curves",
}  # the chart of a scene; "loss" of the others
LOGARITHMIC = ("loss",)
DRAW = """([data, layout]) => Plotly.newPlot("plot", data, layout, { staticPlot: true, displayModeBar: false })"""


def chart_of(scene: Scene) -> go.Figure:
    """The scene's chart, from its run at the horizon."""
    name = SHOWN.get(scene.key, "loss")
    if scene.race:
        search = Search(scene.race)
        search.advance(lambda: False)
        return figure(SearchView(search, None, ("learning_rate", "beta1")), SEARCH_CHARTS[name])
    run = scene.run()
    run.advance(scene.try_at - run.step)
    run.twins = True
    if scene.key != "spiral":  # which shows what is learned without it
        run.nudge(**scene.nudge)
    run.advance(scene.horizon)
    return figure(run, CHARTS[name])


def bare(whole: go.Figure, name: str) -> dict[str, Any]:
    """The chart without axes and text."""
    whole.update_layout(margin={"l": 2, "r": 2, "t": 2, "b": 2}, annotations=[], width=WIDTH, height=HEIGHT)
    whole.update_xaxes(visible=False)
    whole.update_yaxes(visible=False)
    if name in LOGARITHMIC:
        whole.update_yaxes(type="log")
    whole.update_traces(marker_size=4, selector=lambda trace: trace.type == "scatter")
    whole.update_traces(marker_line_width=0, selector=lambda trace: trace.type == "scatter")
    kept = [trace for trace in whole.data if getattr(trace, "mode", None) != "text"]
    return {"data": [trace.to_plotly_json() for trace in kept], "layout": whole.layout.to_plotly_json()}


def picture(page: Page, scene: Scene) -> bytes:
    """The picture of a scene as WebP."""
    drawn = go.Figure(bare(chart_of(scene), SHOWN.get(scene.key, "loss"))).to_json()
    page.set_content('<body style="margin:0;background:transparent"><div id="plot"></div></body>')
    page.add_script_tag(path=str(PLOTLY))
    page.evaluate("async (text) => { const f = JSON.parse(text); await (" + DRAW + ")([f.data, f.layout]) }", drawn)
    png = page.screenshot(omit_background=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT})
    packed = io.BytesIO()
    Image.open(io.BytesIO(png)).save(packed, "WEBP", quality=80, method=6)
    return packed.getvalue()


def main() -> None:
    """Draw all of them, and print how large they are together."""
    total = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SCALE)
        for key, scene in SCENES.items():
            packed = picture(page, scene)
            total += len(packed)
            (CLIENT / "scenes" / f"scene-{key}.webp").write_bytes(packed)
        browser.close()
    print(f"{len(SCENES)} pictures, {total / 1024:.1f} KB")


if __name__ == "__main__":
    main()
