#!/usr/bin/env bash
# Adds the optional MLflow client to .venv, without changing what requirements.lock pins.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=$(command -v uv || echo .local/uv/bin/uv)
"$uv" pip install --quiet --python "${1:-.venv}/bin/python" --constraint requirements.lock --editable './training[mlflow]' --editable ./cli --editable ./operator
