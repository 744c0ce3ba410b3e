#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Prints the path of a program that is not ours and that no test should install: chronyd would take over this machine's
# clock, gpsd wants an init system, gpsfake a desktop. Looked for in this order: the variable of its name in capitals
# (CHRONYD=/path/to/chronyd), $PATH with the sbin folders, and the build folder, where its Debian package is unpacked, not
# installed, once it was fetched (at most some minutes). Nothing is printed and the exit code is 1 where there is none;
# why is said on standard error.
#
#   chronyd=$("$top_srcdir/tests/interop/program.sh" chronyd) || skip NAME "there is no chronyd"
set -u
name=${1:?usage: program.sh NAME}
none() {
    echo "no $name: $1" >&2
    exit 1
}
case $name in
chronyd) package=chrony file=usr/sbin/chronyd ;;
gpsd) package=gpsd file=usr/sbin/gpsd ;;
gpsfake) package=gpsd-clients file=usr/bin/gpsfake ;;
*) none "which package has it is not known here" ;;
esac
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

named=${name^^}
found=${!named:-$(command -v "$name")}
if [ -n "$found" ]; then
    [ -x "$found" ] || none "$named=$found is no program"
    echo "$found"
    exit 0
fi

folder=${top_builddir:?}/tests/interop/unpacked
if ! [ -x "$folder/$package/$file" ]; then
    command -v apt-get >/dev/null || none "there is no apt to fetch its package with; $named=/path/to/$name names one"
    mkdir -p "$folder" || none "no folder to unpack $package in"
    work=$(mktemp -d "$folder/$package.XXXXXX") || none "no folder to unpack $package in"
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' INT TERM
    fetch() (cd "$work" && timeout 120 apt-get -q -o Acquire::Retries=3 download "$package")
    # On a machine without lists of packages root gets them first; nothing is installed either way.
    if ! fetch >"$work/log" 2>&1 &&
        ! { [ "$(id -u)" = 0 ] && timeout 120 apt-get -q update && fetch; } >>"$work/log" 2>&1; then
        tail -n 3 "$work/log" >&2
        none "its package $package is not installed and could not be fetched (no network?); $named=/path/to/$name names one"
    fi
    dpkg -x "$work/$package"_*.deb "$work/root" || none "its package $package does not unpack"
    # Whoever was first in another test wins; both are the same.
    mv -T "$work/root" "$folder/$package" 2>/dev/null
fi
found=$folder/$package/$file
[ -x "$found" ] || none "its package $package has no $file"
lacks=$(ldd "$found" 2>/dev/null | grep 'not found')
[ -z "$lacks" ] || none "libraries are missing:$lacks"
echo "$found"
