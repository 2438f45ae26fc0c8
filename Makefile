# `make` without a target prints this help. Each target installs what it needs.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
CLUSTER ?= iris
VERSION ?=
TAKE_VERSION := training run build-run publish
UNIT := not process and not browser and not cluster and not docker and not e2e and not workflows and not kind

# Where it would have no effect, it is a mistake.
ifeq ($(origin VERSION),command line)
  $(foreach goal,$(filter-out help setup $(TAKE_VERSION),$(MAKECMDGOALS)),$(error make $(goal) takes no VERSION, only these do: $(TAKE_VERSION)))
endif

##@ First steps
.PHONY: help setup
help: ## Print this help
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo

setup: .venv/ready ## Create .venv with the locked versions of all packages (does nothing when up to date)

.venv/ready: requirements.lock workspace.txt $(wildcard */pyproject.toml) scripts/setup.sh
	@PYTHON=$(PYTHON) scripts/setup.sh

##@ Train and serve on this machine
# Trains a model where there is none, unless a certain one is asked for.
any_model = @[ -n "$${VERSION:-}$(1)" ] || ls artifacts/model_pipeline_*.json >/dev/null 2>&1 || $(MAKE) --no-print-directory training

.PHONY: training import-data mlflow run build-run
training: setup ## Train a model and write it to artifacts/ (VERSION=1.4.0 ESTIMATOR=random-forest PARAM=max_depth=6 DATA=file.csv STRICT=1 NO_WORSE=1)
	@$(BIN)/iris-training $(if $(VERSION),--version $(VERSION)) $(if $(ESTIMATOR),--estimator $(ESTIMATOR)) $(foreach given,$(PARAM),--param $(given)) $(if $(DATA),--data "$(DATA)") $(if $(STRICT),--strict) $(if $(NO_WORSE),--no-worse)

import-data: setup ## Convert FILE=iris.data, from UCI, R, Kaggle or a spreadsheet, to a new data/iris.csv
	@$(BIN)/iris-training import-data "$${FILE:?found nothing, expected the file to convert, such as FILE=iris.data}"

mlflow: setup ## Add MLflow's client to .venv, for `iris-training import models:/NAME@ALIAS` and --log-to
	@scripts/mlflow.sh

run: setup ## Serve the newest model, or VERSION=1.4.0, on http://127.0.0.1:8000 (trains one if there is none)
	$(call any_model,$${IRIS_ARTIFACT_DIR:-})
	@card="$${IRIS_ARTIFACT_DIR:-artifacts}/model_pipeline_$${VERSION:-}.json"; [ -z "$${VERSION:-}" ] || [ -e "$$card" ] || \
		{ echo "make run: $$card: not found, expected a model from \`make training VERSION=$$VERSION\`" >&2; exit 2; }
	@IRIS_ARTIFACT_DIR=$${IRIS_ARTIFACT_DIR:-artifacts} IRIS_PICKLE=$${IRIS_PICKLE:-Deny} exec $${VERSION:+env "IRIS_EXPECTED_VERSION=$$VERSION"} $(BIN)/iris-model-server --host 127.0.0.1 --port 8000

build-run: setup ## Build the server image with the newest model, or VERSION=1.4.0, and run it on http://127.0.0.1:9000
	$(any_model)
	@exec $(BIN)/iris-local-cluster run-image --port 9000 $${VERSION:+"--version=$$VERSION"}

##@ A local Kubernetes cluster
.PHONY: up down status publish
up: setup ## Start a local cluster, train, deploy, predict, and roll out a second version (safe to repeat)
	@exec $(BIN)/iris-local-cluster up --name $(CLUSTER)

down: setup ## Delete the cluster and all its files
	@exec $(BIN)/iris-local-cluster down --name $(CLUSTER)

status: setup ## Show Flux's progress and the state of each model (WATCH=1 refreshes every second)
	@exec $(BIN)/iris-local-cluster status --name $(CLUSTER) $(if $(WATCH),--watch)

publish: setup ## Train VERSION=1.2.0 and push its image to the cluster's registry; then commit that version (DATA=file.csv, FORCE=1 replaces, ARTIFACT=1 pushes model and server apart)
	@exec $(BIN)/iris-local-cluster publish --name $(CLUSTER) $(if $(DATA),--data "$(DATA)") $(if $(FORCE),--force) $(if $(ARTIFACT),--artifact) "$${VERSION:?found nothing, expected a version, such as VERSION=1.2.0}"

