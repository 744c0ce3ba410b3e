#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sync.references from the source to the stamp: a cluster of one whose only reference is a socket that this test sends samples to.
After the quarantine the status is single-reference, taictl and HTTP say why and how wide; an entry's clock is "upstream", for
nothing said that a receiver stands behind it; what is given out (a segment of shared memory, a socket as chronyd makes it) is the
same time; when the source goes silent it goes on by the oscillator, with a growing half-width; the last time known is kept. Two NTP
servers that follow one server count once. The kind of a source is what its settings say."""
import base64
import ctypes
import json
import os
import re
import socket
import struct
import tempfile
import time

from fakes import Ntp
from reference_rig import MAGIC, SAMPLE, SEGMENT_KEY, Source, accepted, http, remove_segment
from rig import Taid, check, conclude, home, run, text
from solo import ask, cluster_of_one, until

UNIT = 100 + os.getpid() % 150
# Silent ones, of which the settings say what stands behind them, or do not.
STATED = [f'driver: shm, name: {name}, unit: {UNIT}, accuracy_us: 1{kind}'
          for name, kind in (('roof', ', kind: gps'), ('desk', ', kind: assumed'), ('dark', ''))]
OFFSET_S = 0.000250  # the source is this far ahead of the machine's clock


def given_segment():
    """What stands in the segment: its leap, and clock minus receive stamp in ns; None when there is none."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    number = libc.shmget(SEGMENT_KEY + UNIT, 96, 0)
    if number < 0:
        return None
    at = libc.shmat(number, None, 0o10000)
    raw = ctypes.string_at(at, 96)
    libc.shmdt(ctypes.c_void_p(at))
    mode, count, clock_s, _, _, receive_s, _, leap, precision, _, valid, clock_ns, receive_ns = struct.unpack('@iiqiiqiiiiiII', raw[:60])
    return {'mode': mode, 'count': count, 'valid': valid, 'leap': leap, 'precision': precision,
            'ahead_ns': (clock_s - receive_s) * 10**9 + clock_ns - receive_ns}


def make(work):
    return cluster_of_one(Taid(os.path.join(work, 'one')), ['driver: sock, name: roof, path: run/roof, accuracy_us: 50'],
                          ('#serve_shm: 3', f'serve_shm: {UNIT}'),
                          ('#serve_sock: /run/chrony/taistamp.sock', f'serve_sock: {os.path.join(work, "out")}'))


def counting(taid, control, source, out):
    """While the source speaks."""
    answer = until(20, 'the control socket', lambda: ask(control, 'references', '--json'))
    check(json.loads(answer)['references'][0]['verdict'] in ('silent', 'quarantined'), f'believed at once: {answer}')
    check(json.loads(answer)['references'][0]['offset_ns'] is None, f'an offset from no reference: {answer}')
    check(given_segment()['count'] == 0, 'something is given out before anything is known')
    until(90, 'the reference counts', lambda: json.loads(ask(control, 'references', '--json'))['references'][0]['verdict'] == 'accepted')
    tracking = until(20, 'the line', lambda: (lambda t: t if t['status'] == 'single-reference' else None)(
        json.loads(ask(control, 'tracking', '--json'))))
    check(tracking['source'] == 'upstream', f'source {tracking["source"]}')
    # The source's accuracy, the width of what is read, and the samples' scatter; this machine's clock is 250 us behind it.
    half = int(tracking['half_width_ns'])
    check(50_000 <= half < 5_000_000, f'half-width {half} ns')
    check(abs(int(tracking['system_ns']) - OFFSET_S * 1e9) < half, f'{tracking["system_ns"]} ns from this machine\'s clock')
    check(tracking['leap']['announced'] is None, f'{tracking["leap"]}')  # a datagram with leap 0 says nothing
    check(tracking['references'] == 1 and tracking['holdover_ns'] == '0', f'{tracking["references"]} {tracking["holdover_ns"]}')
    check(json.loads(ask(control, 'oscillator', '--json'))['class'] == 'pc', 'taictl oscillator')
    shown = ask(control, 'references')
    check(re.search(r'^Reference +upstream ± .*, by 1 source$', shown, re.M) is not None, shown)
    check(re.search(r'^roof +sock .* accepted$', shown, re.M) is not None, shown)
    check(re.search(r'^Reference +own: upstream ± ', ask(control, 'tracking'), re.M) is not None, ask(control, 'tracking'))
    when = json.loads(http(taid, '/v1/time'))
    check(when['reference'] == {'kind': 'upstream', 'count': 1, 'holdover_ns': '0'}, f'/v1/time {when["reference"]}')
    parts = when['half_width_of_ns']
    check(sorted(parts) == ['age', 'path', 'slew', 'stamps', 'upstream'] and int(parts['upstream']) >= 50_000, f'/v1/time {parts}')
    wide = int(when['half_width_ns'])
    check(abs(sum(map(int, parts.values())) - wide) < 1000, f'the parts do not add up to {wide} ns: {parts}')
    metrics = http(taid, '/metrics')
    for name in ('taistamp_references 1', 'taistamp_reference_present 1', 'taistamp_holdover_seconds 0.000000000',
                 'taistamp_clock_half_width_part_seconds{part="upstream"} 0.'):
        check(name in metrics, f'/metrics has no {name}')
    segment = until(20, 'the segment', lambda: (lambda g: g if g['count'] > 0 else None)(given_segment()))
    check(segment['mode'] == 1 and segment['valid'] == 1 and segment['leap'] == 0, f'segment {segment}')
    check(abs(segment['ahead_ns'] - OFFSET_S * 1e9) < half, f'segment {segment}')
    out.settimeout(20)
    seconds, micros, offset, pulse, leap, _, magic = SAMPLE.unpack(out.recv(100))
    check(magic == MAGIC and pulse == 0 and leap == 0 and seconds > 1_700_000_000 and 0 <= micros < 10**6, 'datagram')
    check(abs(offset - OFFSET_S) * 1e9 < half, f'datagram says {offset} s')
    check(source.is_alive(), 'the source')


