"""The frame of all pages: title, width, style and navigation. `app.py` serves this script."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.errors import UserError
from pages.common.sentences import say, say_store_trouble

HERE = Path(__file__).parent

st.set_page_config(page_icon="🐼", layout="wide", initial_sidebar_state="collapsed")

PAGES = [
    st.Page(HERE / "panda.py", title="Panda", icon=":material/monitor_heart:", default=True),
    st.Page(HERE / "caviar.py", title="Caviar", icon=":material/bubble_chart:", url_path="caviar"),
    st.Page(HERE / "scales.py", title="Scales", icon=":material/straighten:", url_path="scales"),
    st.Page(HERE / "batch_norm.py", title="Batch norm", icon=":material/equalizer:", url_path="batch_norm"),
    st.Page(HERE / "softmax.py", title="Softmax", icon=":material/bar_chart:", url_path="softmax"),
    st.Page(HERE / "runs.py", title="Runs", icon=":material/list:", url_path="runs"),
    st.Page(HERE / "settings.py", title="Settings", icon=":material/tune:", url_path="settings"),
]

STYLE = """<style>
.stMainBlockContainer { padding: 4.25rem clamp(1rem, 3vw, 3rem) 3rem } /* less air around */
[data-testid="stCaptionContainer"] { font-size: 0.75rem; color: inherit; opacity: 0.76 } /* as the dials have it */
[data-testid="stToastContainer"] { inset: auto 1rem 1rem auto !important } /* away from the bar's numbers */
@media (prefers-reduced-motion: reduce) {
  .stApp *, .stApp ::before, .stApp ::after {
    animation-duration: 1ms !important; transition-duration: 1ms !important
  }
  .stApp { scroll-behavior: auto !important }
}
</style>"""

st.html(STYLE)
page = st.navigation(PAGES, position="top")
st.set_page_config(page_title=page.title if page.title == "Panda" else f"{page.title} · Panda")
try:
    say_store_trouble()
    page.run()
except UserError as error:
    say(error)
