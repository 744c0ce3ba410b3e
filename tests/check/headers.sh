#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each public header compiles alone, as strict C17 without feature macros and as C++17, with warnings fatal; and the
# Version in base.h is the package's.
set -eu
. "$top_srcdir/tests/check/skip.sh"
include=$top_srcdir/sdk/include
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
CXX=${CXX:-c++}
command -v "${CXX%% *}" >/dev/null || skip headers "no C++ compiler ($CXX), so the headers were not tried as C++"
bad=0
for header in "$include/taistamp.h" "$include"/taistamp/*.h; do
    name=${header#"$include/"}
    # Twice: the guard is tried as well.
    printf '#include "%s"\n#include "%s"\nint unused_symbol_of_this_unit;\n' "$name" "$name" >"$work/one.c"
    cp "$work/one.c" "$work/one.cc"
    # shellcheck disable=SC2086 # CC may carry options
    $CC -std=c17 -pedantic-errors -Wall -Wextra -Wstrict-prototypes -Werror -I"$include" -fsyntax-only "$work/one.c" || {
        echo "$name does not compile alone as C17"
        bad=1
    }
    # shellcheck disable=SC2086
    $CXX -std=c++17 -pedantic-errors -Wall -Wextra -Werror -I"$include" -fsyntax-only "$work/one.cc" || {
        echo "$name does not compile alone as C++17"
        bad=1
    }
done
in_header=$(sed -n 's/^#define TAISTAMP_VERSION "\(.*\)"$/\1/p' "$include/taistamp/base.h")
[ "$in_header" = "$PACKAGE_VERSION" ] || {
    echo "base.h says version $in_header, configure.ac says $PACKAGE_VERSION"
    bad=1
}
exit $bad
