PYTHON ?= python3
BIN = .venv/bin

.PHONY: run test check client bench

.venv/dev: requirements.txt requirements-dev.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -r requirements-dev.txt
	touch $@

run: .venv/dev
	$(BIN)/streamlit run app.py

test: .venv/dev
	$(BIN)/python -m pytest

check: .venv/dev client
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

# The browser's modules; without Node they are not checked here, but CI checks them.
client:
	@if command -v npm >/dev/null; then npm ci --no-audit --no-fund && npm run check; \
	else echo "NOT CHECKED: the browser's modules, as there is no Node (npm) here."; fi

bench: .venv/dev
	$(BIN)/pip install -q -r requirements-bench.txt
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.caviar
	$(BIN)/python -m benchmarks.live
