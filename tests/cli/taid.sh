#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# taid as an operator meets it: init, --check-config, two on one folder, stop, and what kill -9 leaves.
set -u
taid=${taid:-$top_builddir/taid}
work=$(mktemp -d "${TMPDIR:-/tmp}/taistamp-cli.XXXXXX")
started=()
failures=0

finish() {
    for pid in "${started[@]}"; do kill -9 "$pid" 2>/dev/null; done
    rm -rf "$work"
}
trap finish EXIT

fail() {
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# expect CODE TEXT COMMAND...: exit code, and TEXT somewhere in what it says.
expect() {
    local code=$1 text=$2 said got
    shift 2
    said=$("$@" 2>&1)
    got=$?
    [ "$got" = "$code" ] || fail "exit code $got, not $code: $* ($said)"
    case $said in
    *"$text"*) ;;
    *) fail "does not say \"$text\": $* ($said)" ;;
    esac
}

# await SECONDS COMMAND...: until it succeeds.
await() {
    local tries=$(($1 * 20))
    shift
    while ! "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.05
    done
}

gone() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null; }

# The processes whose parent is $1, as "pid name".
children() {
    local status
    for status in /proc/[0-9]*/status; do
        awk -v parent="$1" '/^Name:/ { n = $2 } /^Pid:/ { p = $2 } /^PPid:/ { if ($2 == parent) print p, n }' \
            "$status" 2>/dev/null
    done
}

child() { children "$1" | awk -v n="taid:$2" '$2 == n { print $1 }'; }

has_both() { [ -n "$(child "$1" clock)" ] && [ -n "$(child "$1" stamp)" ]; }

start() {
    "$taid" --config "$work/log/taid.yaml" >>"$work/taid.log" 2>&1 &
    pid=$!
    started+=("$pid")
    await 20 test -s "$work/log/run/listen" || fail "does not listen: $(tail -n 5 "$work/taid.log")"
}

# ---- words ----
expect 0 "Usage: taid" "$taid" --help
expect 0 "taid $PACKAGE_VERSION" "$taid" --version
expect 2 "no serve process" "$taid" serve
expect 2 "no sign process" "$taid" sign
expect 2 "no such command: fly" "$taid" fly
expect 2 "too many words" "$taid" clock stamp
expect 2 "unrecognized option" "$taid" --fly
expect 2 "go with init" "$taid" --dir x
expect 2 "goes with taid and taid clock" "$taid" stamp --take-over
expect 2 "--json goes with" "$taid" --json --config "$work/none"
expect 2 "No such file or directory; 'taid init --dir DIR' makes" "$taid" --config "$work/none"
expect 2 "No such file" "$taid" clock --config "$work/none"
expect 2 "name the folder" "$taid" init

# ---- init ----
expect 0 "fingerprint" "$taid" init --dir "$work/log" --host cli.test --listen 127.0.0.1:0 --assume-error-ms 100
[ "$(stat -c %a "$work/log/keys")" = 700 ] || fail "keys/ is not 0700"
for f in log.key log.origin log.head; do
    [ "$(stat -c %a "$work/log/keys/$f")" = 600 ] || fail "$f is not 0600"
done
grep -Eqx 'cli\.test/taistamp/[0-9a-f]{16}' "$work/log/keys/log.origin" || fail "origin: $(cat "$work/log/keys/log.origin")"
before=$(find "$work/log" -type f -exec sha256sum {} + | sort)
expect 1 "already" "$taid" init --dir "$work/log"
[ "$before" = "$(find "$work/log" -type f -exec sha256sum {} + | sort)" ] || fail "a refused init changed something"
expect 0 '"ok": true' "$taid" init --json --dir "$work/second"
expect 1 '"code": "conflict"' "$taid" init --json "$work/second"
expect 2 "assume" "$taid" init --dir "$work/third" --assume-error-ms 0
[ ! -e "$work/third" ] || fail "a refused init left a folder"
mkdir "$work/readonly"
chmod 555 "$work/readonly"
# Root may write anywhere; without its capabilities it may not.
plain=()
[ "$(id -u)" != 0 ] || plain=(setpriv --bounding-set=-all --inh-caps=-all)
expect 1 "ermission denied" "${plain[@]}" "$taid" init --dir "$work/readonly/log"
[ -z "$(ls -A "$work/readonly")" ] || fail "a refused init left something"

