#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A whole node behind a real gpsd that gpsfake feeds: a cluster of one whose only reference is that gpsd reaches a TAI interval, and the log's
time is in it, whatever this machine's clock says; taictl gps shows satellites and leap seconds.

Plays logs of our own, and with GPS_LOGS=FOLDER (make interop-gps) each recording there as well. A recording says in its head
when it was made ("# Date: 2014-12-31"); the node believes no date from three weeks before that, and weeks_from says the same of the era. gpsfake plays in
real time: some 25 s a log, and nothing else should run beside it. gpsd and gpsfake run as an unprivileged user."""
import calendar
import glob
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

SOURCE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(SOURCE, '../cli'))
# pylint: disable=wrong-import-position
from reference_rig import ask_json  # noqa: E402
from rig import Taid, check, conclude, skip  # noqa: E402
from solo import ask, cluster_of_one  # noqa: E402

ERA_S = 1024 * 7 * 86400
OWN_START = 1781000000  # 2026-06-09
OTHER_USER = 65534
ACCURACY_MS = 800  # gpsfake keeps time by sleeping between packets
QUARANTINE_S = 10  # recordings are short: 25 s
SECONDS = 40       # at most, of one log
READINGS = 4       # with an interval, at least


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def packets(log):
    """Times of week (UBX) or of day (NMEA) in a log, in s, each with how many packets stood before it."""
    seen, at, count = [], 0, 0
    while at < len(log):
        if log[at:at + 1] in (b'#', b'$'):
            end = log.find(b'\n', at)
            end = len(log) if end < 0 else end
            cells = log[at:end].split(b',')
            if cells[0][3:] == b'RMC':
                seen.append((count, int(cells[1][0:2]) * 3600 + int(cells[1][2:4]) * 60 + float(cells[1][4:])))
            count += log[at:at + 1] == b'$'
            at = end + 1
        elif log[at:at + 2] == b'\xb5\x62' and at + 10 <= len(log):
            length = struct.unpack('<H', log[at + 4:at + 6])[0]
            if log[at + 2] == 1 and length >= 4:
                seen.append((count, struct.unpack('<I', log[at + 6:at + 10])[0] / 1000))
            count, at = count + 1, at + 8 + length
        elif log[at:at + 1] == b'\xd3' and at + 3 <= len(log):
            count, at = count + 1, at + 6 + (struct.unpack('>H', log[at + 1:at + 3])[0] & 1023)
        else:
            at += 1
    return seen


def pace(path):
    """Seconds between two packets, so that each second of the log takes one."""
    with open(path, 'rb') as file:
        seen = packets(file.read())
    (first, start), (last, end) = seen[0], seen[-1]
    return (end - start) / (last - first)


def evened(log):
    """gpsfake waits as long for each sentence, so an NMEA log with satellites in view only in some seconds would have long and short ones: each
    second gets as many, by telling its fix (GGA) again."""
    lines = log.split(b'\n')
    seconds, head = [], []
    for line in lines:
        if line[3:6] == b'GGA':
            seconds.append([])
        (seconds[-1] if seconds else head).append(line)
    longest = max((len(second) for second in seconds), default=0)
    return b'\n'.join(head + [line for second in seconds for line in second[:1] * (longest - len(second)) + second])


class Gpsd(threading.Thread):
    """A log on its way through gpsfake and gpsd, and a client of that gpsd which notes the time that it tells."""

    def __init__(self, log, work):
        super().__init__(daemon=True)
        self.port = free_port()
        self.told = None  # (UTC in s as gpsd says, when it came)
        self.client = None
        home = tempfile.mkdtemp(dir=work)
        os.chmod(home, 0o777)
        user = ['setpriv', f'--reuid={OTHER_USER}', f'--regid={OTHER_USER}', '--clear-groups'] if os.geteuid() == 0 else []
        self.fake = subprocess.Popen(user + ['gpsfake', '-1', '-n', '-q', '-c', f'{pace(log):.5f}', '-P', str(self.port), log],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, cwd=home,
                                     env=dict(os.environ, HOME=home, TMPDIR=home))

    def run(self):
        for _ in range(200):
            try:
                self.client = socket.create_connection(('127.0.0.1', self.port))
                break
            except OSError:
                time.sleep(0.1)
        try:
            self.client.sendall(b'?WATCH={"enable":true,"json":true,"pps":true};\n')
            for line in self.client.makefile('r', encoding='utf-8', errors='replace'):
                report = json.loads(line) if line.startswith(('{"class":"TPV"', '{"class":"TOFF"')) else {}
                if report.get('class') == 'TOFF':  # the second began with the first of its messages; TPV may come with the last
                    late_s = time.time() - report['clock_sec'] - report['clock_nsec'] / 1e9
                    self.told = (report['real_sec'] + report['real_nsec'] / 1e9, time.monotonic() - late_s)
                elif report.get('mode', 0) >= 2 and 'time' in report:
                    utc = calendar.timegm(time.strptime(report['time'][:19], '%Y-%m-%dT%H:%M:%S')) + float('0' + report['time'][19:-1])
                    if self.told is None or utc > self.told[0] + 1.5:
                        self.told = (utc, time.monotonic())
        except (OSError, ValueError, AttributeError):
            pass

    def stop(self):
        try:  # gpsfake waits for ever for a gpsd that was ended under it
            os.killpg(self.fake.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.fake.wait()


def tai_utc_s(utc):
    """By the table that ships: lines of seconds since 1900 and TAI-UTC."""
    with open(os.path.join(SOURCE, '../../leapseconds/leap-seconds.list'), encoding='ascii') as file:
        rows = [line.split()[:2] for line in file if line[:1].isdigit()]
    return [int(value) for since, value in rows if int(since) - 2208988800 <= utc][-1]


def readings(control, gpsd, from_s):
    """Until there are enough, or time is up: (inside or not, half-width) each second in which the node has an interval of TAI."""
    got, end = [], time.monotonic() + SECONDS
    while time.monotonic() < end and len(got) < READINGS + 2:
        time.sleep(1)
        asked = time.monotonic()
        tracking = ask_json(control, 'tracking')
        if gpsd.told is None or tracking.get('status') != 'single-reference':
            continue
        utc, came = gpsd.told
        utc = from_s + (utc - from_s) % ERA_S
        tai_ns = int((utc + tai_utc_s(utc)) * 1e9) + int((asked - came) * 1e9)
        got.append((int(tracking['tai']['earliest_ns']) <= tai_ns <= int(tracking['tai']['latest_ns']), int(tracking['half_width_ns'])))
    return got


def best_gps(control, best):
    """What taictl gps said when it showed most satellites."""
    shown = ask(control, 'gps')
    used = re.search(r'(\d+) seen, (\d+) used', shown)
    return (int(used[2]), shown) if used and int(used[2]) >= best[0] else best


def play(name, log, day_s, work):
    """`day_s`: a POSIX second before the log's first and near it."""
    gpsd = Gpsd(log, work)
    day = time.strftime('%Y-%m-%d', time.gmtime(day_s))
    taid = cluster_of_one(Taid(os.path.join(work, f'taid-{name}')),
                          [f'driver: gpsd, address: "127.0.0.1:{gpsd.port}", serial_accuracy_ms: {ACCURACY_MS}, weeks_from: {day}'],
                          ('#quarantine_s: 30', f'quarantine_s: {QUARANTINE_S}'), ('#not_before: 2026-01-01', f'not_before: {day}'))
    control = os.path.join(taid.folder, 'run/control')
    best, shows, got = (0, ''), threading.Event(), []
    try:
        gpsd.start()
        taid.start()

        def watch():
            nonlocal best
            while not shows.wait(2):
                best = best_gps(control, best)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        got = readings(control, gpsd, calendar.timegm(time.strptime(day, '%Y-%m-%d')))
        shows.set()
        watcher.join()
    finally:
        gpsd.stop()
        taid.stop()
    inside = sum(ok for ok, _ in got)
    wrong = [] if len(got) >= READINGS else [f'{len(got)} readings with an interval']
    wrong += [] if inside == len(got) else [f'the log\'s time is outside of {len(got) - inside} of {len(got)} intervals']
    wrong += [] if best[0] >= 4 else ['no satellites are shown']
    said = re.search(r'^Leap seconds +(.*)$', best[1], re.M)
    wrong += [] if said else ['nothing is said of leap seconds']
    fix = re.search(r'^Fix +(.*)$', best[1], re.M)
    satellites = re.search(r'^Satellites +(.*)$', best[1], re.M)
    print(f'{name}: {len(got)} intervals, {inside} with the log\'s time, +-{got[-1][1] / 1e6 if got else 0:.0f} ms; '
          f'{fix[1] if fix else "no fix"}; {satellites[1] if satellites else "no satellites"}; {said[1] if said else ""}')
    return wrong, taid.said()


