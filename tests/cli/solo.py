# SPDX-License-Identifier: Apache-2.0
"""A cluster of one, for tests of references."""
import os
import re
import socket
import subprocess
import time

from rig import TAID, check

TAICTL = os.environ.get('taictl', os.path.join(os.environ['top_builddir'], 'taictl'))


def ask(control, verb, *options):
    done = subprocess.run([TAICTL, '--control', control, *options, verb], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout


def until(seconds, what, condition):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.5)
    check(False, f'{what}: not within {seconds} s')
    return None


def cluster_of_one(taid, references, *more):
    """`references`: what stands in the braces of each; `more`: lines of the sample and what they are to be."""
    line = subprocess.run([TAID, 'keygen', '-q', '--dir', taid.folder], capture_output=True, text=True, check=True).stdout
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(('127.0.0.1', 0))
        port = one.getsockname()[1]
    with open(os.path.join(taid.folder, 'cluster.yaml'), 'w', encoding='utf-8') as file:
        file.write(f'name: lab\nservers:\n  - {{id: 1, name: solo, address: 127.0.0.1:{port}, '
                   f'key: {re.search("key: (tainode1-[^}]+)", line)[1]}}}\n')
    lines = ''.join(f'\n    - {{{reference}}}' for reference in references)
    if references:
        lines = '\n  references:' + lines
    taid.configure(('#cluster: cluster.yaml', 'cluster: cluster.yaml'),
                   ('#listen: [0.0.0.0:4470, "[::]:4470"]', f'listen: [127.0.0.1:{port}]{lines}'), *more)
    return taid
