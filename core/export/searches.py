"""Exports of one generation of a search: their registry `SEARCH_EXPORTS`, in the order of the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.export.optuna_study import missing, optuna_study
from core.export.search_tables import search_csv, search_json
from core.search.search import Search


@dataclass(frozen=True)
class SearchExport:
    """A row of `SEARCH_EXPORTS`: `make(search)` returns the bytes of a file; `missing()` says why it cannot, or ""."""

    label: str
    ending: str
    media_type: str
    make: Callable[[Search], bytes]
    missing: Callable[[], str] = str

    def file_name(self, search: Search) -> str:
        """Such as "panda-search-spiral.csv"."""
        return f"panda-search-{search.plan.space.spec.dataset[:20]}{self.ending}"


SEARCH_EXPORTS: dict[str, SearchExport] = {
    "csv": SearchExport("Models (CSV)", ".csv", "text/csv", lambda search: search_csv(search).encode()),
    "json": SearchExport("Search (JSON)", ".json", "application/json", lambda search: search_json(search).encode()),
    "optuna": SearchExport("Optuna study (SQLite)", "-optuna.db", "application/vnd.sqlite3", optuna_study, missing),
}
