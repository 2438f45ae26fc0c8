#!/usr/bin/env bash
# What `make test` runs after `make check`: every tier that needs something real. What is missing is installed;
# a tier that cannot run on this machine is named loudly at the end, and is a failure where CI=true.
set -euo pipefail
cd "$(dirname "$0")/.."

tiers=(process browser cluster e2e)
absent=()

leave_out() { # tier, why
  absent+=("$1: $2")
  for index in "${!tiers[@]}"; do [ "${tiers[index]}" = "$1" ] && unset "tiers[index]"; done
  return 0
}

if ! command -v chromium >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "test: installing chromium for the browser tier"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium >/dev/null
  else
    leave_out browser "no chromium on PATH (Debian: apt-get install chromium)"
  fi
fi
if ! command -v go >/dev/null; then
  leave_out cluster "no Go on PATH to build the API server with (1.26 or newer)"
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  leave_out e2e "a real node needs root on Debian or Ubuntu"
fi

# Ahead of the tests: the first build takes minutes, and no test's time limit is meant for a compiler.
if command -v go >/dev/null; then .venv/bin/iris-local-cluster build; fi

# Two at a time: the tests on the node wait most of their time (for pulls, roll-outs, Flux), the others compute.
# What runs beside is told when it has ended, so that the two do not mix.
marks=$(printf ' or %s' "${tiers[@]}")
marks=${marks# or }
status=0 beside=0 other=
if [ "${tiers[*]}" = "${tiers[*]/e2e/}" ]; then
  .venv/bin/pytest -m "$marks" --durations=15 "$@" || status=$?
else
  log=$(mktemp)
  trap '[ -z "$other" ] || { kill -INT "$other"; wait "$other"; }; rm -f "$log"' EXIT
  # The shell would let what runs beside ignore a Ctrl-C; so it ends its servers, too.
  env --default-signal=INT .venv/bin/pytest -m "(${marks}) and not e2e" --durations=15 "$@" >"$log" 2>&1 &
  other=$!
  .venv/bin/pytest -m e2e --durations=15 "$@" || status=$?
  wait "$other" || beside=$?
  other=
  cat "$log"
fi
# With arguments of your own one of the two may have nothing to run (5); both at once is a mistake.
case "$status $beside" in
  "0 5" | "5 0") status=0 ;;
  *) [ $status != 0 ] || status=$beside ;;
esac

for line in "${absent[@]}"; do echo "test: NOT RUN: $line" >&2; done
if [ ${#absent[@]} -gt 0 ] && [ "${CI:-}" = true ] && [ $status = 0 ]; then status=1; fi
exit $status