# ---- settings ----
expect 0 "taid.yaml: ok" "$taid" --check-config --config "$work/log/taid.yaml"
expect 78 "for mode: system" "$taid" clock --take-over --yes --config "$work/log/taid.yaml"
expect 0 "nothing was taken over" "$taid" leave --config "$work/log/taid.yaml"
expect 0 "assume_error_ms: 100" "$taid" --check-config -v -c "$work/log/taid.yaml"
expect 0 '"ok": true' "$taid" --check-config --json -c "$work/log/taid.yaml"
wrong() {
    printf '%b' "$1" >"$work/wrong.yaml"
    expect 2 "wrong.yaml:$2" "$taid" --check-config --config "$work/wrong.yaml"
    expect 2 "wrong.yaml:$2" "$taid" --config "$work/wrong.yaml"
}
wrong '' '1: the file is empty'
wrong 'log_level: debug\nlog_level: notice\n' '2: "log_level" stands here a second time'
wrong 'clock:\n  assume_error: 5\n' '2: unknown key "clock.assume_error"; did you mean "assume_error_ms"?'
wrong 'stamp:\n\n  request_ms: 1\n' '3: request_ms must be from 100 to 600000, not 1'
wrong 'stamp:\n  listen: localhost:80\n' '2: listen takes addresses'
wrong 'stamp: &a {}\n' '1: anchors'
wrong 'log_level: \0377\n' '1: not UTF-8'

# ---- the policy that clients are given ----
policy=$work/log/policy
cp "$policy" "$work/policy"
# refused_policy TEXT: by --check-config, and by the start.
refused_policy() {
    expect 2 "$1" "$taid" --check-config --config "$work/log/taid.yaml"
    expect 2 '"ok": false' "$taid" --check-config --json --config "$work/log/taid.yaml"
    expect 78 "$1" "$taid" stamp --config "$work/log/taid.yaml"
    expect 78 "$1" timeout 30 "$taid" --config "$work/log/taid.yaml"
}
# A key with its right id, out of the test vectors.
witness='witness.example/w0+4daa18bd+BGwIpQe4VtZmQ+7JK2/jbi+yTY/eUF2WGR8wML+qGfib'
printf 'witness w1 %s\nquorum w1\n' "$witness" | cat <(grep -v '^quorum' "$work/policy") - >"$policy"
refused_policy "names witnesses, but this server asks none"
# Also where none of them is asked for: a client takes the time of no entry without them.
printf 'witness w1 %s\nquorum none\n' "$witness" | cat <(grep -v '^quorum' "$work/policy") - >"$policy"
refused_policy "names witnesses, but this server asks none"
cat "$work/second/policy" >"$policy"
refused_policy "does not name the key of this log"
grep -v '^quorum' "$work/policy" >"$policy"
refused_policy "has no quorum line"
# An older log's key beside this one's is fine; a policy that is missing is no reason to stop.
cat <(grep '^log' "$work/second/policy") "$work/policy" >"$policy"
expect 0 "taid.yaml: ok" "$taid" --check-config --config "$work/log/taid.yaml"
rm "$policy"
expect 0 "will get none" "$taid" --check-config --config "$work/log/taid.yaml"
mv "$work/log/keys" "$work/keys-away"
cp "$work/policy" "$policy"
expect 0 "not checked whether the policy is of this log" "$taid" --check-config --config "$work/log/taid.yaml"
mv "$work/keys-away" "$work/log/keys"

# ---- keygen ----
line=$("$taid" keygen -q --dir "$work/node") || fail "keygen fails"
[ "$(printf '%s\n' "$line" | wc -l)" = 1 ] || fail "keygen prints more than a line: $line"
[ "$("$taid" keygen --dir "$work/node" 2>/dev/null)" = "$line" ] || fail "keygen is not the same a second time"
expect 0 "was there already" "$taid" keygen --dir "$work/node"
[ "$(stat -c '%a' "$work/node/keys/node.key")" = 600 ] || fail "node.key: mode $(stat -c '%a' "$work/node/keys/node.key")"
[ "$(stat -c '%a' "$work/node/keys")" = 700 ] || fail "keys: mode $(stat -c '%a' "$work/node/keys")"
case $line in
"  - {id: "*", name: "*", address: "*", key: tainode1-"*"}") ;;
*) fail "keygen prints $line" ;;
esac
"$taid" keygen --json --dir "$work/node" | python3 -c '
import json, sys
answer = json.load(sys.stdin)
assert answer["ok"] and not answer["made"] and answer["line"] == sys.argv[1], answer
assert answer["key"] in answer["line"] and str(answer["id"]) in answer["line"], answer' "$line" || fail "keygen --json"
# Beside the signing key, which stays as it is; and where the settings say.
before=$(sha256sum "$work/log/keys/log.key")
expect 0 "$work/log/keys/node.key" "$taid" keygen --config "$work/log/taid.yaml"
[ "$(sha256sum "$work/log/keys/log.key")" = "$before" ] || fail "keygen touched log.key"
"$taid" keygen -q --dir "$work/log" | cmp -s - <("$taid" keygen -q --config "$work/log/taid.yaml") ||
    fail "--dir does not follow the settings"
