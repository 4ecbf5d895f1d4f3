"""The charts of a search, one a file, and `SEARCH_CHARTS`, the registry of them."""

from __future__ import annotations

from core.charts.chart import Chart
from core.charts.searches import curves, parallel, random_beside_grid, random_vs_grid, scatter
from core.search.view import SearchView

MODULES = (random_vs_grid, curves, scatter, parallel, random_beside_grid)
SEARCH_CHARTS: dict[str, Chart[SearchView]] = {module.CHART.name: module.CHART for module in MODULES}

__all__ = ["SEARCH_CHARTS"]
