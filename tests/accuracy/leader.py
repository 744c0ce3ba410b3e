#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What happens under clknetsim when the leader of five free-running nodes vanishes: taistamp and chronyd side by side.

The oscillators are +12 -7 +3 -15 +9 ppm; nobody has a reference. At T the leader's packets stop, both ways: for taistamp
that is the elected master, for chrony (`local orphan`, everybody a server of everybody) the node of smallest reference id. Scored
over the nodes that remain: their spread before (the largest of the last 600 s) and after, and the rate of their mean, by a line
fitted to the 600 s before and to 600 s from T + 60 on. Default settings, but for chrony's poll, also at 1 s."""
import argparse
import re
import shutil
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import run as accuracy  # noqa: E402

PPM = [12, -7, 3, -15, 9]
NODES = 5


def network(folder, leader, at):
    lines = []
    for i, ppm in enumerate(PPM, 1):
        lines += [f'node{i}_freq = (+ {ppm * 1e-6:.9e} (sum (* 1e-9 (normal))))', f'node{i}_offset = 0']
    for i in range(1, NODES + 1):
        for j in range(1, NODES + 1):
            if i != j:
                gone = f' (* -1e9 (max 0.0 (+ time -{at})))' if leader in (i, j) else ''
                lines.append(f'node{i}_delay{j} = (+ 100e-6 (* 10e-6 (exponential)){gone})')
    (folder / 'conf').write_text('\n'.join(lines) + '\n')


def slope(points):
    n = len(points)
    mx = sum(x for x, _ in points) / n
    my = sum(y for _, y in points) / n
    return sum((x - mx) * (y - my) for x, y in points) / sum((x - mx) ** 2 for x, _ in points)


def score(rows, leader, at):
    rest = [i for i in range(1, NODES + 1) if i != leader]
    spread = [max(row[i - 1] for i in rest) - min(row[i - 1] for i in rest) for row in rows]
    mean = [sum(row[i - 1] for i in rest) / len(rest) for row in rows]
    steps = max(abs(rows[t][i - 1] - rows[t - 1][i - 1]) for t in range(at - 600, len(rows)) for i in rest)
    before = slope([(t, mean[t]) for t in range(at - 600, at)])
    after = slope([(t, mean[t]) for t in range(at + 60, at + 660)])
    return dict(before=max(spread[at - 600:at]), after=max(spread[at:]), rate_before=before, rate_after=after, step=steps)


def first_master(folder):
    """(node, second) of the last master announced before the loss, and of the first one after, from the nodes' logs."""
    found = []
    for node in range(1, NODES + 1):
        for line in open(folder / f'log.{node}', encoding='utf-8', errors='replace'):
            m = re.match(r'(\d+)-(\d+)-(\d+)T(\d+):(\d+):([\d.]+)Z .*the master is node(\d) \(term (\d+)\)', line)
            if m:
                second = (int(m[3]) - 1) * 86400 + int(m[4]) * 3600 + int(m[5]) * 60 + float(m[6])
                found.append((second, node, int(m[7])))
    return sorted(found)


def taistamp(tools, leader, at, length, seed):
    folder = Path(tempfile.mkdtemp(prefix='leader-', dir=tools.work))
    network(folder, leader, at)
    accuracy.cluster_files(tools, folder, NODES, '', anchored=False)
    # So that it is known before whose packets will stop; it has no say in who comes next.
    with open(folder / 'cluster.yaml', 'a', encoding='ascii') as file:
        file.write(f'preferred: node{leader}\n')
    simulation = accuracy.Run(tools, folder, seed, length)
    for node in range(1, NODES + 1):
        simulation.start(node, [str(tools.taid), 'clock', '--config', str(folder / f'node{node}' / 'taid.yaml')])
    rows = simulation.finish(NODES)
    return folder, rows


def chrony(tools, poll, at, length, seed):
    folder = Path(tempfile.mkdtemp(prefix='leader-chrony-', dir=tools.work))
    network(folder, 1, at)
    simulation = accuracy.Run(tools, folder, seed, length)
    exponent = '' if poll is None else f' minpoll {poll} maxpoll {poll}'
    for node in range(1, NODES + 1):
        others = ''.join(f'server 192.168.123.{n}{exponent}\n' for n in range(1, NODES + 1) if n != node)
        conf = folder / f'chrony.{node}'
        conf.write_text(f'pidfile {folder}/pid.{node}\nallow\ncmdport 0\nbindcmdaddress /\nlocal stratum 10 orphan\n{others}')
        simulation.start(node, [str(tools.chronyd), '-d', '-f', str(conf)])
    rows = simulation.finish(NODES)
    shutil.rmtree(folder)
    return rows


def show(name, s):
    print(f"{name}: spread {s['before'] * 1e6:.2f} us before, {s['after'] * 1e6:.2f} us after ({s['after'] / s['before']:.2f} x); "
          f"rate of the mean {s['rate_before'] * 1e6:+.4f} ppm before, {s['rate_after'] * 1e6:+.4f} after "
          f"(changed by {(s['rate_after'] - s['rate_before']) * 1e6:+.4f} ppm); largest second-to-second move {s['step'] * 1e6:.2f} us", flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--clknetsim', type=Path, required=True)
    p.add_argument('--chronyd', type=Path)
    p.add_argument('--taid', type=Path, required=True)
    p.add_argument('--leap-file', type=Path, default=Path(__file__).resolve().parents[2] / 'leapseconds' / 'leap-seconds.list')
    p.add_argument('--at', type=int, default=3000, help='second at which the leader is lost')
    p.add_argument('--length', type=int, default=6000)
    p.add_argument('--seeds', default='1,2,3')
    p.add_argument('--timeout', type=int, default=900)
    p.add_argument('--work', type=Path, default=None)
    tools = p.parse_args()
    accuracy.resolve(tools)
    for seed in map(int, tools.seeds.split(',')):
        leader = 1
        folder, rows = taistamp(tools, leader, tools.at, tools.length, seed)
        masters = first_master(folder)
        lost = [m for m in masters if m[0] <= tools.at][-1][2]
        new = [m for m in masters if m[0] > tools.at and m[2] != lost]
        if lost != leader:
            print(f'seed {seed}: node{lost} led, not node{leader}: run again with another seed', file=sys.stderr)
            continue
        by_all = {node: min(t for t, n, _ in new if n == node) for node in {n for _, n, _ in new}}
        show(f'taistamp, seed {seed}, node{leader} lost', score(rows, leader, tools.at))
        print(f'    a new master after {min(by_all.values()) - tools.at:.2f} s, followed by all after {max(by_all.values()) - tools.at:.2f} s')
        shutil.rmtree(folder)
        if tools.chronyd:
            show(f'chrony, default poll, seed {seed}, node1 lost', score(chrony(tools, None, tools.at, tools.length, seed), 1, tools.at))
            show(f'chrony, 1 s poll, seed {seed}, node1 lost', score(chrony(tools, 0, tools.at, tools.length, seed), 1, tools.at))
    return 0


if __name__ == '__main__':
    sys.exit(main())
