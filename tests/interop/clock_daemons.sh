#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The clock process beside the real chronyd, and ntpd where there is one: is the kernel's bound believed when it may be,
# only then, and is it wide enough? A first chronyd (-x) serves this machine's own clock on loopback, a second daemon
# follows it; so the clock stays where it is, and is itself the truth to compare with. About a minute; what adjtimex(2)
# showed before is put back at the end.
#
#   CHRONYD=/path/to/chronyd NTPD=/path/to/ntpd tests/interop/clock_daemons.sh      (or found: program.sh)
#
# It needs the right to steer the clock of the whole machine, which no package gives, and that nobody else steers it.
# Where that is missing it says so and fails: it runs only when asked for, by `make interop-clock`.
set -u
without() {
    echo "clock_daemons cannot run: $1" >&2
    exit 1
}
PATH=$PATH:/usr/sbin:/sbin
chronyd=$("$top_srcdir/tests/interop/program.sh" chronyd) || without "there is no chronyd"
ntpd=${NTPD:-$(command -v ntpd)}
here=$top_srcdir/tests/interop
kernel=$here/kernel_clock.py
command -v python3 >/dev/null || without "python3 is not installed"
if [ "$(id -u)" != 0 ] || ! "$kernel" may; then without "this process may not set the clock"; fi
if [ "${1:-}" != inside ]; then
    for comm in /proc/[0-9]*/comm; do
        case $(cat "$comm" 2>/dev/null) in
        chronyd | ntpd | systemd-timesyn | phc2sys | ntp-daemon | connmand) without "$comm: somebody keeps this machine's clock" ;;
        esac
    done
    command -v ip >/dev/null || without "there is no ip command"
    unshare --net true 2>/dev/null || without "there are no network namespaces"
    CHRONYD=$chronyd exec unshare --net "$0" inside
fi
cd "$top_builddir" || exit 1
make -s docs/examples/clock_read || exit 1

work=$(mktemp -d "${TMPDIR:-/tmp}/taistamp-daemons.XXXXXX")
pids=()
clock=
finish() {
    local pid
    for pid in $clock "${pids[@]}"; do kill -KILL "$pid"; done 2>/dev/null
    wait 2>/dev/null
    "$kernel" restore "$work/as-found"
    rm -rf "$work"
}
touch "$work/clock.log"
"$kernel" save "$work/as-found" || exit 1
trap finish EXIT
trap 'exit 1' INT TERM

failures=0
seen=0
verdict() { # verdict WHAT COMMAND...
    local what=$1
    shift
    seen=$((seen + 1))
    if "$@"; then
        echo "ok    $what"
    else
        failures=$((failures + 1))
        echo "FAIL  $what; page: $(look), kernel: $("$kernel" show)"
        tail -n 3 "$work/clock.log" | sed 's/^/      | /'
    fi
}
look() {
    "$kernel" read docs/examples/clock_read "$work/server/run/clock" "$top_srcdir/leapseconds/leap-seconds.list"
}
within() { # within SECONDS COMMAND...: it succeeds before they are over
    local until=$((SECONDS + $1 + 1))
    shift
    while ! "$@"; do
        [ $SECONDS -lt $until ] || return 1
        sleep 0.2
    done
}
status_is() { [ "$(look | cut -d ' ' -f 1)" = "$1" ]; }
says() { tail -n 4 "$work/clock.log" | grep -q "not used: .*$1"; }
# For SECONDS there is no interval, or always one that holds the kernel's clock and is at least LEAST_US to either side.
never_believed() { # SECONDS
    local until=$((SECONDS + $1))
    while [ $SECONDS -lt $until ]; do
        status_is unknown || return 1
        sleep 0.3
    done
}
true_for() { # SECONDS LEAST_US MOST_US
    local until=$((SECONDS + $1)) status half beyond
    while [ $SECONDS -lt $until ]; do
        read -r status half beyond < <(look)
        [ "$status" = single-reference ] && [ "$beyond" = 0 ] && [ "$half" -ge "$2" ] && [ "$half" -le "$3" ] || return 1
        sleep 0.1
    done
}
synchronised() { "$kernel" show | grep -q ' synchronised'; }
kernel_says() { [ "$("$kernel" show | cut -d ' ' -f 3)" = "$1" ]; }

restart_clock() { # looks at once; a running one looks every ten seconds
    if [ -n "$clock" ]; then
        kill "$clock"
        wait "$clock"
    fi
    ./taid clock --config "$work/server/taid.yaml" >"$work/clock.log" 2>&1 </dev/null &
    clock=$!
    within 5 grep -q "own error bound" "$work/clock.log"
}
end() { # end PID SIGNAL
    kill "-$2" "$1"
    wait "$1" 2>/dev/null
    "$kernel" restore "$work/as-found"
}
configure() { # configure "OPTIONS OF THE SERVER" DIRECTIVE...: for a chronyd that steers
    rm -f "$work/follower.pid"
    {
        echo "server 127.0.0.1 port 12399 iburst $1"
        shift
        printf '%s\n' "port 0" "cmdport 0" "bindcmdaddress /" "pidfile $work/follower.pid" "$@"
    } >"$work/follower.conf"
}
follow() { # likewise, and starts it; sets follower
    configure "$@"
    "$chronyd" -n -u root -f "$work/follower.conf" >>"$work/daemons.log" 2>&1 </dev/null &
    follower=$!
    pids+=("$follower")
}
fast="minpoll -2 maxpoll 0"

