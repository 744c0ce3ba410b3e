#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cppcheck on what ships. Its style opinions are left to the compiler's warnings; errors, portability and wrong use of
# resources count.
set -eu
. "$top_srcdir/tests/check/skip.sh"
command -v cppcheck >/dev/null || skip cppcheck "cppcheck is not installed"
cd "$top_srcdir"
set --
for folder in sdk server client tools; do
    if [ -d "$folder" ]; then set -- "$@" "$folder"; fi
done
# cppcheck reads no system headers, but it must see the macros of the BSD lists to parse their users.
queue=$(echo '#include <sys/queue.h>' | ${CC:-cc} -M -E - | tr ' ' '\n' | grep 'sys/queue.h$')
exec cppcheck --quiet --std=c11 --language=c --enable=warning,portability --inline-suppr --error-exitcode=1 -j 2 \
    --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches -D__GNUC__=12 -D__linux__ --include="$queue" \
    -I . -I sdk/include "$@"
