#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A cold `tai-stamp verify` (a new process each time, pinned to one core), beside a process that does nothing."""
import json
import os
import statistics
import subprocess
import time

BUILD = os.environ['top_builddir']
VECTORS = os.path.join(os.environ['top_srcdir'], 'tests/vectors/proof')
ROUNDS = 50


def median_ms(command, env):
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=True)
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def main():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with open(os.path.join(VECTORS, 'cases.json'), encoding='utf-8') as file:
        case = next(c for c in json.load(file)['cases'] if c['valid'] and not c.get('claim_void') and 'trust' not in c)
    inner = os.path.join(BUILD, '.libs/tai-stamp')
    program = inner if os.path.exists(inner) else os.path.join(BUILD, 'tai-stamp')
    env = dict(os.environ, HOME='/nonexistent', LD_LIBRARY_PATH=os.path.join(BUILD, '.libs'))
    ours = median_ms([program, 'verify', '--policy', os.path.join(VECTORS, case.get('policy', 'policy')), '--receipt',
                      os.path.join(VECTORS, case['name'] + '.tai'), os.path.join(VECTORS, case['name'] + '.file')], env)
    peer = median_ms(['/bin/true'], env)
    print(json.dumps({'name': 'verify_cold', 'value': round(ours, 2), 'unit': 'ms', 'peer': '/bin/true',
                      'peer_value': round(peer, 2), 'ratio': round(ours / peer, 2), 'goal': '< 10 ms'}))


main()
