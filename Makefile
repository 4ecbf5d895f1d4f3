PYTHON ?= python3
BIN = .venv/bin

.PHONY: run test check bench

.venv/dev: requirements.txt requirements-dev.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -r requirements-dev.txt
	touch $@

run: .venv/dev
	$(BIN)/streamlit run app.py

test: .venv/dev
	$(BIN)/python -m pytest

check: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest

bench: .venv/dev
	$(BIN)/pip install -q -r requirements-bench.txt
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.caviar
	$(BIN)/python -m benchmarks.live
