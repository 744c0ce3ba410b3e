#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""True error of the steered clocks under clknetsim, taistamp and chronyd in the same simulated networks.

Not part of `make check`: it needs clknetsim (github.com/mlichvar/clknetsim, built anywhere) and a chronyd binary, and
runs for minutes. `make accuracy CLKNETSIM=dir CHRONYD=path` calls it; docs/ACCURACY.md says what is simulated and
holds the figures. Node 1 has a perfect clock; the others start 0.01 s off and 10 ppm fast, their frequency walks by W
per second, and each packet takes 100 us + J times an exponential variate, each way."""
import argparse
import concurrent.futures
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

START = 1262304000          # clknetsim's own default start, 2010-01-01
CELLS = {'a': (10e-6, 1e-9), 'b': (10e-6, 1e-8), 'c': (100e-6, 1e-9), 'd': (100e-6, 1e-8)}


class Fail(Exception):
    pass


def network(folder, nodes, jitter, wander, ppm=10.0, offset=0.01):
    lines = ['node1_freq = 0', 'node1_offset = 0']
    for i in range(2, nodes + 1):
        lines += [f'node{i}_freq = (+ {ppm * 1e-6:.9e} (sum (* {wander:e} (normal))))', f'node{i}_offset = {offset}']
    for i in range(1, nodes + 1):
        for j in range(1, nodes + 1):
            if i != j:
                lines.append(f'node{i}_delay{j} = (+ 100e-6 (* {jitter:e} (exponential)))')
    (folder / 'conf').write_text('\n'.join(lines) + '\n')


class Run:
    """One simulation: clknetsim and its clients, every process ours and ended by us."""

    def __init__(self, tools, folder, seed, length):
        self.tools, self.folder, self.seed, self.length = tools, folder, seed, length
        self.clients = []

    def environment(self, node):
        env = {k: v for k, v in os.environ.items() if k not in ('NOTIFY_SOCKET', 'LISTEN_FDS')}
        if self.tools.libraries:
            env['LD_LIBRARY_PATH'] = str(self.tools.libraries)
        env.update(CLKNETSIM_SOCKET=str(self.folder / 'sock'), CLKNETSIM_NODE=str(node), EVENT_NOEPOLL='1',
                   CLKNETSIM_RANDOM_SEED=str(self.seed), CLKNETSIM_CONNECT_TIMEOUT='60', CLKNETSIM_START_DATE=str(START))
        return env

    def start(self, node, command):
        env = self.environment(node)
        # Preloaded into the daemon alone: not into a shell or Python. Without the right to set the clock: the simulator
        # does not ask for it, and taid would not start beside a chronyd that has it.
        command = ['env', f"LD_PRELOAD={self.tools.clknetsim / 'clknetsim.so'}", *command]
        if os.geteuid() == 0:
            command = ['setpriv', '--bounding-set', '-sys_time', '--inh-caps', '-sys_time', *command]
        log = open(self.folder / f'log.{node}', 'wb')
        self.clients.append(subprocess.Popen(command, env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                             cwd=self.folder))

    def finish(self, nodes):
        env = self.environment(0)
        with open(self.folder / 'stats', 'wb') as stats, open(self.folder / 'server.log', 'wb') as log:
            server = subprocess.Popen([str(self.tools.clknetsim / 'clknetsim'), '-l', str(self.length), '-o', str(self.folder / 'offset'),
                                       '-s', str(self.folder / 'sock'), str(self.folder / 'conf'), str(nodes)],
                                      env=env, stdout=stats, stderr=log)
            try:
                code = server.wait(timeout=self.tools.timeout)
            except subprocess.TimeoutExpired:
                server.kill()
                raise Fail(f'the simulation did not end in {self.tools.timeout} s; logs in {self.folder}')
            finally:
                for client in self.clients:
                    client.terminate()
                for client in self.clients:
                    try:
                        client.wait(timeout=5)
                    except subprocess.TimeoutExpired:
                        client.kill()
                        client.wait()
        if code != 0:
            raise Fail(f'clknetsim ended with {code}; logs in {self.folder}')
        rows = [[float(x) for x in line.split()] for line in open(self.folder / 'offset')]
        if len(rows) < self.length * 0.99 - 2:
            raise Fail(f'the simulation ended early, after {len(rows)} of {self.length} s; logs in {self.folder}')
        return rows


def chrony(tools, folder, seed, length, jitter, wander, poll, extra=''):
    nodes = tools.nodes
    network(folder, nodes, jitter, wander)
    run = Run(tools, folder, seed, length)
    exponent = '' if poll == 0 else f' minpoll {int(math.log2(poll))} maxpoll {int(math.log2(poll))}'
    for node in range(1, nodes + 1):
        own = 'local stratum 1' if node == 1 else f'server 192.168.123.1{exponent}{extra}'
        conf = folder / f'chrony.{node}'
        conf.write_text(f'pidfile {folder}/pid.{node}\nallow\ncmdport 0\nbindcmdaddress /\n{own}\n')
        run.start(node, [str(tools.chronyd), '-d', '-f', str(conf)])
    return run.finish(nodes)


def cluster_files(tools, folder, nodes, settings, anchored=True):
    """Keys and files for `nodes` servers; node 1 is anchored by its own clock."""
    public = {}
    for node in range(1, nodes + 1):
        home = folder / f'node{node}'
        home.mkdir()
        made = subprocess.run([str(tools.taid), 'keygen', '--dir', str(home)], capture_output=True, text=True,
                              env=dict(os.environ, LD_LIBRARY_PATH=str(tools.libraries or '')), check=False)
        if made.returncode != 0:
            raise Fail(f'taid keygen: {made.stderr}')
        public[node] = re.search(r'tainode1-[^\s,}]+', made.stdout).group(0)
    cluster = 'name: accuracy\nservers:\n' + ''.join(
        f'  - {{id: {n}, name: node{n}, address: 192.168.123.{n}, key: {public[n]}}}\n' for n in public)
    (folder / 'cluster.yaml').write_text(cluster)
    for node in public:
        home = folder / f'node{node}'
        own = '  mode: page\n  reference: system-clock\n  system_clock_error_us: 1\n' if anchored and node == 1 else '  mode: system\n'
        log = f'  tracking_log: {home}/tracking\n' if node <= 2 else ''
        (home / 'taid.yaml').write_text(f'clock:\n  leap_file: {tools.leap_file}\nsync:\n  cluster: {folder}/cluster.yaml\n'
                                        f'{own}{log}{settings}')


def taistamp(tools, folder, seed, length, jitter, wander, poll):
    nodes = tools.nodes
    network(folder, nodes, jitter, wander)
    cluster_files(tools, folder, nodes, f'  poll_ms: {poll * 1000}\n')
    run = Run(tools, folder, seed, length)
    for node in range(1, nodes + 1):
        run.start(node, [str(tools.taid), 'clock', '--config', str(folder / f'node{node}' / 'taid.yaml')])
    return run.finish(nodes)


def score(rows, skip):
    """RMS and largest |error| over all followers after the first `skip` seconds, and the largest step between seconds."""
    errors = [e for row in rows[skip:] for e in row[1:]]
    return math.sqrt(sum(e * e for e in errors) / len(errors)), max(abs(e) for e in errors)


def one(tools, who, cell, poll, seed):
    jitter, wander = CELLS[cell]
    folder = Path(tempfile.mkdtemp(prefix=f'{who}-{cell}-{poll}-{seed}-', dir=tools.work))
    began = time.monotonic()
    try:
        if who == 'chrony':
            rows = chrony(tools, folder, seed, tools.length, jitter, wander, poll)
        elif who == 'chrony-xleave':
            rows = chrony(tools, folder, seed, tools.length, jitter, wander, poll, ' xleave')
        else:
            rows = taistamp(tools, folder, seed, tools.length, jitter, wander, poll)
        rms, worst = score(rows, tools.skip)
        if not tools.keep:
            shutil.rmtree(folder)
        return who, cell, poll, seed, rms, worst, time.monotonic() - began, None
    except Fail as e:
        return who, cell, poll, seed, None, None, time.monotonic() - began, str(e)


def resolve(tools):
    """Paths made absolute, the daemon itself instead of libtool's script, and a folder to work in."""
    tools.clknetsim = tools.clknetsim.resolve()
    tools.libraries = None
    if tools.taid and (tools.taid.resolve().parent / '.libs' / 'taid').exists():
        # Not libtool's script: the simulator is preloaded into the daemon alone.
        tools.libraries = tools.taid.resolve().parent / '.libs'
        tools.taid = tools.libraries / 'taid'
    tools.work = tools.work or Path(tempfile.mkdtemp(prefix='accuracy-'))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--clknetsim', type=Path, required=True, help='folder of the built clknetsim')
    p.add_argument('--chronyd', type=Path, help='chronyd 4.x; without it only taistamp runs')
    p.add_argument('--taid', type=Path, help='taid; without it only chronyd runs')
    p.add_argument('--leap-file', type=Path, default=Path(__file__).resolve().parents[2] / 'leapseconds' / 'leap-seconds.list')
    p.add_argument('--cells', default='abcd')
    p.add_argument('--polls', default='1,16')
    p.add_argument('--seeds', default='1,2,3')
    p.add_argument('--length', type=int, default=80000, help='simulated seconds')
    p.add_argument('--skip', type=int, default=2000, help='seconds left out at the start')
    p.add_argument('--nodes', type=int, default=5)
    p.add_argument('--jobs', type=int, default=2)
    p.add_argument('--timeout', type=int, default=1800)
    p.add_argument('--work', type=Path, default=None)
    p.add_argument('--keep', action='store_true', help='keep the logs of good runs too')
    p.add_argument('--xleave', action='store_true', help="chrony's interleaved mode as well")
    tools = p.parse_args()
    resolve(tools)
    whos = (['chrony'] if tools.chronyd else []) + (['chrony-xleave'] if tools.chronyd and tools.xleave else []) + (
        ['taistamp'] if tools.taid else [])
    jobs = [(who, cell, int(poll), int(seed)) for cell in tools.cells for poll in tools.polls.split(',') for seed in tools.seeds.split(',')
            for who in whos]
    results = {}
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(tools.jobs) as pool:
        for who, cell, poll, seed, rms, worst, took, error in pool.map(lambda j: one(tools, *j), jobs):
            if error:
                failed += 1
                print(f'{who} {cell} poll {poll} seed {seed}: {error}', file=sys.stderr)
                continue
            print(f'{who:14} J {CELLS[cell][0] * 1e6:g} us, W {CELLS[cell][1]:g}, poll {poll} s, seed {seed}: rms {rms * 1e6:.3f} us, '
                  f'max {worst * 1e6:.2f} us  ({took:.0f} s)', flush=True)
            results.setdefault((cell, poll), {}).setdefault(who, []).append((rms, worst))
    print('\n| J, W | poll | ' + ' | '.join(f'{w} RMS / max' for w in whos) + ' |\n|---|---|' + '---|' * len(whos))
    for (cell, poll), by in sorted(results.items()):
        cols = []
        for who in whos:
            rs = by.get(who, [])
            cols.append('-' if not rs else f'{math.sqrt(sum(r * r for r, _ in rs) / len(rs)) * 1e6:.2f} / {max(w for _, w in rs) * 1e6:.1f}')
        print(f'| {CELLS[cell][0] * 1e6:g} µs, {CELLS[cell][1]:g} | {poll} s | ' + ' | '.join(cols) + ' |')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
