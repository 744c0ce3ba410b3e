#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tai-stamp as a person uses it, with a real server: trust, stamp, verify, lose things, export, and the bad days.
: "${top_srcdir:?}"
. "$top_srcdir/tests/cli/stamp_lib.sh" || exit 1
start_server
mkdir "$work/photos"
cd "$work/photos" || exit 1
head -c 300000 /dev/urandom >a.jpg
echo two >b.jpg
: >empty

# Trust comes first.
expect 2 "tai-stamp trust URL" "$tai_stamp" a.jpg
expect 5 "tai-stamp trust $url" "$tai_stamp" a.jpg --server "$url"
expect 5 "$fingerprint" "$tai_stamp" trust "$url" </dev/null
expect 5 '"pinned":false' sh -c "'$tai_stamp' trust --json '$url' 2>/dev/null </dev/null"
expect 5 "DIFFERS" "$tai_stamp" trust "$url" --fingerprint "${fingerprint//[0-7]/8}"
expect 0 "Pinned" "$tai_stamp" trust "$url" --fingerprint "$fingerprint"
expect 0 "pinned already" "$tai_stamp" trust "$url/"
expect 0 "$fingerprint" "$tai_stamp" trust --list

# One file, then many; what has a receipt is skipped; receipts are never stamped.
expect 0 "a.jpg: stamped at" "$tai_stamp" a.jpg
expect 0 "a.jpg: has a valid receipt" "$tai_stamp" a.jpg b.jpg empty
expect 0 "b.jpg: verified: it existed no later than 20" "$tai_stamp" verify a.jpg b.jpg empty
sentence=' TAI \(UTC [0-9T:.-]+Z\) ± [0-9.]+ ms, by a clock whose error the operator declared and nobody measured, says entry [0-9]+ of [^ ]+/taistamp/[0-9a-f]{16}, and that rests on this one operator.s word\.$'
check grep -Eq "^b.jpg: verified: it existed no later than [0-9T:.-]+$sentence" <<<"$said"
expect 0 "one operator's word" "$tai_stamp" verify b.jpg.tai
expect 0 "has a valid receipt" "$tai_stamp" -r .
check test "$(find . -name '*.tai.tai' | wc -l)" = 0
expect 2 "receipts are not stamped" "$tai_stamp" a.jpg.tai
# "*" names files and receipts: each file counts once.
expect 0 "b.jpg: has a valid receipt" "$tai_stamp" ./*
expect 0 "3 verified, 0 failed" "$tai_stamp" verify ./*
expect 0 '"valid":true' "$tai_stamp" verify --json a.jpg
expect 0 "NOT VERIFIED" "$tai_stamp" info a.jpg.tai
expect 0 '"verified":false' "$tai_stamp" info --json a.jpg
check test "$(stat -c %a "$XDG_CONFIG_HOME/taistamp/secret")" = 600
check test "$(stat -c %s "$XDG_CONFIG_HOME/taistamp/secret")" = 32

# With everything named, nothing at home is looked at; the server is not needed.
expect 0 "verified" env HOME=/nonexistent XDG_CONFIG_HOME=/nonexistent XDG_DATA_HOME=/nonexistent \
    "$tai_stamp" verify --policy "$work/server/policy" --receipt a.jpg.tai a.jpg
expect 2 "unknown option -x" "$tai_stamp" -x a.jpg
expect 2 "a value is missing after --server" "$tai_stamp" a.jpg --server
expect 2 "--trust needs --policy" "$tai_stamp" verify --trust x a.jpg

# Renamed, receipt lost, changed, damaged, missing.
mv b.jpg c.jpg && rm b.jpg.tai
expect 0 "kept receipt" "$tai_stamp" verify c.jpg
cp a.jpg a.original && echo more >>a.jpg
expect 1 "the file was changed" "$tai_stamp" verify a.jpg
expect 1 "changed since it was stamped" "$tai_stamp" a.jpg
cp a.jpg.tai before
expect 0 "a.jpg.old-1.tai" "$tai_stamp" a.jpg --force
check cmp -s before a.jpg.old-1.tai
expect 0 "verified" "$tai_stamp" verify a.jpg
head -c 300 before >empty.tai
expect 0 "damaged: " "$tai_stamp" verify empty
case $said in *"empty: verified"*"kept receipt"*) ;; *) fail "the kept receipt of a damaged one: $said" ;; esac
expect 0 "verified" "$tai_stamp" verify .
expect 0 '"warning":"the receipt is damaged' "$tai_stamp" verify --json empty
expect 1 "damaged" "$tai_stamp" verify --quick empty
expect 1 "damaged" "$tai_stamp" verify --receipt empty.tai empty
expect 1 "damaged" "$tai_stamp" verify --policy "$work/server/policy" empty
expect 1 "It was not touched" "$tai_stamp" empty
expect 1 "it was not touched" "$tai_stamp" restore empty
check test "$(stat -c %s empty.tai)" = 300
expect 3 "1 restored, 1 had a valid receipt, 1 not restored" "$tai_stamp" restore --force empty a.jpg nowhere
check test -e empty.old-1.tai
expect 0 "empty: verified" "$tai_stamp" verify --quick empty
rm empty.tai empty.old-1.tai
expect 0 '"status":"restored"' "$tai_stamp" restore --json empty
expect 0 "empty: verified" "$tai_stamp" verify --quick empty
rm empty empty.tai
expect 2 "no such file" "$tai_stamp" verify nowhere
rm -f before a.jpg.old-1.tai a.original

# Standard input, digests, other algorithms, other places.
expect 0 "c2sp.org/tlog-proof" sh -c "printf x | '$tai_stamp' -"
expect 0 "verified" sh -c "printf x | '$tai_stamp' verify -"
expect 0 "stamped" "$tai_stamp" --digest "sha512:$(printf y | sha512sum | cut -d' ' -f1)" -o y.tai
printf y >y
expect 0 "verified" "$tai_stamp" verify y
expect 2 "--digest" "$tai_stamp" --digest sha256:12 -o z.tai
expect 2 "needs -o" "$tai_stamp" --digest "sha512:$(printf y | sha512sum | cut -d' ' -f1)"
printf z >z
expect 0 "stamped" "$tai_stamp" --algorithm sha3-256 --out-dir "$work" z
expect 0 "sha3-256:" "$tai_stamp" info "$work/z.tai"
expect 0 "kept receipt" "$tai_stamp" verify z

# Names that could fool a terminal; lists with NUL; what is not a file; the rest goes on.
bad=$(printf 'new\nline\033[31m')
echo bad >"$bad"
mkfifo fifo
expect 3 'new\nline\x1b[31m: stamped' "$tai_stamp" "$bad" fifo nowhere /dev/null
case $said in *"is a FIFO"*"no such file"*"is a device"*) ;; *) fail "not every file has its reason: $said" ;; esac
rm -f "$bad.tai" && rm -rf "$XDG_DATA_HOME/taistamp/receipts"
printf '%s\0' "$bad" >list
expect 0 "stamped" "$tai_stamp" --files-from list -0
expect 0 "verified" "$tai_stamp" verify --files-from list -0
rm fifo list

# What one may not read or write. Root may do anything, so root becomes somebody else for this.
as_user=()
[ "$(id -u)" != 0 ] || as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
mkdir ro && echo r >ro/r && echo u >unreadable && chmod 000 unreadable && chmod 555 ro
if [ "$(id -u)" = 0 ]; then
    chmod 755 "$work" && chown -R 65534:65534 "$work/home"
    # Nobody else may be able to enter the build folder: they get the program, its libraries and the leap table here.
    mkdir "$work/bin" && as_user+=(env LD_LIBRARY_PATH="$work/bin" TAISTAMP_LEAP_FILE="$work/bin/leap-seconds.list")
    for file in "$top_builddir"/.libs/libtaistamp*.so.[0-9]* "$top_builddir/.libs/tai-stamp" \
        "$top_srcdir/leapseconds/leap-seconds.list"; do
        cp -L "$file" "$work/bin/"
    done
    chmod -R a+rX "$work/bin" && as_user+=("$work/bin/tai-stamp")
else
    as_user+=("$tai_stamp")
fi
expect 3 "It is kept as" "${as_user[@]}" ro/r
expect 0 "verified" "${as_user[@]}" verify ro/r
expect 2 "cannot be read" "${as_user[@]}" unreadable
chmod 755 ro && rm -rf ro unreadable
[ "$(id -u)" != 0 ] || chown -R 0:0 "$work/home"

# A huge file: a worthless receipt is found out before it is read; an interrupt leaves nothing; one that is written to
# while it is read has no digest.
truncate -s 200G huge
head -c 200 a.jpg.tai >huge.tai
expect 1 "damaged" timeout 30 "$tai_stamp" verify --quick huge
rm huge.tai
env --default-signal=INT "$tai_stamp" huge >"$work/interrupted" 2>&1 &
try=$!
await 60 has_open "$try" '*/huge' || fail "does not begin to read"
kill -INT "$try"
wait "$try"
check test $? = 130
check grep -q interrupted "$work/interrupted"
check test ! -e huge.tai
check test -z "$(ls "$XDG_DATA_HOME/taistamp/outbox")"
check test -z "$(find . -name '.tai-stamp-*')"
truncate -s 1G huge
# Again and again, for how long the command takes to begin to read is not known.
(while sleep 0.05 && [ -e huge ]; do echo more >>huge; done) &
writer=$!
expect 2 "changed while it was read" "$tai_stamp" huge
kill $writer
wait $writer 2>/dev/null
rm huge

