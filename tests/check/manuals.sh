#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The manual pages format without a complaint.
set -eu
. "$top_srcdir/tests/check/skip.sh"
command -v groff >/dev/null || skip manuals "groff is not installed"
bad=0
seen=0
for page in "$top_srcdir"/docs/man/*.[1-8]; do
    seen=$((seen + 1))
    said=$(groff -K utf8 -mandoc -T utf8 -ww -z "$page" 2>&1) || bad=1
    if [ -n "$said" ]; then
        echo "$said"
        bad=1
    fi
done
echo "$seen pages"
[ "$seen" -gt 0 ] || bad=1
exit $bad
