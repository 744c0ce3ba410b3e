# SPDX-License-Identifier: Apache-2.0
"""Two ways to play a receiver into a real gpsd: gpsd's own gpsfake with a log, and a pseudo-terminal that says each second when it is due.

gpsfake sleeps between sentences, so that on a busy machine its time goes by more slowly than the clock's: for tests that look at
what came, not at when. The terminal catches up: for tests of time. gpsd runs as an unprivileged user, so that it writes no shared memory."""
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tty

SOURCE = os.path.dirname(os.path.abspath(__file__))
OTHER_USER = 65534


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def unprivileged():
    return ['setpriv', f'--reuid={OTHER_USER}', f'--regid={OTHER_USER}', '--clear-groups'] if os.geteuid() == 0 else []


def programs(folder):
    """gpsd and gpsfake, installed or unpacked, where the unprivileged user can read them and gpsfake finds gpsd; false without."""
    os.mkdir(folder)
    os.chmod(folder, 0o755)
    for tool in ('gpsd', 'gpsfake'):
        found = subprocess.run([os.path.join(SOURCE, 'program.sh'), tool], stdout=subprocess.PIPE, text=True, check=False)
        if found.returncode != 0:
            return False
        shutil.copy(found.stdout.strip(), folder)
    os.environ['PATH'] = folder + ':' + os.environ.get('PATH', '')
    return True


def make_log(form, path, *more):
    """By gps_logs.py, which `more` are options of; readable to the unprivileged user."""
    subprocess.run([sys.executable, os.path.join(SOURCE, 'gps_logs.py'), form, path, *more], check=True)
    os.chmod(path, 0o644)


def until_it_listens(port, seconds=30):
    """True when it does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as s:
            if s.connect_ex(('127.0.0.1', port)) == 0:
                return True
        time.sleep(0.1)
    return False


class Program:
    """`command`, which ends up in a gpsd on self.port, with a home of its own below `work`."""

    def __init__(self, command, work):
        home = tempfile.mkdtemp(dir=work)
        os.chmod(home, 0o777)
        self.process = subprocess.Popen(unprivileged() + command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        start_new_session=True, cwd=home, env=dict(os.environ, HOME=home, TMPDIR=home))

    def stop(self):
        try:  # gpsfake waits for ever for a gpsd that was ended under it
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


class Fake(Program):
    """gpsfake with `log`, `cycle` seconds between two sentences; `clock`: what faketime tells it."""

    def __init__(self, log, cycle, work, clock=None):
        self.port = free_port()
        faked = ['faketime', clock] if clock else []
        super().__init__(faked + ['gpsfake', '-1', '-n', '-q', '-c', f'{cycle:.5f}', '-P', str(self.port), log], work)


class Receiver(Program):
    """A terminal on which second(k) is said k seconds after the first, for as long as it lives; the first at self.began (monotonic, s)."""

    def __init__(self, second, work):
        self.port, self.second = free_port(), second
        self.terminal, slave = pty.openpty()
        tty.setraw(slave)
        if os.geteuid() == 0:
            os.fchown(slave, OTHER_USER, OTHER_USER)
        super().__init__(['gpsd', '-N', '-n', '-b', '-S', str(self.port), os.ttyname(slave)], work)
        os.close(slave)
        until_it_listens(self.port)
        self.began = time.monotonic()
        self.ends = threading.Event()
        self.speaker = threading.Thread(target=self.speak, daemon=True)
        self.speaker.start()

    def speak(self):
        said = 0
        while not self.ends.wait(max(0.0, self.began + said - time.monotonic())):
            try:
                os.write(self.terminal, self.second(said))
            except OSError:
                return
            said += 1

    def stop(self):
        self.ends.set()
        super().stop()
        self.speaker.join()
        os.close(self.terminal)