def play_twice(name, log, day_s, work):
    """gpsfake may fall behind on a busy machine: once more then."""
    wrong, _ = play(name, log, day_s, work)
    if wrong:
        print(f'{name}: {wrong}; again')
        wrong, said = play(name + '-again', log, day_s, work)
        if wrong:
            print(said)
    check(not wrong, f'{name}: {wrong}')


def main():
    for tool in ('gpsd', 'gpsfake'):
        if not shutil.which(tool, path=os.environ.get('PATH', '') + ':/usr/sbin'):
            skip('gps_node', f'{tool} is not installed')
    with tempfile.TemporaryDirectory() as work:
        os.chmod(work, 0o755)
        for form in ('ubx', 'nmea'):
            log = os.path.join(work, f'{form}.log')
            subprocess.run([sys.executable, os.path.join(SOURCE, 'gps_logs.py'), form, log, '--seconds', '30', '--start', str(OWN_START)],
                           check=True)
            os.chmod(log, 0o644)
            play_twice(form, log, OWN_START - 86400, work)
        for path in sorted(glob.glob(os.path.join(os.environ.get('GPS_LOGS') or '/nonexistent', '*.log'))):
            name = os.path.basename(path)[:-4]
            copy = os.path.join(work, name)
            with open(path, 'rb') as file:
                recording = file.read()
            with open(copy, 'wb') as file:
                file.write(evened(recording))
            os.chmod(copy, 0o644)
            made = re.search(rb'^# Date: (\d{4}-\d\d-\d\d)', recording, re.M)
            check(made is not None, f'{name} does not say when it was made')
            if made:
                play_twice(name, copy, calendar.timegm(time.strptime(made[1].decode(), '%Y-%m-%d')) - 21 * 86400, work)
    conclude()


main()
