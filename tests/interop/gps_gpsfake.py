#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The gpsd driver against a real gpsd, which gpsfake feeds with logs at their own pace: TAI by the log's time, satellites,
leap seconds; a receiver with an old leap count, one that loses its fix, and one that is unplugged.

Needs gpsd and gpsfake (program.sh finds or unpacks them), which run as an unprivileged user, so that gpsd writes no shared
memory. With GPS_LOGS=FOLDER it plays the receivers' logs of that folder instead (make
interop-gps) and prints what came."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(SOURCE, '../cli'))
# pylint: disable=wrong-import-position
from gps_play import Fake, make_log, programs, until_it_listens  # noqa: E402
from rig import check, conclude, skip  # noqa: E402

BUILD = os.environ.get('top_builddir', '.')
LISTEN = os.path.join(BUILD, 'tests/interop/gps_listen')
LEAPS = os.path.join(SOURCE, '../../leapseconds/leap-seconds.list')
START, TAI_UTC = 1781000000, 37  # the logs that are made: 2026-06-09


class Play:
    """A log on its way through gpsfake and gpsd into the driver."""

    def __init__(self, log, seconds, cycle, work, clock=None):
        self.fake = Fake(log, cycle, work, clock)
        until_it_listens(self.fake.port)
        self.listen = subprocess.Popen([LISTEN, f'127.0.0.1:{self.fake.port}', str(seconds), LEAPS, '0'], stdout=subprocess.PIPE, text=True)

    def end(self):
        """Lines that the driver fed."""
        said = self.listen.communicate(timeout=120)[0]
        self.fake.stop()
        return said


def samples(said):
    return [(int(t), int(r)) for t, r in re.findall(r'^sample pulse=0 tai=(\d+) realtime=(\d+)', said, re.M)]


def best(said):
    """The evidence with most satellites."""
    rows = [dict(re.findall(r'(\w+)=(\S+)', line)) for line in said.splitlines() if line.startswith('evidence')]
    return max(rows, key=lambda row: (int(row['used']), int(row['mode']), int(row['leap'])), default={})


def even(got, at_least, wrong):
    """Samples in step with the log's time."""
    first, last = START + TAI_UTC, START + TAI_UTC + 20
    if len(got) < at_least:
        wrong.append(f'{len(got)} samples')
    for (t0, r0), (t1, r1) in zip(got, got[1:]):
        gained, passed = (t1 - t0) / 1e9, (r1 - r0) / 1e9
        if gained < 1 or abs(gained - passed) >= 0.9:
            wrong.append(f'TAI went on by {gained} s in {passed} s')
    if not all(t % 10**9 == 0 and first <= t // 10**9 <= last for t, _ in got):
        wrong.append(f'TAI is not the log\'s: {got}')


def shows(said, wrong, **fields):
    shown = best(said)
    if any(shown.get(name) != value for name, value in fields.items()):
        wrong.append(f'{shown}')


def says(said, text, wrong):
    if text not in said:
        wrong.append(f'does not say: {text}')


def judge_nmea(said):
    wrong = []
    even(samples(said), 8, wrong)
    shows(said, wrong, mode='3', seen='8', used='5', leap='0', bad='0')
    return wrong


def judge_ubx(said):
    wrong = []
    even(samples(said), 8, wrong)
    shows(said, wrong, used='9', seen='10', receiver='u-blox', leap='1', tai_utc='37', bad='0')
    says(said, 'leap tai_utc=37', wrong)
    says(said, 'lost 0 the receiver was unplugged', wrong)
    return wrong


def judge_old(said):
    wrong = [f'samples: {samples(said)}'] if samples(said) else []
    says(said, 'leap tai_utc=34', wrong)
    says(said, 'its count of leap seconds is not', wrong)
    return wrong


def judge_lost(said):
    wrong = []
    even(samples(said), 5, wrong)
    says(said, 'no fix', wrong)
    return wrong


def own_logs(work):
    nmea, ubx, old, lost = (os.path.join(work, f'{name}.log') for name in ('nmea', 'ubx', 'old', 'lost'))
    make_log('nmea', nmea)
    make_log('ubx', ubx)
    make_log('ubx', old, '--leap', '15', '--seconds', '10')
    make_log('nmea', lost, '--lose', '6:11')
    cases = {'nmea': (nmea, 16, 1 / 7, judge_nmea), 'ubx': (ubx, 30, 1 / 4, judge_ubx), 'old leap count': (old, 9, 1 / 4, judge_old),
             'lost': (lost, 17, 1 / 7, judge_lost)}
    plays = {name: Play(log, seconds, cycle, work) for name, (log, seconds, cycle, _) in cases.items()}
    said = {name: play.end() for name, play in plays.items()}
    for name, (log, seconds, cycle, judge) in cases.items():
        # gpsfake plays in real time and may itself fall behind, or lose its gpsd, on a busy machine: once more, alone.
        for _ in range(2):
            if judge(said[name]):
                print(f'{name}: {judge(said[name])}; again')
                said[name] = Play(log, seconds, cycle, work).end()
        wrong = judge(said[name])
        check(not wrong, f'{name}: {wrong}')
        if wrong:
            print(said[name])


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
        check(got or best(said).get('withheld', '0') != '0', f'{name}: no sample, and no reason why')
        print('\n'.join(dict.fromkeys(line for line in said.splitlines() if line.startswith(('lost', 'leap')))))


def main():
    with tempfile.TemporaryDirectory() as work:
        os.chmod(work, 0o755)
        if not programs(os.path.join(work, 'bin')):
            skip('gps_gpsfake', 'there is no gpsd or no gpsfake')
        folder = os.environ.get('GPS_LOGS')
        if folder:
            given_logs(folder, work)
        else:
            own_logs(work)
    conclude()


main()
