# `make demo` and `make test` set up all they need themselves: system packages (through apt, as root),
# a virtual environment in .venv, and the machines of the lab.

PYTHON ?= python3
VENV := .venv
INV := $(VENV)/bin/inv
STAMP := $(VENV)/.installed

.PHONY: demo test lint bench system clean

demo: system $(STAMP)
	$(INV) demo

test: system $(STAMP)
	$(INV) test

lint: $(STAMP)
	$(INV) test --only=lint

bench: system $(STAMP)
	$(INV) bench

# Says in one line what to install when it may not do so itself.
system:
	@sh tests/lab/requirements.sh

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

clean:
	rm -rf $(VENV) build dist
