# Every target sets up what it needs; `make setup` alone is enough for `.venv/bin/fascinet`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
ZIG := ziglang==0.16.0
CASE ?= tests/data/cases/packets/sh-033.json
PORT ?= 8501
WORKERS ?= -n logical --maxprocesses 4 --dist loadfile
STAMP := $(VENV)/.stamp

.PHONY: core sanitize wheels fuzz-engine setup browser run test test-all bench bench-dashboard docs lint notebooks screenshots diagnose clean

setup: $(STAMP)

$(STAMP): requirements.txt pyproject.toml setup.py $(wildcard engine/core/*.h engine/core/*.cpp)
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { echo "fascinet needs Python 3.11 or newer; try make PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet -r requirements.txt
	command -v $${CXX:-c++} > /dev/null || $(PIP) install --quiet $(ZIG) || true
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	touch $@

# Compile the core anew after a change to it; a compiler that fails is an error here.
core:
	FASCINET_NEED_CORE=1 $(BIN)/python setup.py -q build_ext --inplace

# The core with bounds checks, AddressSanitizer and UBSan, under the engine's tests.
sanitize:
	FASCINET_NEED_CORE=1 FASCINET_CHECKED=1 $(BIN)/python setup.py -q build_ext --inplace
	sh tools/sanitize.sh $(BIN)/python -m pytest -q -x tests/engine

# Wheels of all kinds and the source archive, in dist/; compiled by zig, for other systems too.
wheels: setup
	$(PIP) install --quiet $(ZIG) build
	$(BIN)/python tools/build_wheels.py

# Random networks against an oracle in logarithms: make fuzz-engine SECONDS=3600 SEED=7
fuzz-engine: setup
	$(BIN)/python -m tests.fuzz_engine --seconds $(or $(SECONDS),600) $(if $(SEED),--seed $(SEED))

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
