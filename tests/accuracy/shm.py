#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""True error of a machine's clock under clknetsim that has a reference clock in shared memory: taistamp and chronyd.

Not part of `make check` (see run.py). One machine, 0.01 s off and 10 ppm fast at the start, whose frequency walks by W per
second; a sample each second, wrong by a normal variate of 1 us. chronyd has `refclock SHM 0` with each of --polls, as
it takes one sample a second in any case (dpoll 0) and makes its median of 2^poll of them."""
import argparse
import concurrent.futures
import math
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import run  # noqa: E402

NOISE = 1e-6


def network(folder, wander):
    (folder / 'conf').write_text(f'node1_freq = (+ 10e-6 (sum (* {wander:e} (normal))))\nnode1_offset = 0.01\n'
                                 f'node1_refclock = (* {NOISE:e} (normal))\n')


def chrony(tools, folder, seed, wander, poll):
    network(folder, wander)
    conf = folder / 'chrony.1'
    conf.write_text(f'pidfile {folder}/pid.1\ncmdport 0\nbindcmdaddress /\nmakestep 0.001 1\nrefclock SHM 0 dpoll 0 poll {poll}\n')
    simulation = run.Run(tools, folder, seed, tools.length)
    simulation.start(1, [str(tools.chronyd), '-d', '-f', str(conf)])
    return simulation.finish(1)


def taistamp(tools, folder, seed, wander, _):
    network(folder, wander)
    run.cluster_files(tools, folder, 1, '  not_before: 2009-01-01\n  references:\n    - {driver: shm, accuracy_us: 6}\n', False)
    simulation = run.Run(tools, folder, seed, tools.length)
    simulation.start(1, [str(tools.taid), 'clock', '--config', str(folder / 'node1' / 'taid.yaml')])
    return simulation.finish(1)


def score(rows, skip):
    errors = [row[0] for row in rows[skip:]]
    return math.sqrt(sum(e * e for e in errors) / len(errors)), max(abs(e) for e in errors)


def one(tools, who, wander, poll, seed):
    folder = Path(tempfile.mkdtemp(prefix=f'{who}-shm-{poll}-{seed}-', dir=tools.work))
    began = time.monotonic()
    try:
        rows = (chrony if who == 'chrony' else taistamp)(tools, folder, seed, wander, poll)
        rms, worst = score(rows, tools.skip)
        if not tools.keep:
            shutil.rmtree(folder)
        return who, wander, poll, seed, rms, worst, time.monotonic() - began, None
    except run.Fail as e:
        return who, wander, poll, seed, None, None, time.monotonic() - began, str(e)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--clknetsim', type=Path, required=True, help='folder of the built clknetsim')
    p.add_argument('--chronyd', type=Path, help='chronyd 4.x; without it only taistamp runs')
    p.add_argument('--taid', type=Path, help='taid; without it only chronyd runs')
    p.add_argument('--leap-file', type=Path, default=Path(__file__).resolve().parents[2] / 'leapseconds' / 'leap-seconds.list')
    p.add_argument('--wanders', default='1e-9')
    p.add_argument('--polls', default='0,2,4,6', help="chronyd's")
    p.add_argument('--seeds', default='1,2,3')
    p.add_argument('--length', type=int, default=20000, help='simulated seconds')
    p.add_argument('--skip', type=int, default=2000, help='seconds left out at the start')
    p.add_argument('--jobs', type=int, default=2)
    p.add_argument('--timeout', type=int, default=1800)
    p.add_argument('--work', type=Path, default=None)
    p.add_argument('--keep', action='store_true', help='keep the logs of good runs too')
    tools = p.parse_args()
    run.resolve(tools)
    jobs = [(who, float(wander), int(poll), int(seed)) for wander in tools.wanders.split(',') for seed in tools.seeds.split(',')
            for who, polls in (('chrony', tools.polls if tools.chronyd else ''), ('taistamp', '0' if tools.taid else ''))
            for poll in polls.split(',') if poll]
    results, failed = {}, 0
    with concurrent.futures.ThreadPoolExecutor(tools.jobs) as pool:
        for who, wander, poll, seed, rms, worst, took, error in pool.map(lambda j: one(tools, *j), jobs):
            name = f'chrony, poll {poll}' if who == 'chrony' else who
            if error:
                failed += 1
                print(f'{name} seed {seed}: {error}', file=sys.stderr)
                continue
            print(f'{name:16} W {wander:g}, seed {seed}: rms {rms * 1e6:.3f} us, max {worst * 1e6:.2f} us  ({took:.0f} s)', flush=True)
            results.setdefault((wander, name), []).append((rms, worst))
    print('\n| W | who | RMS / max, us |\n|---|---|---|')
    for (wander, name), rs in sorted(results.items()):
        print(f'| {wander:g} | {name} | {math.sqrt(sum(r * r for r, _ in rs) / len(rs)) * 1e6:.3f} / '
              f'{max(w for _, w in rs) * 1e6:.2f} |')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
