#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A network in user space: forwards Ethernet frames between interfaces with delay, jitter, loss, duplicates and reordering.

usage: hub.py INTERFACE...   (in the network namespace that holds them; reads settings as JSON lines from standard input)

Each interface is the far end of a host's veth. A frame is forwarded to the interface behind which its destination was
last seen, or to all. A settings line replaces those in force:

    {"delay_us": 100, "jitter_us": 50, "loss": 0.01, "duplicate": 0.01, "reorder": 0.01, "asymmetry_us": {"v3": 200},
     "cut": [["v1", "v2"]]}

Delay is per frame and way: delay + an exponential of mean jitter (+ asymmetry of the interface it comes in by).
`reorder` frames wait three times as long. `cut` pairs get nothing from each other. It prints "ready", then one line of
JSON counts for each settings line; with "frames": true in it the settings stay, and the line is the newest UDP payloads
over IPv4, as [from, to, hexadecimal]."""
import collections
import heapq
import itertools
import json
import os
import random
import select
import socket
import sys
import time

ETH_P_ALL = 3
PACKET_OUTGOING = 4


def main():
    names = sys.argv[1:]
    rng = random.Random(int(os.environ.get('HUB_SEED', '1')))
    ports = {}
    for name in names:
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        s.bind((name, 0))
        s.setblocking(False)
        ports[s] = name
    by_name = {name: s for s, name in ports.items()}
    settings = {}
    cut = set()
    where = {}          # MAC -> interface
    queue = []          # (due, number, interface, frame)
    number = itertools.count()
    seen = collections.deque(maxlen=1000)
    counts = dict(forwarded=0, lost=0, duplicated=0, reordered=0, cut=0)
    poll = select.poll()
    for s in ports:
        poll.register(s, select.POLLIN)
    poll.register(0, select.POLLIN)
    by_fd = {s.fileno(): s for s in ports}
    print('ready', flush=True)
    text = b''

    def remember(frame):
        if frame[12:14] == b'\x08\x00' and frame[23] == 17:
            start = 14 + (frame[14] & 15) * 4
            seen.append((frame[26:30], frame[30:34], frame[start + 8:]))

    def told():
        return [[socket.inet_ntoa(a), socket.inet_ntoa(b), payload.hex()] for a, b, payload in seen]

    def summed(frame):
        """The kernel leaves UDP checksums to the network card; there is none here. IPv4 takes 0 for "not computed"."""
        if frame[12:14] == b'\x08\x00' and frame[23] == 17:
            at = 14 + (frame[14] & 15) * 4 + 6
            return frame[:at] + b'\0\0' + frame[at + 2:]
        if frame[12:14] == b'\x86\xdd' and frame[20] == 17:
            datagram = frame[54:60] + b'\0\0' + frame[62:]
            whole = frame[22:54] + len(datagram).to_bytes(4, 'big') + b'\0\0\0\x11' + datagram
            total = sum(int.from_bytes(whole[i:i + 2].ljust(2, b'\0'), 'big') for i in range(0, len(whole), 2))
            total = (total & 0xffff) + (total >> 16)
            total = ~((total & 0xffff) + (total >> 16)) & 0xffff
            return frame[:60] + (total or 0xffff).to_bytes(2, 'big') + frame[62:]
        return frame

    def send(frame, came):
        source, target = frame[6:12], frame[0:6]
        where[source] = came
        known = where.get(target) if not target[0] & 1 else None
        for name in ([known] if known else [n for n in names if n != came]):
            if name == came:
                continue
            if (came, name) in cut:
                counts['cut'] += 1
                continue
            if rng.random() < settings.get('loss', 0):
                counts['lost'] += 1
                continue
            copies = 1 + (rng.random() < settings.get('duplicate', 0))
            counts['duplicated'] += copies - 1
            for _ in range(copies):
                delay = settings.get('delay_us', 0) + settings.get('asymmetry_us', {}).get(came, 0)
                if settings.get('jitter_us', 0):
                    delay += rng.expovariate(1 / settings['jitter_us'])
                if rng.random() < settings.get('reorder', 0):
                    delay = 3 * delay + 1000
                    counts['reordered'] += 1
                if delay <= 0:
                    transmit(name, frame)
                else:
                    heapq.heappush(queue, (time.monotonic() + delay * 1e-6, next(number), name, frame))

    def transmit(name, frame):
        try:
            by_name[name].send(frame)
            counts['forwarded'] += 1
        except OSError:
            counts['lost'] += 1      # the interface is down

    while True:
        wait = 1000.0 if not queue else max(0.0, (queue[0][0] - time.monotonic()) * 1000)
        # Sleeping ends late by a timer's slack: the last half millisecond is waited for awake.
        for fd, _ in poll.poll(0 if wait < 0.5 else int(wait)):
            if fd == 0:
                chunk = os.read(0, 65536)
                if not chunk:
                    return
                text += chunk
                while b'\n' in text:
                    line, text = text.split(b'\n', 1)
                    said = json.loads(line)
                    if said.get('frames'):
                        print(json.dumps(told()), flush=True)
                        continue
                    settings = said
                    cut = {tuple(p) for p in settings.get('cut', [])} | {tuple(reversed(p)) for p in settings.get('cut', [])}
                    print(json.dumps(counts), flush=True)
                continue
            for _ in range(64):
                try:
                    frame, address = by_fd[fd].recvfrom(65535)
                except OSError:
                    break
                if address[2] != PACKET_OUTGOING:
                    remember(frame)
                    send(summed(frame), ports[by_fd[fd]])
        now = time.monotonic()
        while queue and queue[0][0] <= now:
            _, _, name, frame = heapq.heappop(queue)
            transmit(name, frame)


if __name__ == '__main__':
    try:
        main()
    except KeyboardInterrupt:
        pass
