#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Our formats against software that shares no code with ours; docs/INTEROP.md says what each shows.
set -u
. "$top_srcdir/tests/check/skip.sh"
command -v python3 >/dev/null || skip interop "python3 is not installed"
command -v openssl >/dev/null || skip interop "the openssl command is not installed"
cd "$top_builddir" || exit 1
. "$top_srcdir/tests/interop/server.sh"
tai_stamp=$top_builddir/tai-stamp
[ -f "$tai_stamp" ] || tai_stamp=$top_builddir/tools/tai-stamp/tai-stamp
verifier=$top_srcdir/tests/interop/verify_receipt.py
failures=0
seen=0
ok() { # ok WHAT COMMAND...: succeeds
    local what=$1
    shift
    seen=$((seen + 1))
    if "$@" >"$work/said" 2>&1; then
        echo "ok    $what"
    else
        failures=$((failures + 1))
        echo "FAIL  $what"
        sed 's/^/      | /' "$work/said"
    fi
}
refuses() { # refuses WHAT COMMAND...: ends with 1, as a verdict does (a crash ends otherwise)
    local what=$1 code=0
    shift
    seen=$((seen + 1))
    "$@" >"$work/said" 2>&1 || code=$?
    if [ $code = 1 ] && ! grep -q Traceback "$work/said"; then
        echo "ok    $what"
    else
        failures=$((failures + 1))
        echo "FAIL  $what (exit code $code)"
        sed 's/^/      | /' "$work/said"
    fi
}

start_server || exit 1
files=()
for i in 1 2 3 4 5 6 7; do
    head -c $((i * 1000)) /dev/urandom >"$work/file $i.jpg"
    files+=("$work/file $i.jpg")
done
ok "the server's key is pinned" "$tai_stamp" trust --fingerprint "$(fingerprint)" "$url"
ok "one file is stamped" "$tai_stamp" stamp --server "$url" -- "${files[0]}"
ok "six files are stamped in one request" "$tai_stamp" stamp --server "$url" -- "${files[@]:1}"

echo "-- receipts by Python and openssl, without our code"
for file in "${files[@]}"; do
    ok "receipt of ${file##*/}" "$verifier" "$policy" "$file.tai" "$file"
done
cp "${files[2]}" "$work/changed.jpg"
printf x >>"$work/changed.jpg"
refuses "a changed file" "$verifier" "$policy" "${files[2]}.tai" "$work/changed.jpg"
refuses "another file's receipt" "$verifier" "$policy" "${files[2]}.tai" "${files[3]}"
# Both verifiers say the same of every receipt in the vectors is tests/unit/test_vectors' part; here: one agreed reading.
t_theirs=$("$verifier" "$policy" "${files[4]}.tai" "${files[4]}" | python3 -c 'import json,sys; d=json.load(sys.stdin); print(d["t"], d["h"], d["index"], d["size"])')
t_ours=$("$tai_stamp" verify --json --policy "$policy" --receipt "${files[4]}.tai" -- "${files[4]}" |
    python3 -c 'import json,sys
d=json.load(sys.stdin)
d=d[0] if isinstance(d, list) else d.get("files", [d])[0]
print(d["t"], d["h"], d["index"], d["size"])')
ok "t, h, index and size read alike: $t_ours" test "$t_ours" = "$t_theirs" -a -n "$t_ours"

echo "-- the signed checkpoint by openssl alone"
checkpoint_by_openssl() {
    "$top_srcdir/tests/interop/checkpoint.sh" "$policy" "$1"
}
if command -v curl >/dev/null; then
    curl -sS --max-time 10 -o "$work/checkpoint" "$url/checkpoint"
    ok "GET /checkpoint" checkpoint_by_openssl "$work/checkpoint"
    sed '2s/.*/999/' "$work/checkpoint" >"$work/checkpoint.bad"
    refuses "a checkpoint with another size" checkpoint_by_openssl "$work/checkpoint.bad"
else
    skip interop "curl is not installed"
fi

echo "-- leap seconds by the system's tzdata"
ok "our table is tzdata's, and each leap second is where the C library puts it" \
    python3 "$top_srcdir/tests/interop/leap_tzdata.py" "$top_srcdir/leapseconds/leap-seconds.list" ./tai-leap

echo "$seen looked at, $failures failed"
[ $failures = 0 ]