printf 'sync:\n  node_key: elsewhere/my.key\n' >"$work/other.yaml"
expect 0 "$work/elsewhere/my.key" "$taid" keygen --config "$work/other.yaml"
expect 2 "no such settings; --config names them, --dir a server's folder" "$taid" keygen --config "$work/none"
expect 2 '"ok": false' "$taid" keygen --json --config "$work/none"
chmod 640 "$work/node/keys/node.key"
expect 1 "chmod 600" "$taid" keygen --dir "$work/node"
rm "$work/node/keys/node.key"
ln -s ../../log/keys/node.key "$work/node/keys/node.key"
expect 1 "a symbolic link" "$taid" keygen --dir "$work/node"
rm "$work/node/keys/node.key"
printf 'mine\n' >"$work/node/keys/node.key"
chmod 600 "$work/node/keys/node.key"
expect 1 "not a node key" "$taid" keygen --dir "$work/node"
[ "$(cat "$work/node/keys/node.key")" = mine ] || fail "keygen overwrote a file"
expect 1 "Not a directory" "$taid" keygen --dir "$work/other.yaml"

# ---- the cluster in the settings ----
cp "$work/log/taid.yaml" "$work/alone.yaml"
rm -rf "$work/node"
first=$("$taid" keygen -q --dir "$work/log" | sed 's/name: [^,]*, address: [^,]*/name: alpha, address: 192.0.2.11/')
second=$("$taid" keygen -q --dir "$work/node" | sed 's/name: [^,]*, address: [^,]*/name: beta, address: 192.0.2.12/')
printf 'name: lab\nservers:\n%s\n%s\n' "$first" "$second" >"$work/log/cluster.yaml"
sed 's/^  #cluster:/  cluster:/' "$work/alone.yaml" >"$work/log/taid.yaml"
expect 0 "cluster lab: this machine is alpha" "$taid" --check-config --config "$work/log/taid.yaml"
expect 0 "two servers cannot elect: alpha is the master" "$taid" --check-config --config "$work/log/taid.yaml"
expect 0 '"node": "alpha"' "$taid" --check-config --json --config "$work/log/taid.yaml"
sed -i 's/^  #node: alpha/  node: beta/' "$work/log/taid.yaml"
expect 2 "cluster.yaml:4: the key of this machine is alpha's (line 3), but the setting node says beta" \
    "$taid" --check-config --config "$work/log/taid.yaml"
sed -i 's/^  node: beta/  node: alpha/' "$work/log/taid.yaml"
cp "$work/log/taid.yaml" "$work/in-cluster.yaml"
refused_reference() { # refused_reference MESSAGE SETTINGS: what the start would refuse, --check-config does
    sed "s|^  cluster: .*|&\n  references:\n    - {$2}|" "$work/in-cluster.yaml" >"$work/log/taid.yaml"
    expect 2 "$1" "$taid" --check-config --config "$work/log/taid.yaml"
}
refused_reference "reference gpsd: gpsd's address must be one of this machine" 'driver: gpsd, address: "192.0.2.7:2947", accuracy_us: 1, pulses_only: true'
refused_reference "reference ntp: not the address of an NTP server" 'driver: ntp, server: "192.0.2.7:99999"'
refused_reference "reference up: cannot open the NTP key file" 'driver: ntp, name: up, server: 192.0.2.7, key_file: none, key_id: 1'
sed "s|^  cluster: .*|&\n  references:\n    - {driver: ntp, server: ntp.example.org}|" "$work/in-cluster.yaml" >"$work/log/taid.yaml"
expect 0 "taid.yaml: ok" "$taid" --check-config --config "$work/log/taid.yaml"
cp "$work/in-cluster.yaml" "$work/log/taid.yaml"
printf 'name: lab\nservers:\n%s\n%s\n' "$first" "${first/alpha/gamma}" >"$work/log/cluster.yaml"
expect 2 "cluster.yaml:4: id " "$taid" --check-config --config "$work/log/taid.yaml"
printf 'name: lab\nservers:\n%s\n' "${first%??????\}}}" >"$work/log/cluster.yaml"
expect 2 "cluster.yaml:3: key: this one was cut or changed" "$taid" --check-config --config "$work/log/taid.yaml"
rm "$work/log/cluster.yaml"
expect 2 "cluster.yaml: No such file" "$taid" --check-config --config "$work/log/taid.yaml"
cp "$work/alone.yaml" "$work/log/taid.yaml"

