# `make` lists the targets. They write only to .venv, .fraudstream, artifacts and the cache folder.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3.11
CACHE := $(or $(FRAUDSTREAM_CACHE),$(HOME)/.cache/fraudstream)
RUN := .venv/bin/fraudstream
PY := .venv/bin/python
UV := UV_CACHE_DIR="$(CACHE)/uv" UV_PYTHON_DOWNLOADS=never .venv/bin/uv
PIP := PIP_CACHE_DIR="$(CACHE)/pip" PIP_DISABLE_PIP_VERSION_CHECK=1 $(PY) -m pip
# Without this, onnxruntime sends telemetry and writes to the home folder.
export ORT_DISABLE_TELEMETRY := 1
# uv compiles no packages, and containers often forbid Python to keep what it compiles: each process would compile again.
export PYTHONDONTWRITEBYTECODE :=
export PYTHONPYCACHEPREFIX := $(CURDIR)/.venv/bytecode
LOCKED := requirements/bootstrap.lock pyproject.toml Makefile

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[1m%-11s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ set-up

.PHONY: setup
setup: .venv/.dev ## install everything into .venv, including the tools for tests and checks

# One stamp per lock: the demo does not wait for the test tools.
.venv/.runtime: requirements/runtime.lock $(LOCKED)
	$(call install,runtime)

.venv/.dev: requirements/dev.lock $(LOCKED)
	$(call install,dev)
	@touch .venv/.runtime

.PHONY: browser
browser: .venv/.browser ## install the driver of Chromium for the console's test (Chromium itself: apt-get install chromium)

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

.PHONY: demo console up down submit train pipeline alerts bench
demo: .venv/.runtime ## train a model, start the stack, stream transactions, watch alerts, stop
	@$(RUN) demo

console: .venv/.runtime ## open the reviewers' console on a running simulation, until Ctrl-C
	@$(RUN) console --simulate

up: .venv/.runtime ## start the broker and the Flink cluster
	@$(RUN) up

down: .venv/.runtime ## stop the broker and the Flink cluster
	@$(RUN) down

train: .venv/.runtime ## train a model on a simulated history
	@test -f artifacts/history.parquet || $(RUN) simulate --out artifacts/history.parquet
	@$(RUN) train --history artifacts/history.parquet

DVC := .venv/dvc/bin/python -m dvc
pipeline: .venv/.runtime .venv/dvc/.done ## run the stages of dvc.yaml whose inputs changed: simulate, train, evaluate
	@PATH="$(CURDIR)/.venv/bin:$$PATH" $(DVC) repro

# DVC's packages conflict with the product's.
.venv/dvc/.done: requirements/dvc.lock .venv/.runtime
	@test -x .venv/dvc/bin/python || $(PYTHON) -m venv .venv/dvc
	@$(UV) pip install --python .venv/dvc/bin/python --require-hashes -r requirements/dvc.lock
	@touch $@

submit: .venv/.runtime ## start the scoring job
	@$(RUN) submit

alerts: .venv/.runtime ## watch the alerts
	@$(RUN) alerts tail

bench: .venv/.runtime ## measure throughput and latency, compared with a plain consumer loop
	@$(RUN) bench

##@ docker

COMPOSE := docker compose --file docker/compose.yaml

.PHONY: docker-up docker-demo docker-down
docker-up: docker/secrets/grafana_password docker/secrets/api_tokens docker/secrets/console_tokens ## build the image; start Redpanda, Flink, API, console, MLflow, Prometheus, Grafana
	@$(COMPOSE) build
	@$(COMPOSE) up --detach --wait

docker-demo: docker-up ## train a model, submit the job, stream transactions, watch alerts until Ctrl-C
	@$(COMPOSE) --profile demo run --rm alerts

docker-down: ## remove the containers; topics, checkpoints and model stay in volumes
	@$(COMPOSE) --profile demo --profile job down

# The containers run as other users, so the files are readable; the folder is private.
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

##@ deploy

.PHONY: deploy-check
deploy-check: .venv/deploy/.done ## run the validators of deploy/ that are here, and list those that are not
	@deploy/check.sh

.venv/deploy/.done: requirements/deploy.lock .venv/.runtime
	@test -x .venv/deploy/bin/python || $(PYTHON) -m venv .venv/deploy
	@$(UV) pip install --python .venv/deploy/bin/python --require-hashes -r requirements/deploy.lock
	@touch $@

##@ develop

.PHONY: test coverage test-long screenshots fuzz check lint format typecheck audit lock wheel clean
# More processes than two cores, since tests with a broker and a cluster wait half of the time. Each process has its own
# stack (3 GB); see tests/conftest.py for the distribution of tests. TEST_PROCESSES=0 runs all tests in one process.
TEST_PROCESSES ?= 3
test: .venv/.dev ## run all tests except the long ones
	@$(PY) -m pytest -m "not long" --numprocesses=$(TEST_PROCESSES)

coverage: .venv/.dev ## run the same tests with a report of the lines they reach, which takes half as long again
	@$(PY) -m pytest -m "not long" --numprocesses=$(TEST_PROCESSES) --cov --cov-report=term:skip-covered

test-long: .venv/.dev ## run the tests that take minutes
	@$(PY) -m pytest -m long

screenshots: .venv/.browser ## renew the console's screenshots for the docs, on a running simulation
	@SCREENSHOTS="$(CURDIR)/docs" $(PY) -m pytest tests/e2e/test_live_console.py -m long --timeout=0

fuzz: .venv/.dev ## send a million hostile records of a new seed through the code, and a million through a real job (FUZZ_SEED, FUZZ_CASES, RANDOM_WRITERS)
	@export FUZZ_SEED=$${FUZZ_SEED:-$$(date +%s)} FUZZ_CASES=$${FUZZ_CASES:-1000000} RANDOM_WRITERS=$${RANDOM_WRITERS:-5000}; \
		$(PY) -m pytest tests/property/scoring/test_hostile_records.py tests/property/schemas/test_random_writers.py \
			-m "not long" --timeout=0 && \
		$(PY) -m pytest tests/integration/test_random_writers.py -m long --timeout=0 -s

check: lint typecheck ## run the checks that CI runs before the tests

lint: .venv/.dev ## check style, format and imports between packages
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/lint-imports

format: .venv/.dev ## format the code
	@.venv/bin/ruff check --fix-only .
	@.venv/bin/ruff format .

typecheck: .venv/.dev ## check types, strictly
	@.venv/bin/mypy

audit: .venv/.dev ## compare the lock files with known advisories
	@$(PY) requirements/audit.py

TOOL_LOCKS := fraudstream/system/locks
AS_TESTED := --constraints requirements/dev.lock
lock: .venv/.dev ## renew the lock files of packages and jars
	$(call compile,requirements/bootstrap.in,requirements/bootstrap.lock)
	$(call compile,requirements/airflow.in,requirements/airflow.lock)
	$(call compile,requirements/mlflow.in,requirements/mlflow.lock)
	$(call compile,requirements/evidently.in,$(TOOL_LOCKS)/evidently.lock)
	$(call compile,requirements/moto.in,requirements/moto.lock)
	$(call compile,requirements/dvc.in,requirements/dvc.lock)
	$(call compile,requirements/deploy.in,requirements/deploy.lock)
	$(call compile,--extra all --extra lambda pyproject.toml requirements/dev.in,requirements/dev.lock)
# One version of a package in all locks: what runs is what was tested.
	$(call compile,$(AS_TESTED) requirements/browser.in,requirements/browser.lock)
	$(call compile,$(AS_TESTED) requirements/explore.in,$(TOOL_LOCKS)/explore.lock)
	$(call compile,$(AS_TESTED) --extra all pyproject.toml,requirements/runtime.lock)
	$(call compile,$(AS_TESTED) --extra job pyproject.toml,requirements/job.lock)
	$(call compile,$(AS_TESTED) --extra lambda pyproject.toml,requirements/lambda.lock)
	@$(PY) -m fraudstream.devstack.jars_lock

define compile
	@$(UV) pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
		--custom-compile-command "make lock" $(1) -o $(2)
endef

wheel: .venv/.runtime ## build the wheel into dist/
# Files of an earlier build would be packed too.
	@rm -rf build
	@$(PIP) wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	@rm -rf build

clean: ## stop the stack and remove generated files; downloads stay in the cache
	@test ! -x $(RUN) || $(RUN) down
	rm -rf .venv .fraudstream artifacts .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage *.egg-info build dist
