# SPDX-License-Identifier: Apache-2.0
"""A gpsd and an NTP server of a test's own, on loopback. Left alone they tell this machine's time; everything that can be wrong with
them is an attribute that may be changed while they run. And leap tables."""
import hashlib
import json
import os
import re
import socket
import struct
import threading
import time

NTP_TO_POSIX_S = 2208988800
PATH = '/dev/fake0'
LEAPS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../leapseconds/leap-seconds.list')


def realtime():
    return time.clock_gettime_ns(time.CLOCK_REALTIME)


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


def table(path, expires_s, updated_s=None, lines=None):
    """The shipped table with other dates, and its hash made right again."""
    with open(LEAPS, encoding='ascii') as file:
        own = file.read()
    rows = lines or re.findall(r'^(\d+)\s+(\d+)', own, re.M)
    updated = updated_s or re.search(r'^#\$\s+(\d+)', own, re.M)[1]
    digest = hashlib.sha1((f'{updated}{expires_s}' + ''.join(a + b for a, b in rows)).encode()).hexdigest()
    text = f'#$ {updated}\n#@ {expires_s}\n' + ''.join(f'{a} {b}\n' for a, b in rows)
    text += '#h ' + ' '.join(digest[i:i + 8] for i in range(0, 40, 8)) + '\n'
    with open(path + '.new', 'w', encoding='ascii') as file:
        file.write(text)
    os.rename(path + '.new', path)
    return rows, text


def ntp_s(ahead_s):
    return realtime() // 10**9 + NTP_TO_POSIX_S + ahead_s


class Gpsd(threading.Thread):
    """One receiver with a pulse. Each of its seconds it says where the pulse was, then the time, then the satellites."""

    def __init__(self, open_at_once=True):
        super().__init__(daemon=True)
        self.port = free_port()
        self.skew_ns = 0  # its time minus the true one
        self.mode = 3
        self.leap = 18  # GPS - UTC; None: says none, as NMEA does
        self.satellites = [(prn, 30 + prn) for prn in range(1, 10)]
        self.junk = b''  # sent each second before all else
        self.mute = False  # accepts, and says nothing
        self.slices = 0  # bytes per send; 0: all at once
        self.taken = 0  # connections
        self.ends = False
        self.listener = None
        self.lock = threading.Lock()
        self.clients = []
        if open_at_once:
            self.open()

    @property
    def reference(self):
        return f'driver: gpsd, address: "127.0.0.1:{self.port}", pulses_only: true, accuracy_us: 100'

    def open(self):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(('127.0.0.1', self.port))
        listener.listen(8)
        self.listener = listener
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                client = listener.accept()[0]
            except OSError:
                return
            self.taken += 1
            client.settimeout(5)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.clients.append(client)
            devices = {'class': 'DEVICES', 'devices': [{'class': 'DEVICE', 'path': PATH, 'driver': 'fake', 'activated': 1}]}
            self.say({'class': 'VERSION', 'release': '3.22', 'rev': '3.22', 'proto_major': 3, 'proto_minor': 14}, devices)

    def close(self):
        """As when gpsd is ended: nobody listens, and who was connected is not any more."""
        listener, self.listener = self.listener, None
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self.lock:
            clients, self.clients = self.clients, []
        for client in clients:
            client.close()

    def say(self, *messages):
        if not self.mute:
            self.send(b''.join(json.dumps(m).encode() + b'\r\n' for m in messages))

    def send(self, data):
        step = self.slices or len(data)
        with self.lock:
            clients = list(self.clients)
        for client in clients:
            try:
                for at in range(0, len(data), step or 1):
                    client.sendall(data[at:at + step])
            except OSError:
                with self.lock:
                    self.clients = [c for c in self.clients if c is not client]

    def second(self, now_ns, skew_ns):
        real = (now_ns + skew_ns) // 10**9
        clock = real * 10**9 - skew_ns
        report = {'class': 'TPV', 'device': PATH, 'mode': self.mode, 'lat': 48.1, 'lon': 11.6, 'alt': 520.0}
        if self.mode >= 2:
            report['time'] = time.strftime('%Y-%m-%dT%H:%M:%S.000Z', time.gmtime(real))
        if self.leap is not None:
            report['leapseconds'] = self.leap
        sky = {'class': 'SKY', 'device': PATH,
               'satellites': [{'PRN': prn, 'ss': ss, 'el': 40, 'az': 7, 'used': True} for prn, ss in self.satellites]}
        pulse = {'class': 'PPS', 'device': PATH, 'real_sec': real, 'real_nsec': 0, 'clock_sec': clock // 10**9,
                 'clock_nsec': clock % 10**9, 'precision': -20}
        if self.junk and not self.mute:
            self.send(self.junk)
        self.say(pulse, report, sky)

    def run(self):
        while not self.ends:
            skew_ns = self.skew_ns
            time.sleep(1 - (realtime() + skew_ns - 30_000_000) % 10**9 / 1e9)
            if not self.ends and self.listener is not None:
                self.second(realtime(), skew_ns)

    def end(self):
        self.ends = True
        self.close()


class Ntp(threading.Thread):
    """A server that follows a receiver."""

    made = 0

    def __init__(self, skew_ns=0, stratum=1, identity=b'GPS\0', origin=None, leap=0):
        super().__init__(daemon=True)
        self.skew_ns = skew_ns
        self.stratum = stratum
        self.identity = identity  # reference id; of stratum 0 the kiss code
        self.origin = origin  # None: as it must be
        self.leap = leap
        self.asked = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        Ntp.made += 1  # an address of its own: servers on one machine count once
        self.socket.bind((f'127.0.1.{Ntp.made}', 0))

    @property
    def reference(self):
        host, port = self.socket.getsockname()
        return f'driver: ntp, server: "{host}:{port}", poll_s: 1'

    def run(self):
        while True:
            try:
                request, who = self.socket.recvfrom(1000)
            except OSError:
                return
            if len(request) < 48:
                continue
            self.asked += 1
            now = realtime() + self.skew_ns
            stamp = (now // 10**9 + NTP_TO_POSIX_S << 32) + ((now % 10**9 << 32) // 10**9)
            origin = request[40:48] if self.origin is None else self.origin
            answer = struct.pack('!BBbbII4sQ8sQQ', self.leap << 6 | 4 << 3 | 4, self.stratum, 3, -20, 16, 16, self.identity,
                                 stamp - (8 << 32), origin, stamp, stamp)
            try:
                self.socket.sendto(answer, who)
            except OSError:
                return

    def end(self):
        self.socket.close()