##@ Your own cluster
.PHONY: install uninstall
install: setup ## Install the operator into the current context (YES=1 skips the prompt, VALUES=file sets chart values)
	@helm=$$($(BIN)/iris-local-cluster program helm); PATH="$${helm%/*}:$$PATH" exec $(BIN)/iris-delivery install $(if $(YES),--yes) $(if $(VALUES),--values $(VALUES))

uninstall: setup ## Uninstall the operator; models keep running
	@helm=$$($(BIN)/iris-local-cluster program helm); PATH="$${helm%/*}:$$PATH" exec $(BIN)/iris-delivery uninstall $(if $(YES),--yes)

##@ Measure
.PHONY: bench-server bench-operator bench-console bench-density
bench-server: setup ## Compare the server with its peers (needs wrk and two cores; QUICK=1: under 5 minutes; PART=columns, singles, batches, keys, before or starts)
	@ls artifacts/model_pipeline_1.4.0.json >/dev/null 2>&1 || $(MAKE) --no-print-directory training VERSION=1.4.0
	@for peer in kserve $(if $(QUICK),,mlserver tutorial bentoml litserve ray tools); do scripts/peers.sh $$peer || echo "bench-server: $$peer could not be installed and is skipped" >&2; done
	@$(BIN)/python -m benchmarks.server $(if $(QUICK),--quick) $(if $(PART),--part $(PART))

bench-operator: setup ## Measure the operator at 1, 100 and 1,000 models, and Flux, on a real API server (MODELS=100)
	@$(BIN)/python -m benchmarks.operator_bench $(if $(MODELS),--models $(MODELS)) $(if $(FLUX),--flux $(FLUX))

bench-console: setup ## Measure the console and `iris get` with 1,000 models on a real API server (MODELS=100)
	@$(BIN)/python -m benchmarks.console $(if $(MODELS),--models $(MODELS))

bench-density: setup ## Measure the cost of an idle model on the running local cluster, with 50 models (MODELS=20)
	@$(BIN)/python -m benchmarks.density $(if $(MODELS),--models $(MODELS))

##@ Before you commit
.PHONY: check format lint types contracts unit test faults truth soak workflows kind lock charts pictures judge-tables
check: setup lint types contracts unit ## Check format, lint, types, import contracts and unit tests: about a minute

format: setup ## Format the code as `make check` requires
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

test: setup ## Run everything: check, then tests with real processes, a browser, an API server and a node (TESTS="-k traefik")
	@scripts/test.sh $(TESTS)

faults: setup ## Run all distinct fault plans on a real API server (FAULTS="--sample 200 --seed 7")
	@exec $(BIN)/python -m tests.faults $(FAULTS)

truth: setup ## Compare Ready with the answers of clients, on the local cluster, in 100 changes (TRUTH="--changes 20 --seed 7")
	@exec $(BIN)/python -m tests.truth --name $(CLUSTER) $(TRUTH)

soak: setup ## Attack the server for a minute in each way, on both paths, beside a client (SOAK="--seconds 10")
	@exec $(BIN)/python -m tests.soak $(SOAK)

workflows: setup ## Run all workflows of .github on this machine, with act (as root; up to an hour)
	@exec $(BIN)/pytest -q -m workflows tests/workflows

kind: setup ## Run `make up` on kind, in a Docker engine of its own (root on Debian or Ubuntu; half an hour)
	@exec $(BIN)/pytest -q -m kind tests/kind

lock: setup ## Resolve the dependencies into requirements.lock (UPGRADE=1 takes the newest versions)
	@uv pip compile pyproject.toml */pyproject.toml --group dev --extra scikit-learn --universal --generate-hashes --no-header -q --no-emit-package iris-operator --no-emit-package iris-programs $(if $(UPGRADE),--upgrade) -o requirements.lock

judge-tables: setup ## Simulate the judge and write the tables of docs/judge.md (about a minute)
	@$(BIN)/python -m tests.api.judge_tables

pictures: setup ## Make the pictures of docs/pictures, on a real API server with a played kubelet (some minutes; ALL=folder keeps every page in both widths and colours)
	@$(BIN)/python -m scripts.pictures $(ALL)

reference: setup ## Generate the tables of docs/reference that come from the code
	@$(BIN)/python -m scripts.reference

charts: setup ## Generate the files in charts/ that come from the API and the operator
	@$(BIN)/iris-delivery charts
	@cd charts/iris-operator/dashboards && for board in fleet operator; do \
		../../../$(BIN)/python -m iris_operator.monitoring.dashboards $$board >$$board.json; done
