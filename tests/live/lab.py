# SPDX-License-Identifier: Apache-2.0
"""A lab in network namespaces: real servers and clients, one kernel, a network in user space between them.

All hosts share one kernel, so the truth is at hand: with node 1 anchored by the system clock, TAI is CLOCK_REALTIME plus
TAI-UTC, and every page can be checked against it; a thread does so 20 times a second as long as the lab is open. Every
namespace, process and file is made here and removed by close(); what a lab that was killed left behind, by the next one."""
import ctypes
import json
import mmap
import os
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

PORT = 4470
CLOCK_MONOTONIC_RAW = 4
TAI_UTC = 37
WORDS = 64
STATUS = ['synchronised', 'single-reference', 'assumed', 'relative', 'unknown', 'disrupted', 'expired']
INTERVAL = STATUS[:4]


SANITIZED = os.environ.get('SANITIZERS') == 'yes'


class Unavailable(Exception):
    """This machine cannot have a lab; the text says why."""


def sh(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def dies_with_us():
    """In a child: ends with the test, however that ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def sweep():
    """Removes the namespaces of labs whose process is gone."""
    shown = subprocess.run(['ip', 'netns', 'list'], capture_output=True, text=True, check=False).stdout
    for name in (line.split()[0] for line in shown.splitlines() if line.startswith('tl')):
        owner = name[2:].split('-')[0]
        if owner.isdigit() and not Path('/proc', owner).exists():
            subprocess.run(['ip', 'netns', 'del', name], stderr=subprocess.DEVNULL, check=False)


def available():
    """Raises Unavailable unless a namespace and a pair of interfaces can be made."""
    if os.geteuid() != 0:
        raise Unavailable('only root can make network namespaces')
    name = f'tl{os.getpid()}-try'
    try:
        sh('ip', 'netns', 'add', name)
        try:
            sh('ip', '-n', name, 'link', 'add', 'name', 'one', 'type', 'veth', 'peer', 'name', 'two')
            sh('ip', 'netns', 'exec', name, 'true')
        finally:
            subprocess.run(['ip', 'netns', 'del', name], stderr=subprocess.DEVNULL, check=False)
    except OSError as error:
        raise Unavailable(f'no command ip ({error})') from error
    except subprocess.CalledProcessError as error:
        text = error.stderr.decode(errors='replace').strip().replace('\n', ' ')
        raise Unavailable(f'{" ".join(error.cmd)}: {text}') from error


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
        self.address = f'fd77::{number:x}' if lab.ipv6 else f'10.77.{number // 250}.{number % 250 + 1}'
        self.written = f'"[{self.address}]:{PORT}"' if lab.ipv6 else self.address
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
        sh('ip', '-n', self.namespace, 'addr', 'add', f'{self.address}/{64 if self.lab.ipv6 else 16}', 'dev', 'eth0',
           *(['nodad'] if self.lab.ipv6 else []))
        sh('ip', '-n', self.namespace, 'link', 'set', 'lo', 'up')
        sh('ip', '-n', self.namespace, 'link', 'set', 'eth0', 'up')

    def link(self, up):
        sh('ip', '-n', self.lab.hub_namespace, 'link', 'set', self.interface, 'up' if up else 'down')

    def start(self):
        self.page = None
        program, verb = (self.lab.taid, ['clock']) if self.server else (self.lab.client, [])
        log = open(self.home / 'log', 'ab')
        self.process = subprocess.Popen(self.netns(str(program), *verb, '--config', str(self.home / 'config.yaml')),
                                        stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.home,
                                        start_new_session=True, preexec_fn=dies_with_us,  # pylint: disable=subprocess-popen-preexec-fn
                                        env=self.lab.environment)
        log.close()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self, how=signal.SIGTERM):
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.send_signal(signal.SIGCONT)
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
                              capture_output=True, text=True, timeout=20, check=False, env=self.lab.environment)
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
    def __init__(self, servers, clients, anchored=(1,), ipv6=False, settings='', client_settings=''):
        available()
        sweep()
        build = Path(os.environ.get('LIVE_BIN', os.environ.get('top_builddir', '.'))).resolve()
        self.ipv6 = ipv6
        self.environment = dict(os.environ, LD_LIBRARY_PATH=f"{build}/.libs:{os.environ.get('LD_LIBRARY_PATH', '')}")
        self.taid, self.client, self.taictl = (self.tool(build, n) for n in ('taid', 'tai-client', 'taictl'))
        self.folder = Path(tempfile.mkdtemp(prefix='taistamp-live-'))
        self.prefix = f'tl{os.getpid()}-'
        self.hub_namespace = f'{self.prefix}hub'
        self.hosts = [Host(self, i, f's{i}', True) for i in range(1, servers + 1)]
        self.hosts += [Host(self, 100 + i, f'c{i}', False) for i in range(1, clients + 1)]
        self.anchored, self.settings, self.client_settings = anchored, settings, client_settings
        self.hub = None
        self.wrong = []
        self.rounds = 0
        self.checked = 0
        self.longest = 0.0
        self.closing = threading.Event()
        self.watcher = threading.Thread(target=self.look, daemon=True)

    @staticmethod
    def tool(build, name):
        """In a build folder libtool leaves a script in the program's place, which starts slowly."""
        real = build / '.libs' / name
        return real if real.exists() else build / name

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
                                    start_new_session=True, preexec_fn=dies_with_us)  # pylint: disable=subprocess-popen-preexec-fn
        if self.hub.stdout.readline().strip() != 'ready':
            raise RuntimeError('the hub did not start')
        self.watcher.start()

    def frames(self):
        """The newest UDP payloads on the network: (from, to, hexadecimal)."""
        return self.network(frames=True)

    def network(self, **settings):
        """New settings of the network (hub.py); returns its counts."""
        self.hub.stdin.write(json.dumps(settings) + '\n')
        self.hub.stdin.flush()
        return json.loads(self.hub.stdout.readline())

    def write_files(self):
        public = {}
        for host in self.hosts:
            program = self.taid if host.server else self.client
            made = subprocess.run([str(program), 'keygen', '--dir', str(host.home)], capture_output=True, text=True, check=True,
                                  env=self.environment)
            public[host.name] = next(word for word in made.stdout.split() if word.startswith('tainode1-')).strip('",}')
        lines = ['name: live', 'servers:']
        lines += [f'  - {{id: {h.number}, name: {h.name}, address: {h.written}, key: {public[h.name]}}}' for h in self.servers]
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
        self.closing.set()
        if self.watcher.is_alive():
            self.watcher.join()
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

    def look(self):
        """The watcher's thread."""
        last = time.monotonic()
        while not self.closing.wait(0.05):
            self.checked += self.check_truth()
            self.rounds += 1
            now = time.monotonic()
            self.longest = max(self.longest, now - last)
            last = now

    def check_truth(self):
        """Every interval that claims TAI must hold it. Returns how many did."""
        good = 0
        for host in self.hosts:
            r = host.read()
            if r is None or r['status'] not in INTERVAL[:3]:
                continue
            truth = r['realtime'] + TAI_UTC * 10**9
            if not r['earliest'] - r['slack'] <= truth <= r['latest'] + r['slack']:
                self.wrong.append(f"{host.name}: {r['status']} [{r['earliest'] - truth:+d}, {r['latest'] - truth:+d}] ns "
                                  f"around the truth, term {r['term']}, master {r['master']}")
            else:
                good += 1
        return good

    @staticmethod
    def watch(seconds, until=None, every=0.02):
        """Waits until `until()` is true; returns the seconds it took, or None. Without `until`: just waits."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
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

    def master(self, hosts=None):
        """The host that all running ones of `hosts` name; None where they do not agree."""
        masters = {m for _, m in self.masters(hosts)}
        return self.host(masters.pop()) if len(masters) == 1 and masters != {0} else None

    def halves_us(self, hosts):
        return sorted(r['half'] / 1000 for r in (h.read() for h in hosts) if r is not None and r['status'] in INTERVAL)

    def errors(self, hosts):
        """Middle of each page minus the truth, ns."""
        return [r['middle'] - r['realtime'] - TAI_UTC * 10**9 for r in (h.read() for h in hosts) if r is not None and r['status'] in INTERVAL]