# To the end and beyond 4 GB, where there is time (make soak).
if [ -n "${STAMP_HUGE:-}" ]; then
    truncate -s "$STAMP_HUGE" huge
    printf end >>huge
    expect 0 "huge: stamped at" "$tai_stamp" huge
    expect 0 "$(openssl dgst -sha256 -r huge | cut -d' ' -f1)" "$tai_stamp" info huge.tai
    rm huge huge.tai
fi

# A batch: one entry in the log, each file verifies; the list of commitments is kept.
mkdir many
for i in $(seq 60); do echo "file $i" >"many/$i"; done
expect 0 "60 files stamped in one request" "$tai_stamp" -r many
expect 0 "60 verified, 0 failed" "$tai_stamp" verify many
mkdir moved && cp many/1 moved/one && cp many/60 moved/sixty && echo never >moved/never
expect 0 "2 verified, 0 failed, 1 file has no receipt" "$tai_stamp" verify moved
expect 2 "3 files have no receipt" "$tai_stamp" verify --quick moved
rm -r moved
check test "$(cat many/*.tai | grep -c '^index' )" = 60
check test "$(grep -h '^index' many/*.tai | sort -u | wc -l)" = 1
check test "$(cat "$XDG_DATA_HOME"/taistamp/batches/*.list | grep -c '^sha256:')" -ge 60
check test -z "$(ls "$XDG_DATA_HOME/taistamp/outbox")"

