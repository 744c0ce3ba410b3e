# SPDX-License-Identifier: Apache-2.0
"""A taid of their own for the tests in Python, and the commands."""
import contextlib
import json
import os
import signal
import subprocess
import sys
import time

BUILD = os.environ['top_builddir']
TAI_STAMP = os.environ.get('tai_stamp', os.path.join(BUILD, 'tai-stamp'))
TAID = os.environ.get('taid', os.path.join(BUILD, 'taid'))

failures = []
checks = 0


def check(condition, what):
    global checks  # pylint: disable=global-statement
    checks += 1
    if not condition:
        failures.append(what)
        print('FAIL:', what)


def conclude():
    print(f'{checks} checks, {len(failures)} wrong')
    sys.exit(1 if failures else 0)


def skip(name, why):
    """Ends the test as skipped; where CI=true a skip is a failure."""
    print(f'SKIP {name}: {why}')
    if os.environ.get('CI') == 'true':
        print('CI=true: a skip is a failure')
        sys.exit(1)
    sys.exit(77)


def home(work):
    """An environment whose home is in `work`, for tai-stamp."""
    environment = dict(os.environ, HOME=os.path.join(work, 'home'), XDG_CONFIG_HOME=os.path.join(work, 'home/config'),
                       XDG_DATA_HOME=os.path.join(work, 'home/data'))
    environment.pop('TAISTAMP_SERVER', None)
    os.makedirs(environment['HOME'], exist_ok=True)
    return environment


def run(environment, *arguments):
    return subprocess.run([TAI_STAMP, *arguments], capture_output=True, env=environment, timeout=120, check=False)


def text(done):
    return (done.stdout + done.stderr).decode('utf-8', 'replace')


class Taid:
    """One data directory; started and stopped at will."""

    def __init__(self, folder, *options):
        self.folder = folder
        self.process = None
        self.url = ''
        made = subprocess.run([TAID, 'init', '--json', '--dir', folder, '--listen', '127.0.0.1:0', *options],
                              stdout=subprocess.PIPE, check=True)
        self.fingerprint = json.loads(made.stdout)['fingerprint']
        self.policy = os.path.join(folder, 'policy')

    def configure(self, *changes):
        """Replaces text in taid.yaml; each change is (old, new)."""
        path = os.path.join(self.folder, 'taid.yaml')
        with open(path, encoding='utf-8') as file:
            settings = file.read()
        for old, new in changes:
            assert old in settings, old
            settings = settings.replace(old, new, 1)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(settings)

    def start(self, environment=None):
        self.launch(environment)
        self.await_start()

    def launch(self, environment=None):
        listen = os.path.join(self.folder, 'run/listen')
        with contextlib.suppress(FileNotFoundError):
            os.unlink(listen)
        with open(os.path.join(self.folder, 'log.txt'), 'ab') as log:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                [TAID, '--config', os.path.join(self.folder, 'taid.yaml')], stdout=log, stderr=log,
                env=dict(os.environ, **(environment or {})))

    def await_start(self):
        listen = os.path.join(self.folder, 'run/listen')
        for _ in range(600):
            if os.path.exists(listen) and os.path.getsize(listen) > 0:
                with open(listen, encoding='utf-8') as file:
                    where = file.read().strip()
                if not self.url:
                    self.configure(('127.0.0.1:0', where))  # the same port from now on
                self.url = 'http://' + where
                return
            time.sleep(0.05)
        sys.exit('taid does not start:\n' + self.said())

    def said(self):
        with open(os.path.join(self.folder, 'log.txt'), encoding='utf-8') as log:
            return log.read()

    def reload(self):
        """Takes new settings up; returns when the stamp process that has them listens."""
        listens = '] notice: the stamp process (pid '
        before = self.said().count(listens)
        self.process.send_signal(signal.SIGHUP)
        for _ in range(600):
            if self.said().count(listens) > before:
                return
            time.sleep(0.05)
        sys.exit('taid does not take its new settings up:\n' + self.said())

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None
