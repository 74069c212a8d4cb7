# The only commands anyone needs to know. Each makes the environment it needs.
.DEFAULT_GOAL := help
.PHONY: help eol validation regulatory test faults faults/all faults/write power-cuts fuzz hostile-bytes check lint types contracts format benchmarks oracles notebook panel/pictures lock clean

PYTHON ?= python3
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
READY := .venv/.ready
NOTEBOOK_BIN := $(subst .venv/,.venv-notebook/,$(BIN))
ORACLES := .venv-oracles
ORACLES_READY := $(ORACLES)/.ready

# Runs are processes of their own; without compiled files each of them would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

help:  ## Show this help.
	@grep -hE '^[a-z/-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3 …" >&2; exit 3; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

eol: $(READY)  ## Run the end-of-line plan on one simulated pen and print the result.
	@$(BIN)/rig run eol

# The longest first: two at a time are done soonest.
PLANS := wear peel sharpness penetration load battery

validation: $(READY)  ## Run every validation plan on simulated pens, two at a time.
	@$(MAKE) --no-print-directory --keep-going --jobs=2 $(PLANS:%=validation/%)

validation/%: $(READY)
	@out=$$($(BIN)/rig run $@ 2>&1); status=$$?; printf '%s\n\n' "$$out"; exit $$status

# So many pens without a failure show with 95 % confidence that 95 % of pens conform. Fewer are quicker: make regulatory PENS=5.
PENS ?= 59
LOT ?= DV-$(PENS)

regulatory: $(READY)  ## Verify the design on a lot of simulated, aged pens, and print what the lot shows.
	@status=0; $(BIN)/rig lot run regulatory --lot $(LOT) --pens $(PENS) --population pilot-lot --jobs 2 || status=$$?; \
	$(BIN)/rig matrix --lot $(LOT); exit $$status

test: $(READY)  ## Run every test of this software.
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

MINUTES ?= 30

faults: $(READY)  ## Try every fault in every phase of the end-of-line run, and print how each run ended.
	$(BIN)/python docs/make_fault_matrix.py --minutes $(MINUTES)

faults/all: $(READY)  ## The same, each fault of the wire with every instrument.
	$(BIN)/python docs/make_fault_matrix.py --every-role

faults/write: $(READY)  ## As faults, and write docs/fault-matrix.md.
	$(BIN)/python docs/make_fault_matrix.py --write

power-cuts: $(READY)  ## Cut 10,000 write-backs at any byte: the long version of that test.
	POWER_CUTS=10000 $(BIN)/python -m pytest -q -s tests/rig/procedures/test_write_back_cuts.py

fuzz: $(READY)  ## Look for new examples that break the properties: the long version of the property tests.
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest --numprocesses 2 tests/calibration tests/rig/twin tests/rig/records tests/rig/instruments

hostile-bytes: $(READY)  ## Search for bytes from outside that break a parser, guided by coverage.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r benchmarks/fuzz.txt
	$(BIN)/python -m benchmarks.fuzz --seconds 30

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

# Programs of others, to compare with: in an environment of their own, so that nothing here can come to need them.
$(ORACLES_READY): requirements.lock pyproject.toml benchmarks/oracles.txt
	$(PYTHON) -m venv $(ORACLES)
	$(ORACLES)/$(notdir $(BIN))/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements.lock
	$(ORACLES)/$(notdir $(BIN))/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock -r benchmarks/oracles.txt
	$(ORACLES)/$(notdir $(BIN))/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

oracles: $(ORACLES_READY)  ## Compare speed and answers with programs of others (benchmarks/oracles.txt).
	$(ORACLES)/$(notdir $(BIN))/python -m benchmarks --only oracles

notebook: requirements.lock docs/notebook-requirements.txt  ## Make docs/study.ipynb anew, in an environment of its own.
	$(PYTHON) -m venv .venv-notebook
	$(NOTEBOOK_BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements.lock -r docs/notebook-requirements.txt
	$(NOTEBOOK_BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(NOTEBOOK_BIN)/python docs/make_notebook.py

lock: $(READY)  ## Renew the pinned versions (needs uv).
	uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url --extra dev --extra studies --extra evidence --extra panel pyproject.toml --output-file requirements.lock

panel/pictures: $(READY)  ## Make docs/pictures/panel-*.png anew (needs chromium).
	$(BIN)/python docs/make_panel_pictures.py

clean:  ## Remove the environment and caches; records stay.
	rm -rf .venv .venv-notebook .venv-oracles .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
