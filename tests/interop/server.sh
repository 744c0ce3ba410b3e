# shellcheck shell=bash disable=SC2034 # sourced; its users read url and policy
# SPDX-License-Identifier: Apache-2.0
# Sourced: a taid of its own on a free loopback port, in a folder that goes away with the test. Sets work, url, policy and
# page; tai-stamp keeps its pins in there too.
work=$(mktemp -d "${TMPDIR:-/tmp}/taistamp-test.XXXXXX")
server=
finish_server() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null
        wait "$server" 2>/dev/null
    fi
    rm -rf "$work"
}
trap finish_server EXIT
export XDG_CONFIG_HOME=$work/config XDG_DATA_HOME=$work/share

start_server() {
    local i
    "$top_builddir/taid" init --dir "$work/server" --listen 127.0.0.1:0 --assume-error-ms 500 >"$work/init.log" || return 1
    "$top_builddir/taid" --config "$work/server/taid.yaml" </dev/null >"$work/taid.log" 2>&1 &
    server=$!
    for ((i = 0; i < 400; i++)); do
        if [ -s "$work/server/run/listen" ]; then
            url=http://$(head -n 1 "$work/server/run/listen")
            policy=$work/server/policy
            page=$work/server/run/clock
            return 0
        fi
        kill -0 "$server" 2>/dev/null || break
        sleep 0.05
    done
    echo "taid did not start:"
    cat "$work/taid.log"
    return 1
}

# SHA-256 of type byte and key, as `tai-stamp trust` shows it, from the policy on this disk.
fingerprint() {
    sed -n 's|^log [^ +]*+[0-9a-f]\{8\}+\([A-Za-z0-9+/=]*\).*|\1|p' "$policy" | head -n 1 | base64 -d | sha256sum |
        cut -d ' ' -f 1
}
