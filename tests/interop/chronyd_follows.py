#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real chronyd that follows taid, by shared memory and by its socket: what chronyd says of each offset is what this machine's clock
was off by on purpose, within what taid promises. The other way round, a taid that reads what the first gives out, by both forms. The reference is a
source that this test makes, some tenths of a millisecond beside the machine's clock; chronyd steers nothing (-x). Some 90 seconds.

Which chronyd: program.sh finds or unpacks one, CHRONYD=/path/to/chronyd names one."""
import os
import pwd
import statistics
import subprocess
import sys
import tempfile
import time

SOURCE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(SOURCE, '../cli'))
# pylint: disable=wrong-import-position
from reference_rig import Source, accepted, ask_json, remove_segment  # noqa: E402
from rig import Taid, check, conclude, skip  # noqa: E402
from solo import cluster_of_one, until  # noqa: E402

UNIT = 100 + os.getpid() % 150
OFFSET_S = 0.000250  # the source is this far ahead of the machine's clock
SECONDS = 20         # of samples


def program(name):
    done = subprocess.run([os.path.join(SOURCE, 'program.sh'), name], stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def chronyd_start(chronyd, work):
    """Reads the segment and makes the socket; writes what it measures into refclocks.log."""
    settings = os.path.join(work, 'chrony.conf')
    with open(settings, 'w', encoding='utf-8') as file:
        file.write(f'port 0\ncmdport 0\nbindcmdaddress /\npidfile {work}/chronyd.pid\nlogdir {work}\nlog refclocks\n'
                   f'refclock SHM {UNIT} poll 2 dpoll 0 refid SEGM\nrefclock SOCK {work}/chrony.sock poll 2 refid SOCK\n')
    user = pwd.getpwuid(os.getuid()).pw_name
    with open(os.path.join(work, 'chronyd.txt'), 'wb') as log:
        return subprocess.Popen([chronyd, '-x', '-U', '-n', '-u', user, '-f', settings], stdout=log, stderr=log)


def measured(work):
    """Lines of refclocks.log by reference id: each (leap, raw offset in s), positive when the machine's clock is behind."""
    found = {'SEGM': [], 'SOCK': []}
    path = os.path.join(work, 'refclocks.log')
    if not os.path.exists(path):
        return found
    with open(path, encoding='utf-8') as file:
        for line in file:
            cells = line.split()
            # Date, time, refid, number, L, P, raw offset, cooked offset, dispersion; filtered ones have "-" for a number.
            if len(cells) == 9 and cells[2] in found and cells[3] != '-':
                found[cells[2]].append((cells[4], float(cells[6])))
    return found


def judge(name, samples, half_ns):
    """Both signs of a mistake show: the offset of the source is in each sample, and nothing more than the half-width."""
    offsets = [raw for _, raw in samples]
    off_ns = [(offset - OFFSET_S) * 1e9 for offset in offsets]
    worst, middle = max(off_ns, key=abs), statistics.median(off_ns)
    check(abs(worst) < half_ns, f'chronyd by {name}: a sample is off by {worst:.0f} ns, and taid says {half_ns} ns')
    check(all(leap == 'N' for leap, _ in samples), f'chronyd by {name}: leap {set(leap for leap, _ in samples)}')
    print(f'chronyd by {name}: {len(samples)} samples, {statistics.median(offsets) * 1e6:.2f} us ahead of the machine\'s clock; '
          f'off by {middle / 1e3:.2f} us in the middle, {worst / 1e3:.2f} us at worst; taid says +-{half_ns / 1e3:.1f} us')


def chronyd_follows(work, control):
    """Once the line has been brought to its reference: before, it is off by what is left, and says so by a larger half-width."""
    until(60, 'chronyd takes samples of both', lambda: all(len(s) >= 2 for s in measured(work).values()))
    until(60, 'the line is where its reference is', lambda: abs(int(ask_json(control, 'tracking')['system_ns']) - OFFSET_S * 1e9) < 2000)
    half_ns = int(ask_json(control, 'tracking')['half_width_ns'])
    before = {name: len(samples) for name, samples in measured(work).items()}
    time.sleep(SECONDS)
    for name, samples in measured(work).items():
        fresh = samples[before[name]:]
        check(len(fresh) >= SECONDS - 6, f'chronyd by {name}: {len(fresh)} samples')
        if fresh:
            judge(name, fresh, half_ns)
    with open(os.path.join(work, 'refclocks.log'), encoding='utf-8') as file:
        filtered = {line.split()[2] for line in file if line.split()[3:4] == ['-']}
    check({'SEGM', 'SOCK'} <= filtered, f'chronyd made nothing of the samples of {({"SEGM", "SOCK"} - filtered)}')


def taid_follows(work, control):
    """What the second taid has made of what the first gives out."""
    shown = until(90, 'the second taid believes both', lambda: accepted(control, 2))
    if not shown:
        return
    tracking = ask_json(control, 'tracking')
    half_ns, ahead_ns = int(tracking['half_width_ns']), int(tracking['system_ns'])
    check(abs(ahead_ns - OFFSET_S * 1e9) < half_ns, f'the second taid is {ahead_ns} ns ahead, +-{half_ns}')
    check(tracking['source'] == 'upstream', f'the second taid says {tracking["source"]}')
    print(f'a taid behind it: {ahead_ns / 1e3:.2f} us ahead of the machine\'s clock, +-{half_ns / 1e3:.1f} us; '
          + ', '.join(f'{r["name"]} {int(r["offset_ns"]) / 1e3:+.2f} us' for r in shown['references']))


def main():
    chronyd = program('chronyd')
    if not chronyd:
        skip('chronyd_follows', 'there is no chronyd')
    with tempfile.TemporaryDirectory() as work:
        os.chmod(work, 0o700)
        second = cluster_of_one(Taid(os.path.join(work, 'two')),
                                [f'driver: shm, name: segment, unit: {UNIT}, accuracy_us: 200, group: 1',
                                 'driver: sock, name: socket, path: run/in.sock, accuracy_us: 200, group: 1'])
        first = cluster_of_one(Taid(os.path.join(work, 'one')), ['driver: sock, name: roof, path: run/roof, accuracy_us: 50'],
                               ('#serve_shm: 3', f'serve_shm: {UNIT}'),
                               ('#serve_sock: /run/chrony/taistamp.sock', f'serve_sock: {work}/chrony.sock'))
        third = cluster_of_one(Taid(os.path.join(work, 'three')), ['driver: sock, name: roof, path: run/roof, accuracy_us: 50'],
                               ('#serve_sock: /run/chrony/taistamp.sock', f'serve_sock: {second.folder}/run/in.sock'))
        sources = [Source(os.path.join(taid.folder, 'run/roof'), OFFSET_S) for taid in (first, third)]
        started = []
        try:
            for source in sources:
                source.start()
            for taid in (second, first, third):
                taid.start()
                started.append(taid)
            daemon = chronyd_start(chronyd, work)
            try:
                chronyd_follows(work, os.path.join(first.folder, 'run/control'))
            finally:
                daemon.terminate()
                daemon.wait(timeout=20)
                with open(os.path.join(work, 'chronyd.txt'), encoding='utf-8', errors='replace') as file:
                    said = file.read()
                check('Fatal' not in said, said)
            taid_follows(work, os.path.join(second.folder, 'run/control'))
        finally:
            for source in sources:
                source.ends = True
            for taid in started:
                taid.stop()
            remove_segment(UNIT)
    conclude()


main()
