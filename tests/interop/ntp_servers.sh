#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Our NTP client against the real chronyd as server, on loopback, with and without keys. One chronyd serves its own clock, a second
# follows it, a third follows nobody; none steers anything (-x), so this machine's clock is the truth to compare
# with. Some 40 seconds. Which chronyd: program.sh finds or unpacks one, CHRONYD=/path/to/chronyd names one.
set -u
. "$top_srcdir/tests/check/skip.sh"
chronyd=$("$top_srcdir/tests/interop/program.sh" chronyd) || skip ntp_servers "there is no chronyd"
cd "$top_builddir" || exit 1
read=tests/interop/ntp_read
[ -x "$read" ] || make -s "$read" || exit 1

work=$(mktemp -d "${TMPDIR:-/tmp}/taistamp-ntp.XXXXXX")
pids=()
finish() {
    local pid
    for pid in "${pids[@]}"; do kill "$pid"; done 2>/dev/null
    wait 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

# Ports of one run; another run at the same time finds its own.
base=$((20000 + ($$ * 8) % 10000))
cat >"$work/keys" <<'KEYS'
1 MD5 ASCII:AVeryOldSecret
2 SHA1 HEX:a8bfb2fb8f4b8ac3bb8d9ea23b2bd7a2bd4bfe5a
3 SHA256 HEX:1dc764e0791b11fa67efc7ecbc4b0d73f68a070c1dc764e0791b11fa67efc7ec
4 SHA512 HEX:00112233445566778899aabbccddeeff
5 AES128 HEX:2b7e151628aed2a6abf7158809cf4f3c
6 AES256 HEX:2b7e151628aed2a6abf7158809cf4f3c2b7e151628aed2a6abf7158809cf4f3c
KEYS
sed 's/^5 .*/5 AES128 HEX:2b7e151628aed2a6abf7158809cf4f3d/' "$work/keys" >"$work/wrong"
chmod 600 "$work/keys" "$work/wrong"
start() { # start NAME PORT DIRECTIVE...
    local name=$1 port=$2
    shift 2
    printf '%s\n' "port $port" "allow all" "cmdport 0" "bindcmdaddress /" "keyfile $work/keys" "pidfile $work/$name.pid" "$@" >"$work/$name.conf"
    "$chronyd" -x -U -n -u "$(id -un)" -f "$work/$name.conf" >"$work/$name.log" 2>&1 </dev/null &
    pids+=($!)
}
start source $((base)) "local stratum 1"
start follower $((base + 1)) "server 127.0.0.1 port $base iburst minpoll 0 maxpoll 0"
start nobody $((base + 2))

failures=0
seen=0
said=
asks() { # asks EXIT-CODE ADDRESS SECONDS [KEY-FILE KEY-NUMBER]
    local wanted=$1 code=0
    shift
    said=$("$read" "$@" 2>&1) || code=$?
    said=${said##*$'\n'}
    [ $code = "$wanted" ]
}
verdict() { # verdict WHAT PATTERN ASKS...
    local what=$1 pattern=$2
    shift 2
    seen=$((seen + 1))
    # shellcheck disable=SC2053 # a pattern it is
    if asks "$@" && [[ $said == $pattern ]]; then
        echo "ok    $what: $said"
    else
        failures=$((failures + 1))
        echo "FAIL  $what: $said"
        tail -n 5 "$work"/*.log | sed 's/^/      | /'
    fi
}
echo "-- $("$chronyd" --version | head -n 1)"
# The second one has to have measured the first.
for ((i = 0; i < 15; i++)); do
    asks 0 "127.0.0.1:$((base + 1))" 1 && break
done
verdict "a server that follows another counts" "*untrue=0*stratum=2 reference=7f000001*" 0 "127.0.0.1:$((base + 1))" 3
verdict "by name" "*untrue=0*stratum=2*" 0 "localhost:$((base + 1))" 4
if [ -e /proc/net/if_inet6 ] && grep -q '^0*1 ' /proc/net/if_inet6; then
    verdict "over IPv6" "*untrue=0*stratum=2*" 0 "[::1]:$((base + 1))" 2
fi
verdict "its own clock is no reference" "*its own clock*" 1 "127.0.0.1:$base" 2
verdict "one that follows nobody is refused" "*not synchronised*" 1 "127.0.0.1:$((base + 2))" 2
verdict "nobody is there" "*does not answer" 1 "127.0.0.1:$((base + 3))" 4
for key in "1 MD5" "2 SHA1" "3 SHA256" "4 SHA512" "5 AES128-CMAC" "6 AES256-CMAC"; do
    verdict "with a key of ${key#* }" "*untrue=0*stratum=2*" 0 "127.0.0.1:$((base + 1))" 1.5 "$work/keys" "${key%% *}"
done
verdict "with another key than the server's" "*may have no such key*" 1 "127.0.0.1:$((base + 1))" 4 "$work/wrong" 5

echo "$seen looked at, $failures failed"
[ $failures = 0 ]
