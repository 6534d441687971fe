# Every target sets up what it needs; `make setup` alone is enough for `.venv/bin/fascinet`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CASE ?= tests/data/cases/packets/sh-033.json
PORT ?= 8501
WORKERS ?= -n logical --maxprocesses 4 --dist loadfile
STAMP := $(VENV)/.stamp

.PHONY: setup browser run test test-all fuzz mutants bench bench-dashboard docs lint notebooks screenshots diagnose clean

setup: $(STAMP)

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { echo "fascinet needs Python 3.11 or newer; try make PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	-$(BIN)/python -m fascinet.warm
	touch $@

browser: setup
	@sh tools/install_browser.sh

run: setup
	$(BIN)/fascinet dashboard --port $(PORT)

diagnose: setup
	$(BIN)/fascinet diagnose $(CASE)

test: setup browser
	$(BIN)/python -m pytest -m "not slow" -q $(WORKERS)

test-all: setup browser
	$(BIN)/python -m pytest -q $(WORKERS)

# Mutated files against every reader, for ten minutes: make fuzz SECONDS=60 SEED=7
SECONDS ?= 600
fuzz: setup
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

# Faults put into the formulas one by one, and the share that the tests find: make mutants COUNT=20
COUNT ?= 6
mutants: setup
	$(BIN)/python tools/mutants.py --count $(COUNT)

bench: setup
	$(BIN)/python -m benchmarks

bench-dashboard: setup browser
	$(BIN)/python -m benchmarks.dashboard

screenshots: setup browser
	$(BIN)/python tools/screenshots.py

notebooks: setup
	$(BIN)/jupyter lab notebooks

docs: setup
	$(BIN)/python tools/build_docs.py

lint: setup
	$(BIN)/python tools/link_rooms.py
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright -p .rooms

clean:
	rm -rf .rooms build dist site test-results *.egg-info
