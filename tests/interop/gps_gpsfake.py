#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The gpsd driver against a real gpsd, which gpsfake feeds with logs at their own pace: TAI by the log's time, satellites,
leap seconds; a receiver with an old leap count, one that loses its fix, and one that is unplugged.

Needs gpsd and gpsfake, which run as an unprivileged user, so that gpsd writes no shared memory. With GPS_LOGS=FOLDER it plays
the receivers' logs of that folder instead (make interop-gps) and prints what came."""
import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SOURCE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get('top_builddir', '.')
LISTEN = os.path.join(BUILD, 'tests/interop/gps_listen')
LEAPS = os.path.join(SOURCE, '../../leapseconds/leap-seconds.list')
START, TAI_UTC = 1781000000, 37  # the logs that are made: 2026-06-09
OTHER_USER = 65534
failures = []


def check(good, what):
    if not good:
        failures.append(what)
        print(f'FAIL: {what}')


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def unprivileged():
    return ['setpriv', f'--reuid={OTHER_USER}', f'--regid={OTHER_USER}', '--clear-groups'] if os.geteuid() == 0 else []


class Play:
    """A log on its way through gpsfake and gpsd into the driver."""

    def __init__(self, log, seconds, cycle, work, clock=None, delay_ms=0):
        self.port = free_port()
        faked = ['faketime', clock] if clock else []
        home = tempfile.mkdtemp(dir=work)
        os.chmod(home, 0o777)
        self.fake = subprocess.Popen(
            unprivileged() + faked + ['gpsfake', '-1', '-n', '-q', '-c', str(cycle), '-P', str(self.port), log],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, cwd=home,
            env=dict(os.environ, HOME=home, TMPDIR=home))
        for _ in range(300):
            with socket.socket() as s:
                if s.connect_ex(('127.0.0.1', self.port)) == 0:
                    break
            time.sleep(0.1)
        self.listen = subprocess.Popen([LISTEN, f'127.0.0.1:{self.port}', str(seconds), LEAPS, str(delay_ms)],
                                       stdout=subprocess.PIPE, text=True)

    def end(self):
        """Lines that the driver fed."""
        said = self.listen.communicate(timeout=120)[0]
        self.stop()
        return said

    def stop(self):
        try:  # gpsfake waits for ever for a gpsd that was ended under it
            os.killpg(self.fake.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.fake.wait()


def samples(said):
    return [(int(t), int(r)) for t, r in re.findall(r'^sample pulse=0 tai=(\d+) realtime=(\d+)', said, re.M)]


def best(said):
    """The evidence with most satellites."""
    rows = [dict(re.findall(r'(\w+)=(\S+)', line)) for line in said.splitlines() if line.startswith('evidence')]
    return max(rows, key=lambda row: (int(row['used']), int(row['mode']), int(row['leap'])), default={})


def even(name, got, at_least, tai_first, tai_last):
    check(len(got) >= at_least, f'{name}: {len(got)} samples')
    for (t0, r0), (t1, r1) in zip(got, got[1:]):
        gained, passed = (t1 - t0) / 1e9, (r1 - r0) / 1e9
        check(gained >= 1 and abs(gained - passed) < 0.9, f'{name}: TAI went on by {gained} s in {passed} s')
    check(all(t % 10**9 == 0 and tai_first <= t // 10**9 <= tai_last for t, _ in got), f'{name}: TAI is not the log\'s: {got}')


def make(form, path, *more):
    subprocess.run([sys.executable, os.path.join(SOURCE, 'gps_logs.py'), form, path, *more], check=True)
    os.chmod(path, 0o644)


def own_logs(work):
    nmea, ubx, old, lost = (os.path.join(work, f'{name}.log') for name in ('nmea', 'ubx', 'old', 'lost'))
    make('nmea', nmea)
    make('ubx', ubx)
    make('ubx', old, '--leap', '15', '--seconds', '10')
    make('nmea', lost, '--lose', '6:11')
    plays = [Play(nmea, 16, 1 / 7, work), Play(ubx, 30, 1 / 4, work), Play(old, 9, 1 / 4, work), Play(lost, 17, 1 / 7, work)]
    said = [play.end() for play in plays]
    first, last = START + TAI_UTC, START + TAI_UTC + 20
    even('nmea', samples(said[0]), 8, first, last)
    shown = best(said[0])
    check(shown.get('mode') == '3' and shown.get('seen') == '8' and shown.get('used') == '5', f'nmea: {shown}')
    check(shown.get('leap') == '0' and shown.get('bad') == '0', f'nmea: {shown}')
    even('ubx', samples(said[1]), 8, first, last)
    shown = best(said[1])
    check(shown.get('used') == '9' and shown.get('seen') == '10' and shown.get('receiver') == 'u-blox', f'ubx: {shown}')
    check(shown.get('leap') == '1' and shown.get('tai_utc') == '37' and shown.get('bad') == '0', f'ubx: {shown}')
    check('leap tai_utc=37' in said[1], 'ubx: no leap count')
    check('lost 0 the receiver was unplugged' in said[1], 'ubx: the end of the receiver is not noticed')
    check(not samples(said[2]), f'old leap count: {samples(said[2])}')
    check('leap tai_utc=34' in said[2] and 'its count of leap seconds is not' in said[2], f'old leap count: {said[2]}')
    even('lost', samples(said[3]), 5, first, last)
    check('no fix' in said[3], 'lost: the loss of the fix is not said')
    if failures:
        print('\n'.join(said))


def given_logs(folder, work):
    """Receivers' own logs, at a pace near theirs: NAME=CYCLE=CLOCK in GPS_PACE, where '_' stands for the blank of CLOCK, else 0.2 s a packet and this machine's clock."""
    paces = {n: (float(c), k.replace('_', ' ') or None) for n, c, k in (p.split('=', 2) for p in os.environ.get('GPS_PACE', '').split())}
    for path in sorted(glob.glob(os.path.join(folder, '*.log'))):
        name = os.path.basename(path)
        cycle, clock = paces.get(name, (0.2, None))
        copy = os.path.join(work, name)
        shutil.copyfile(path, copy)
        os.chmod(copy, 0o644)
        said = Play(copy, int(os.environ.get('GPS_SECONDS', '40')), cycle, work, clock).end()
        got = samples(said)
        print(f'{name}: {len(got)} samples', end='')
        if got:
            print(f', TAI {got[0][0]} to {got[-1][0]}', end='')
        print(f'; {best(said)}')
        print('\n'.join(line for line in said.splitlines() if line.startswith(('lost', 'leap'))))


def main():
    for tool in ('gpsd', 'gpsfake'):
        if not shutil.which(tool, path=os.environ.get('PATH', '') + ':/usr/sbin'):
            print(f'SKIP {os.path.basename(__file__)}: {tool} is not installed')
            return 1 if os.environ.get('CI') == 'true' else 77
    with tempfile.TemporaryDirectory() as work:
        os.chmod(work, 0o755)
        folder = os.environ.get('GPS_LOGS')
        if folder:
            given_logs(folder, work)
        else:
            own_logs(work)
    return 1 if failures else 0


sys.exit(main())
