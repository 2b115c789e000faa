# `make` lists what there is. Everything is put into .venv, .fraudstream and the cache folder, nowhere else.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3.11
CACHE := $(or $(FRAUDSTREAM_CACHE),$(HOME)/.cache/fraudstream)
RUN := .venv/bin/fraudstream
PY := .venv/bin/python
UV := UV_CACHE_DIR="$(CACHE)/uv" UV_PYTHON_DOWNLOADS=never .venv/bin/uv
PIP := PIP_CACHE_DIR="$(CACHE)/pip" PIP_DISABLE_PIP_VERSION_CHECK=1 $(PY) -m pip
# onnxruntime would report its use, and leave files in the home folder.
export ORT_DISABLE_TELEMETRY := 1
# uv compiles no packages, and containers often forbid Python to keep what it compiles: each process would compile anew.
export PYTHONDONTWRITEBYTECODE :=
export PYTHONPYCACHEPREFIX := $(CURDIR)/.venv/bytecode
LOCKED := requirements/bootstrap.lock pyproject.toml Makefile

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[1m%-11s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ set-up

.PHONY: setup
setup: .venv/.dev ## install everything into .venv, the tools for tests and checks included

# One stamp per lock: the demo does not wait for the test tools.
.venv/.runtime: requirements/runtime.lock $(LOCKED)
	$(call install,runtime)

.venv/.dev: requirements/dev.lock $(LOCKED)
	$(call install,dev)
	@touch .venv/.runtime

.PHONY: browser
browser: .venv/.browser ## what drives Chromium (Debian's, by apt-get install chromium) in the console's test

.venv/.browser: requirements/browser.lock .venv/.dev
	@$(UV) pip install --python $(PY) --require-hashes -r requirements/browser.lock
	@touch $@

define install
	@command -v $(PYTHON) >/dev/null || { echo "expected $(PYTHON) on PATH, but it is not: install Python 3.11, or name it: make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@$(PIP) install --quiet --require-hashes -r requirements/bootstrap.lock
	@$(UV) pip install --python $(PY) --require-hashes -r requirements/$(1).lock || $(PIP) install --require-hashes -r requirements/$(1).lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
endef

##@ run

.PHONY: demo console up down submit train alerts bench
demo: .venv/.runtime ## the whole path once: train, start, send, watch alerts, stop
	@$(RUN) demo

console: .venv/.runtime ## the reviewers' page on a simulation that runs, until Ctrl-C
	@$(RUN) console --simulate

up: .venv/.runtime ## start the broker and the Flink cluster
	@$(RUN) up

down: .venv/.runtime ## stop them
	@$(RUN) down

train: .venv/.runtime ## train the model on a simulated history
	@test -f artifacts/history.parquet || $(RUN) simulate --out artifacts/history.parquet
	@$(RUN) train --history artifacts/history.parquet

submit: .venv/.runtime ## start the scoring job
	@$(RUN) submit

alerts: .venv/.runtime ## watch the alerts
	@$(RUN) alerts tail

bench: .venv/.runtime ## measure events a second and latency, beside a plain loop
	@$(RUN) bench

##@ docker

COMPOSE := docker compose --file docker/compose.yaml

.PHONY: docker-up docker-demo docker-down
docker-up: docker/secrets/grafana_password docker/secrets/api_tokens docker/secrets/console_tokens ## build the image; start Redpanda, Flink, API, console, MLflow, Prometheus, Grafana
	@$(COMPOSE) build
	@$(COMPOSE) up --detach --wait

docker-demo: docker-up ## train a model, submit the job, send transactions, watch alerts until Ctrl-C
	@$(COMPOSE) --profile demo run --rm alerts

docker-down: ## remove the containers; topics, checkpoints and model stay in volumes
	@$(COMPOSE) --profile demo --profile job down

# The containers are other users than you, so the files must be readable; the folder is yours alone.
docker/secrets/grafana_password:
	$(call secret)

docker/secrets/api_tokens:
	$(call secret)

docker/secrets/console_tokens:
	$(call secret)

define secret
	@mkdir -p -m 700 $(@D)
	@od -An -N16 -tx1 /dev/urandom | tr -d ' \n' > $@
	@chmod 644 $@
endef

##@ develop

.PHONY: test test-long screenshots fuzz check lint format typecheck audit lock clean
# More processes than two cores: tests with a broker and a cluster wait for them half of the time, and each process has a
# stack of its own (3 GB). tests/conftest.py says what runs beside what. TEST_PROCESSES=0: one test after the other.
TEST_PROCESSES ?= 3
test: .venv/.dev ## all tests but the long ones, with a coverage report
	@$(PY) -m pytest -m "not long" --numprocesses=$(TEST_PROCESSES) --cov --cov-report=term:skip-covered

test-long: .venv/.dev ## the tests that take minutes
	@$(PY) -m pytest -m long

screenshots: .venv/.browser ## the console on a running simulation, and its pictures for the docs
	@SCREENSHOTS="$(CURDIR)/docs" $(PY) -m pytest tests/e2e/test_live_console.py -m long --timeout=0

fuzz: .venv/.dev ## a million hostile records of another seed, by themselves and through a real job (FUZZ_SEED, FUZZ_CASES, RANDOM_WRITERS)
	@export FUZZ_SEED=$${FUZZ_SEED:-$$(date +%s)} FUZZ_CASES=$${FUZZ_CASES:-1000000} RANDOM_WRITERS=$${RANDOM_WRITERS:-5000}; \
		$(PY) -m pytest tests/property/scoring/test_hostile_records.py tests/property/schemas/test_random_writers.py \
			-m "not long" --timeout=0 && \
		$(PY) -m pytest tests/integration/test_random_writers.py -m long --timeout=0 -s

check: lint typecheck ## what CI runs before the tests

lint: .venv/.dev ## style, format and the arrows between the packages
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/lint-imports

format: .venv/.dev ## put the code into its format
	@.venv/bin/ruff check --fix-only .
	@.venv/bin/ruff format .

typecheck: .venv/.dev ## types, strictly
	@.venv/bin/mypy

audit: .venv/.dev ## compare the locks with the known advisories
	@$(PY) requirements/audit.py

lock: .venv/.dev ## renew the locks of the packages and of the jars
	$(call compile,bootstrap)
	$(call compile,evidently)
	$(call compile,airflow)
	$(call compile,mlflow)
	$(call compile,dev)
	$(call compile,browser,--constraints requirements/dev.lock)
	$(call compile,explore,--constraints requirements/dev.lock)
# What runs is what was tested: where both locks have a package, they have the same version of it.
	$(call compile,runtime,--constraints requirements/dev.lock)
	@$(PY) -m fraudstream.devstack.jars_lock

define compile
	@$(UV) pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
		--custom-compile-command "make lock" $(2) requirements/$(1).in -o requirements/$(1).lock
endef

clean: ## stop what runs and remove what was made here; downloads stay in the cache
	@test ! -x $(RUN) || $(RUN) down
	rm -rf .venv .fraudstream artifacts .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage *.egg-info
