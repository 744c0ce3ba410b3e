#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The examples that ship do what their comments say, against a server of their own: the clock is read, a file is stamped
# and verified, and a changed one is not.
set -eu
cd "$top_builddir"
. "$top_srcdir/tests/interop/server.sh"
examples=$top_builddir/docs/examples
start_server
head -c 100000 /dev/urandom >"$work/photo.jpg"

"$examples/convert" 2016-12-31T23:59:60Z | tee "$work/said"
grep -q '^tai    2017-01-01T00:00:36' "$work/said"
grep -q '^utc    2016-12-31T23:59:60' "$work/said"

"$examples/clock_read" "$page" | tee "$work/said"
# Assumed, or measured where a daemon keeps this machine's clock.
grep -Eq '^status   (assumed|single-reference), by (assumed|system)' "$work/said"

"$examples/stamp_file" "$url" "$policy" "$work/photo.jpg"
"$examples/verify_offline" "$policy" "$work/photo.jpg.tai" "$work/photo.jpg"
kill "$server"
wait "$server" || :
server=
echo "(the server is gone)"
"$examples/verify_offline" "$policy" "$work/photo.jpg.tai" "$work/photo.jpg"
printf x | dd of="$work/photo.jpg" conv=notrunc bs=1 seek=5000 status=none
if "$examples/verify_offline" "$policy" "$work/photo.jpg.tai" "$work/photo.jpg"; then
    echo "a changed file was verified"
    exit 1
fi