# Two at once on the same files: no receipt is lost, none is half-written.
mkdir both
for i in $(seq 40); do echo "both $i" >"both/$i"; done
"$tai_stamp" -q -r both 2>/dev/null &
first=$!
"$tai_stamp" -q -r both 2>/dev/null
wait $first
expect 0 "40 verified, 0 failed" "$tai_stamp" verify both
check test -z "$(find both -name '.tai-stamp-*')"

# Export: a folder that is enough for somebody who has nothing.
expect 0 "README.txt" "$tai_stamp" export a.jpg -o "$work/gift" --with-file
expect 0 "verified" env -C "$work/gift" HOME=/nonexistent XDG_CONFIG_HOME=/nonexistent \
    "$tai_stamp" verify --policy policy a.jpg
expect 1 "already" "$tai_stamp" export a.jpg -o "$work/gift"
expect 1 "no receipt" "$tai_stamp" export --policy "$work/server/policy" z -o "$work/gift2"

# The server is away: queued, sent later, but not when the file has changed meanwhile.
stop_server
echo late >late.jpg
echo twice >twice.jpg
expect 4 "queued" "$tai_stamp" twice.jpg
echo changed >changed.jpg
expect 4 "queued" "$tai_stamp" late.jpg changed.jpg
check test ! -e late.jpg.tai
expect 4 "queued" "$tai_stamp" flush
expect 0 "verified" "$tai_stamp" verify a.jpg
echo again >>changed.jpg
start_server
expect 3 "was changed since it was queued" "$tai_stamp" flush
expect 0 "verified" "$tai_stamp" verify late.jpg
check test ! -e changed.jpg.tai
expect 0 "verified" "$tai_stamp" verify twice.jpg
rm twice.jpg.tai
expect 0 "kept receipt" "$tai_stamp" verify twice.jpg
stop_server
echo named >named.jpg
expect 4 "queued" "$tai_stamp" named.jpg
start_server
expect 0 "named.jpg: stamped" "$tai_stamp" named.jpg
rm named.jpg.tai
expect 0 "kept receipt" "$tai_stamp" verify named.jpg
expect 0 "Nothing is queued" "$tai_stamp" stamp --retry

