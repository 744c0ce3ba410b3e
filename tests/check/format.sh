#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every C file is laid out as .clang-format says.
set -eu
. "$top_srcdir/tests/check/skip.sh"
command -v clang-format >/dev/null || skip format "clang-format is not installed"
[ -f "$top_srcdir/.clang-format" ] || skip format "no .clang-format here (not a checkout)"
cd "$top_srcdir"
find sdk server client tools tests docs leapseconds -name '*.[ch]' ! -path '*/fixtures/*' -print0 2>/dev/null |
    xargs -0 clang-format --dry-run --Werror --style=file
