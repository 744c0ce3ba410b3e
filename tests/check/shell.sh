#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs shellcheck on every shell script of the tree, found by its first line.
set -eu
. "$top_srcdir/tests/check/skip.sh"
command -v shellcheck >/dev/null || skip shell "shellcheck is not installed"
cd "$top_srcdir"
scripts=$(find . -name .git -prune -o -path './build*' -prune -o -path './_build' -prune -o -type f -exec sh -c '
    for f; do
        case $(head -c 40 "$f" | tr -d "\\000" | head -n 1) in
        "#!/bin/sh"* | "#!/bin/bash"* | "#!/usr/bin/env bash"*) echo "$f" ;;
        esac
    done' sh {} + | grep -Ev '^\./(build-aux/|configure|config\.|libtool)')
[ -n "$scripts" ] || { echo "no script found"; exit 1; }
# shellcheck disable=SC2086 # our file names hold no blanks
set -- $scripts
echo "$# scripts"
# SC1091: sourced files are named by variables. SC2154: top_srcdir and its like come from make check.
exec shellcheck -S warning -x -e SC1091,SC2154 "$@"
