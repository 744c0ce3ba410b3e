#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tai-leap as a user types it: output, sentences and exit codes.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
tool=${top_builddir:-.}/tai-leap
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
TAISTAMP_LEAP_FILE=$top_srcdir/leapseconds/leap-seconds.list
TAISTAMP_CLOCK_PAGE=$work/no-page
export TAISTAMP_LEAP_FILE TAISTAMP_CLOCK_PAGE
failed=0
cases=0

complain() {
    echo "FAIL: $1"
    sed 's/^/    out: /' "$work/out"
    sed 's/^/    err: /' "$work/err"
    failed=$((failed + 1))
}

# run EXIT ARGUMENT...: runs the tool and checks its exit code.
run() {
    want=$1
    shift
    what="tai-leap $*"
    cases=$((cases + 1))
    "$tool" "$@" >"$work/out" 2>"$work/err"
    got=$?
    [ "$got" -eq "$want" ] || complain "$what: exit $got instead of $want"
}
# out/err TEXT: the last run's output has it. silent: it said nothing.
out() { grep -qF -- "$1" "$work/out" || complain "$what: no '$1' in the output"; }
err() { grep -qF -- "$1" "$work/err" || complain "$what: no '$1' in the messages"; }
silent() { cat "$work/out" "$work/err" | grep -q . && complain "$what: said something"; }
only() { [ "$(cat "$work/out")" = "$1" ] || complain "$what: not exactly '$1'"; }

# table FILE EXPIRES: a table of 1972 and 2017's count shortened to two lines, with a right hash.
table() {
    updated=3800000000
    hash=$(printf '%s%s227206080010228778560011' "$updated" "$2" | sha1sum | cut -c1-40 |
        sed 's/......../& /g; s/ $//')
    printf '#$\t%s\n#@\t%s\n2272060800\t10\n2287785600\t11\n#h\t%s\n' "$updated" "$2" "$hash" >"$1"
}

# Every form of the last leap second.
run 0 2016-12-31T23:59:60.25Z
out 'TAI      2017-01-01T00:00:36.250000000 TAI'
out 'UTC      2016-12-31T23:59:60.250000000Z  (an inserted leap second)'
out 'TAI-UTC  36 s'
out 'POSIX    1483228800.250000000'
out 'NTP      dc12c500.40000000  (era 0, 3692217600 s since 1900)'
out 'TAI64N   @40000000586846a40ee6b280'
out 'ns       1483228836250000000'

for form in 'tai 2017-01-01T00:00:37 TAI' 'utc 2017-01-01T00:00:00Z' 'tai64n @40000000586846a500000000' \
    'posix 1483228800' 'ntp dc12c500.00000000' 'ns 1483228837000000000'; do
    run 0 --to "${form%% *}" 2017-01-01T00:00:00Z
    only "${form#* }"
done
for input in '--posix 1483228800' '--posix 1483228800.0' '--ntp 3692217600' '--ntp DC12C500.00000000' \
    '--ntp 00000000dc12c5000000000000000000' '--ns 1483228837000000000' '@40000000586846a5' \
    '2017-01-01T00:00:37TAI' '2016-12-31T19:00:00-05:00'; do
    # shellcheck disable=SC2086 # an option and its value
    run 0 -t tai --pivot 2017-06-01T00:00:00Z $input
    only '2017-01-01T00:00:37 TAI'
done
run 1 -t posix --ns -1
err 'not known before 1972'
run 0 -t tai --ns -1
only '1969-12-31T23:59:59.999999999 TAI'
run 0 -t utc --posix 1483228799.999999999
only '2016-12-31T23:59:59.999999999Z'

# NTP eras.
run 3 -t tai --pivot '2040-01-01T00:00:00 TAI' --ntp 00000005.00000000
only '2036-02-07T06:28:58 TAI'
run 1 --pivot '1950-01-01T00:00:00 TAI' --ntp dc12c500.00000000 --ntp 00000000.00000000
err 'means that the time is not known'

# What is not there is said.
run 1 2015-12-31T23:59:60Z
err 'no leap second was inserted there'
run 1 1971-12-31T23:59:59Z
err 'UTC before 1972'
run 1 2199-12-31T23:59:60Z
err 'is not known'
run 1 --posix -5
err 'before 1972'
run 1 --posix 99999999999
err 'from 1677 to 2262'
run 1 2017-02-30T00:00:00Z
err 'no such date'
run 0 '1960-01-01T00:00:00 TAI'
out 'UTC      not known'
run 3 2200-01-01T00:00:00Z
err 'UTC is doubtful'
out 'doubtful: after the table'
run 3 -q 2200-01-01T00:00:00Z
[ ! -s "$work/err" ] || complain "$what: -q said something"

# Usage.
for bad in -5 --frob -x '--to' '--to x 2017-01-01T00:00:00Z' '--to utc' 1483228800 1.5 tomorrow '--posix x' \
    '--posix 1.' '--posix 1.0000000001' '--posix 9223372036854775808' '--ntp zz' '--ns 1.5' '--ns' '--pivot x now' \
    '--json --to utc now'; do
    # shellcheck disable=SC2086 # several arguments
    run 2 $bad
    [ ! -s "$work/out" ] || complain "$what: output beside an error"
    [ -s "$work/err" ] || complain "$what: no sentence"