# ---- one life ----
expect 1 "does not run" "$taid" status --config "$work/log/taid.yaml"
start
has_both "$pid" || fail "not both processes run: $(children "$pid")"
[ "$(cat "$work/log/run/pid")" = "$pid" ] || fail "run/pid is not $pid"
expect 0 "as process $pid and listens on 127.0.0.1:" "$taid" status --config "$work/log/taid.yaml"
expect 0 "\"pid\": $pid" "$taid" status --json --config "$work/log/taid.yaml"

# A second one on the same folder, whole or in part, names the first.
expect 78 "another taid (pid $pid)" "$taid" --config "$work/log/taid.yaml"
expect 78 "another taid (pid $pid)" "$taid" stamp --config "$work/log/taid.yaml"

# A killed process comes back, the other one stays.
stamp=$(child "$pid" stamp)
clock=$(child "$pid" clock)
kill -9 "$stamp"
comes_back() { local now; now=$(child "$pid" stamp) && [ -n "$now" ] && [ "$now" != "$stamp" ]; }
await 20 comes_back || fail "the stamp process does not come back"
grep -q "stamp process was killed by signal 9" "$work/taid.log" || fail "the death was not reported"
[ "$(child "$pid" clock)" = "$clock" ] || fail "the clock process did not stay"

# New settings: bad ones change nothing, good ones restart the processes.
cp "$work/log/taid.yaml" "$work/good.yaml"
printf 'nonsense: 1\n' >>"$work/log/taid.yaml"
kill -HUP "$pid"
await 10 grep -q "the old settings stay in force" "$work/taid.log" || fail "bad settings were not refused"
[ "$(child "$pid" clock)" = "$clock" ] || fail "bad settings restarted the clock process"
cat "$work/good.yaml" >"$work/log/taid.yaml"
await 20 has_both "$pid"
expect 0 "taid.yaml: ok" "$taid" --check-config --config "$work/log/taid.yaml" # beside the running server
printf 'witness w1 %s\nquorum none\n' "$witness" | cat <(grep -v '^quorum' "$work/policy") - >"$policy"
kill -HUP "$pid"
await 10 grep -q "names witnesses" "$work/taid.log" || fail "a policy with witnesses was not refused"
cat "$work/second/policy" >"$policy"
kill -HUP "$pid"
await 10 grep -q "does not name the key" "$work/taid.log" || fail "another log's policy was not refused"
cat "$work/policy" >"$policy"
[ "$(child "$pid" clock)" = "$clock" ] || fail "a refused policy restarted the clock process"
kill -HUP "$pid"
await 20 grep -q "the new settings are in force" "$work/taid.log" || fail "good settings were not taken over"
[ "$(child "$pid" clock)" != "$clock" ] || fail "good settings did not restart the clock process"

# An orderly stop leaves nothing.
mapfile -t all < <(children "$pid" | cut -d' ' -f1)
kill -TERM "$pid"
wait "$pid"
code=$?
[ "$code" = 0 ] || fail "exit code $code after SIGTERM"
for p in "${all[@]}"; do gone "$p" || fail "process $p outlives the stop"; done
[ ! -e "$work/log/run/pid" ] || fail "run/pid outlives the stop"
[ ! -e "$work/log/run/listen" ] || fail "run/listen outlives the stop"

# kill -9 of the supervisor takes the processes along, and a new one starts at once.
start
mapfile -t all < <(children "$pid" | cut -d' ' -f1)
[ "${#all[@]}" = 2 ] || fail "two processes expected: ${all[*]}"
kill -9 "$pid"
wait "$pid" 2>/dev/null
for p in "${all[@]}"; do await 5 gone "$p" || fail "process $p outlives a killed supervisor"; done
rm -f "$work/log/run/listen"
start
kill -TERM "$pid"
wait "$pid" || fail "does not stop in order after a restart"

# No key, no service; and it says what to do.
mv "$work/log/keys" "$work/keys-away"
expect 78 "taid init" "$taid" --config "$work/log/taid.yaml"
mv "$work/keys-away" "$work/log/keys"

# A user that does not exist; root and settings that others can change.
sed 's/^  #user: taistamp-stamp/  user: no-such-user-here/' "$work/good.yaml" >"$work/log/taid.yaml"
expect 78 "no such user" "$taid" --config "$work/log/taid.yaml"
cat "$work/good.yaml" >"$work/log/taid.yaml"
if [ "$(id -u)" = 0 ]; then
    chmod 666 "$work/log/taid.yaml"
    expect 78 "can be written by others than root" "$taid" --config "$work/log/taid.yaml"
fi

[ "$failures" = 0 ] || {
    echo "$failures failures; what taid said:"
    tail -n 40 "$work/taid.log"
    exit 1
}
echo "ok"
