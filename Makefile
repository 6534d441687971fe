# Every target sets up what it needs and no more; `make setup` alone is enough for `.venv/bin/fascinet`.
# uv installs where it is present, else pip. What is installed is pinned in requirements/.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell uv --version > /dev/null 2>&1 && echo uv)
INSTALL := $(if $(UV),uv pip install --python $(BIN)/python,$(BIN)/python -m pip --disable-pip-version-check install)
ZIG := ziglang==0.16.0
CASE ?= tests/data/cases/packets/sh-033.json
PORT ?= 8501
# One more worker than processors, at most 5: tests of browsers wait half of their time.
CORES := $(shell getconf _NPROCESSORS_ONLN 2> /dev/null || echo 2)
WORKERS ?= -n $(shell n=$$(($(CORES) + 1)); echo $$((n > 5 ? 5 : n))) --dist loadfile --no-loadscope-reorder
CORE := setup.py pyproject.toml $(wildcard engine/core/*.h engine/core/*.cpp)
KNOWLEDGE := $(wildcard data/*.yaml data/*.csv data/*.bib data/causes/*.yaml model/*.py)

.PHONY: core sanitize wheels setup setup-test setup-docs setup-notebooks browser run test test-all lowest fuzz fuzz-engine mutants bench bench-dashboard docs lint notebooks screenshots diagnose clean

# One stamp for each set of packages, so that each is installed when first needed.
setup: $(VENV)/.stamp data/built/manifest.json
setup-test: setup $(VENV)/.stamp-test
setup-docs: setup $(VENV)/.stamp-docs
setup-notebooks: setup $(VENV)/.stamp-notebooks

$(BIN)/python:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { echo "fascinet needs Python 3.11 or newer; try make PYTHON=python3.12"; exit 1; }
	$(if $(UV),uv venv --seed --python $(PYTHON) $(VENV),$(PYTHON) -m venv $(VENV))

$(VENV)/.stamp-%: requirements/%.txt | $(BIN)/python
	@echo "fascinet: installing the packages of requirements/$*.txt with $(or $(UV),pip)"
	$(INSTALL) -r $<
	@touch $@

$(VENV)/.stamp: $(VENV)/.stamp-run $(CORE)
	command -v $${CXX:-c++} > /dev/null || $(INSTALL) $(ZIG) || true
	@echo "fascinet: compiling the core (about ten seconds)"
	$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

# The knowledge base, laid out for a quick start, and anew after a change to it.
data/built/manifest.json: $(KNOWLEDGE) | $(VENV)/.stamp
	$(BIN)/python -m fascinet.model.prebuild

# Compile the core anew after a change to it; a compiler that fails is an error here.
core:
	FASCINET_NEED_CORE=1 $(BIN)/python setup.py -q build_ext --inplace

# The core with bounds checks, AddressSanitizer and UBSan, under the engine's tests.
sanitize:
	FASCINET_NEED_CORE=1 FASCINET_CHECKED=1 $(BIN)/python setup.py -q build_ext --inplace
	sh tools/sanitize.sh $(BIN)/python -m pytest -q -x tests/engine

# Wheels of all kinds and the source archive, in dist/; compiled by zig, for other systems too.
wheels: setup
	$(INSTALL) $(ZIG) build
	$(BIN)/python tools/build_wheels.py

# Random networks against an oracle in logarithms: make fuzz-engine SECONDS=3600 SEED=7
fuzz-engine: setup-test
	$(BIN)/python -m tests.fuzz_engine --seconds $(or $(SECONDS),600) $(if $(SEED),--seed $(SEED))

browser: setup-test
	@sh tools/install_browser.sh

run: setup
	$(BIN)/fascinet dashboard --port $(PORT)

diagnose: setup
	$(BIN)/fascinet diagnose $(CASE)

test: setup-test browser
	$(BIN)/python -m pytest -m "not slow" -q $(WORKERS)

test-all: setup-test browser
	$(BIN)/python -m pytest -q $(WORKERS)

# The oldest packages that pyproject.toml allows, in an environment of their own, under the tests
# of the model, the engine and the command line. It needs uv, which can resolve to the lowest.
LOWEST := $(VENV)-lowest
OLD := -W ignore::DeprecationWarning -W ignore::FutureWarning -W ignore::ImportWarning
lowest: | $(BIN)/python
	uv venv --clear --python $(BIN)/python $(LOWEST)
	uv pip install --python $(LOWEST)/bin/python --resolution lowest-direct ".[dashboard,arrow,phenopackets]" pytest==9.2.0 hypothesis==6.170.15 "scipy>=1.11.3"
	$(LOWEST)/bin/python -m pytest -q $(OLD) -m "not slow and not browser" tests/model tests/cli tests/engine/test_engine.py

# Mutated files against every reader, for ten minutes: make fuzz SECONDS=60 SEED=7
SECONDS ?= 600
fuzz: setup-test
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

# Faults put into the formulas one by one, and the share that the tests find:
# make mutants COUNT=20 SEED=1
COUNT ?= 6
mutants: setup-test
	$(BIN)/python tools/mutants.py --count $(COUNT) $(if $(SEED),--seed $(SEED))

bench: setup-test
	$(BIN)/python -m benchmarks

bench-dashboard: setup-test browser
	$(BIN)/python -m benchmarks.dashboard

screenshots: setup-test browser
	$(BIN)/python -m tools.screenshots
	$(BIN)/python -m tools.screenshots_teaching

notebooks: setup-notebooks
	$(BIN)/jupyter lab notebooks

docs: setup-docs
	$(BIN)/python tools/build_docs.py

lint: setup-test
	$(BIN)/python tools/link_rooms.py
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright -p .rooms

clean:
	rm -rf .rooms data/built build dist site test-results *.egg-info
