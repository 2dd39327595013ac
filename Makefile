# `make demo` and `make test` do all the set-up on a fresh machine.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test lint weights wheel clean help

help:
	@echo "make demo         build the example site and open it (ONCE=1: one recommendation in the shell)"
	@echo "make test         lint, types and all tests"
	@echo "make lint         ruff and mypy"
	@echo "make wheel        build the wheel into dist/"
	@echo "make clean        remove the virtual environment and caches of this checkout"

# torch comes first and alone: resolved together with the rest, another build of it may be chosen.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "brewlite needs Python 3.11 or newer: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $(READY)

demo: $(READY)
	$(BIN)/brewlite demo $(if $(ONCE),--once)

weights: $(READY)
	$(BIN)/brewlite models pull

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint weights
	$(BIN)/pytest -W error

wheel: $(READY)
	$(BIN)/python -m build

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
