#!/usr/bin/env bash
# Runs everything: `make check`, then each tier that needs something real. What is missing is installed. At the end a
# table shows each tier's tests, result and duration, and the lines below it name the tests that failed. A tier that
# cannot run here is marked NOT RUN, and with CI=true that is a failure. Arguments go to pytest, and `make check` is
# left out: scripts/test.sh -k traefik
set -euo pipefail
cd "$(dirname "$0")/.."

all=(process browser cluster docker e2e)
tiers=("${all[@]}")
absent=()
table=$(mktemp)
logs=$(mktemp -d)
beside=()

report() {
  local name tests result seconds line
  printf '\n%-8s  %5s  %-24s  %8s\n' TIER TESTS RESULT DURATION
  for name in check "${all[@]}"; do
    line=$(grep "^$name"$'\t' "$table") || { printf '%-8s  %5s  NOT RUN\n' "$name" 0; continue; }
    IFS=$'\t' read -r name tests result seconds <<<"$line"
    printf '%-8s  %5s  %-24s  %5d:%02d\n' "$name" "$tests" "$result" $((seconds / 60)) $((seconds % 60))
  done
  sed -n $'/^FAILED\t/{s/\t/ /; s/\t/: /p}' "$table"
  for line in "${absent[@]}"; do echo "test: NOT RUN: $line" >&2; done
}

end() {
  # The shell would let what runs in the background ignore a Ctrl-C; so it also ends its servers.
  for run in "${beside[@]}"; do kill -INT "$run" 2>/dev/null || true; done
  for run in "${beside[@]}"; do wait "$run" || true; done
  report
  rm -rf "$table" "$logs"
}
trap end EXIT

leave_out() { # tier, why
  absent+=("$1: $2")
  for index in "${!tiers[@]}"; do [ "${tiers[index]}" = "$1" ] && unset "tiers[index]"; done
  return 0
}

pytest=(env --default-signal=INT .venv/bin/python -m pytest -p tests.harness.tiers --tiers="$table" --durations=15)

if [ $# = 0 ]; then
  start=$SECONDS result=passed
  make --no-print-directory check || result=failed
  printf 'check\t-\t%s\t%d\n' "$result" $((SECONDS - start)) >>"$table"
  [ $result = passed ] || exit 1
fi

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
  leave_out docker "a Docker engine of the tests' own needs root on Debian or Ubuntu"
fi

# Before the tests: the first build takes minutes, and the time limit of a test does not include a compiler.
if command -v go >/dev/null; then .venv/bin/iris-local-cluster build; fi

# Three runs in parallel: the tests on the node and those on the API server mostly wait (for pulls, rollouts, clocks,
# Flux), the others compute. The node goes first on the processor: its clients have deadlines of their own. The output
# of a run in the background is printed when it has ended, so that they do not mix.
runs=()
others=
for tier in "${tiers[@]}"; do
  case $tier in
    e2e) runs=("e2e" "${runs[@]}") ;;
    cluster) runs+=("cluster and not e2e") ;;
    *) others+="${others:+ or }$tier" ;;
  esac
done
[ -z "$others" ] || runs+=("($others) and not cluster and not e2e")

status=0 empty=0
ended() { # exit code of a run: 5 where it selected no test, which is a mistake only if all of them do
  if [ "$1" = 5 ]; then empty=$((empty + 1)); elif [ $status = 0 ]; then status=$1; fi
}
for run in "${runs[@]:1}"; do
  nice "${pytest[@]}" -m "$run" "$@" >"$logs/${#beside[@]}" 2>&1 &
  beside+=($!)
done
code=0
"${pytest[@]}" -m "${runs[0]}" "$@" || code=$?
ended $code
for index in "${!beside[@]}"; do
  code=0
  wait "${beside[index]}" || code=$?
  unset "beside[index]"
  ended $code
  cat "$logs/$index"
done
[ $empty != ${#runs[@]} ] || status=5

if [ ${#absent[@]} -gt 0 ] && [ "${CI:-}" = true ] && [ $status = 0 ]; then status=1; fi
exit $status
