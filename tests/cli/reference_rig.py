# SPDX-License-Identifier: Apache-2.0
"""For tests of references beside solo.py: a source that sends samples to a socket, segments of shared memory, more questions."""
import ctypes
import json
import os
import socket
import struct
import threading
import time
import urllib.request

from solo import ask

MAGIC = 0x534f434b
SAMPLE = struct.Struct('@qqdiiii')  # of chronyd's socket
SEGMENT_KEY = 0x4e545030


class Source(threading.Thread):
    """Ten samples a second until told to stop: the time is offset_s ahead of this machine's clock."""

    def __init__(self, path, offset_s):
        super().__init__(daemon=True)
        self.path = path
        self.offset_s = offset_s
        self.speaks = True
        self.ends = False

    def run(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            while not self.ends:
                if self.speaks and os.path.exists(self.path):
                    now = time.clock_gettime_ns(time.CLOCK_REALTIME)
                    offset_s = self.offset_s + now % 1000 * 1e-9  # the stamp has microseconds
                    try:
                        out.sendto(SAMPLE.pack(now // 10**9, now % 10**9 // 1000, offset_s, 0, 0, 0, MAGIC), self.path)
                    except OSError:
                        pass
                time.sleep(0.1)


def ask_json(control, verb):
    """The answer; an empty one where there is none (yet)."""
    answer = ask(control, verb, '--json')
    return json.loads(answer) if answer else {}


def accepted(control, count):
    """The answer of taictl references once the first `count` of them are believed."""
    shown = ask_json(control, 'references')
    verdicts = [r['verdict'] for r in shown.get('references', [])[:count]]
    return shown if verdicts == ['accepted'] * count else None


def http(taid, path):
    with urllib.request.urlopen(taid.url + path, timeout=20) as answer:
        return answer.read().decode()


def remove_segment(unit):
    libc = ctypes.CDLL(None, use_errno=True)
    number = libc.shmget(SEGMENT_KEY + unit, 96, 0)
    if number >= 0:
        libc.shmctl(number, 0, None)
