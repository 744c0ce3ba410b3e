#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# skalibs (and libtai) own many names that start with tai_: one program uses their clock and ours, linked together,
# headers and all.
set -eu
. "$top_srcdir/tests/check/skip.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/both.c" <<'END'
#include <skalibs/tai.h>
#include <taistamp/base.h>
#include <taistamp/hash.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    tai both = TAI_ZERO;
    struct taistamp_digest digest;
    char packed[TAI_PACK];
    tai_pack(packed, &both);
    tai_now(&both);
    if (taistamp_hash_bytes("abc", 3, TAISTAMP_SHA256, &digest) != TAI_OK)
        return 1;
    printf("skalibs %llu, taistamp %s %02x%02x\n", (unsigned long long)tai_sec(&both), taistamp_version(),
           digest.bytes[0], digest.bytes[1]);
    return digest.bytes[0] == 0xba && digest.bytes[1] == 0x78 ? 0 : 1;
}
END
# shellcheck disable=SC2086 # CC may carry options
printf '#include <skalibs/tai.h>\nint main(void) { tai t; return tai_now(&t); }\n' >"$work/probe.c"
# shellcheck disable=SC2086
$CC "$work/probe.c" -o "$work/probe" -lskarnet 2>/dev/null || skip beside_skalibs "skalibs-dev is not installed"
# shellcheck disable=SC2086
$CC ${SAN_CFLAGS:-} -Wall -Werror -I"$top_srcdir/sdk/include" "$work/both.c" -o "$work/both" \
    -L"$top_builddir/.libs" -ltaistamp -lskarnet -Wl,-rpath,"$top_builddir/.libs"
"$work/both"
