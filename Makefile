# `make` alone prints this help. Everything a fresh machine lacks is installed by the targets themselves.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
CLUSTER ?= iris
VERSION ?=
UNIT := not process and not browser and not cluster and not e2e

##@ First steps
.PHONY: help setup
help: ## Print this help
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo

setup: .venv/ready ## Make .venv with everything at the locked versions (second run: nothing to do)

.venv/ready: requirements.lock workspace.txt $(wildcard */pyproject.toml) scripts/setup.sh
	@PYTHON=$(PYTHON) scripts/setup.sh

##@ Train and serve on this machine
.PHONY: training run build-run
training: setup ## Train a model into artifacts/ (VERSION=1.4.0 names a release)
	@$(BIN)/iris-training $(if $(VERSION),--version $(VERSION))

run: setup ## Serve the newest model on http://127.0.0.1:8000 (trains one first if there is none)
	@ls artifacts/model_pipeline_*.json >/dev/null 2>&1 || $(MAKE) --no-print-directory training
	@IRIS_ARTIFACT_DIR=$${IRIS_ARTIFACT_DIR:-artifacts} exec $(BIN)/iris-model-server --host 127.0.0.1 --port 8000

build-run: setup ## Build the server image with the newest model and run it on http://127.0.0.1:9000
	@ls artifacts/model_pipeline_*.json >/dev/null 2>&1 || $(MAKE) --no-print-directory training
	@exec $(BIN)/iris-local-cluster run-image --port 9000

##@ A real Kubernetes on this machine
.PHONY: up down status publish
up: setup ## From a CSV to a prediction through a real cluster (safe to run twice)
	@exec $(BIN)/iris-local-cluster up --name $(CLUSTER)

down: setup ## Remove the cluster and everything it left
	@exec $(BIN)/iris-local-cluster down --name $(CLUSTER)

status: setup ## The way from a commit to what serves, at a glance (WATCH=1 goes on looking)
	@exec $(BIN)/iris-local-cluster status --name $(CLUSTER) $(if $(WATCH),--watch)

publish: setup ## Train VERSION=1.2.0 and put its image where the cluster pulls from; then commit it
	@exec $(BIN)/iris-local-cluster publish --name $(CLUSTER) "$${VERSION:?such as VERSION=1.2.0}"

##@ A cluster of your own
.PHONY: install uninstall
install: setup ## The operator into kubectl's current context; asks first (YES=1 does not), VALUES=file for the chart
	@helm=$$($(BIN)/iris-local-cluster program helm); PATH="$${helm%/*}:$$PATH" exec $(BIN)/iris-delivery install $(if $(YES),--yes) $(if $(VALUES),--values $(VALUES))

uninstall: setup ## The operator out of it again; models keep running
	@helm=$$($(BIN)/iris-local-cluster program helm); PATH="$${helm%/*}:$$PATH" exec $(BIN)/iris-delivery uninstall $(if $(YES),--yes)

##@ Measure
.PHONY: bench-server bench-operator bench-density
bench-server: setup ## The server beside its peers and the limit (needs wrk and two cores; QUICK=1: under 5 minutes; PART=singles, batches or starts)
	@ls artifacts/model_pipeline_1.4.0.json >/dev/null 2>&1 || $(MAKE) --no-print-directory training VERSION=1.4.0
	@for peer in kserve $(if $(QUICK),,mlserver tutorial bentoml litserve ray tools); do scripts/peers.sh $$peer || echo "bench-server: $$peer is left out" >&2; done
	@$(BIN)/python -m benchmarks.server $(if $(QUICK),--quick) $(if $(PART),--part $(PART))

bench-operator: setup ## The operator at 1, 100 and 1,000 models beside Flux, on a real API server (MODELS=100)
	@$(BIN)/python -m benchmarks.operator_bench $(if $(MODELS),--models $(MODELS)) $(if $(FLUX),--flux $(FLUX))

bench-density: setup ## What one idle model costs on the running local cluster, with fifty of them (MODELS=20)
	@$(BIN)/python -m benchmarks.density $(if $(MODELS),--models $(MODELS))

##@ Before you commit
.PHONY: check format lint types contracts unit test faults lock charts
check: setup lint types contracts unit ## Format, lint, types, import contracts, unit tests: under a minute

format: setup ## Write the format that check asks for
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix-only .

lint: setup
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .
	@$(BIN)/zizmor --offline --quiet --no-progress .github

types: setup
	@$(BIN)/mypy

contracts: setup
	@$(BIN)/lint-imports

unit: setup
	@$(BIN)/pytest -q -m "$(UNIT)" --numprocesses=auto --dist=loadfile

test: check ## Everything: check, then real processes, a real browser, a real API server, a real node
	@scripts/test.sh

faults: setup ## Every fault plan that may end differently, on a real API server (FAULTS="--sample 200 --seed 7")
	@exec $(BIN)/python -m tests.faults $(FAULTS)

lock: setup ## Resolve the dependencies again into requirements.lock (UPGRADE=1 takes the newest)
	@uv pip compile pyproject.toml */pyproject.toml --group dev --all-extras --universal --generate-hashes --no-header -q --no-emit-package iris-operator $(if $(UPGRADE),--upgrade) -o requirements.lock

charts: setup ## Write what in charts/ is made from the API and the operator
	@$(BIN)/iris-delivery charts
	@cd charts/iris-operator/dashboards && for board in fleet operator; do \
		../../../$(BIN)/python -m iris_operator.monitoring.dashboards $$board >$$board.json; done
