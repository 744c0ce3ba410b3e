#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A whole node behind a real gpsd: a cluster of one whose only reference is that gpsd reaches a TAI interval, and the receiver's
time is in it, whatever this machine's clock says; taictl gps shows satellites and leap seconds.

Plays receivers of our own (UBX and NMEA on a terminal, each second when it is due), and with GPS_LOGS=FOLDER (make interop-gps) each
recording there instead, and logs of our own, by gpsfake, beside which nothing else should run. A recording says in its head when it was made ("# Date:
2014-12-31"); the node believes no date from three weeks before that, and weeks_from says the same of the era."""
import calendar
import glob
import json
import os
import re
import socket
import struct
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

SOURCE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(SOURCE, '../cli'))
# pylint: disable=wrong-import-position
from gps_logs import nmea_second, ubx_second  # noqa: E402
from gps_play import Fake, Receiver, make_log, programs  # noqa: E402
from reference_rig import ask_json  # noqa: E402
from rig import Taid, check, conclude, skip  # noqa: E402
from solo import ask, cluster_of_one  # noqa: E402

ERA_S = 1024 * 7 * 86400
OWN_START = 1781000000  # 2026-06-09
OWN_LEAP = 18  # GPS - UTC
ACCURACY_MS = 300      # gpsd and this test are scheduled late at times
LOG_ACCURACY_MS = 800  # gpsfake keeps time by sleeping between packets
QUARANTINE_S = 10      # recordings are short: 25 s
TAKES_S = 1            # taictl, at most
SECONDS = 90           # at most, of one log
READINGS = 4           # with an interval, at least


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


class Told(threading.Thread):
    """A client of gpsd that notes the time which it tells: a recording's only witness."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port = port
        self.last = None  # (UTC in s as gpsd says, when it came)

    def at(self, monotonic_s):
        """The receiver's UTC then, in s; None before it said any."""
        return self.last and self.last[0] + monotonic_s - self.last[1]

    def run(self):
        for _ in range(200):
            try:
                client = socket.create_connection(('127.0.0.1', self.port))
                break
            except OSError:
                time.sleep(0.1)
        else:
            return
        try:
            client.sendall(b'?WATCH={"enable":true,"json":true,"pps":true};\n')
            for line in client.makefile('r', encoding='utf-8', errors='replace'):
                report = json.loads(line) if line.startswith(('{"class":"TPV"', '{"class":"TOFF"')) else {}
                if report.get('class') == 'TOFF':  # the second began with the first of its messages; TPV may come with the last
                    late_s = time.time() - report['clock_sec'] - report['clock_nsec'] / 1e9
                    self.last = (report['real_sec'] + report['real_nsec'] / 1e9, time.monotonic() - late_s)
                elif report.get('mode', 0) >= 2 and 'time' in report:
                    utc = calendar.timegm(time.strptime(report['time'][:19], '%Y-%m-%dT%H:%M:%S')) + float('0' + report['time'][19:-1])
                    if self.last is None or utc > self.last[0] + 1.5:
                        self.last = (utc, time.monotonic())
        except (OSError, ValueError):
            pass


class Recording:
    """A log by gpsfake, and what time it is there by gpsd's own words."""

    accuracy_ms = LOG_ACCURACY_MS

    def __init__(self, log, work):
        self.fake = Fake(log, pace(log), work)
        self.told = Told(self.fake.port)
        self.told.start()
        self.port, self.at, self.stop = self.fake.port, self.told.at, self.fake.stop


class Own:
    """A receiver of our own, so that its time is known."""

    accuracy_ms = ACCURACY_MS

    def __init__(self, form, work):
        def second(k):
            utc = OWN_START + k
            return b''.join(ubx_second(utc, True, OWN_LEAP) if form == 'ubx' else nmea_second(utc, True))
        self.receiver = Receiver(second, work)
        self.port, self.stop = self.receiver.port, self.receiver.stop

    def at(self, monotonic_s):
        return OWN_START + monotonic_s - self.receiver.began


def tai_utc_s(utc):
    """By the table that ships: lines of seconds since 1900 and TAI-UTC."""
    with open(os.path.join(SOURCE, '../../leapseconds/leap-seconds.list'), encoding='ascii') as file:
        rows = [line.split()[:2] for line in file if line[:1].isdigit()]
    return [int(value) for since, value in rows if int(since) - 2208988800 <= utc][-1]


