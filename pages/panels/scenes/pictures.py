"""All scenes in a row, each as a small picture of a real run; a click opens one."""

from __future__ import annotations

import streamlit as st

from core.scenes.registry import SCENES
from core.scenes.scene import Scene
from core.search.search import Search
from core.sessions.search_registry import SEARCH_SESSIONS
from pages.common.current_run import open_scene
from pages.common.identity import owner_token
from pages.live.server.assets import address

PANDA, CAVIAR = "panda.py", "caviar.py"
STYLE = """<style>
.st-key-scenes { flex-wrap: nowrap; gap: 0.5rem; overflow-x: auto; padding: 2px 2px 4px; scrollbar-width: thin }
.st-key-scenes > * { flex: 1 0 6.1rem; width: auto !important }
.st-key-scenes button {
  width: 100%; height: 4.6rem; padding: 0 0.2rem 0.1rem; align-items: flex-end; overflow: hidden;
  background: no-repeat top center / 100% 3.2rem;
}
.st-key-scenes button p { font-size: 0.75rem; line-height: 1.2; white-space: nowrap }
.st-key-scene { min-height: 4.1rem; gap: 0.25rem 0.75rem; margin-block: -0.5rem }
.st-key-scene-words [data-testid="stMarkdownContainer"] { margin: 0 }
.st-key-scene-words p { margin: 0; line-height: 1.4; font-size: 0.9375rem }
.st-key-scene-words .panda-words { min-height: 1.25rem; font-size: 0.8125rem }
@media (max-width: 640px) {
  .st-key-scene > :first-child { flex: 1 1 100% !important }
  .st-key-scene { margin-block: -0.5rem -0.25rem }
  .st-key-scene-words [data-testid="stMarkdownContainer"] { display: grid; align-items: start }
  .st-key-scene-words p, .st-key-scene-words [data-testid="stMarkdownContainer"]::after {
    grid-area: 1 / 1; font-size: 0.875rem; line-height: 1.35
  }
  .st-key-scene-twin, .st-key-words-scene { display: block !important; height: 1.25rem } /* also when it is empty */
  .st-key-words-scene { height: 2.5rem }
  .st-key-scene-twin .panda-words {
    font-size: 0.6875rem; line-height: 1.25rem; white-space: nowrap; overflow: hidden; text-overflow: ellipsis
  }
  .st-key-scene button { padding-inline: 0.5rem }
}
"""


def all_scenes(now: Scene) -> None:
    """The row of pictures, with a frame around that of the present scene."""
    rules = [f'.st-key-open-{key} button {{ background-image: url("{picture(key)}") }}' for key in SCENES]
    rules.append(f".st-key-open-{now.key} button {{ outline: 2px solid var(--st-primary-color, #0072B2) }}")
    rules.append(room_for(max(now.sentence, now.seen, key=len), now.title))
    st.html(STYLE + "\n".join(rules) + "</style>")
    with st.container(key="scenes", horizontal=True, gap="small"):
        for key, scene in SCENES.items():
            if st.button(scene.short, key=f"open-{key}"):
                go_to(scene)


def room_for(longer: str, title: str) -> str:
    """A rule that keeps the room of the longer of a scene's two texts on a phone, so that its buttons stay in place."""
    text = f"{title}. {longer}".translate({ord("\\"): r"\\", ord('"'): r"\"", ord("<"): r"\3c "})
    after = (
        f'.st-key-scene-words [data-testid="stMarkdownContainer"]::after {{ content: "{text}"; visibility: hidden }}'
    )
    return f"@media (max-width: 640px) {{ {after} }}"


def picture(key: str) -> str:
    """The address of a scene's picture, relative to every page."""
    return address(f"scene-{key}.webp")


def go_to(scene: Scene) -> None:
    """Open a scene: a run of it on Panda, or its race on Caviar. The address is that of the run or the search at once,
    because each change of it is a press of the browser's Back."""
    if scene.race:
        search = SEARCH_SESSIONS.open(Search(scene.race), owner_token())
        st.switch_page(CAVIAR, query_params={"search": search.token})
    st.switch_page(PANDA, query_params={"run": open_scene(scene).token})