ip link set lo up
./taid init --dir "$work/server" --listen 127.0.0.1:0 >"$work/init.log" || exit 1
printf '%s\n' "local stratum 1" "port 12399" "allow" "cmdport 0" "bindcmdaddress /" "pidfile $work/source.pid" >"$work/source.conf"
"$chronyd" -x -n -u root -f "$work/source.conf" >>"$work/daemons.log" 2>&1 </dev/null &
pids+=($!)
echo "-- $("$chronyd" --version | head -n 1)"

restart_clock
verdict "chronyd -x alone is no evidence" eval 'status_is unknown && says "may not set the clock"'

follow "$fast"
sleep 5
restart_clock
verdict "chronyd without rtcsync: the kernel stays unsynchronised" eval 'kernel_says unsynchronised && says rtcsync'
end "$follower" TERM

follow "$fast" rtcsync
restart_clock
verdict "chronyd with rtcsync that has just started" status_is unknown
within 15 synchronised
restart_clock
verdict "chronyd with rtcsync is believed, and right" eval 'within 3 status_is single-reference && true_for 4 51 20000'
kill -STOP "$follower"
verdict "not while it is stopped" eval 'within 3 status_is unknown && never_believed 2 && synchronised'
kill -CONT "$follower"
end "$follower" TERM

follow "$fast offset 0.002" rtcsync "maxslewrate 20"
within 15 synchronised
restart_clock
verdict "2 ms that chronyd is still working off are in the bound" eval 'within 3 status_is single-reference && true_for 3 1700 20000'
end "$follower" TERM

configure "minpoll 6 offset 0.01" rtcsync "maxslewrate 1000"
"$kernel" hold "$chronyd" -n -u root -f "$work/follower.conf" >"$work/held" 2>>"$work/daemons.log" </dev/null &
holder=$!
pids+=("$holder")
within 5 test -s "$work/held"
read -r follower <"$work/held"
pids+=("$follower")
within 15 synchronised
restart_clock
within 3 status_is single-reference
kill -KILL "$follower"
# shellcheck disable=SC2016 # $follower is expanded by eval
verdict "killed in the middle of a slew: not believed, though a zombie is left and the kernel says synchronised" eval \
    'within 2 status_is unknown && never_believed 11 && synchronised && grep -q "^State:.Z" "/proc/$follower/status"'
end "$holder" KILL

follow "minpoll 6" rtcsync
within 15 synchronised
restart_clock
within 3 status_is single-reference
sleep 3 # the burst is over
"$kernel" zero
verdict "maxerror written as 0 beside it" eval 'within 3 status_is unknown && says "written as 0" && never_believed 3 && synchronised'
end "$follower" TERM

if [ -x "$ntpd" ]; then
    echo "-- $("$ntpd" --version 2>&1 | head -n 1)"
    echo 0.000 >"$work/drift" # without, it trains its frequency for minutes before it tells the kernel anything
    printf '%s\n' "server 10.77.0.1 minpoll 0 maxpoll 3 iburst" "driftfile $work/drift" >"$work/ntp.conf"
    run_ntpd() {
        "$ntpd" -n -g -c "$work/ntp.conf" -l "$work/ntpd.log" >>"$work/daemons.log" 2>&1 </dev/null &
        follower=$!
        pids+=("$follower")
        sleep 1.5
    }
    run_ntpd
    restart_clock
    echo "      (the kernel says: $("$kernel" show))"
    verdict "ntpd that has met no server" never_believed 5
    end "$follower" TERM
    # Its server has to answer on port 123, where it listens itself: from another network namespace.
    # shellcheck disable=SC2016 # "$@" is the inner shell's
    unshare --net sh -c 'sleep 1; ip addr add 10.77.0.1/24 dev v1 && ip link set v1 up && exec "$@"' sh \
        "$chronyd" -x -n -u root -f "$work/source123.conf" >>"$work/daemons.log" 2>&1 </dev/null &
    far=$!
    pids+=("$far")
    sed 's/^port.*/port 123/' "$work/source.conf" | sed "s|^pidfile.*|pidfile $work/far.pid|" >"$work/source123.conf"
    sleep 0.3
    if ip link add v0 type veth peer name v1 netns "$far" 2>/dev/null; then
        ip addr add 10.77.0.2/24 dev v0
        ip link set v0 up
        sleep 1.5
        run_ntpd
        restart_clock
        verdict "ntpd that follows one is believed, and right" eval 'within 30 status_is single-reference && true_for 3 1000 3000000'
        end "$follower" TERM
    else
        echo "      (no veth: ntpd cannot have a server here)"
    fi
else
    echo "-- no ntpd here (NTPD=... names one that was only unpacked)"
fi

finish
trap - EXIT
echo "$seen looked at, $failures failed"
[ $failures = 0 ]
