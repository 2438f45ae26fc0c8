#!/usr/bin/env bash
# Adds the optional MLflow client to .venv, or to another environment, without changing what requirements.lock pins.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=$(command -v uv || echo .local/uv/bin/uv)
folder=${1:-.venv}
[ -e "$folder/bin/python" ] || "$uv" venv --quiet --python .venv/bin/python "$folder"
"$uv" pip install --quiet --python "$folder/bin/python" --constraint requirements.lock --editable './training[mlflow]' --editable ./programs
