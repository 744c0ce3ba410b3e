#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Some hours of pulses and some seeds of holdover, as a test; `make days` runs all of what docs/ACCURACY.md shows. TEST_SEED: the
# first seed.
set -uo pipefail
days=${DAYS:-./tests/sim/days}
first=${TEST_SEED:-1}
seeds=40 hours=4
[ -n "${SANITIZERS:-}" ] && seeds=10 hours=2
[ -n "${TEST_SPARSE:-}" ] && seeds=2 hours=2
failed=0
"$days" pulse --hours "$hours" --seeds 2 --first "$first" || failed=1
"$days" holdover --seeds "$seeds" --first "$first" || failed=1
exit $failed
