#!/usr/bin/env bash
# What `make test` runs after `make check`, tier by tier; each tier says loudly when it is skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
exec .venv/bin/pytest -m "process or browser or cluster or e2e" --durations=15 "$@"
