# SPDX-License-Identifier: Apache-2.0
"""A lab in network namespaces: real servers and clients, one kernel, a network in user space between them.

All hosts share one kernel, so the truth is at hand: with node 1 anchored by the system clock, TAI is CLOCK_REALTIME plus
TAI-UTC, and every page can be checked against it. Every namespace, process and file is made here and removed by close()."""
import ctypes
import json
import mmap
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PORT = 4470
CLOCK_MONOTONIC_RAW = 4
TAI_UTC = 37
WORDS = 64
STATUS = ['synchronised', 'single-reference', 'assumed', 'relative', 'unknown', 'disrupted', 'expired']
INTERVAL = STATUS[:4]


def sh(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Page:
    """A clock page, read as docs/CLOCK.md says."""

    def __init__(self, path):
        with open(path, 'rb') as f:
            self.map = mmap.mmap(f.fileno(), WORDS * 8, prot=mmap.PROT_READ)

    def read(self):
        """(status, earliest, latest, realtime of the reading, term, master); None while it is being written."""
        for _ in range(1000):
            words = struct.unpack('=64Q', self.map[:WORDS * 8])
            again = struct.unpack_from('=Q', self.map, 16)[0]
            if words[2] & 1 or words[2] != again:
                continue
            before = time.clock_gettime_ns(CLOCK_MONOTONIC_RAW)
            realtime = time.clock_gettime_ns(time.CLOCK_REALTIME)
            after = time.clock_gettime_ns(CLOCK_MONOTONIC_RAW)
            if after - before < 20000:
                return self.evaluate(words, (before + after) // 2, realtime, (after - before) // 2 + 1)
        return None

    @staticmethod
    def evaluate(words, raw, realtime, slack):
        status = STATUS[words[3] & 0xff]
        signed = struct.unpack('=64q', struct.pack('=64Q', *words))
        rate = ctypes.c_int32(words[10] & 0xffffffff).value
        growth = words[10] >> 32
        if raw > words[11]:
            status = 'expired'
        age = raw - words[7]
        middle = signed[8] + age + age * rate // 10**9
        half = words[9] + abs(age) * growth // 10**9 + 2
        return dict(status=status, earliest=middle - half, latest=middle + half, middle=middle, half=half, realtime=realtime,
                    slack=slack, term=words[15], master=words[16])


class Host:
    def __init__(self, lab, number, name, server):
        self.lab, self.number, self.name, self.server = lab, number, name, server
        self.namespace = f'{lab.prefix}{name}'
        self.address = f'10.77.{number // 250}.{number % 250 + 1}'
        self.interface = f'v{number}'
        self.home = lab.folder / name
        self.process = None
        self.page = None

    def netns(self, *command):
        return ['ip', 'netns', 'exec', self.namespace, *command]

    def make(self):
        self.home.mkdir()
        sh('ip', 'netns', 'add', self.namespace)
        sh('ip', 'link', 'add', self.interface, 'netns', self.lab.hub_namespace, 'type', 'veth', 'peer', 'name', 'eth0',
           'netns', self.namespace)
        sh('ip', '-n', self.lab.hub_namespace, 'link', 'set', self.interface, 'up')
        sh('ip', '-n', self.namespace, 'addr', 'add', f'{self.address}/16', 'dev', 'eth0')
        sh('ip', '-n', self.namespace, 'link', 'set', 'lo', 'up')
        sh('ip', '-n', self.namespace, 'link', 'set', 'eth0', 'up')

    def link(self, up):
        sh('ip', '-n', self.lab.hub_namespace, 'link', 'set', self.interface, 'up' if up else 'down')

    def start(self):
        program, verb = (self.lab.taid, ['clock']) if self.server else (self.lab.client, [])
        log = open(self.home / 'log', 'ab')
        self.process = subprocess.Popen(self.netns(str(program), *verb, '--config', str(self.home / 'config.yaml')),
                                        stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.home,
                                        start_new_session=True)
        log.close()

    def stop(self, how=signal.SIGTERM):
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            code = self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process = None
        return code

    def read(self):
        try:
            self.page = self.page or Page(self.home / 'run' / 'clock')
        except (OSError, ValueError):
            return None
        return self.page.read()

    def taictl(self, verb, *options):
        """The answer, or None."""
        done = subprocess.run([str(self.lab.taictl), '--control', str(self.home / 'run' / 'control'), '--json', *options, verb],
                              capture_output=True, text=True, timeout=20, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def private_kb(self):
        with open(f'/proc/{self.process.pid}/smaps_rollup', encoding='ascii') as f:
            return sum(int(line.split()[1]) for line in f if line.startswith(('Private_Clean:', 'Private_Dirty:')))

    def cpu_s(self):
        with open(f'/proc/{self.process.pid}/stat', encoding='ascii') as f:
            fields = f.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def log(self):
        return (self.home / 'log').read_text(errors='replace') if (self.home / 'log').exists() else ''


class Lab:
    def __init__(self, build, servers, clients, anchored=(1,), settings='', client_settings=''):
        build = Path(build)
        self.taid, self.client, self.taictl = (self.tool(build, n) for n in ('taid', 'tai-client', 'taictl'))
        self.folder = Path(tempfile.mkdtemp(prefix='taistamp-live-'))
        self.prefix = f'tl{os.getpid()}-'
        self.hub_namespace = f'{self.prefix}hub'
        self.hosts = [Host(self, i, f's{i}', True) for i in range(1, servers + 1)]
        self.hosts += [Host(self, 100 + i, f'c{i}', False) for i in range(1, clients + 1)]
        self.anchored, self.settings, self.client_settings = anchored, settings, client_settings
        self.hub = None
        self.wrong = []

    @staticmethod
    def tool(build, name):
        """Libtool leaves a script in its place that starts slowly; the installed tree is used where there is one."""
        return build / name

    @property
    def servers(self):
        return [h for h in self.hosts if h.server]

    @property
    def clients(self):
        return [h for h in self.hosts if not h.server]

    def open(self):
        sh('ip', 'netns', 'add', self.hub_namespace)
        for host in self.hosts:
            host.make()
        self.write_files()
        environment = dict(os.environ, PYTHONDONTWRITEBYTECODE='1')
        self.hub = subprocess.Popen(['ip', 'netns', 'exec', self.hub_namespace, sys.executable,
                                     str(Path(__file__).with_name('hub.py')), *[h.interface for h in self.hosts]],
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
                                    start_new_session=True)
        if self.hub.stdout.readline().strip() != 'ready':
            raise RuntimeError('the hub did not start')

    def network(self, **settings):
        """New settings of the network (hub.py); returns its counts."""
        self.hub.stdin.write(json.dumps(settings) + '\n')
        self.hub.stdin.flush()
        return json.loads(self.hub.stdout.readline())

    def write_files(self):
        public = {}
        for host in self.hosts:
            program = self.taid if host.server else self.client
            made = subprocess.run([str(program), 'keygen', '--dir', str(host.home)], capture_output=True, text=True, check=True)
            public[host.name] = next(word for word in made.stdout.split() if word.startswith('tainode1-')).strip('",}')
        lines = ['name: live', 'servers:']
        lines += [f'  - {{id: {h.number}, name: {h.name}, address: {h.address}, key: {public[h.name]}}}' for h in self.servers]
        if self.clients:
            lines += ['clients:'] + [f'  - {{id: {h.number}, name: {h.name}, key: {public[h.name]}}}' for h in self.clients]
        (self.folder / 'cluster.yaml').write_text('\n'.join(lines) + '\n')
        for host in self.hosts:
            if host.server:
                anchor = '  reference: system-clock\n  system_clock_error_us: 1\n' if host.number in self.anchored else ''
                text = f'sync:\n  cluster: {self.folder}/cluster.yaml\n  mode: page\n{anchor}{self.settings}'
            else:
                text = f'cluster: {self.folder}/cluster.yaml\nmode: page\n{self.client_settings}'
            (host.home / 'config.yaml').write_text(text)

    def start(self):
        for host in self.hosts:
            host.start()

    def close(self):
        for host in self.hosts:
            if host.process is not None:
                host.stop(signal.SIGKILL)
        if self.hub is not None:
            self.hub.stdin.close()
            try:
                self.hub.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.hub.kill()
                self.hub.wait()
        for namespace in [h.namespace for h in self.hosts] + [self.hub_namespace]:
            subprocess.run(['ip', 'netns', 'del', namespace], stderr=subprocess.DEVNULL, check=False)

    # ---- Looking ----

    def check_truth(self, hosts=None):
        """Every interval that claims TAI must hold it. Returns how many did."""
        good = 0
        for host in hosts or self.hosts:
            r = host.read()
            if r is None or r['status'] not in INTERVAL[:3]:
                continue
            truth = r['realtime'] + TAI_UTC * 10**9
            if not r['earliest'] - r['slack'] <= truth <= r['latest'] + r['slack']:
                self.wrong.append(f"{host.name}: {r['status']} [{r['earliest'] - truth:+d}, {r['latest'] - truth:+d}] ns around the truth")
            else:
                good += 1
        return good

    def watch(self, seconds, until=None, every=0.05):
        """Checks all pages again and again; stops early when `until()` is true. Returns the seconds it took, or None."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            self.check_truth()
            if until is not None and until():
                return time.monotonic() - began
            time.sleep(every)
        return None if until is not None else seconds

    def masters(self, hosts=None):
        """What the pages name as master: {(term, master)} of those with an interval."""
        found = set()
        for host in hosts or self.hosts:
            r = host.read()
            if host.process is not None and r is not None and r['status'] in INTERVAL:
                found.add((r['term'], r['master']))
        return found

    def agreed(self, hosts, but=0):
        """True when all of `hosts` have an interval and name one master, which is not `but`."""
        readings = [h.read() for h in hosts]
        if any(r is None or r['status'] not in INTERVAL for r in readings):
            return False
        masters = {r['master'] for r in readings}
        return len(masters) == 1 and masters != {0} and masters != {but}

    def host(self, number):
        return next(h for h in self.hosts if h.number == number)

    def errors(self, hosts):
        """Middle of each page minus the truth, ns."""
        return [r['middle'] - r['realtime'] - TAI_UTC * 10**9 for r in (h.read() for h in hosts) if r is not None and r['status'] in INTERVAL]
