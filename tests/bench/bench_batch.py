#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""10,000 files of 4 kB stamped in one request by a real taid, beside what the disk alone takes for as many receipts."""
import json
import os
import re
import subprocess
import sys
import tempfile
import time

BUILD = os.environ['top_builddir']
FILES = 10000


def environment(home):
    """The programs themselves, not libtool's wrappers, which are shell scripts."""
    return dict(os.environ, HOME=home, XDG_CONFIG_HOME=home + '/config', XDG_DATA_HOME=home + '/data',
                LD_LIBRARY_PATH=os.path.join(BUILD, '.libs'))


def program(name):
    inner = os.path.join(BUILD, '.libs', name)
    return inner if os.path.exists(inner) else os.path.join(BUILD, name)


def start_taid(work, env):
    folder = work + '/server'
    made = subprocess.run([program('taid'), 'init', '--json', '--dir', folder, '--listen', '127.0.0.1:0',
                           '--assume-error-ms', '50'], env=env, stdout=subprocess.PIPE, check=True)
    with open(work + '/log', 'wb') as log:
        daemon = subprocess.Popen([program('taid'), '--config', folder + '/taid.yaml'],  # pylint: disable=R1732
                                  env=env, stdout=log, stderr=log)
    listen = folder + '/run/listen'
    for _ in range(400):
        if os.path.exists(listen) and os.path.getsize(listen):
            break
        time.sleep(0.05)
    with open(listen, encoding='utf-8') as file:
        return daemon, 'http://' + file.read().strip(), json.loads(made.stdout)['fingerprint']


def bare_writes(folder, receipt):
    """As many receipts, each written under a temporary name and renamed, with one sync."""
    os.mkdir(folder)
    start = time.perf_counter()
    for i in range(FILES):
        with open(f'{folder}/.{i}', 'wb', buffering=0) as file:
            file.write(receipt)
        os.rename(f'{folder}/.{i}', f'{folder}/{i}')
    os.sync()
    return time.perf_counter() - start


def main():
    with tempfile.TemporaryDirectory(prefix='taistamp-bench.') as work:
        env = environment(work + '/home')
        os.mkdir(work + '/home')
        os.mkdir(work + '/files')
        for i in range(FILES):
            with open(f'{work}/files/{i}', 'wb') as file:
                file.write(os.urandom(4096))
        daemon, url, fingerprint = start_taid(work, env)
        try:
            subprocess.run([program('tai-stamp'), 'trust', '-q', url, '--fingerprint', fingerprint], env=env, check=True)
            os.sync()
            start = time.perf_counter()
            done = subprocess.run([program('tai-stamp'), '-r', work + '/files'], env=env, stdout=subprocess.PIPE,
                                  text=True, check=True)
            took = time.perf_counter() - start
            if not re.match(f'{FILES} files stamped in one request', done.stdout):
                sys.exit(f'not what was asked for: {done.stdout}')
            with open(work + '/files/0.tai', 'rb') as file:
                bare = bare_writes(work + '/bare', file.read())
        finally:
            daemon.terminate()
            daemon.wait()
    print(json.dumps({'name': 'batch_10000_files', 'value': round(took, 3), 'unit': 's',
                      'peer': 'writing 10,000 receipts once, one sync', 'peer_value': round(bare, 3),
                      'ratio': round(took / bare, 2), 'goal': '< 1.5 s'}))


main()
