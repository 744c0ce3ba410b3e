#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tai-stamp killed (-9) at random moments while it stamps 200 files, over and over.

After each kill every receipt that is there is whole; a second run ends with a valid receipt for every file and leaves no
temporary file and no journal; and if the server's answer had reached the journal, the log does not grow again."""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

BUILD = os.environ['top_builddir']
FILES = 200
ROUNDS = int(os.environ.get('STAMP_KILLS', '50'))


def program(name):
    """The program itself: a kill would only reach libtool's wrapper, which is a shell script."""
    inner = os.path.join(BUILD, '.libs', name)
    return inner if os.path.exists(inner) else os.path.join(BUILD, name)


class Rig:
    def __init__(self, work):
        self.work, self.folder, self.data = work, work + '/files', work + '/home/data/taistamp'
        libraries = [os.path.join(BUILD, '.libs')] + os.environ.get('LD_LIBRARY_PATH', '').split(':')
        self.env = dict(os.environ, HOME=work + '/home', XDG_CONFIG_HOME=work + '/home/config',
                        XDG_DATA_HOME=work + '/home/data', LD_LIBRARY_PATH=':'.join(filter(None, libraries)))
        self.env.pop('TAISTAMP_SERVER', None)
        os.mkdir(work + '/home')
        server = work + '/server'
        made = subprocess.run([program('taid'), 'init', '--json', '--dir', server, '--listen', '127.0.0.1:0',
                               '--assume-error-ms', '50'], env=self.env, stdout=subprocess.PIPE, check=True)
        with open(work + '/log', 'wb') as log:
            self.daemon = subprocess.Popen([program('taid'), '--config', server + '/taid.yaml'],  # pylint: disable=R1732
                                           env=self.env, stdout=log, stderr=log)
        listen = server + '/run/listen'
        for _ in range(400):
            if os.path.exists(listen) and os.path.getsize(listen):
                break
            time.sleep(0.05)
        with open(listen, encoding='utf-8') as file:
            self.url = 'http://' + file.read().strip()
        self.run('trust', '-q', self.url, '--fingerprint', json.loads(made.stdout)['fingerprint'])

    def run(self, *args):
        return subprocess.run([program('tai-stamp'), *args], env=self.env, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)

    def log_size(self):
        with urllib.request.urlopen(self.url + '/checkpoint', timeout=10) as answer:
            return int(answer.read().split(b'\n')[1])

    def fresh_files(self, number):
        shutil.rmtree(self.folder, ignore_errors=True)
        os.mkdir(self.folder)
        for i in range(FILES):
            with open(f'{self.folder}/{i}', 'w', encoding='ascii') as file:
                file.write(f'{number} {i}')

    def journals(self):
        """Whether there is a journal, and whether it has the server's answer."""
        found = answered = False
        folder = self.data + '/outbox'
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            if name.endswith('.todo'):
                found = True
                with open(os.path.join(folder, name), 'rb') as file:
                    text = file.read()
                at = text.find(b'\nanswer ')
                if at >= 0:
                    length, _, rest = text[at + 8:].partition(b'\n')
                    answered = answered or length.isdigit() and len(rest) == int(length)
        return found, answered

    def litter(self):
        return [os.path.join(folder, name) for top in (self.folder, self.work + '/home')
                for folder, _, names in os.walk(top) for name in names if name.startswith('.tai-stamp-')]


def kill_when(rig, rng, usual_s, by_entries):
    with subprocess.Popen([program('tai-stamp'), '-q', '-r', rig.folder], env=rig.env, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as victim:
        if by_entries:  # while receipts appear: temporary files first, then their names
            wanted, until = FILES + rng.randrange(1, FILES + 1), time.monotonic() + 20
            while victim.poll() is None and time.monotonic() < until and len(os.listdir(rig.folder)) < wanted:
                pass
            if rng.random() < 0.5:
                time.sleep(rng.random() * 0.01)
        else:
            time.sleep(rng.random() * usual_s)
        victim.send_signal(signal.SIGKILL)


def one_round(rig, rng, number, usual_s, seen):
    wrong = []
    rig.fresh_files(number)
    kill_when(rig, rng, usual_s, number % 2 == 1)
    receipts = [name for name in os.listdir(rig.folder) if name.endswith('.tai')]
    journal, answered = rig.journals()
    seen['answered' if answered else 'sent' if journal else 'done' if receipts else 'early'] += 1
    before = rig.log_size()
    if receipts:
        done = rig.run('verify', '--quick', *(os.path.join(rig.folder, name) for name in receipts))
        if done.returncode != 0:
            wrong.append(f'after the kill not every receipt holds: {done.stdout}')
    again = rig.run('-r', rig.folder)
    if again.returncode != 0:
        wrong.append(f'the second run: exit code {again.returncode}: {again.stdout}')
    grown = rig.log_size() - before  # without an answer: what was under way at the kill, and the second request
    if grown > (0 if answered else 2):
        wrong.append(f'the log grew by {grown} in the second run (answered: {answered})')
    done = rig.run('verify', '--quick', rig.folder)
    if f'{FILES} verified, 0 failed' not in done.stdout or done.returncode != 0:
        wrong.append(f'not every file verifies: {done.stdout}')
    if len(os.listdir(rig.folder)) != 2 * FILES:
        wrong.append(f'{len(os.listdir(rig.folder))} files in the folder')
    if rig.litter() or rig.journals()[0]:
        wrong.append(f'left over: {rig.litter()}, journal: {rig.journals()}')
    return wrong


def main():
    seed = int(os.environ.get('TEST_SEED', random.randrange(1 << 32)))
    print(f'TEST_SEED={seed}')
    rng = random.Random(seed)
    seen = dict.fromkeys(('early', 'sent', 'answered', 'done'), 0)
    broken = []
    with tempfile.TemporaryDirectory(prefix='taistamp-kill.') as work:
        rig = Rig(work)
        try:
            rig.fresh_files('undisturbed')
            start = time.monotonic()
            rig.run('-q', '-r', rig.folder)
            usual_s = time.monotonic() - start
            for number in range(ROUNDS):
                broken += [f'round {number}: {what}' for what in one_round(rig, rng, number, usual_s, seen)]
            # What was kept is enough: without one receipt beside a file each is found, and put back, to the byte.
            with open(rig.folder + '/7.tai', 'rb') as file:
                old = file.read()
            for i in range(FILES):
                os.remove(f'{rig.folder}/{i}.tai')
            for command, said in (('verify', f'{FILES} verified, 0 failed'), ('restore', f'{FILES} restored')):
                done = rig.run(command, '-r', rig.folder)
                if said not in done.stdout or done.returncode != 0:
                    broken.append(f'{command} after all receipts were lost: {done.stdout[-300:]}')
            with open(rig.folder + '/7.tai', 'rb') as file:
                if file.read() != old:
                    broken.append('a restored receipt differs from the lost one')
        finally:
            rig.daemon.terminate()
            rig.daemon.wait()
    print(f'{ROUNDS} kills: {seen}')
    if ROUNDS >= 20 and not seen['answered']:
        broken.append('no kill met a run that was writing receipts')
    print('\n'.join(broken) or 'every file has its receipt')
    sys.exit(1 if broken else 0)


main()
