#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# clang-tidy with the checks of .clang-tidy on every C file that ships, as pure or adapter code is compiled.
#
# Nearly all of its time goes into the analyzer, which walks each function path by path until it has seen max-nodes states of
# it. Of 101 calls of strlen(NULL) planted before the last return of a function it found 82 with its own limit of 225000, the
# same 82 with 40000 in a third of the time, and 80 with 10000.
set -eu
. "$top_srcdir/tests/check/skip.sh"
command -v clang-tidy >/dev/null || skip tidy "clang-tidy is not installed"
[ -f "$top_srcdir/.clang-tidy" ] || skip tidy "no .clang-tidy here (not a checkout)"
cd "$top_srcdir"
flags=$(pkg-config --cflags libcrypto libevent sqlite3 jansson yaml-0.1 libcurl)
tidy() { # tidy FLAGS...; file names come from standard input
    # shellcheck disable=SC2016 # the inner shell expands its own
    xargs -r -n 4 -P 2 sh -c 'flags=$1; shift; clang-tidy --quiet "$@" -- $flags 2>&1' sh \
        "$* -Xclang -analyzer-config -Xclang max-nodes=40000" |
        { grep -v -e 'warnings* generated' -e '^Suppressed' -e '^Use -header-filter' || :; }
}
pure='sdk/(base|time|sync|proof)|client/core|server/[a-z]+/core'
# The largest first, so that neither processor waits for one of them at the end.
find sdk server client tools -name '*.c' -exec ls -S {} + 2>/dev/null >"$top_builddir/tidy.files" || :
# What the makefiles define by option.
printf '#define TAISTAMP_PKGDATADIR "/usr/share/taistamp"\n#define TAISTAMP_STATEDIR "/var/lib/taistamp"\n#define DEFAULT_CONFIG "/etc/taistamp/taid.yaml"\n#define DEFAULT_CLIENT_CONFIG "/etc/taistamp/tai-client.yaml"\n#define NETWORK_LIBRARY "libtaistamp-net.so.0"\n' \
    >"$top_builddir/tidy.h"
log=$top_builddir/tidy.log
# shellcheck disable=SC2086
{
    grep -E "^($pure)/" "$top_builddir/tidy.files" | tidy -std=c17 -I. -Isdk/include
    grep -Ev "^($pure)/" "$top_builddir/tidy.files" | tidy -std=gnu17 -D_GNU_SOURCE -include "$top_builddir/tidy.h" -I. -Isdk/include "-I$top_builddir" $flags
} >"$log"
cat "$log"
wc -l <"$top_builddir/tidy.files" | sed 's/$/ files/'
! grep -Eq '(warning|error):' "$log"
