#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Durable stamps over HTTP beside a bare evhttp with the same request and answer sizes: every process of taid on one
# core, the client on another. Both are measured in short slices in turn, because a machine's noise changes within
# seconds: the ratio is the median of the ratios of neighbours, everything else the median of all slices; none is left
# out. Between them runs what a commit costs on this disk at least (commit_floor), in the folder of the log: an answer
# cannot be faster than that (its max is that of 50). One JSON object per line and figure.
#
# From the build folder; SLICES (default 8) and SLICE_MS (default 400) may be set. Needs two cores and taskset.
set -eu

build=${BUILD:-$(pwd)}
slices=${SLICES:-8}
slice_ms=${SLICE_MS:-400}
load=$build/tests/bench/load
bare=$build/tests/bench/bare_evhttp
floor=$build/tests/bench/commit_floor
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
# figure NAME VALUE UNIT PEER PEER_VALUE RATIO GOAL, nothing for what there is not
figure() {
    awk -v name="$1" -v value="$2" -v unit="$3" -v peer="$4" -v pv="$5" -v ratio="$6" -v goal="$7" 'BEGIN {
        printf "{\"name\":\"%s\",\"value\":%s,\"unit\":\"%s\",\"peer\":", name, value, unit
        if (peer == "") printf "null,\"peer_value\":null,\"ratio\":null"
        else printf "\"%s\",\"peer_value\":%s,\"ratio\":%.3f", peer, pv, ratio
        printf ",\"goal\":%s}\n", goal == "" ? "null" : "\"" goal "\""
    }'
}
# beside NAME FIELD UNIT GOAL: both medians, and the median of the ratios of slices that were neighbours
beside() {
    field "$2" <"$work/ours" >"$work/a"
    field "$2" <"$work/bare" >"$work/b"
    figure "$1" "$(median <"$work/a")" "$3" "bare evhttp" "$(median <"$work/b")" \
        "$(paste "$work/a" "$work/b" | awk '{ print $1 / ($2 > 0 ? $2 : 1) }' | median)" "$4"
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

run_ours() { # run_ours CONNECTIONS MS
    taskset -c 1 "$load" -c "$1" -t "$2" -p "$policy" "$ours"
}
run_ours 128 1000 >"$work/warm"
size=$(field body <"$work/warm")
taskset -c 0 "$bare" "$size" >"$work/bare.port" &
bare_pid=$!
sleep 0.3
peer=$(cat "$work/bare.port")

for connections in 16 64 256; do
    : >"$work/ours" && : >"$work/bare" && : >"$work/floor"
    n=0
    while [ $n -lt "$slices" ]; do
        run_ours $connections "$slice_ms" >>"$work/ours"
        [ $connections != 256 ] || memory >>"$work/memory"
        taskset -c 1 "$load" -c $connections -t "$slice_ms" "$peer" >>"$work/bare"
        # 300 bytes of the database for each entry of a batch
        taskset -c 0 "$floor" "$work/taid" $((connections * 300)) 50 >>"$work/floor"
        n=$((n + 1))
    done
    p99_goal=
    rate_goal=
    if [ $connections = 256 ]; then
        p99_goal="< 20000"
        rate_goal=">= 0.65 x"
    fi
    beside "http_stamps_${connections}_connections" rate "1/s" "$rate_goal"
    beside "http_p50_${connections}_connections" p50_us us ""
    beside "http_p99_${connections}_connections" p99_us us "$p99_goal"
    beside "http_max_${connections}_connections" max_us us ""
    for quantile in p50 max; do
        figure "http_disk_floor_${quantile}_${connections}_connections" \
            "$(field ${quantile}_us <"$work/floor" | median)" us "" "" "" ""
    done
done
figure http_memory_private_under_load "$(awk '{ print $1 }' "$work/memory" | median)" kB "" "" "" ""
figure http_memory_pss_under_load "$(awk '{ print $2 }' "$work/memory" | median)" kB "" "" "" ""

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
figure http_memory_private_10000_idle "$(awk '{ print $1 }' "$work/memory")" kB "" "" "" ""
figure http_memory_pss_10000_idle "$(awk '{ print $2 }' "$work/memory")" kB "" "" "" ""
