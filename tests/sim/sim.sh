#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The simulator as a test: every scenario with fixed seeds, some with fresh ones, and proof that the oracle can fail: each
# sabotage must be found. TEST_SEED: the fresh ones begin there. SIM_SHARE: a percentage of the usual counts.
set -uo pipefail
export LC_ALL=C
sim=${SIM:-./tests/sim/sim}
share=${SIM_SHARE:-100}
[ -n "${SANITIZERS:-}" ] && share=$((share / 10))
[ -n "${TEST_SPARSE:-}" ] && share=$((share / 50))
fresh=${TEST_SEED:-$(od -An -N6 -tu8 /dev/urandom | tr -d ' ')}
jobs=2
failed=0
said=$(mktemp)
trap 'rm -f "$said"' EXIT

# scenario, seed, count
run() {
    local count=$(($3 * share / 100))
    [ "$count" -lt 1 ] && count=1
    if "$sim" --scenario "$1" --seed "$2" --count "$count" --jobs "$jobs" >"$said"; then
        head -n 2 "$said" | cut -c 1-150
    else
        cat "$said"
        failed=1
    fi
}

echo "-- fixed seeds"
for scenario in $("$sim" --list | cut -d ' ' -f 1); do
    case $scenario in
    random) run random 1 150 ;;
    clients_many) run clients_many 1 1 ;;
    *) run "$scenario" 1 6 ;;
    esac
done

echo "-- seeds that once found something"
while read -r scenario seed; do
    run "$scenario" "$seed" 1
done <"${srcdir:-../}/tests/sim/found.txt" >"$said.all" || failed=1
grep -v '^ ' "$said.all" | grep -B1 -A3 FAIL
rm -f "$said.all"

echo "-- fresh seeds from $fresh"
run random "$fresh" 60
for scenario in leader_loss partition restart_storm suspend two_faced; do
    run "$scenario" "$fresh" 2
done

echo "-- sabotage is found"
while read -r kind words; do
    if "$sim" --scenario quiet --seed 1 --seconds 40 --sabotage "$kind" >"$said" || ! grep -q "^FAIL.*$words" "$said"; then
        echo "FAIL: the oracle does not see: $kind"
        cat "$said"
        failed=1
    fi
done <<'KINDS'
interval false interval
step its published time steps
hlc its HLC goes
master two masters
timeline of another timeline
late wants to be woken
steer by more than 500 ppm
progress no progress
KINDS
exit $failed
