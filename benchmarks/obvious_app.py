"""The obvious way to show a run that trains: full plotly figures in a fragment that runs again ten times a second.

The same run, charts and training slice as the live page, for `python benchmarks/live.py --obvious`. The title of each
figure names the step, the learning rate, and what making and sending the figures cost in the fragment before.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402

from core.charts import CHARTS, default_charts, figure  # noqa: E402
from core.runs.run import Run  # noqa: E402
from pages.live.server.frames import SLICE_SECONDS  # noqa: E402

EVERY = 0.1  # seconds
STEPS = {"10 steps": 10, "flat out": 1 << 40}

st.set_page_config(layout="wide")


def train(run: Run, steps: int) -> None:
    """As many steps as are asked for and fit into a slice."""
    deadline = time.perf_counter() + SLICE_SECONDS
    run.advance(steps, lambda: time.perf_counter() >= deadline, at_once=10)


@st.fragment(run_every=EVERY)
def charts(steps: int) -> None:
    """A slice of training, and the four charts."""
    run = st.session_state.run
    train(run, steps)
    trained = time.perf_counter()
    title = f"step {run.step} alpha {run.settings.learning_rate:.3f} ms {st.session_state.get('cost', 0):.1f}"
    columns = st.columns(2)
    for i, name in enumerate(default_charts(run)):
        shown = figure(run, CHARTS[name]).update_layout(title=title, height=280)
        columns[i % 2].plotly_chart(shown, key=name)
    st.session_state.cost = 1000 * (time.perf_counter() - trained)


run = st.session_state.setdefault("run", Run())
alpha = st.slider("alpha", 0.001, 0.3, 0.1, step=0.001, format="%.3f")
run.nudge(learning_rate=alpha)
pace = st.radio("Speed", list(STEPS), horizontal=True)
charts(STEPS[pace])
