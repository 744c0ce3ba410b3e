#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tai-client as a user types it: its key, its settings, one reading of a real server's time, and what it refuses."""
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import BUILD, TAID, Taid, check, conclude  # noqa: E402

os.environ['PATH'] = BUILD + ':' + os.environ['PATH']
CLIENT, TAICTL = os.path.join(BUILD, 'tai-client'), os.path.join(BUILD, 'taictl')
PRIVATE_KB_MAX = 2048


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


def expect(code, pattern, *words):
    done = subprocess.run([CLIENT, *words], capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    said = done.stdout + done.stderr
    check(done.returncode == code and re.search(pattern, said), f'{words}: {done.returncode}, not {code} {pattern!r}: {said}')
    return said


def key_of(line):
    return re.search(r'key: (tainode1-[^}]+)', line)[1]


def write(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def private_kb(pid):
    with open(f'/proc/{pid}/smaps_rollup', encoding='utf-8') as file:
        found = re.findall(r'^Private_(?:Clean|Dirty): +(\d+) kB', file.read(), re.MULTILINE)
    return sum(int(kb) for kb in found)


def make(work):
    """(server, the client's folder, the text of the cluster file)"""
    server = Taid(os.path.join(work, 'server'))
    client = os.path.join(work, 'client')
    line = subprocess.run([TAID, 'keygen', '-q', '--dir', server.folder], capture_output=True, text=True, check=True).stdout
    first = expect(0, 'tainode1-', 'keygen', '--dir', client)
    check(key_of(first) == key_of(expect(0, 'tainode1-', 'keygen', '-q', '--dir', client)), 'keygen makes another key')
    check(os.stat(os.path.join(client, 'node.key')).st_mode & 0o777 == 0o600, 'mode of node.key')
    settings = os.path.join(client, 'tai-client.yaml')
    expect(0, 'peer_poll_ms: 4000', '--check-config', '-c', settings)  # made by keygen, all defaults
    write(settings, 'node: mine\n')
    expect(0, 'tainode1-', 'keygen', '--dir', client)
    with open(settings, encoding='utf-8') as file:
        check(file.read() == 'node: mine\n', 'keygen writes over settings')
    port = free_port()
    text = (f'name: lab\nservers:\n  - {{id: 1, name: solo, address: 127.0.0.1:{port}, key: {key_of(line)}}}\n'
            f'clients:\n  - {{id: 101, name: scope, key: {key_of(first)}}}\n')
    write(os.path.join(server.folder, 'cluster.yaml'), text)
    write(os.path.join(client, 'cluster.yaml'), text)
    write(os.path.join(client, 'tai-client.yaml'), 'listen: [127.0.0.1:0]\n')
    server.configure(('#cluster: cluster.yaml', 'cluster: cluster.yaml'), ('#reference: system-clock', 'reference: system-clock'),
                     ('#system_clock_error_us: 1000', 'system_clock_error_us: 2000'),
                     ('#listen: [0.0.0.0:4470, "[::]:4470"]', f'listen: [127.0.0.1:{port}]'))
    return server, client, text


def refusals(client, text):
    settings = os.path.join(client, 'tai-client.yaml')
    expect(0, 'listen: ', '--check-config', '-c', settings)
    expect(2, 'tai-client.yaml: .*keygen --dir FOLDER. makes settings', '-c', os.path.join(client, 'nothing', 'tai-client.yaml'))
    expect(2, 'no such command', 'sing')
    expect(2, '--timeout takes seconds', '--once', '--timeout', 'x')
    expect(1, 'not synchronised in time', 'waitsync', '--timeout', '1', '-c', settings)
    expect(1, 'no time within 1 s', '--once', '--timeout', '1', '-c', settings)
    expect(78, 'with mode: page nobody would steer', '--take-over', '--yes', '-c', settings)
    write(settings, 'listen: [127.0.0.1:0]\nmode: system\n')
    expect(78, 'runs? |run it|terminal|systemd', '--take-over', '-c', settings)
    write(settings, 'listen: [127.0.0.1:0]\n')
    cluster = os.path.join(client, 'cluster.yaml')
    write(cluster, text.replace('clients:', '#').replace('  - {id: 101', '#  - {id: 101'))
    expect(78, 'cluster', '--once', '-c', settings)  # not in the file
    write(cluster, text)
    write(settings, 'listen: [127.0.0.1:0]\nnode: other\n')
    expect(78, 'other', '--once', '-c', settings)
    write(settings, 'listen: [127.0.0.1:0]\n')


def hybrid_clock(client):
    """What is reserved of it in the record: no stamp of this life is later."""
    path = os.path.join(client, 'hlc')
    if not os.path.exists(path):
        return -1
    with open(path, 'rb') as file:
        record = file.read()
    check(len(record) == 9 and record[0] == 1, f'hlc: {record!r}')
    return int.from_bytes(record[1:], 'big')


def follows(server, client, text):
    settings = os.path.join(client, 'tai-client.yaml')
    with subprocess.Popen([TAID, 'clock', '--config', os.path.join(server.folder, 'taid.yaml')], stderr=subprocess.DEVNULL) as clock:
        try:
            said = expect(0, r'TAI ± \d+\.\d+ µs, assumed; the system clock is \d+ ns (ahead|behind)', '--once', '--timeout', '50', '-c', settings)
            check(2000 < float(re.search(r'± ([\d.]+) µs', said)[1]) < 20000, f'--once: {said}')
            # A server with another key than the file says is nobody: no time.
            write(os.path.join(client, 'cluster.yaml'), text.replace('lab', 'other-lab'))
            expect(1, 'no time within 2 s', '--once', '--timeout', '2', '-c', settings)
            write(os.path.join(client, 'cluster.yaml'), text)
            with subprocess.Popen([CLIENT, '-c', settings], stderr=subprocess.DEVNULL) as daemon:
                control = os.path.join(client, 'run/control')
                expect(0, 'half-width 2', 'waitsync', '--timeout', '50', '-c', settings)
                shown = subprocess.run([TAICTL, '-c', control, 'sources'], capture_output=True, text=True, check=False).stdout
                check(re.search(r'^solo .* accept', shown, re.MULTILINE), f'sources: {shown}')
                time.sleep(2)
                kb = private_kb(daemon.pid)
                with open(f'/proc/{daemon.pid}/maps', encoding='utf-8') as file:
                    sanitized = 'libasan' in file.read()
                check(sanitized or kb < PRIVATE_KB_MAX, f'{kb} kB of private memory')
                print(f'{kb} kB of private memory')
                daemon.terminate()
                check(daemon.wait(10) == 0, 'SIGTERM is no orderly end')
        finally:
            clock.terminate()
            clock.wait(20)
    # Without a server the next life does not know the time: it begins above what the record has, or at 1970.
    kept = hybrid_clock(client)
    check(kept > time.time_ns(), f'the hybrid clock is not kept: {kept}')
    expect(1, 'no time within 1 s', '--once', '--timeout', '1', '-c', settings)
    check(hybrid_clock(client) > kept, f'the hybrid clock went back from {kept} to {hybrid_clock(client)}')


with tempfile.TemporaryDirectory() as folder:
    one, where, words = make(folder)
    refusals(where, words)
    follows(one, where, words)
conclude()
