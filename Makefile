# Everything runs from .venv, which these commands make from the locks. Needs: Python >= 3.11 with venv, and make.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test check format openapi bench chaos payloads screenshots lock

PYTHON := .venv/bin/python
# Not compiled ahead: most modules of the large libraries are never imported, and those that are compile once.
PIP := $(PYTHON) -m pip --disable-pip-version-check --no-input install --quiet --quiet --no-compile --require-hashes
RUNTIME := .venv/.installed
DEV := .venv/.installed-dev

# For commands that import the settings but need no server and may leave nothing behind.
OFFLINE := SECRET_KEY=only-for-checks-only-for-checks-only-for-checks-0000 TOCSIN_DB_POOL=0 TOCSIN_DATA_DIR=.venv/no-data \
	DATABASE_URL=postgresql://nobody@127.0.0.1:1/none PYTHONWARNINGS=ignore
LOCK := .venv/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --no-emit-find-links

# make test ARGS="tests/oncall -k rotation"; PROCESSES=0 runs them in one process, where a debugger works.
PROCESSES ?= auto
ARGS ?=

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUNTIME) ## Set up what is missing and run Tocsin here (PORT=8000); Ctrl-C stops it
	@exec $(PYTHON) manage.py up

test: $(DEV) ## Run all tests on throw-away servers; ARGS="..." goes to pytest
	$(PYTHON) -m pytest -n $(PROCESSES) --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(DEV) ## Style, types, import contracts, migrations, OpenAPI, links of the docs
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	$(OFFLINE) .venv/bin/mypy .
	.venv/bin/lint-imports
	$(OFFLINE) $(PYTHON) manage.py makemigrations --check --dry-run
	$(OFFLINE) $(PYTHON) manage.py spectacular --validate --fail-on-warn --file .venv/openapi.yaml
	diff -u docs/reference/openapi.yaml .venv/openapi.yaml || { echo "The API has changed: run 'make openapi'." >&2; exit 1; }
	$(OFFLINE) $(PYTHON) manage.py reference --check
	$(PYTHON) docs/check.py

format: $(DEV) ## Let ruff mend what it can
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

openapi: $(DEV) ## Write the pages of docs/reference anew from the code
	@mkdir -p docs/reference
	$(OFFLINE) $(PYTHON) manage.py spectacular --validate --fail-on-warn --file docs/reference/openapi.yaml
	$(OFFLINE) $(PYTHON) manage.py reference

bench: $(DEV) ## Measure throughput, latency and lateness on real processes
	$(PYTHON) -m bench $(ARGS)

chaos: $(DEV) ## Kill processes at every failpoint, fifty times, and count lost pages
	$(PYTHON) -m tests.chaos $(ARGS)

screenshots: $(DEV) ## Take the pictures of docs/img anew; needs Chromium
	$(PYTHON) -m tests.ui.screenshots

payloads: $(DEV) ## Send the payloads of DIR through the door and compare with its INDEX.tsv
	$(PYTHON) -m tests.payloads $(DIR)

lock: $(DEV) ## Resolve the dependencies of pyproject.toml anew into both locks
	$(LOCK) --upgrade --output-file requirements.lock
	$(LOCK) --upgrade --group dev --constraint requirements.lock --output-file requirements-dev.lock

$(PYTHON):
	@for python in "$${PYTHON3:-python3}" python3.13 python3.12 python3.11; do \
	  if "$$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    exec "$$python" -m venv .venv; \
	  fi; \
	done; \
	echo "Python 3.11 or newer with venv is needed (Debian and Ubuntu: apt install python3-venv)." >&2; exit 1

$(RUNTIME): requirements.lock | $(PYTHON)
	@echo "Installing what requirements.lock names (about a minute, once) ..."
	@$(PIP) -r requirements.lock
	@touch $@

# A superset of the runtime, at the same versions.
$(DEV): requirements-dev.lock requirements.lock | $(PYTHON)
	@echo "Installing what requirements-dev.lock names (about a minute, once) ..."
	@$(PIP) -r requirements-dev.lock
	@touch $(RUNTIME) $@
