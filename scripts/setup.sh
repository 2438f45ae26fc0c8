#!/usr/bin/env bash
# Creates .venv with the locked packages and links to our own. Called by `make setup`.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
  echo "setup: Python: found $("$python" --version 2>&1 || true), expected 3.11 or newer (PYTHON=/path/to/python3.11 make setup)" >&2
  exit 2
}

uv=$(command -v uv || true)
if [ -z "$uv" ]; then
  # A private venv for uv itself: the system's Python must not be changed (PEP 668).
  if ! "$python" -m venv .local/uv 2>.local-uv.log; then
    cat .local-uv.log >&2; rm -f .local-uv.log
    echo "setup: uv: not found and no venv could be made for it, expected uv on PATH or Python's venv module (Debian: apt-get install python3-venv)" >&2
    exit 2
  fi
  rm -f .local-uv.log
  .local/uv/bin/pip install --quiet uv
  uv=$PWD/.local/uv/bin/uv
fi

echo "setup: .venv from requirements.lock"
"$uv" venv --quiet --allow-existing --python "$python" .venv
# Compile once, here: where Python cannot write bytecode, each start of the operator would compile for two seconds.
"$uv" pip sync --quiet --compile-bytecode requirements.lock workspace.txt
touch .venv/ready
