# The only commands anyone needs to know. Each makes the environment it needs.
.DEFAULT_GOAL := help
.PHONY: help eol test fuzz check lint types contracts format benchmarks lock clean

PYTHON ?= python3
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
READY := .venv/.ready

# Runs are processes of their own; without compiled files each of them would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

help:  ## Show this help.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3 …" >&2; exit 3; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

eol: $(READY)  ## Run the end-of-line plan on one simulated pen and print the result.
	@$(BIN)/rig run eol

test: $(READY)  ## Run every test of this software.
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

fuzz: $(READY)  ## Look for new examples that break the properties: the long version of the property tests.
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest --numprocesses 2 tests/calibration tests/rig/twin tests/rig/records tests/rig/instruments

check: lint types contracts test  ## What CI runs.

lint: $(READY)  ## Check style and format.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)  ## Check types.
	$(BIN)/mypy

contracts: $(READY)  ## Check which way the imports point.
	$(BIN)/lint-imports

format: $(READY)  ## Put the code into its format.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmarks: $(READY)  ## Measure speed and print the figures kept in docs/benchmarks.md.
	$(BIN)/python -m benchmarks

lock: $(READY)  ## Renew the pinned versions (needs uv).
	uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url --extra dev --extra studies pyproject.toml --output-file requirements.lock

clean:  ## Remove the environment and caches; records stay.
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
