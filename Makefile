# Everything runs from an environment of its own in .venv; a machine needs Python 3.11 to 3.13 and nothing else.
# Another interpreter: make run PYTHON=python3.13

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# One more than processors: a test that waits for its server to stop leaves its processor to another one.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')

.DEFAULT_GOAL := help

.PHONY: help
help: ## Say what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(READY): requirements.txt requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else "Python 3.11 to 3.13 is needed, %s is " + ".".join(map(str, v)) + ". Name another one: make PYTHON=python3.13" % sys.executable)'
	@echo "Making the environment in $(VENV) (once, about a minute)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(READY)

.PHONY: setup
setup: $(READY) ## Make the environment, if it is missing or out of date

.PHONY: run
run: $(READY) ## The main job on sample data, then serve it on port 7071
	@$(BIN)/townepark demo
	@$(BIN)/townepark serve

.PHONY: test
test: $(READY) ## All tests
	@$(BIN)/python -m pytest -n $(WORKERS)

.PHONY: lint
lint: $(READY) ## Format, style, types and layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

.PHONY: bench
bench: $(READY) ## Speed and memory, as ratios to a baseline of the same run
	@$(BIN)/python -m tests.benchmarks

.PHONY: faults
faults: $(READY) ## Kill hosts and broker while clients save; nothing may be lost
	@$(BIN)/python -m tests.faults
	@$(BIN)/python -m tests.faults --broker --kills 30

.PHONY: fuzz
fuzz: $(READY) ## Thousands of requests made from the OpenAPI document, each answer checked against it
	@$(BIN)/python -m tests.conformance.fuzz

.PHONY: pins
pins: $(READY) ## Pin the requirements anew from pyproject.toml
	@$(BIN)/python -m tests.support.pins

.PHONY: clean
clean: ## Remove the environment, the caches and the demo's databases
	@rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
	@rm -f forecasting.db forecasting.db-shm forecasting.db-wal forecasting.signing-key.pem warehouse.db warehouse.db-shm warehouse.db-wal
