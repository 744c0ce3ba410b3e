#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Durable stamps over HTTP beside a bare evhttp with the same request and answer sizes: every process of taid on one
# core, the client on another, alternating runs, medians. One JSON object per line and figure.
#
# From the build folder; RUNS (default 3) and SECONDS_EACH (default 2) may be set. Needs two cores and taskset.
set -eu

build=${BUILD:-$(pwd)}
runs=${RUNS:-3}
each=${SECONDS_EACH:-2}
load=$build/tests/bench/load
bare=$build/tests/bench/bare_evhttp
work=$(mktemp -d "${TMPDIR:-/tmp}/taistamp-bench.XXXXXX")
taid_pid=
bare_pid=
load_pid=

stop() {
    for p in $load_pid $bare_pid $taid_pid; do
        kill "$p" 2>/dev/null || true
        wait "$p" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

field() { # field NAME < JSON object on one line
    sed -n "s/.*\"$1\":\\([0-9.]*\\).*/\\1/p"
}
median() { # median < numbers
    sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}
figure() { # figure NAME VALUE UNIT PEER PEER_VALUE GOAL, nothing for what there is not
    awk -v name="$1" -v value="$2" -v unit="$3" -v peer="$4" -v pv="$5" -v goal="$6" 'BEGIN {
        printf "{\"name\":\"%s\",\"value\":%s,\"unit\":\"%s\",\"peer\":", name, value, unit
        if (peer == "") printf "null,\"peer_value\":null,\"ratio\":null"
        else printf "\"%s\",\"peer_value\":%s,\"ratio\":%.3f", peer, pv, value / pv
        printf ",\"goal\":%s}\n", goal == "" ? "null" : "\"" goal "\""
    }'
}
# Memory of all processes of taid, kB: what belongs to them alone, and their share of what is shared.
memory() {
    for p in $taid_pid $(cat "/proc/$taid_pid/task/$taid_pid/children"); do
        cat "/proc/$p/smaps_rollup"
    done | awk '/^Pss:/ { pss += $2 } /^Private_/ { own += $2 } END { print own, pss }'
}

[ "$(nproc)" -ge 2 ] || { echo "bench_http: needs two cores" >&2; exit 1; }
"$build/taid" init --dir "$work/taid" --host bench.invalid --listen 127.0.0.1:0 --assume-error-ms 100 >/dev/null
taskset -c 0 "$build/taid" -q --config "$work/taid/taid.yaml" &
taid_pid=$!
i=0
while [ ! -s "$work/taid/run/listen" ] || ! curl -fs "http://$(cat "$work/taid/run/listen")/healthz" >/dev/null; do
    i=$((i + 1))
    [ $i -lt 100 ] || { echo "bench_http: taid does not get ready" >&2; exit 1; }
    sleep 0.1
done
ours=$(cat "$work/taid/run/listen")
policy=$work/taid/policy

run_ours() { # run_ours CONNECTIONS SECONDS
    taskset -c 1 "$load" -c "$1" -s "$2" -p "$policy" "$ours"
}
run_ours 128 1 >"$work/warm"
size=$(field body <"$work/warm")
taskset -c 0 "$bare" "$size" >"$work/bare.port" &
bare_pid=$!
sleep 0.3
peer=$(cat "$work/bare.port")

for connections in 64 256; do
    : >"$work/ours" && : >"$work/bare"
    n=0
    while [ $n -lt "$runs" ]; do
        run_ours $connections "$each" >>"$work/ours" &
        load_pid=$!
        sleep "$each"
        [ $connections != 256 ] || memory >>"$work/memory"
        wait $load_pid
        load_pid=
        taskset -c 1 "$load" -c $connections -s "$each" "$peer" >>"$work/bare"
        n=$((n + 1))
    done
    rate_goal=
    p99_goal=
    if [ $connections = 256 ]; then
        rate_goal=">= 0.65 x"
        p99_goal="< 20000"
    fi
    figure "http_stamps_${connections}_connections" "$(field rate <"$work/ours" | median)" "1/s" \
        "bare evhttp" "$(field rate <"$work/bare" | median)" "$rate_goal"
    figure "http_p50_${connections}_connections" "$(field p50_us <"$work/ours" | median)" us \
        "bare evhttp" "$(field p50_us <"$work/bare" | median)" ""
    figure "http_p99_${connections}_connections" "$(field p99_us <"$work/ours" | median)" us \
        "bare evhttp" "$(field p99_us <"$work/bare" | median)" "$p99_goal"
    figure "http_max_${connections}_connections" "$(field max_us <"$work/ours" | median)" us \
        "bare evhttp" "$(field max_us <"$work/bare" | median)" ""
done
figure http_memory_private_under_load "$(awk '{ print $1 }' "$work/memory" | median)" kB "" "" ""
figure http_memory_pss_under_load "$(awk '{ print $2 }' "$work/memory" | median)" kB "" "" ""

taskset -c 1 "$load" -c 0 -i 10000 -w 2000 "$ours" 2>"$work/idle" &
load_pid=$!
i=0
until grep -q "idle connections open" "$work/idle"; do
    i=$((i + 1))
    [ $i -lt 200 ] || { cat "$work/idle" >&2; exit 1; }
    sleep 0.1
done
sleep 0.5
memory >"$work/memory"
wait $load_pid
load_pid=
figure http_memory_private_10000_idle "$(awk '{ print $1 }' "$work/memory")" kB "" "" ""
figure http_memory_pss_10000_idle "$(awk '{ print $2 }' "$work/memory")" kB "" "" ""
