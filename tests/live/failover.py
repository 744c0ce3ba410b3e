#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Five servers and twenty lab machines as real processes: the master is killed, links go down, packets are tormented.

All the while every page of every process is read 20 times a second and must hold the truth. Then memory and processor
time of a client are looked at, and 200,000 datagrams a second come from a stranger. Needs root (network namespaces)."""
import os
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab, PORT  # noqa: E402

FAILED = []


def check(good, what):
    print(('ok    ' if good else 'WRONG ') + what, flush=True)
    if not good:
        FAILED.append(what)


def seconds(value):
    return 'never' if value is None else f'{value:.2f} s'


def spread_us(lab, hosts):
    errors = lab.errors(hosts)
    return (max(errors) - min(errors)) / 1000 if errors else float('nan')


def settle(lab):
    took = lab.watch(30, lambda: lab.agreed(lab.servers))
    check(took is not None, f'five servers agree on a master after {seconds(took)}')
    took = lab.watch(30, lambda: lab.agreed(lab.hosts))
    check(took is not None, f'twenty lab machines follow after another {seconds(took)}')
    # The anchored server has the better clock and is handed the office.
    took = lab.watch(60, lambda: lab.agreed(lab.hosts) and {m for _, m in lab.masters()} == {1})
    check(took is not None, f'the anchored server is master after another {seconds(took)}')
    lab.watch(5)
    check(lab.check_truth() == len(lab.hosts), 'every page holds the truth')
    print(f'      spread of all pages {spread_us(lab, lab.hosts):.1f} us; half-widths {widths(lab, lab.hosts)}')


def widths(lab, hosts):
    values = sorted(r['half'] for r in (h.read() for h in hosts) if r is not None)
    return f'{values[0] / 1000:.1f} to {values[-1] / 1000:.1f} us' if values else '-'


def kill_master(lab):
    (_, number), = lab.masters()
    master = lab.host(number)
    master.stop(signal.SIGKILL)
    rest = [h for h in lab.hosts if h is not master]
    took = lab.watch(20, lambda: lab.agreed(rest, but=number))
    check(took is not None and took < 5, f'the master is killed: all others follow a new one after {seconds(took)}')
    lab.watch(3)
    master.start()
    took = lab.watch(30, lambda: lab.agreed(lab.hosts))
    check(took is not None, f'the killed one is back and all agree after {seconds(took)}')


def cut_master(lab):
    took = lab.watch(60, lambda: lab.agreed(lab.hosts))
    check(took is not None, 'one master before the link goes')
    (_, number), = lab.masters()
    master = lab.host(number)
    rest = [h for h in lab.hosts if h is not master]
    master.link(False)
    took = lab.watch(20, lambda: lab.agreed(rest, but=number))
    check(took is not None and took < 5, f"the master's link is down: the others have a new one after {seconds(took)}")
    view = master.taictl('cluster')
    check(view is not None and not view['lease']['valid'], 'the one that was cut off holds no lease')
    master.link(True)
    took = lab.watch(30, lambda: lab.agreed(lab.hosts))
    check(took is not None, f'the link is up again and all agree after {seconds(took)}')


def torment(lab):
    counts = lab.network(delay_us=300, jitter_us=200, loss=0.03, duplicate=0.05, reorder=0.05)
    held = lab.watch(15)
    check(held is not None, 'fifteen seconds of delay, loss, duplicates and reordering')
    took = lab.watch(30, lambda: lab.agreed(lab.hosts))
    check(took is not None, 'all follow one master in spite of it')
    print(f'      half-widths {widths(lab, lab.hosts)}')
    counts = lab.network()
    print(f'      the network counted {counts}')
    check(counts['duplicated'] > 10 and counts['reordered'] > 10 and counts['lost'] > 10, 'and it really was tormented')


def light(lab):
    client = lab.clients[0]
    kb = client.private_kb()
    before = client.cpu_s()
    lab.watch(10, every=0.2)
    load = (client.cpu_s() - before) / 10
    check(kb < 2000, f'a client has {kb} kB of private memory')
    check(load < 0.01, f'and takes {load * 100:.2f} % of a processor')


def flood(lab):
    target, stranger = lab.servers[1], lab.clients[-1]
    stranger.stop()
    before = target.private_kb()
    tool = lab.folder / 'flood'
    subprocess.run(['cc', '-O2', '-o', str(tool), os.path.join(os.path.dirname(os.path.abspath(__file__)), 'flood.c'),
                    '-D_GNU_SOURCE'], check=True)
    # From inside the target's own namespace: the hub in user space would not carry it.
    run = subprocess.Popen(target.netns(str(tool), target.address, str(PORT), '200000', '8'), stdout=subprocess.PIPE, text=True)
    lab.watch(8)
    sent = int(run.communicate(timeout=30)[0] or 0)
    grown = target.private_kb() - before
    check(sent >= 8 * 50000, f'{sent / 8:.0f} datagrams a second from a stranger')
    check(grown < 64, f'memory grew by {grown} kB')
    took = lab.watch(20, lambda: lab.agreed(lab.servers))
    check(took is not None, 'the flooded server follows as before')


def main():
    if os.geteuid() != 0:
        print('SKIP: live tests need root for network namespaces')
        return 77
    lab = Lab(os.environ.get('LIVE_BIN', os.environ.get('top_builddir', '.')), servers=5, clients=20)
    try:
        lab.open()
        lab.network()
        lab.start()
        for part in (settle, kill_master, cut_master, torment, light, flood):
            began = time.monotonic()
            part(lab)
            print(f'      [{part.__name__}: {time.monotonic() - began:.0f} s]', flush=True)
        check(not lab.wrong, f'no page was ever wrong ({len(lab.wrong)} times: {lab.wrong[:3]})')
        for host in lab.hosts:
            if host.process is not None:
                code = host.stop()
                check(code == 0, f'{host.name} ends with 0 when told to, not {code}') if code != 0 else None
    finally:
        lab.close()
    if FAILED:
        print(f'{len(FAILED)} wrong; logs in {lab.folder}')
        for host in lab.servers:
            print(f'--- {host.name}\n{host.log()[-1500:]}')
        return 1
    subprocess.run(['rm', '-rf', str(lab.folder)], check=False)
    return 0


if __name__ == '__main__':
    sys.exit(main())
