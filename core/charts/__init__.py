"""The charts of a run, one a file, and their registry `CHARTS`, in the order in which the page offers them."""

from __future__ import annotations

from core.charts import (
    activations,
    confusion,
    decision_map,
    gradients,
    histograms,
    loss,
    mean_output,
    mistakes,
    network,
    outputs,
    scale_shift,
    seed_test,
    statistics,
    weight_path,
    z,
)
from core.charts.chart import Chart, figure
from core.runs.run import Run

DEFAULTS = 4

CHARTS: dict[str, Chart[Run]] = {
    module.CHART.name: module.CHART
    for module in (
        loss,
        activations,
        outputs,
        decision_map,
        confusion,
        network,
        histograms,
        z,
        statistics,
        scale_shift,
        mean_output,
        mistakes,
        gradients,
        weight_path,
        seed_test,
    )
}


def charts_of(run: Run) -> dict[str, Chart[Run]]:
    """The charts that apply to a run, in order."""
    return {name: chart for name, chart in CHARTS.items() if chart.applies(run)}


def default_charts(run: Run) -> list[str]:
    """The names of the charts that a page shows first."""
    return list(charts_of(run))[:DEFAULTS]


__all__ = ["CHARTS", "Chart", "charts_of", "default_charts", "figure"]
