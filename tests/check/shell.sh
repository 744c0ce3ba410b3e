#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck on every shell script of the tree, found by its first line.
set -eu
. "$top_srcdir/tests/check/skip.sh"
command -v shellcheck >/dev/null || skip shell "shellcheck is not installed"
cd "$top_srcdir"
scripts=$(find autogen.sh sdk server client tools tests docs leapseconds packaging .ci -type f 2>/dev/null \
    -exec sh -c 'for f; do head -n 1 "$f" | grep -aq "^#!.*[/ ]\(ba\)\{0,1\}sh\b" && echo "$f"; done; :' sh {} + || :)
[ -n "$scripts" ] || { echo "no script found"; exit 1; }
# shellcheck disable=SC2086 # our file names hold no blanks
set -- $scripts
echo "$# scripts"
# SC1091: sourced files are named by variables.
exec shellcheck -e SC1091 "$@"
