"""What to watch in a scene, and the buttons that try its nudge, go back, and go on to the next scene."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from core.scenes.registry import SCENES, beside
from core.scenes.scene import Scene
from core.sessions.commands import Add, KeepTwins, Nudge, Play, Read, Undo
from core.sessions.run_session import RunSession
from core.sessions.search_session import SearchSession
from pages.common.sentences import callback, panel
from pages.live.server import component
from pages.panels.scenes.pictures import go_to

TRY = "Makes this change, keeps a twin without it (dotted in the charts), and plays."
BACK = "Back to the step before the nudge, without it."


@panel
def run_strip(opened: RunSession, scene: Scene) -> None:
    """The strip of a scene that is a run."""
    run = opened.shown
    tried = scene.tried(run.settings)
    with st.container(key="scene", horizontal=True, vertical_alignment="center"):
        with st.container(key="scene-words", gap=None, width="stretch"):
            st.markdown(f"**{scene.title}.** {scene.seen if tried else scene.sentence}")
            component.words(opened, "twin", watch={"tried": tried}, key="scene-twin")
        if not tried:
            st.button(f"Try this: {scene.action}", type="primary", help=TRY, on_click=try_nudge, args=(opened, scene))
        elif run.journal:
            st.button("Undo", icon=":material/undo:", help=BACK, on_click=go_back, args=(opened,))
        _neighbours(scene, tried)


@panel
def race_strip(opened: SearchSession, scene: Scene) -> None:
    """The strip of a scene that is a race. Its button zooms once the first models are done."""
    tried, done = len(opened.generations) > 1, opened.search.done
    with st.container(key="scene", horizontal=True, vertical_alignment="center"):
        with st.container(key="scene-words", gap=None, width="stretch"):
            st.markdown(f"**{scene.title}.** {scene.seen if tried else scene.sentence}")
            component.words(opened, "scene", watch={"generations": len(opened.generations), "done": done})
        if not tried:
            label = f"Try this: {scene.action}"
            st.button(label, type="primary", disabled=not done, on_click=zoom, args=(opened,))
        _neighbours(scene, tried)


def _neighbours(scene: Scene, tried: bool) -> None:
    """Buttons to the scene before and the scene after this one."""
    before, after = beside(scene, -1), beside(scene, 1)
    if st.button("Back", key="scene-back", icon=":material/chevron_left:", disabled=not before):
        go_to(before or scene)
    kind: Literal["primary", "secondary"] = "primary" if tried else "secondary"
    right = ":material/chevron_right:"
    if st.button("Next", key="scene-next", type=kind, icon=right, icon_position="right", disabled=not after):
        go_to(after or scene)


@callback
def try_nudge(opened: RunSession, scene: Scene) -> None:
    """Make the scene's nudge, with a twin, and play."""
    if not opened.run.twins:
        opened.do(KeepTwins(True))
    opened.do(Nudge(dict(scene.nudge)))
    opened.do(Play())


@callback
def go_back(opened: RunSession) -> None:
    """Undo the last nudge."""
    opened.do(Undo())


@callback
def zoom(opened: SearchSession) -> None:
    """Search again near the best models."""
    opened.do(Add(opened.do(Read(SearchSession.finer))))


def race_of(opened: SearchSession) -> Scene | None:
    """The scene whose race a search began with; None for another search."""
    plan = opened.generations[0].plan
    return next((scene for scene in SCENES.values() if scene.race == plan), None)
