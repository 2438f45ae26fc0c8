#!/usr/bin/env bash
# Tests a server of this checkout against its own OpenAPI document, with schemathesis.
# Not part of `make test`, because it takes minutes: scripts/conformance.sh [examples per operation]
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/peers.sh schemathesis
artifacts=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$artifacts"' EXIT
.venv/bin/iris-training --version 1.4.0 --output "$artifacts" >/dev/null
port=$(.venv/bin/python -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
export IRIS_RELOAD_TOKEN=a-token-of-enough-letters
IRIS_ARTIFACT_DIR=$artifacts IRIS_LOG_LEVEL=Warning \
  .venv/bin/iris-model-server --port "$port" &
server=$!
.local/peers/schemathesis/bin/schemathesis --config-file scripts/schemathesis.toml run "http://127.0.0.1:$port/openapi.json" \
  --wait-for-schema 30 --seed 1 --max-examples "${1:-100}" --no-color
kill -0 "$server"
