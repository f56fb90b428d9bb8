# `make run` and `make test` do everything on a machine that has Python 3.11 (or uv) and make.
.DEFAULT_GOAL := help
SHELL := /bin/bash
export RASA_TELEMETRY_ENABLED := false
export PYTHONPATH := $(CURDIR)

UV := $(shell command -v uv 2>/dev/null)
VENV := .venv
PYTHON := $(VENV)/bin/python
TOOLS := .venv-tools
UV_IN := $(if $(UV),$(UV),$(VENV)/bin/uv)

.PHONY: help run test bench evaluate lint format lock train teach teach-new clean

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 10

run: $(VENV)/installed  ## set up what is missing and start everything on http://127.0.0.1:8080
	@$(PYTHON) -m bot.cli run

# One thread: numpy's second turns idly after each small product, and the tests wait for it (docs/decisions/0011-round-trip.md).
# Two processes, each with an Axis of its own: much of a test's time is waiting. A file stays in one of them, with its fixtures.
test: $(VENV)/installed  ## set up what is missing and run every test
	@$(PYTHON) -m bot.cli encoder
	@$(PYTHON) -m bot.cli train
	@OPENBLAS_NUM_THREADS=1 $(PYTHON) -m pytest -n 2 --dist loadfile

bench: $(VENV)/installed  ## measure Axis beside a stock Rasa bot, in one run, as ratios (what it understands: make evaluate)
	@$(PYTHON) -m bot.cli encoder
	@$(PYTHON) -m bot.cli train
	@$(PYTHON) -m evaluation.run

evaluate: $(VENV)/installed  ## measure understanding, safety, search and conversations: results/report.md
	@$(PYTHON) -m bot.cli encoder
	@$(PYTHON) -m bot.cli train
	@$(PYTHON) -m evaluation.report

train: $(VENV)/installed  ## train the dialogue model if its inputs have changed
	@$(PYTHON) -m bot.cli encoder
	@$(PYTHON) -m bot.cli train

# Not part of training, since it takes half an hour; what it learns is committed (docs/decisions/0021-a-close-reader.md).
teach-new: $(VENV)/installed  ## teach the close reader the phrases of danger that are new to it
	@$(PYTHON) -m bot.cli encoder
	@$(PYTHON) -m bot.dialogue.close_training new
	@$(PYTHON) -m bot.cli encoder

teach: $(VENV)/installed  ## teach the close reader anew, when phrases of danger were taken back or corrected
	@$(PYTHON) -m bot.cli encoder
	@$(PYTHON) -m bot.dialogue.close_training
	@$(PYTHON) -m bot.cli encoder

lint: $(VENV)/installed $(TOOLS)/installed  ## check style, types, imports and data
	$(TOOLS)/bin/ruff check .
	$(TOOLS)/bin/ruff format --check .
	$(TOOLS)/bin/mypy --python-executable $(PYTHON)
	$(TOOLS)/bin/yamllint --strict .
	$(VENV)/bin/lint-imports --no-cache

format: $(TOOLS)/installed  ## bring the code into shape
	$(TOOLS)/bin/ruff format .
	$(TOOLS)/bin/ruff check --fix .

# Installing is all or nothing: the mark is written last. Compiled at once, or each start compiles all of Rasa where Python may not write.
$(VENV)/installed: requirements.lock
	@test -n "$(UV)" || command -v python3.11 >/dev/null || python3 -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || \
	  { echo "Axis needs Python 3.11 (or uv, which brings it): install python3.11 and try again."; exit 1; }
	@echo "installing the locked packages into $(VENV) (the first time this takes some minutes)"
	@if [ -n "$(UV)" ]; then test -x $(PYTHON) || $(UV) venv --quiet --python 3.11 $(VENV); \
	 else test -x $(PYTHON) || $$(command -v python3.11 || echo python3) -m venv $(VENV); \
	   test -x $(VENV)/bin/uv || $(PYTHON) -m pip install --quiet uv; fi
	@VIRTUAL_ENV=$(VENV) $(UV_IN) pip sync --compile-bytecode --require-hashes requirements.lock
	@touch $@

$(TOOLS)/installed: requirements-tools.lock $(VENV)/installed
	@test -x $(TOOLS)/bin/python || $(UV_IN) venv --quiet --python 3.11 $(TOOLS)
	@VIRTUAL_ENV=$(TOOLS) $(UV_IN) pip sync --quiet --require-hashes requirements-tools.lock
	@touch $@

RESOLVE = --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet
lock:  ## resolve the three locks anew
	rm -f requirements.lock requirements-web.lock requirements-tools.lock
	$(UV_IN) pip compile pyproject.toml --extra bot --group test $(RESOLVE) -o requirements.lock
	$(UV_IN) pip compile pyproject.toml $(RESOLVE) -o requirements-web.lock
	$(UV_IN) pip compile --group tools $(RESOLVE) -o requirements-tools.lock
	@! grep -l '://' requirements*.lock

clean:  ## remove what was installed and trained; the database stays
	rm -rf $(VENV) $(TOOLS) models/encoder models/reader models/axis.* models/spare_net.npz .rasa
