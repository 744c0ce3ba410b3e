# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by the tests of tai-stamp: a home of its own, a server of its own, and words to say what is expected.
# shellcheck disable=SC2034 # url and fingerprint are for the tests that source this
set -u
: "${top_srcdir:?}" "${top_builddir:?}"
taid=${taid:-$top_builddir/taid}
tai_stamp=${tai_stamp:-$top_builddir/tai-stamp}
work=$(mktemp -d "${TMPDIR:-/tmp}/taistamp-cli.XXXXXX")
export HOME=$work/home XDG_CONFIG_HOME=$work/home/config XDG_DATA_HOME=$work/home/data
unset TAISTAMP_SERVER
mkdir -p "$HOME"
server_pid=''
failures=0
checks=0

finish() {
    [ -z "$server_pid" ] || kill -9 "$server_pid" 2>/dev/null
    chmod -R u+rwx "$work"
    rm -rf "$work"
}
trap finish EXIT

fail() {
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# expect CODE TEXT COMMAND...: its exit code, and TEXT somewhere in what it says (left in $said).
expect() {
    local code=$1 text=$2 got
    shift 2
    said=$("$@" 2>&1)
    got=$?
    checks=$((checks + 1))
    [ "$got" = "$code" ] || fail "exit code $got, not $code: $*: $said"
    case $said in
    *"$text"*) ;;
    *) fail "does not say \"$text\": $*: $said" ;;
    esac
}

# check COMMAND...: it succeeds.
check() {
    checks=$((checks + 1))
    "$@" || fail "$*"
}

await() {
    local tries=$(($1 * 20))
    shift
    while ! "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.05
    done
}

# has_open PID PATTERN: the process has something of that name open, for `await`.
has_open() {
    find "/proc/$1/fd" -lname "$2" 2>/dev/null | grep -q .
}

# Starts the server in $work/server (made if need be) on a free port, the same one again later; sets url, fingerprint.
start_server() {
    local listen=127.0.0.1:0
    # shellcheck disable=SC2034
    if [ ! -d "$work/server" ]; then
        "$taid" init --json --dir "$work/server" --listen "$listen" --assume-error-ms 50 >"$work/init.json" || {
            fail "taid init"
            exit 1
        }
        fingerprint=$(sed -n 's/.*"fingerprint": "\([0-9a-f]*\)".*/\1/p' "$work/init.json")
    fi
    "$taid" --config "$work/server/taid.yaml" >>"$work/server.log" 2>&1 &
    server_pid=$!
    await 60 test -s "$work/server/run/listen" || {
        cat "$work/server.log"
        fail "taid does not start"
        exit 1
    }
    url=http://$(cat "$work/server/run/listen")
    sed -i "s/127\.0\.0\.1:0/$(cat "$work/server/run/listen")/" "$work/server/taid.yaml"
}

stop_server() {
    kill "$server_pid"
    wait "$server_pid" 2>/dev/null
    server_pid=''
    rm -f "$work/server/run/listen"
}

conclude() {
    echo "$checks checks, $failures wrong"
    [ "$failures" = 0 ]
    exit
}
