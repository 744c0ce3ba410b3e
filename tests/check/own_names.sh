#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A command has no function of a name that the libraries use inside: linked statically, the library would call the
# command's. (In a shared library such names are hidden.)
set -eu
cd "${top_builddir:?}"
work=$(mktemp -d "${TMPDIR:-/tmp}/taistamp-check.XXXXXX")
trap 'rm -rf "$work"' EXIT
defined() { awk 'NF == 3 && $2 ~ /[TDBRC]/ { print $3 }' | sort -u; }
{
    nm --defined-only .libs/libtaistampcli.a .libs/libtaitools.a
    find tools -name '*.o' ! -path '*/.libs/*' -exec nm --defined-only {} +
} | defined >"$work/commands"
{
    nm --defined-only .libs/libtaibase.a .libs/libtaitime.a .libs/libtaiproof.a .libs/libtaiio.a
    find sdk -name '*.o' -exec nm --defined-only {} +
} | defined >"$work/library"
for list in commands library; do
    grep -q . "$work/$list" || { echo "no objects of the $list were found" && exit 1; }
done
comm -12 "$work/commands" "$work/library" >"$work/both"
if [ -s "$work/both" ]; then
    echo "in a command and in the library:"
    cat "$work/both"
    exit 1
fi
echo "$(wc -l <"$work/commands") names in commands, $(wc -l <"$work/library") in the library, none in both"
