# SPDX-License-Identifier: Apache-2.0
# Sourced by the shell checks. skip NAME WHY: ends the test as skipped, saying what was not looked at; where CI=true
# (everything is meant to be installed there) a skip is a failure.
skip() {
    echo "SKIP $1: $2"
    if [ "${CI:-}" = true ]; then
        echo "CI=true: a skip is a failure"
        exit 1
    fi
    exit 77
}