done
run 2 -5
err 'a negative number needs --posix'
run 2 1483228800
err 'say --posix, --ntp or --ns'
run 2 ''
run 0 --help
out 'Usage: tai-leap'
run 0 --version
out 'tai-leap '

# One bad time among good ones: the rest is answered.
run 2 -t ns 2017-01-01T00:00:37TAI x 2017-01-01T00:00:38TAI
out 1483228838000000000
run 1 -t ns 2017-01-01T00:00:37TAI 2015-12-31T23:59:60Z

# The table.
table "$work/good" 9000000000
table "$work/expired" 3800000001
run 0 --file "$work/good"
out "$work/good"
out 'status   valid'
out '1972-07-01T00:00:00Z    11 s'
run 0 -q -f "$work/good"
silent
run 3 --file "$work/expired"
out 'EXPIRED'
run 3 -q --file "$work/expired"
silent
run 3 -f "$work/expired" 2022-01-01T00:00:00Z
run 0 -f "$work/expired" 1999-01-01T00:00:00Z
sed 's/2287785600/2287785601/' "$work/good" >"$work/damaged"
run 1 -f "$work/damaged"
err "$work/damaged"
sed 's/^#h.*/#h\t0 0 0 0 0/' "$work/good" >"$work/damaged"
run 1 -f "$work/damaged"
err 'do not have the hash'
head -c 60 "$work/good" >"$work/damaged"
run 1 -f "$work/damaged"
run 2 -f "$work/missing"
err 'missing'
mkfifo "$work/fifo" && run 1 -f "$work/fifo"
TAISTAMP_LEAP_FILE=$work/good run 0 -v
err "$work/good: good, expires"
TAISTAMP_LEAP_FILE=$work/damaged run 1 -v
err 'not used'

# JSON is JSON, with nanoseconds as strings.
run 0 --json -f "$work/good"
out '"tai_utc_s": 11'
out '"status": "valid"'
run 0 --json --posix 1483228836 2016-12-31T23:59:60Z now
out '"tai_ns": "1483228836000000000"'
out '"second_60": true'
out '"half_width_ns": null'
out '"source": "system-clock"'
run 1 --json 2015-12-31T23:59:60Z
out '"error": "range"'
run 0 --json '1960-01-01T00:00:00 TAI'
out '"utc": null'
out '"utc_status": "unknown"'
bytes=$(printf '\377')
run 2 --json "$bytes"
out '"input": null'
if command -v python3 >/dev/null; then
    "$tool" --json now 2016-12-31T23:59:60Z x | python3 -c 'import json, sys; json.load(sys.stdin)' || complain 'not JSON'
fi
if [ -w /dev/full ]; then
    "$tool" 2016-12-31T23:59:60Z >/dev/full 2>"$work/err" && complain 'a full disk went unnoticed'
    "$tool" --json 2016-12-31T23:59:60Z >/dev/full 2>"$work/err" && complain 'a full disk went unnoticed with --json'
fi

# update: newest valid wins, never older, never another past, whole or not at all.
kept=$work/state/leap-seconds.list
export TAISTAMP_LEAP_FILE="$kept"
table "$work/first" 4100000000
table "$work/second" 4200000000
table "$work/expired" 3900000000
sed 's/^2287785600\t11/2303683200\t11/' "$work/second" >"$work/forged" # another past, and then a right hash
hash=$(grep -v '#h' "$work/forged" | sed 's/^#[$@]//' | tr -d ' \t\n' | sha1sum | cut -c1-40 | sed 's/......../& /g; s/ $//')
sed "s/^#h.*/#h\t$hash/" "$work/forged" >"$work/rewritten"
run 0 -f "$work/rewritten"
run 0 update -n "$work/first"
out 'would be written from'
[ ! -e "$kept" ] || complain 'a dry run wrote'
run 0 update "$work/first"
out 'written from'
cmp -s "$work/first" "$kept" || complain 'not what was given'
run 0
out "$kept"
run 0 update "$work/first"
out 'is as new as'
run 1 update "$work/expired"
err 'older than'
run 1 update "$work/rewritten"
err 'contradicts'
# It expires last, and hides no good one before or behind it.
run 0 update -n "$work/rewritten" "$work/first"
out "would be written from $work/first"
err 'contradicts'
run 0 update -n "$work/first" "$work/rewritten"
out "would be written from $work/first"
run 1 update "$work/expired" "$work/rewritten"
run 1 update "$work/damaged"
run 2 update "$work/missing"
run 2 update --no-such
err "tai-leap: unknown or ambiguous option --no-such"
err "Try 'tai-leap update --help'"
run 4 update http://127.0.0.1:1
cmp -s "$work/first" "$kept" || complain 'a refused table changed the file'
run 0 update "$work/missing" "$work/damaged" "$work/first" "$work/second"
cmp -s "$work/second" "$kept" || complain 'the newest of several did not win'
run 0 update -q - <"$work/second"
silent
run 0 update
out 'is as new as'
run 0 update --json --output "$work/other" "$work/second"
out '"written": true'
[ "$(find "$work/state" -type f | wc -l)" = 1 ] || complain 'something was left beside the table'

echo "$cases runs, $failed failures"
[ "$failed" -eq 0 ]
