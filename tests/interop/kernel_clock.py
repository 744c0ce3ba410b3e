#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The kernel's clock for clock_daemons.sh:

    kernel_clock.py may               exit 0 when this process may set the clock
    kernel_clock.py show              maxerror_us, offset_ns and whether it says synchronised
    kernel_clock.py save FILE         the state, so that
    kernel_clock.py restore FILE      can put it back
    kernel_clock.py zero              what systemd-timesyncd writes: synchronised, maxerror 0
    kernel_clock.py hold COMMAND...   starts it and never asks how it ended, so that it stays a zombie; prints its pid
    kernel_clock.py read CLOCK_READ PAGE LEAP-SECONDS.LIST
                                      status, half-width in us, and by how many us the kernel's clock lies beyond the
                                      interval (0: within), as the words of one line; "unknown - -" without an interval
"""
import ctypes
import datetime
import json
import re
import subprocess
import sys
import time

ADJ = {'offset': 0x1, 'freq': 0x2, 'maxerror': 0x4, 'esterror': 0x8, 'status': 0x10, 'constant': 0x20, 'tai': 0x80,
       'tick': 0x4000}
ADJ_MICRO, ADJ_NANO = 0x1000, 0x2000
STA_PLL, STA_UNSYNC, STA_NANO = 0x1, 0x40, 0x2000
SETTABLE = 0x40ff  # without the bits that only the kernel sets


class Timex(ctypes.Structure):
    _fields_ = [('modes', ctypes.c_uint), ('offset', ctypes.c_long), ('freq', ctypes.c_long),
                ('maxerror', ctypes.c_long), ('esterror', ctypes.c_long), ('status', ctypes.c_int),
                ('constant', ctypes.c_long), ('precision', ctypes.c_long), ('tolerance', ctypes.c_long),
                ('time', ctypes.c_long * 2), ('tick', ctypes.c_long), ('pps', ctypes.c_long * 2),
                ('shift', ctypes.c_int), ('more', ctypes.c_long * 5), ('tai', ctypes.c_int),
                ('reserved', ctypes.c_int * 11)]


def adjtimex(modes=0, **values):
    tx = Timex(modes=modes, **values)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.adjtimex(ctypes.byref(tx)) < 0:
        sys.exit(f'adjtimex: errno {ctypes.get_errno()}')
    return tx


def restore(saved):
    # With the loop switched on a remaining offset can be taken away; then everything as it was.
    adjtimex(ADJ['status'], status=STA_PLL | STA_UNSYNC)
    adjtimex(ADJ['offset'], offset=0)
    adjtimex(ADJ['freq'] | ADJ['tick'] | ADJ['constant'] | ADJ_NANO, freq=saved['freq'], tick=saved['tick'],
             constant=saved['constant'])
    adjtimex(ADJ_NANO if saved['status'] & STA_NANO else ADJ_MICRO)
    adjtimex(ADJ['tai'], constant=saved['tai'])
    adjtimex(ADJ['status'] | ADJ['maxerror'] | ADJ['esterror'], status=saved['status'] & SETTABLE,
             maxerror=saved['maxerror'], esterror=saved['esterror'])


def hold(command):
    child = subprocess.Popen(command)
    print(child.pid, flush=True)
    time.sleep(300)


def tai_ns(text):
    found = re.fullmatch(r'(.*)\.(\d{9}) TAI', text)
    at = datetime.datetime.fromisoformat(found.group(1)).replace(tzinfo=datetime.timezone.utc)
    return int(at.timestamp()) * 10**9 + int(found.group(2))


def tai_utc(leap_file):
    with open(leap_file, encoding='ascii') as f:
        lines = [line.split()[:2] for line in f if re.match(r'[0-9]', line)]
    return max((int(since), int(offset)) for since, offset in lines if int(since) - 2208988800 <= time.time())[1]


def read(program, page, tai_utc_s):
    before = time.time_ns() + tai_utc_s * 10**9
    said = subprocess.run([program, page], capture_output=True, text=True, check=False).stdout
    after = time.time_ns() + tai_utc_s * 10**9
    fields = dict(line.split(None, 1) for line in said.splitlines() if line.split()[0] in ('earliest', 'latest', 'status'))
    if 'latest' not in fields:
        print('unknown - -')
        return
    earliest, latest = tai_ns(fields['earliest']), tai_ns(fields['latest'])
    beyond = max(0, earliest - after, before - latest)
    print(fields['status'].split(',')[0], (latest - earliest) // 2000, beyond // 1000)


def main():
    what = sys.argv[1] if len(sys.argv) > 1 else ''
    tx = adjtimex()
    if what == 'may':
        with open('/proc/self/status', encoding='ascii') as f:
            caps = int(re.search(r'CapEff:\s*([0-9a-f]+)', f.read()).group(1), 16)
        sys.exit(0 if caps >> 25 & 1 and ctypes.sizeof(ctypes.c_long) == 8 else 1)
    elif what == 'show':
        print(tx.maxerror, tx.offset * (1 if tx.status & STA_NANO else 1000),
              'unsynchronised' if tx.status & STA_UNSYNC else 'synchronised')
    elif what == 'save':
        with open(sys.argv[2], 'w', encoding='ascii') as f:
            json.dump({name: getattr(tx, name) for name in (*ADJ, )}, f)
    elif what == 'restore':
        with open(sys.argv[2], encoding='ascii') as f:
            restore(json.load(f))
    elif what == 'zero':
        adjtimex(ADJ['status'] | ADJ['maxerror'] | ADJ['esterror'], status=STA_PLL, maxerror=0, esterror=0)
    elif what == 'hold':
        hold(sys.argv[2:])
    elif what == 'read':
        read(sys.argv[2], sys.argv[3], tai_utc(sys.argv[4]))
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    main()