def stamped(taid, work):
    environment = home(work)
    photo = os.path.join(work, 'photo')
    with open(photo, 'w', encoding='utf-8') as file:
        file.write('a photo')
    run(environment, 'trust', taid.url, '--fingerprint', taid.fingerprint)
    done = run(environment, '--server', taid.url, photo)
    check(done.returncode == 0, text(done))
    with open(photo + '.tai', encoding='utf-8') as file:
        extra = re.search(r'^extra (\S+)$', file.read(), re.MULTILINE)[1]
    words = base64.b64decode(extra).decode().split('\n\n', 1)[1]
    check(re.search(r'^clock upstream$', words, re.M) is not None, f'the entry\'s clock is not upstream: {words}')


def silent(control, source):
    source.speaks = False
    held = until(60, 'holdover', lambda: (lambda r: r if r['holdover_ns'] not in (None, '0') else None)(
        json.loads(ask(control, 'references', '--json'))))
    check(held is not None and held['reference'] is not None, f'holdover {held}')
    time.sleep(3)
    later = json.loads(ask(control, 'references', '--json'))
    widths = [int(r['reference']['half_width_ns']) for r in (held, later)]
    check(widths[1] > widths[0], f'the half-width does not grow: {widths}')
    after = json.loads(ask(control, 'tracking', '--json'))
    check(int(after['half_width_ns']) > widths[0], f'the line is narrower than what bounds it: {after["half_width_ns"]} {widths}')
    check(int(after['holdover_ns']) > 0 and after['status'] == 'single-reference', f'{after["holdover_ns"]} {after["status"]}')
    check(', by the oscillator alone for ' in ask(control, 'references'), ask(control, 'references'))


def announced(taid, control, references):
    """One of two servers announces a leap second: a flag everywhere, and no more."""
    words = [r['announces'] for r in references]
    check(words[0] == 'agrees with the leap table' and words[1] == 'announces a leap second that the leap table does not have' and
          words[2:] == [None] * 3, f'announcements {words}')
    tracking = json.loads(ask(control, 'tracking', '--json'))
    check(tracking['leap']['announced'] == {'differ': 1}, f'tracking {tracking["leap"]}')
    check('; 1 of the references announces other leap seconds\n' in ask(control, 'tracking'), ask(control, 'tracking'))
    check(' [announces a leap second that the leap table does not have]\n' in ask(control, 'references'), ask(control, 'references'))
    until(10, '/metrics has the flag', lambda: '\ntaistamp_leap_announcements_differ 1\n' in http(taid, '/metrics'))
    check('reference west announces a leap second that the leap table does not have' in taid.said(), taid.said())


def one_upstream(work):
    """East and west follow 192.0.2.1: a common error of theirs is one error, so they have one group and are one voice. West
    announces a leap second that no table has, and that is shown."""
    servers = [Ntp(stratum=2, identity=socket.inet_aton('192.0.2.1'), leap=leap) for leap in (0, 1)]
    taid = cluster_of_one(Taid(os.path.join(work, 'two')), [f'{server.reference}, name: {name}' for name, server in zip(('east', 'west'), servers)] + STATED)
    control = os.path.join(taid.folder, 'run/control')
    for server in servers:
        server.start()
    try:
        taid.start()

        shown = until(90, 'both servers count', lambda: accepted(control, 2))
        if shown:
            groups = [r['group'] for r in shown['references']]
            check(groups[0] == groups[1] and groups[0] is not None and groups[0] >= 0x8000, f'groups {groups}')
            check(shown['voices'] == 1, f'two servers of one upstream are {shown["voices"]} voices')
            kinds = [r['kind'] for r in shown['references']]
            check(kinds == ['upstream', 'upstream', 'gps', 'assumed', 'upstream'], f'kinds {kinds}')
            announced(taid, control, shown['references'])
    finally:
        taid.stop()
        for server in servers:
            server.end()


def main():
    with tempfile.TemporaryDirectory() as work, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.bind(os.path.join(work, 'out'))
        taid = make(work)
        control = os.path.join(taid.folder, 'run/control')
        source = Source(os.path.join(taid.folder, 'run/roof'), OFFSET_S)
        source.start()
        try:
            taid.start()
            counting(taid, control, source, out)
            stamped(taid, work)
            silent(control, source)
        finally:
            source.ends = True
            taid.stop()
            remove_segment(UNIT)
        check(not os.path.exists(os.path.join(taid.folder, 'sync/references')), 'one source alone made a date known in a minute')
        said = taid.said()
        for words in ('reference roof is in quarantine', 'reference roof counts', 'the references say what time it is'):
            check(words in said, f'the log does not say: {words}')
        one_upstream(work)
    conclude()


main()
