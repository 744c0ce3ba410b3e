#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tools/quickstart as a photographer types it, with the programs of this build: from any folder, photos with any name,
# again, after a crash of the server, with a photo that was changed; stopped and removed without a trace.
: "${top_srcdir:?}" "${top_builddir:?}"
. "$top_srcdir/tests/cli/stamp_lib.sh" || exit 1
unset XDG_CONFIG_HOME XDG_DATA_HOME TAISTAMP_QUICKSTART_DIR
builddir=$(cd "$top_builddir" && pwd)
mkdir -p "$work/prefix/bin" "$work/prefix/sbin" "$work/place" "$work/photos/deep"
for program in bin/tai-stamp bin/tai-leap sbin/taid; do
    printf '#!/bin/sh\nexec "%s" "$@"\n' "$builddir/$(basename $program)" >"$work/prefix/$program"
    chmod 755 "$work/prefix/$program"
done
script=$(cd "$top_srcdir" && pwd)/tools/quickstart
data=$HOME/.local/share/taistamp-quickstart
quickstart() { "$script" --installed "$work/prefix" "$@"; }
leave() {
    quickstart --stop >/dev/null 2>&1
    finish
}
trap leave EXIT

cd "$work/photos" || exit 1
echo one >photo.jpg
odd=$'Grüße aus\nKöln 1.jpg'
echo two >"deep/$odd"
echo three >-dash.jpg

# What cannot be stamped is refused before anything is made.
expect 2 "which photo?" quickstart
expect 1 "there is no file nowhere.jpg" quickstart photo.jpg nowhere.jpg
expect 1 "deep is a folder" quickstart deep
expect 2 "unknown option --bogus" quickstart --bogus
expect 1 "HOME is not set" env -u HOME "$script" --installed "$work/prefix" photo.jpg
check test ! -e "$data"
expect 1 "does not run" quickstart --status

# Names as seen from here, in plain words, with the receipts beside the photos.
expect 0 "photo.jpg, exactly as it is now, existed no later than 2" quickstart ./photo.jpg "deep/$odd" -- -dash.jpg
check test -f photo.jpg.tai
check test -f "deep/$odd.tai"
check test -f ./-dash.jpg.tai
said=${said//$'\n'/ }
expect 0 'Grüße aus\nKöln 1.jpg, exactly' echo "$said"
case $said in
*"wrong by at most 500 ms"*"error was declared"* | *"chronyd or ntpd"*) ;;
*) fail "does not say what the time rests on: $said" ;;
esac
# The sentence and the receipt agree: t + h, rounded up to a second.
latest=$("$tai_stamp" info --json photo.jpg.tai | sed 's/.*"t":"\([0-9]*\)".*"h":"\([0-9]*\)".*/\1 \2/')
latest=$(date -u -d "@$("$builddir/tai-leap" -q -t posix --ns $((${latest% *} + ${latest#* } + 999999999)) | sed 's/\..*//')" '+%Y-%m-%d %H:%M:%S UTC')
expect 0 "existed no later than $latest" echo "$said"

# Again, from elsewhere, after a crash: the same server, the same receipt.
expect 0 "runs as process" quickstart --status
cp photo.jpg.tai before
killed=$(cat "$data/server/run/pid")
kill -9 "$killed"
# The signal is on its way when kill returns; what --status says is asked for once the process has gone.
for _ in $(seq 100); do
    kill -0 "$killed" 2>/dev/null || break
    sleep 0.1
done
expect 1 "does not run" quickstart --status
cd "$work/place" || exit 1
expect 0 "has a valid receipt already" quickstart ../photos/photo.jpg
check cmp -s ../photos/before ../photos/photo.jpg.tai

# Changed: said; its old receipt is left alone, the new one lies elsewhere. One bad photo does not keep the next back.
echo more >>../photos/photo.jpg
echo four >four.jpg
expect 0 "the file was changed since" quickstart ../photos/photo.jpg four.jpg
check cmp -s ../photos/before ../photos/photo.jpg.tai
check test -f four.jpg.tai
echo yet more >>../photos/photo.jpg
expect 0 "existed no later than" quickstart ../photos/photo.jpg
check test "$(find "$data/receipts" -name photo.jpg.tai | wc -l)" = 2
cp four.jpg.tai five.tai && echo six >six.jpg
expect 1 "NOT STAMPED" quickstart five.tai six.jpg
check test -f six.jpg.tai


# Interrupted: no failure is reported, and the next run goes on.
mkfifo "$work/block"
# shellcheck disable=SC2016 # expanded by the script that is written
printf '#!/bin/sh\ncase $1 in stamp) : >"%s" && read -r line <"%s" || : ;; esac\nexec "%s" "$@"\n' "$work/blocked" "$work/block" "$builddir/tai-stamp" \
    >"$work/prefix/bin/tai-stamp"
# Whoever started this test in the background may have had us ignore the interrupt, which a child would inherit.
set -m
env --default-signal=INT,QUIT "$script" --installed "$work/prefix" four.jpg >"$work/said" 2>&1 &
try=$!
set +m
await 60 test -e "$work/blocked" || fail "does not get to the stamp"
check grep -q "== Stamp" "$work/said"
kill -INT -- "-$try"
wait "$try"
check test $? = 130
check grep -q "interrupted; run again" "$work/said"
check test "$(grep -c -e "NOT STAMPED" -e failed "$work/said")" = 0
printf '#!/bin/sh\nexec "%s" "$@"\n' "$builddir/tai-stamp" >"$work/prefix/bin/tai-stamp"
expect 0 "four.jpg, exactly" quickstart four.jpg

# What is printed can be pasted.
mkdir "$work/o'the r" && cp six.jpg "$work/o'the r/"
expect 0 "--stop --dir '$work/o'\\''the r/q ü'" quickstart --dir "$work/o'the r/q ü" "$work/o'the r/six.jpg"
stop=$(printf '%s\n' "$said" | sed -n 's/^Stop the server *//p')
expect 0 "has stopped" bash -c "$stop"
expect 0 "Removed" quickstart --dir "$work/o'the r/q ü" --remove

# Stopped and removed; the public key is kept, for the receipts need it.
expect 0 "process" quickstart --stop
expect 0 "does not run" quickstart --stop
expect 0 "Removed: $data" quickstart --remove
check test ! -e "$data"
check test -f "$(ls "$HOME"/.local/share/taistamp-quickstart-policy-*)"
expect 0 "verified" "$tai_stamp" verify --policy "$HOME"/.local/share/taistamp-quickstart-policy-* six.jpg
expect 0 "nothing at" quickstart --remove
mkdir -p "$work/mine" && echo x >"$work/mine/x"
expect 1 "was not made by this script" quickstart --remove --dir "$work/mine"
expect 1 "was not made by this script" quickstart --dir "$work/mine" six.jpg
check test -f "$work/mine/x"

echo "$checks checks, $failures failures"
[ "$failures" = 0 ]
