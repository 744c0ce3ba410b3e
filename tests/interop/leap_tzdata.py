#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Leap seconds against tzdata, which others maintain and the C library applies.

    leap_tzdata.py LEAP-SECONDS.LIST TAI-LEAP

The table that ships names the same leap seconds as tzdata's `leapseconds`; and for instants around each of them our
conversion to UTC is what the C library says in the zone right/UTC, whose second counter is TAI - 10 s."""
import datetime
import os
import re
import subprocess
import sys
import time

NTP_TO_POSIX = 2208988800
ZONES = '/usr/share/zoneinfo'
MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split()


def shipped(path):
    """[(POSIX second from which it holds, TAI-UTC)]"""
    with open(path, encoding='ascii') as f:
        return [(int(line.split()[0]) - NTP_TO_POSIX, int(line.split()[1])) for line in f
                if re.match(r'[0-9]', line)]


def of_tzdata():
    """The same, from the file `leapseconds`: "Leap 2016 Dec 31 23:59:60 + S" and so on; 10 s in 1972."""
    table = [(63072000, 10)]
    with open(os.path.join(ZONES, 'leapseconds'), encoding='ascii') as f:
        for line in f:
            found = re.match(r'Leap\s+(\d+)\s+(\w+)\s+(\d+)\s+23:59:60\s+\+', line)
            if found:
                day = datetime.datetime(int(found.group(1)), MONTHS.index(found.group(2)) + 1, int(found.group(3)),
                                        tzinfo=datetime.timezone.utc)
                table.append((int(day.timestamp()) + 86400, table[-1][1] + 1))
    return table


def ours(program, tai_s):
    # Not by gmtime(): in the zone right/UTC the C library takes leap seconds out of that as well.
    text = (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=tai_s)).isoformat() + ' TAI'
    said = subprocess.run([program, text], capture_output=True, text=True, check=True).stdout
    found = re.search(r'(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z', said)
    return found.group(1) if found else said


def main():
    table, program = shipped(sys.argv[1]), sys.argv[2]
    if not os.path.exists(os.path.join(ZONES, 'leapseconds')):
        sys.exit('tzdata with its file leapseconds is not installed')
    theirs = of_tzdata()
    newer = [line for line in theirs if line not in table]
    if table != theirs:
        sys.exit(f'tables differ: only tzdata has {newer}, only ours has {[x for x in table if x not in theirs]}')
    print(f'{len(table)} lines alike')
    if not os.path.exists(os.path.join(ZONES, 'right', 'UTC')):
        print('this tzdata has no right/UTC: the table alone was compared')
        return
    os.environ['TZ'] = 'right/UTC'
    time.tzset()
    seen = 0
    for posix, offset in table:
        for step in (-2, -1, 0, 1):
            tai_s = posix + offset + step
            wanted = time.strftime('%Y-%m-%dT%H:%M:%S', time.localtime(tai_s - 10))
            if posix == 63072000 and step < 0:
                continue  # before 1972 there is nothing to compare
            have = ours(program, tai_s)
            if have != wanted:
                sys.exit(f'TAI second {tai_s}: we say {have}, the C library says {wanted}')
            seen += 1
    print(f'{seen} instants around leap seconds read alike')


if __name__ == '__main__':
    main()