def readings(control, gps, from_s):
    """Until there are enough, or time is up: (inside or not, half-width) each second in which the node has an interval of TAI. It was
    read while taictl ran: the receiver's time from before that to after it must meet it."""
    got, end = [], time.monotonic() + SECONDS

    def tai_ns(monotonic_s):
        utc = gps.at(monotonic_s)
        utc = from_s + (utc - from_s) % ERA_S
        return int((utc + tai_utc_s(utc)) * 1e9)

    while time.monotonic() < end and len(got) < READINGS + 2:
        time.sleep(1)
        asked = time.monotonic()
        tracking = ask_json(control, 'tracking')
        told = time.monotonic()
        if gps.at(asked) is not None and tracking.get('status') == 'single-reference' and told - asked < TAKES_S:
            got.append((int(tracking['tai']['earliest_ns']) <= tai_ns(told) and tai_ns(asked) <= int(tracking['tai']['latest_ns']),
                        int(tracking['half_width_ns'])))
    return got


def best_gps(control, best):
    """What taictl gps said when it showed most satellites."""
    shown = ask(control, 'gps')
    used = re.search(r'(\d+) seen, (\d+) used', shown)
    return (int(used[2]), shown) if used and int(used[2]) >= best[0] else best


def play(name, receiver, day_s, work):
    """`receiver` makes one; `day_s`: a POSIX second before its first and near it. Returns what was seen, what is wrong and what taid said."""
    gps = receiver(work)
    day = time.strftime('%Y-%m-%d', time.gmtime(day_s))
    taid = cluster_of_one(Taid(os.path.join(work, f'taid-{name}')),
                          [f'driver: gpsd, address: "127.0.0.1:{gps.port}", serial_accuracy_ms: {gps.accuracy_ms}, weeks_from: {day}'],
                          ('#quarantine_s: 30', f'quarantine_s: {QUARANTINE_S}'), ('#not_before: 2026-01-01', f'not_before: {day}'))
    control = os.path.join(taid.folder, 'run/control')
    best, shows, got = (0, ''), threading.Event(), []
    try:
        taid.start()

        def watch():
            nonlocal best
            while not shows.wait(2):
                best = best_gps(control, best)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        got = readings(control, gps, calendar.timegm(time.strptime(day, '%Y-%m-%d')))
        shows.set()
        watcher.join()
    finally:
        gps.stop()
        taid.stop()
    inside = sum(ok for ok, _ in got)
    wrong = [] if len(got) >= READINGS else [f'{len(got)} readings with an interval']
    wrong += [] if inside == len(got) else [f'the receiver\'s time is outside of {len(got) - inside} of {len(got)} intervals']
    wrong += [] if best[0] >= 4 else ['no satellites are shown']
    said = re.search(r'^Leap seconds +(.*)$', best[1], re.M)
    wrong += [] if said else ['nothing is said of leap seconds']
    fix = re.search(r'^Fix +(.*)$', best[1], re.M)
    satellites = re.search(r'^Satellites +(.*)$', best[1], re.M)
    seen = (f'{name}: {len(got)} intervals, {inside} with the receiver\'s time, +-{got[-1][1] / 1e6 if got else 0:.0f} ms; '
            f'{fix[1] if fix else "no fix"}; {satellites[1] if satellites else "no satellites"}; {said[1] if said else ""}')
    return seen, wrong, taid.said()


def judge(name, seen, wrong, said):
    print(seen)
    if wrong:
        print(said)
    check(not wrong, f'{name}: {wrong}')


def play_recording(name, log, day_s, work):
    """gpsfake may fall behind on a busy machine: once more then."""
    seen, wrong, said = play(name, lambda folder: Recording(log, folder), day_s, work)
    if wrong:
        print(f'{seen}\n{name}: {wrong}; again')
        seen, wrong, said = play(name + '-again', lambda folder: Recording(log, folder), day_s, work)
    judge(name, seen, wrong, said)


def play_own(form, work):
    return play(form, lambda folder: Own(form, folder), OWN_START - 86400, work)


def play_own_logs(work):
    for form in ('ubx', 'nmea'):
        log = os.path.join(work, f'{form}.log')
        make_log(form, log, '--seconds', '30', '--start', str(OWN_START))
        play_recording(f'{form}-log', log, OWN_START - 86400, work)


def play_recordings(folder, work):
    for path in sorted(glob.glob(os.path.join(folder, '*.log'))):
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
            play_recording(name, copy, calendar.timegm(time.strptime(made[1].decode(), '%Y-%m-%d')) - 21 * 86400, work)


def main():
    with tempfile.TemporaryDirectory() as work:
        os.chmod(work, 0o755)
        if not programs(os.path.join(work, 'bin')):
            skip('gps_node', 'there is no gpsd or no gpsfake')
        if os.environ.get('GPS_LOGS'):
            play_own_logs(work)
            play_recordings(os.environ['GPS_LOGS'], work)
        else:
            forms = ('ubx', 'nmea')
            with ThreadPoolExecutor() as pool:
                for form, done in zip(forms, pool.map(lambda form: play_own(form, work), forms)):
                    judge(form, *done)
    conclude()


main()