# What is queued stays so when the next try is interrupted, or refused: nobody would notice that it is gone.
stop_server
echo patient >patient.jpg
expect 4 "queued" "$tai_stamp" patient.jpg
start_server
mapfile -t processes < <(pgrep -P "$server_pid")
kill -STOP "${processes[@]}"
echo new >new.jpg
for what in "stamp new.jpg" flush; do
    # shellcheck disable=SC2086 # words
    "$tai_stamp" $what >"$work/interrupted" 2>&1 &
    try=$!
    await 60 has_open "$try" 'socket:*' || fail "does not ask the server: $what"
    kill -TERM "$try"
    wait "$try"
    check test $? = 130
    check grep -q interrupted "$work/interrupted"
done
kill -CONT "${processes[@]}"
expect 0 "patient.jpg: stamped" "$tai_stamp" flush
check test ! -e new.jpg.tai
expect 0 "verified" "$tai_stamp" verify patient.jpg
expect 0 "Nothing is queued" "$tai_stamp" flush
expect 1 "none is beside it" "$tai_stamp" info new.jpg

# The keys change: loud, and nothing is taken over.
stop_server
address=${url#http://}
echo kept >kept.jpg
expect 4 "queued" "$tai_stamp" kept.jpg
"$taid" init --dir "$work/other" --listen "$address" --assume-error-ms 50 >/dev/null || fail "a second taid init"
"$taid" --config "$work/other/taid.yaml" >>"$work/server.log" 2>&1 &
server_pid=$!
await 20 test -s "$work/other/run/listen" || fail "the other taid does not start"
echo new >new.jpg
expect 5 "NOT SIGNED BY THE PINNED KEY" "$tai_stamp" new.jpg
check test ! -e new.jpg.tai
expect 5 "kept.jpg: not stamped; it stays queued" "$tai_stamp" flush
check test "$(find "$XDG_DATA_HOME/taistamp/outbox" -name '*.todo' | wc -l)" = 1
expect 5 "THE KEYS HAVE CHANGED" "$tai_stamp" trust "$url"
expect 0 "forgotten" "$tai_stamp" trust --remove "$url"
expect 5 "have not pinned" "$tai_stamp" verify a.jpg

# How it is called.
expect 0 "Usage" "$tai_stamp" --help
expect 0 "tai-stamp " "$tai_stamp" --version
expect 2 "does not take" "$tai_stamp" info --fingerprint x y
expect 2 "--help" "$tai_stamp" --no-such-option
conclude
