#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Three whole servers on this machine, clock and stamp together, as a user starts them: what is stamped with an anchor,
without one, on the operator's word, with a leap table that has expired, alone, and after a crash of a clock process."""
import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fakes import Gpsd, ntp_s, table  # noqa: E402
from rig import TAID, Taid, check, conclude, home, run, text  # noqa: E402
from solo import TAICTL, ask, until  # noqa: E402

NAMES = ['alpha', 'beta', 'gamma']


def free_ports(count):
    """UDP ports that nobody has; held together, so that they differ."""
    held = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    for one in held:
        one.bind(('127.0.0.1', 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def fetch(url):
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=20) as reply:
            return reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()


def reading(server):
    return json.loads(fetch(server.url + '/v1/time'))


def await_all(servers, wanted, what, seconds=15):
    """Until every server's clock has this status and all follow one master, or are it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        now = [reading(server) for server in servers]
        masters = {one['cluster'] and one['cluster']['master'] for one in now}
        settled = all(one['status'] == wanted and one['cluster']['role'] in ('master', 'following') for one in now
                      if one['cluster'])
        if settled and len(masters) == 1 and None not in masters:
            return now
        time.sleep(0.2)
    check(False, f'{what}: {[(one["status"], one["cluster"]) for one in now]}, not {wanted} under one master')
    return now


def make_cluster(work):
    servers = [Taid(os.path.join(work, name)) for name in NAMES]
    lines = []
    for number, (server, name, port) in enumerate(zip(servers, NAMES, free_ports(3)), 1):
        line = subprocess.run([TAID, 'keygen', '-q', '--dir', server.folder], capture_output=True, text=True,
                              check=True).stdout
        key = re.search(r'key: (tainode1-[^}]+)', line)[1]
        lines.append(f'  - {{id: {number}, name: {name}, address: 127.0.0.1:{port}, key: {key}}}\n')
        server.configure(('#cluster: cluster.yaml', 'cluster: cluster.yaml'),
                         ('#listen: [0.0.0.0:4470, "[::]:4470"]', f'listen: [127.0.0.1:{port}]'))
    for server in servers:
        with open(os.path.join(server.folder, 'cluster.yaml'), 'w', encoding='utf-8') as file:
            file.write('name: lab\nservers:\n' + ''.join(lines))
    return servers


def words_of(receipt):
    extra = base64.b64decode(re.search(r'^extra (\S+)$', receipt, re.MULTILINE)[1]).decode()
    return extra.split('\n\n', 1)[1]


def stamp(environment, server, work, name):
    """Stamps a new file there; returns (what tai-stamp did, the entry's words or '')."""
    path = os.path.join(work, name)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(name)
    done = run(environment, '--server', server.url, path)
    if not os.path.exists(path + '.tai'):
        return done, ''
    with open(path + '.tai', encoding='utf-8') as file:
        return done, words_of(file.read())


def anchored(environment, work, servers):
    now = await_all(servers, 'assumed', 'anchored')
    for server, one in zip(servers, now):
        # The operator declared the 2 ms, so that is what bounds the interval, here and at those who follow.
        check(one['source'] == 'assumed', f'{server.folder}: source {one["source"]}')
        check(2_000_000 <= int(one['half_width_ns']) < 20_000_000, f'half-width {one["half_width_ns"]}')
    check({one['cluster']['role'] for one in now} == {'master', 'following'}, f'roles {now}')
    follower = next(s for s, one in zip(servers, now) if one['cluster']['role'] == 'following')
    done, words = stamp(environment, follower, work, 'photo')
    check(done.returncode == 0, f'not stamped: {text(done)}')
    check(re.search(r'^clock assumed$', words, re.MULTILINE), f'the entry does not say what bounds it: {words}')
    done = run(environment, 'verify', os.path.join(work, 'photo'))
    check(done.returncode == 0 and 'verified' in text(done), f'not verified: {text(done)}')
    half = int(re.search(r'^tai \d+ (\d+)$', words, re.MULTILINE)[1])
    check(2_000_000 <= half < 20_000_000, f'entry with half-width {half}')
    return follower


def metrics(servers):
    seen = set()
    for server in servers:
        shown = fetch(server.url + '/metrics')
        value = dict(re.findall(r'^(taistamp_\S+) (\S+)$', shown, re.MULTILINE))
        check(0.002 <= float(value['taistamp_clock_half_width_seconds']) < 0.02, 'half-width of /metrics')
        check(value['taistamp_clock_status{status="assumed"}'] == '1', 'status of /metrics')
        check(sum(int(v) for k, v in value.items() if k.startswith('taistamp_clock_status')) == 1, 'one status')
        roles = {k: v for k, v in value.items() if k.startswith('taistamp_cluster_role')}
        check(list(roles.values()).count('1') == 1, f'one role: {roles}')
        check(value['taistamp_cluster_servers'] == '3' == value['taistamp_cluster_servers_up'], 'servers up')
        check(value['taistamp_cluster_fault_margin'] == '0', 'one reference: the next fault ends absolute time')
        seen.add((value['taistamp_cluster_master_id'], value['taistamp_cluster_term']))
    check(len(seen) == 1 and '0' not in list(seen)[0], f'one master in one term: {seen}')


def status(server):
    settings = os.path.join(server.folder, 'taid.yaml')
    said = subprocess.run([TAID, 'status', '--config', settings], capture_output=True, text=True, check=False).stdout
    check('clock: assumed ± ' in said and re.search(r'cluster: \S+, the master is \w+ \(term \d+\), '
          r'3 of 3 servers up, 0 more faults are survived', said), f'taid status: {said}')
    shown = subprocess.run([TAID, 'status', '--json', '--config', settings], capture_output=True, check=False).stdout
    check(json.loads(shown)['clock']['cluster']['servers'] == 3, f'taid status --json: {shown}')


def crash(environment, work, server):
    """kill -9 of the clock process: the supervisor starts another, and stamps go on."""
    pid = re.findall(r'taid:clock\[(\d+)\]', server.said())[-1]
    os.kill(int(pid), signal.SIGKILL)
    end = time.monotonic() + 60
    while time.monotonic() < end and server.said().count('the clock process (pid') < 2:
        time.sleep(0.1)
    check('was killed by signal 9' in server.said(), 'the crash is not in the log')
    await_all([server], 'assumed', 'after a crash')
    done, _ = stamp(environment, server, work, 'after-crash')
    check(done.returncode == 0, f'after a crash: {text(done)}')


def unanchored(environment, work, servers):
    for server in servers:
        server.stop()
    servers[0].configure(('reference: system-clock', '#reference: system-clock'),
                         ('system_clock_error_us: 2000', '#system_clock_error_us: 1000'))
    servers[1].configure(('#assume_error_ms: 500', 'assume_error_ms: 500'))
    servers[1].configure(('assume_error_ms: 500', 'assume_error_ms: 400'))
    start_all(servers)
    await_all([servers[0], servers[2]], 'relative', 'without an anchor')
    one = reading(servers[2])
    check(one['earliest'] is None and one['half_width_ns'] is None, f'an interval of TAI without an anchor: {one}')
    done, words = stamp(environment, servers[2], work, 'relative')
    check(done.returncode == 4 and words == '' and 'clock_no_bound' in text(done), f'stamped: {text(done)}')
    check('relative' in fetch(servers[2].url + '/healthz'), '/healthz does not say why: ' + fetch(servers[2].url + '/healthz'))
    # The operator's word at one of them makes a bound there, and every entry says so.
    await_all([servers[1]], 'assumed', "the operator's word")
    done, words = stamp(environment, servers[1], work, 'assumed')
    check(done.returncode == 0 and re.search(r'^clock assumed$', words, re.MULTILINE), f'assumed: {text(done)} {words}')
    half = int(re.search(r'^tai \d+ (\d+)$', words, re.MULTILINE)[1])
    check(400_000_000 <= half < 500_000_000, f'half-width {half}, 400 ms were declared')
    word_is_told(servers[1])


def word_is_told(server):
    """taictl says of the operator's word what the page says, and the parts of the half-width have it too."""
    control = os.path.join(server.folder, 'run/control')
    now = json.loads(ask(control, 'tracking', '--json'))
    check((now['status'], now['source']) == ('assumed', 'assumed'), f'taictl tracking: {now}')
    parts = {name: int(ns) for name, ns in now['budget'].items()}
    half = int(now['half_width_ns'])
    check(400_000_000 <= parts['upstream_ns'] <= half < 500_000_000, f'taictl tracking: {half} of {parts}')
    check(abs(sum(parts.values()) - half) < 1_000_000, f'taictl tracking: {parts} do not add up to {half}')
    shown = reading(server)
    parts, half = {name: int(ns) for name, ns in shown['half_width_of_ns'].items()}, int(shown['half_width_ns'])
    check(400_000_000 <= parts['upstream'] <= half, f'/v1/time: {half} of {parts}')
    check(abs(sum(parts.values()) - half) < 1_000_000, f'/v1/time: {parts} do not add up to {half}')
    waited = subprocess.run([TAICTL, '--control', control, '--timeout', '10', 'waitsync'], capture_output=True, text=True, check=False)
    check(waited.returncode == 0, f'taictl waitsync: {waited.stdout}{waited.stderr}')


def expired(servers):
    """One server's own leap table has run out, and its receiver says no count of leap seconds: the others know."""
    gpsd = Gpsd()
    gpsd.leap = None
    one = servers[0]
    one.stop()
    table(os.path.join(one.folder, 'leaps'), ntp_s(-400 * 86400), updated_s=ntp_s(-800 * 86400))
    one.configure(('#reference: system-clock', 'references:\n    - {name: sky, ' + gpsd.reference + '}'),
                  ('#leap_file: /usr/share/zoneinfo/leap-seconds.list', 'leap_file: leaps'))
    gpsd.start()
    one.start()
    control = os.path.join(one.folder, 'run/control')

    def verdict():
        said = ask(control, 'references', '--json')
        return said and json.loads(said)['references'][0]['verdict'] == 'accepted'
    until(60, 'a receiver without a count beside an expired table', verdict)
    check('/leaps' in one.said(), f'the expired table is not in use: {one.said()}')
    await_all(servers, 'single-reference', 'a reference with an expired table', 30)


def alone(environment, work, server):
    """One of three: it starts, serves, and refuses to stamp. What it voted is gone, and it says so."""
    server.stop()
    shutil.rmtree(os.path.join(server.folder, 'sync'))
    server.configure(('assume_error_ms: 400', '#assume_error_ms: 500'))
    server.start()
    one = reading(server)
    check(one['status'] in ('unknown', 'relative') and one['earliest'] is None, f'alone: {one}')
    check('/sync/vote is gone: this server votes again once it has followed a master' in server.said(),
          'a lost record of votes is not noticed')
    done, words = stamp(environment, server, work, 'alone')
    check(done.returncode == 4 and words == '' and 'clock_no_bound' in text(done), f'alone: {text(done)}')


def start_all(servers):
    for server in servers:
        server.launch()
    for server in servers:
        server.await_start()


def main():
    with tempfile.TemporaryDirectory() as work:
        environment = home(work)
        servers = make_cluster(work)
        servers[0].configure(('#reference: system-clock', 'reference: system-clock'),
                             ('#system_clock_error_us: 1000', 'system_clock_error_us: 2000'))
        try:
            start_all(servers)
            for server in servers:
                run(environment, 'trust', server.url, '--fingerprint', server.fingerprint)
            follower = anchored(environment, work, servers)
            metrics(servers)
            status(follower)
            crash(environment, work, follower)
            unanchored(environment, work, servers)
            expired(servers)
            servers[0].stop()
            servers[2].stop()
            alone(environment, work, servers[1])
        finally:
            for server in servers:
                server.stop()
        if os.environ.get('VERBOSE'):
            for server in servers:
                print(server.said())


main()
conclude()
