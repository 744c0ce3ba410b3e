#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Labs of real processes in network namespaces, and all that may happen to them.

usage: failover.py [PART...]     only these parts of the great lab

Five servers and twenty lab machines: masters are killed, cut off and stopped, everything is restarted, packets are tormented,
strangers flood the master. Then smaller clusters: two servers over IPv6, one server. All the while every page of every process
is read 20 times a second and must hold the truth. Needs root; about five minutes."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import parts  # noqa: E402
from parts import all_agree, check  # noqa: E402

GREAT = (parts.settle, parts.kill_master, parts.kill_two, parts.cut_master, parts.pause_follower, parts.pause_master,
         parts.restart_all, parts.torment, parts.light, parts.flood)


def standby_goes_on(lab):
    """Of two servers the master is fixed: without it the standby and the lab machines go on, and nobody leads."""
    master = all_agree(lab, lab.hosts, 'master (static), standby and lab machines agree')
    if master is None:
        return
    view = master.taictl('cluster')
    check(view is not None and view['two_servers'], 'two servers are said to be two')
    master.stop(parts.signal.SIGKILL)
    lab.watch(12)
    rest = [h for h in lab.hosts if h is not master]
    check(all((h.read() or {}).get('half') for h in rest), f'{master.name} is killed: every page goes on with an interval')
    led = [h.name for h in rest if h.server and h.taictl('cluster')['lease']['valid']]
    check(not led, f'and nobody leads ({led})')
    master.start()
    all_agree(lab, lab.hosts, 'it is back, all agree')


def server_restarts(lab):
    server = lab.servers[0]
    server.stop(parts.signal.SIGKILL)
    lab.watch(3)
    server.start()
    took = lab.watch(parts.AGREED_S, lambda: (server.taictl('tracking') or {}).get('status') == 'assumed')
    check(took is not None, f'the only server is killed and back, it has time after {parts.seconds(took)}')
    all_agree(lab, lab.hosts, 'and all follow')


def body():
    wanted = sys.argv[1:]
    parts.run_lab([p for p in GREAT if not wanted or p.__name__ in wanted], servers=5, clients=20)
    if not wanted:
        parts.run_lab([parts.settle, standby_goes_on], servers=2, clients=2, ipv6=True)
        parts.run_lab([parts.settle, server_restarts], servers=1, clients=2)


if __name__ == '__main__':
    sys.exit(parts.main(body))
