"""The charts of a search, one a file, and `SEARCH_CHARTS`, the registry of them."""

from __future__ import annotations

from core.charts.chart import Chart
from core.charts.searches import contest, curves, parallel, scatter, versus

MODULES = (contest, curves, scatter, parallel, versus)
SEARCH_CHARTS: dict[str, Chart] = {module.CHART.name: module.CHART for module in MODULES}

__all__ = ["SEARCH_CHARTS"]
