#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# No acknowledged stamp is lost or changed by kill -9 (tests/fault/kill.c). Run from the build folder.
set -eu
exec ./tests/fault/kill ./taid "${KILLS:-200}" ${TEST_SEED:+"$TEST_SEED"}
