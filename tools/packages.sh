# shellcheck shell=bash disable=SC2034 # sourced; not every user needs both lists
# SPDX-License-Identifier: Apache-2.0
# Sourced by quickstart and selftest: which Debian packages are needed for what, and how they are installed.

# To build. Their names on other systems: gcc make autoconf automake libtool pkg-config, and the headers of OpenSSL 3,
# libevent 2.1.12, jansson, SQLite 3, libyaml, libcurl.
packages_build="gcc libc6-dev make autoconf automake libtool pkg-config libssl-dev libevent-dev libjansson-dev
libsqlite3-dev libyaml-dev libcurl4-openssl-dev"

# To run every test as well: unit tests, checkers, sanitizers and fuzzers, man pages, the tools that tests compare with. gpsd,
# gpsfake and chronyd are not installed but unpacked (tests/interop/program.sh); what they are linked to and import comes by
# gpsd-tools, python3-gps and python3-setuptools.
packages_test="check python3 g++ valgrind clang libclang-rt-dev clang-format clang-tidy cppcheck shellcheck groff-base man-db
skalibs-dev openssl ca-certificates sqlite3 curl jq git xz-utils strace faketime procps util-linux file tzdata iproute2 spin
gpsd-tools python3-gps python3-setuptools"

# packages_missing NAME...: those that are not installed, on one line.
packages_missing() {
    local name missing=""
    for name in "$@"; do
        if [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" != installed ]; then
            missing="$missing $name"
        fi
    done
    echo "${missing# }"
}

# packages_install WHY NAME...: says what is missing and why, and installs it. 1: it could not.
packages_install() {
    local why=$1 as="" missing
    shift
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        echo "This system has no apt. Needed $why, by their Debian names:" >&2
        printf '    %s\n' "$*" >&2
        echo "They are taken to be here; if the next step fails, install what it misses." >&2
        return 0
    fi
    missing=$(packages_missing "$@")
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "These packages are missing $why: $missing" >&2
            echo "Installing them takes root and there is no sudo here: ask an administrator for" >&2
            echo "    apt-get install --no-install-recommends $missing" >&2
            return 1
        fi
        as=sudo
    fi
    echo "Installing $why${as:+ (with sudo)}: $missing"
    # shellcheck disable=SC2086 # a list of names
    $as env DEBIAN_FRONTEND=noninteractive sh -c '
        apt-get -qq -o Acquire::Retries=3 update &&
        apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 install "$@"' sh $missing \
        </dev/null >"${packages_log:-/dev/null}" 2>&1 || {
        echo "apt-get failed${packages_log:+; its output is in $packages_log}" >&2
        return 1
    }
}
