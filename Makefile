# Every target creates the environment it needs from nothing but Python 3.11 or newer.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RUN_ENV := $(VENV)/.run-installed
DEV_ENV := $(VENV)/.dev-installed
DOCS_ENV := $(VENV)/.docs-installed
export JAX_COMPILATION_CACHE_DIR ?= $(CURDIR)/.cache/jax
export PIP_DISABLE_PIP_VERSION_CHECK := 1
WORKERS ?= auto
ARGS ?=

.PHONY: run test lint verify bench reproduce docs notebooks lock clean help
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

run: $(RUN_ENV)  ## reproduce a paper on real data (about 3 minutes)
	$(BIN)/qjax run qhe-digits $(ARGS)

test: $(DEV_ENV) lint  ## lint, then every test
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

lint: $(DEV_ENV)  ## ruff, pyright; the import direction is a test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/python -m pytest -q tests/test_imports.py

verify: $(DEV_ENV)  ## the full counts behind the samples in `make test`, with every referee
	$(BIN)/python -m benchmarks.environments qasm mqt pennylane quimb
	$(BIN)/python -m pytest -n $(WORKERS) -m verify --run-verify $(ARGS)

bench: $(DEV_ENV)  ## benchmarks against peers; one suite: make bench ARGS="--suite w1"
	$(BIN)/python -m benchmarks $(ARGS)

reproduce: $(RUN_ENV)  ## every experiment at full size
	$(BIN)/qjax run all $(ARGS)

docs: $(DOCS_ENV)  ## build the documentation into docs/_build/html
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html

notebooks: $(DOCS_ENV)  ## write notebooks/*.md as executed .ipynb files beside them
	$(BIN)/jupytext --to ipynb notebooks/*.md
	$(BIN)/jupyter-execute --inplace notebooks/*.ipynb

lock: $(DEV_ENV)  ## resolve the version ranges of pyproject.toml anew
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --no-header --no-annotate \
		--python-version 3.11 pyproject.toml --extra build -o requirements/run.txt
	$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --no-header --no-annotate \
		--python-version 3.11 pyproject.toml --extra build --extra dev -c requirements/run.txt -o requirements/dev.txt

clean:  ## remove the environment and every cache
	rm -rf $(VENV) .cache .pytest_cache .ruff_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "qjax needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUN_ENV): requirements/run.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(DEV_ENV): requirements/dev.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@ $(RUN_ENV)

$(DOCS_ENV): pyproject.toml | $(DEV_ENV)
	$(BIN)/python -m pip install --quiet --no-build-isolation -e '.[docs]'
	@touch $@
