#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The bad days of references, each against a real clock process with a gpsd or NTP servers of ours. What the sources say is wrong;
this machine's clock is the truth (the honest ones tell its time). All the while every page is read: each interval holds the truth,
and no line steps. With words as arguments only those days."""
import calendar
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

from fakes import NTP_TO_POSIX_S, Gpsd, Ntp, ntp_s, realtime, table
from rig import TAID, Taid, check, conclude, failures
from solo import ask, cluster_of_one, until

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../live'))
from lab import Page  # pylint: disable=wrong-import-position

import json  # pylint: disable=wrong-import-order,wrong-import-position

DAY_NS = 86400 * 10**9
WEEKS_NS = 1024 * 7 * DAY_NS
LIMIT_S = 150  # only a failure uses it up
# A line goes elsewhere by its rate alone, 200 ppm; two readings of both clocks are 40 us wide.
SLEW_PPM, READING_NS = 500, 50_000


class Node:
    """A clock process, and what its page said while it ran."""

    def __init__(self, work, name, *sources, more=()):
        self.name = name
        self.sources = sources
        self.ahead_ns = 0  # the truth, of this machine's clock, in TAI - 37 s
        self.taid = Taid(os.path.join(work, name))
        cluster_of_one(self.taid, [f'name: s{i}, {s.reference}' for i, s in enumerate(sources)], *more)
        self.control = os.path.join(self.taid.folder, 'run/control')
        self.read = self.known = self.false = self.stepped = 0
        self.worst = ''
        self.page = self.before = None
        self.process = None

    def start(self):
        with open(os.path.join(self.taid.folder, 'log.txt'), 'ab') as log:
            self.process = subprocess.Popen([TAID, 'clock', '--config', os.path.join(self.taid.folder, 'taid.yaml')],
                                            stdout=log, stderr=log)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            check(self.process.wait(60) == 0, f'{self.name}: the clock process ended with {self.process.returncode}')
        self.process = None

    def look(self):
        """One reading of the page."""
        if self.page is None:
            try:
                self.page = Page(os.path.join(self.taid.folder, 'run/clock'))
            except (OSError, ValueError):
                return
        r = self.page.read()
        if r is None:
            return
        self.read += 1
        if r['status'] not in ('synchronised', 'single-reference', 'assumed'):
            self.before = None
            return
        self.known += 1
        off = r['middle'] - r['realtime'] - 37 * 10**9 - self.ahead_ns
        if abs(off) > r['half'] + r['slack'] + READING_NS:
            self.false += 1
            self.worst = f'{off} ns off, half-width {r["half"]} ns'
        if self.before is not None:
            passed = r['realtime'] - self.before[0]
            if abs(off - self.before[1]) > READING_NS + passed * SLEW_PPM // 10**6:
                self.stepped += 1
                self.worst = f'moved by {off - self.before[1]} ns in {passed} ns'
        self.before = (r['realtime'], off)

    def shown(self):
        answer = ask(self.control, 'references', '--json')
        return json.loads(answer) if answer else {'references': [], 'holdover_ns': None}

    def tracking(self):
        answer = ask(self.control, 'tracking', '--json')
        return json.loads(answer) if answer else {}

    def source(self, i=0):
        rows = self.shown()['references']
        return rows[i] if rows else {'verdict': '', 'why': ''}

    def until(self, what, condition):
        return until(LIMIT_S, f'{self.name}: {what}', condition)

    def until_verdict(self, i, verdict, words=''):
        def there():
            row = self.source(i)
            return row if row['verdict'] == verdict and words in row['why'] else None
        row = self.until(f'source {i} is {verdict} {words}', there)
        if row is None:
            print(ask(self.control, 'references'))
        return row

    def until_counts(self, *sources):
        for i in sources or range(len(self.sources)):
            self.until_verdict(i, 'accepted')

    def until_holdover(self):
        self.until('holdover', lambda: int(self.shown()['holdover_ns'] or 0) > 2 * 10**9)

    def never_knew(self):
        check(self.read > 0 and self.known == 0, f'{self.name}: {self.known} of {self.read} readings have an interval')

    def said(self, words):
        self.until(f'the log says: {words}', lambda: words in self.taid.said())


# ---- gpsd itself ----

def absent(node):
    """Nobody listens; then somebody does; then gpsd is restarted."""
    gpsd, = node.sources
    node.until_verdict(0, 'silent', 'gpsd cannot be reached')
    node.never_knew()
    gpsd.open()
    node.until_counts()
    gpsd.close()
    node.until_verdict(0, 'silent', 'gpsd')
    node.until_holdover()
    gpsd.open()
    node.until_verdict(0, 'quarantined', 'has come back')
    node.until_counts()


def hung(node):
    """It takes the connection and says nothing, at the start and later."""
    gpsd, = node.sources
    node.until_verdict(0, 'silent', 'gpsd does not answer')
    node.never_knew()
    gpsd.mute = False
    node.until_counts()
    gpsd.mute = True
    node.until_verdict(0, 'silent', 'gpsd does not answer')
    node.until_holdover()


def hostile(node):
    """Numbers that are none, dates that are none, 255 satellites, in pieces of 13 bytes, beside what is right; then a line of 1 MB."""
    gpsd, = node.sources
    node.until_counts()
    receiver = json.loads(ask(node.control, 'gps', '--json'))['receivers'][0]
    check(receiver['satellites']['seen'] == 255, f'{node.name}: {receiver["satellites"]["seen"]} satellites')
    check(receiver['counts']['bad'] > 50, f'{node.name}: {receiver["counts"]["bad"]} bad messages')
    gpsd.slices, gpsd.junk = 0, b''
    gpsd.send(b'{"class":"TPV","device":"' + b'x' * 10**6 + b'"}\n')
    time.sleep(15)
    check(gpsd.taken == 1, f'{node.name}: {gpsd.taken} connections')
    node.until_counts()


JUNK = b'\r\n'.join([
    b'{"class":"TPV","device":"/dev/fake0","mode":3,"time":"2026-02-30T00:00:00.000Z"}',
    b'{"class":"TPV","device":"/dev/fake0","mode":3,"lat":NaN}', b'{"class":"TPV","device":"/dev/fake0","mode":3,"lat":inf}',
    b'{"class":"TPV","device":"/dev/fake0","mode":3,"lat":1e400}', b'{"class":"TPV","device":"/dev/fake0","mode":3,"ept":-1e300}',
    b'{"class":"TPV","device":"/dev/fake0","mode":99}', b'{"class":"TPV","device":"/dev/fake0","mode":3,"leapseconds":1e9}',
    b'{"class":"PPS","device":"/dev/fake0","real_sec":1e400,"real_nsec":0,"clock_sec":0,"clock_nsec":0,"precision":-20}',
    b'{"class":"PPS","device":"/dev/fake0","real_sec":1,"real_nsec":-1,"clock_sec":1,"clock_nsec":1,"precision":127}',
    b'[' * 5000, b'{"class":', b'\0\xff\xfe', b'', b'null', b'{"class":"SKY","device":"/dev/fake0","satellites":[{"PRN":1e9}]}'
]) + b'\r\n'


# ---- Its dates ----

def cold_dates(node):
    """1980, and 1024 weeks ago, from the first second on: before this program was built."""
    for i in (0, 1):
        node.until_verdict(i, 'era', 'before the earliest possible one')
    node.never_knew()


def cold_leap(node):
    """An old count of leap seconds until the almanac has come."""
    gpsd, = node.sources
    node.until_verdict(0, 'refused', 'count of leap seconds is not the leap table')
    node.never_knew()
    node.said('counts TAI-UTC as 34 s, the leap-second table otherwise')
    gpsd.leap = 18
    node.until_counts()


def weeks(node):
    gpsd, = node.sources
    node.until_counts()
    gpsd.skew_ns = -WEEKS_NS
    row = node.until_verdict(0, 'era', 'multiple of 1024 weeks')
    check(row is not None and row['value'] == '-1', f'{node.name}: {row}')
    node.until_holdover()
    gpsd.skew_ns = 0
    row = node.until_verdict(0, 'quarantined', 'has come back')
    check(row is not None and int(row['quarantine_ns']) > 60 * 10**9, f'{node.name}: believed again soon: {row}')


def future(node):
    """2038, with no count of leap seconds: no leap table reaches there. With one it would have to stand for 15 minutes."""
    gpsd, = node.sources
    node.until_counts()
    gpsd.skew_ns = 2147483700 * 10**9 - realtime()
    node.until_verdict(0, 'refused', 'no valid leap table at its date')
    node.until_holdover()


def no_fix(node):
    gpsd, = node.sources
    node.until_counts()
    gpsd.mode = 1
    node.until_verdict(0, 'refused', 'no fix')
    before = node.tracking()['half_width_ns']
    node.until_holdover()
    time.sleep(3)
    after = node.tracking()['half_width_ns']
    check(int(after) > int(before), f'{node.name}: half-width {before}, {after}')
    gpsd.mode = 3
    node.until_counts()


# ---- Spoofers and liars ----

def steps(node):
    """By 10 ms, and stays there."""
    gpsd, = node.sources
    node.until_counts()
    gpsd.skew_ns = 10_000_000
    node.until_verdict(0, 'suspect', 'outside what is held')
    node.until_holdover()
    time.sleep(10)
    check(node.source()['verdict'] == 'suspect', f'{node.name}: {node.source()}')


def yesterday(node):
    """Two receivers, played again under a running node, and at its next start, which knows how late it was by two voices."""
    node.until_counts()
    node.until('two voices', lambda: node.shown()['voices'] == 2)
    for gpsd in node.sources:
        gpsd.skew_ns = -DAY_NS
    for i in (0, 1):
        node.until_verdict(i, 'era', 'off by days')
    node.until_holdover()
    node.stop()
    node.before = None
    node.start()
    for i in (0, 1):
        node.until_verdict(i, 'era', 'before the last one known')
    node.until('its own page', lambda: node.tracking()['status'] == 'relative')
    known = node.known
    time.sleep(5)
    for i in (0, 1):
        check(node.source(i)['verdict'] == 'era', f'{node.name}: {node.source(i)}')
    check(node.known <= known + 1, f'{node.name}: it knows the time after the restart')


def apart(node):
    """Two receivers 100 ms from each other."""
    for i in (0, 1):
        node.until_verdict(i, 'quarantined', 'nothing decides between them')
    time.sleep(40)
    node.never_knew()


def disagree(node):
    """Three of which no two agree, and one of them is right."""
    for i in (0, 1, 2):
        node.until_verdict(i, 'quarantined', 'nothing decides between them')
    time.sleep(40)
    node.never_knew()


def all_but_one(node):
    """Two of three go away by the same 10 ms at once."""
    node.until_counts()
    for gpsd in node.sources[1:]:
        gpsd.skew_ns = 10_000_000
    for i in (1, 2):
        node.until_verdict(i, 'suspect')
    time.sleep(5)
    node.until_counts(0)  # a busy machine may make it late for a while
    check(node.tracking()['status'] == 'single-reference', f'{node.name}: {node.tracking()["status"]}')


# ---- Leap tables ----

AHEAD_DAYS, COMING = 750, 2  # another date: beyond so many leap seconds that the table has still to come


def table_to_come(path):
    """The shipped table with two leap seconds more, at the next two new years."""
    expires_s = ntp_s(86400 * 1000)
    rows, _ = table(path, expires_s)
    year = time.gmtime().tm_year
    coming = [(str(calendar.timegm((year + i, 1, 1, 0, 0, 0)) + NTP_TO_POSIX_S), str(37 + i)) for i in range(1, COMING + 1)]
    table(path, expires_s, lines=rows + coming)


def other_date(node):
    """This machine's clock is two years behind its servers, and two leap seconds lie between: their time is TAI by their own date."""
    node.ahead_ns = AHEAD_DAYS * DAY_NS + COMING * 10**9
    node.until_counts()
    known = node.known
    until(LIMIT_S, f'{node.name}: readings', lambda: node.known > known + 20)
    check('suspect' not in node.taid.said(), f'{node.name}: an honest server was doubted')


def expiry(node):
    """The table expires while all is well: UTC is doubtful, TAI goes on."""
    node.until_counts()
    node.until('the table expires', lambda: realtime() + 37 * 10**9 > int(node.tracking()['leap']['expires_ns']) + 2 * 10**9)
    known = node.known
    until(LIMIT_S, f'{node.name}: readings', lambda: node.known > known + 20)
    with open(os.path.join(node.taid.folder, 'run/clock'), 'rb') as page:
        utc = page.read(512)[25]  # word 3, bits 8 to 15
    check(utc == 1, f'{node.name}: the page says {utc} of UTC, not expired')
    now = node.tracking()
    check(now['status'] == 'single-reference', f'{node.name}: {now["status"]}')
    check('DOUBTFUL: the leap-second table expired' in ask(node.control, 'tracking'), f'{node.name}: {ask(node.control, "tracking")}')


def leap_file(node):
    return os.path.join(node.taid.folder, 'leaps')


def leap_files(node):
    """Truncated, forged, of another past, older: the one in use stays. A newer one is taken."""
    node.until_counts()
    path = leap_file(node)

    def expires():
        return int(node.tracking()['leap']['expires_ns'])

    first = expires()
    rows, text = table(path, ntp_s(86400 * 400))
    bad = [('truncated', text[:len(text) // 2], 'the old one stays'), ('forged', re.sub(r'^#@ .*', '#@ 9000000000', text, flags=re.M),
                                                                       'do not have the hash')]
    table(path, ntp_s(86400 * 500), lines=rows[:-1])
    with open(path, encoding='ascii') as file:
        bad.append(('another past', file.read(), 'contradicts'))
    table(path, ntp_s(86400))
    with open(path, encoding='ascii') as file:
        bad.append(('older', file.read(), 'older'))
    for what, content, words in bad:
        with open(path, 'w', encoding='ascii') as file:
            file.write(content)
        before = node.taid.said().count(words)
        node.process.send_signal(signal.SIGHUP)
        until(LIMIT_S, f'{node.name}: {what} is refused with words', lambda w=words, b=before: node.taid.said().count(w) > b)
        check(expires() == first, f'{node.name}: a table that is {what} was taken')
    table(path, ntp_s(86400 * 400))
    node.process.send_signal(signal.SIGHUP)
    until(LIMIT_S, f'{node.name}: the newer table', lambda: expires() > first)
    node.until_counts()


# ---- NTP ----

def ntp_servers(node):
    """Two that are right, one that is a second off, one that smooths the time which it gives out."""
    node.until_counts(0, 1)
    node.until_verdict(2, 'suspect')
    node.until_verdict(3, 'smeared')
    node.said('reference s2: the server answers')
    check(re.search('reference s2.* counts', node.taid.said()) is None, f'{node.name}: the log counts a server a second off')
    check(node.tracking()['source'] == 'upstream', f'{node.name}: {node.tracking()["source"]}')


def ntp_refused(node):
    """One that is right, beside five that give no time, or none that can be used."""
    node.until_counts(0)
    node.until_verdict(1, 'refused', 'kiss-o\'-death DENY')
    node.until_verdict(2, 'refused', 'not synchronised')
    node.until_verdict(3, 'silent')
    node.until_verdict(4, 'refused', 'its own clock')
    _, deny, _, zero, _, rate = node.sources
    check(deny.asked == 1, f'{node.name}: asked {deny.asked} times after DENY')
    check(zero.asked > 3, f'{node.name}: a zero origin was taken for an answer')
    slow = node.source(5)
    check(slow['verdict'] == 'silent' and int(slow['upstream']['poll_ns']) >= 8 * 10**9,
          f'{node.name}: asked {rate.asked} times after RATE: {slow}')


def days(work):
    """Name, what is done, the node."""
    silent, mute, rough, coloured = Gpsd(open_at_once=False), Gpsd(), Gpsd(), Gpsd()
    mute.mute = True
    rough.junk, rough.slices, rough.satellites = JUNK, 13, [(prn % 32 + 1, prn % 50) for prn in range(255)]
    old, late = Gpsd(), Gpsd()
    old.skew_ns, late.skew_ns = 340000000 * 10**9 - realtime(), -WEEKS_NS
    coloured.leap = 15
    rolled, ahead, dark, spoofed = Gpsd(), Gpsd(), Gpsd(), Gpsd()
    for gpsd in (old, late, rolled, ahead):
        gpsd.leap = None
    pair, trio, loyal, expiring, renewed, replayed = [[Gpsd() for _ in range(n)] for n in (2, 3, 3, 1, 1, 2)]
    pair[1].skew_ns = trio[1].skew_ns = 100_000_000
    trio[2].skew_ns = -100_000_000
    servers = [Ntp(), Ntp(identity=b'PPS\0'), Ntp(skew_ns=10**9), Ntp(stratum=2, identity=bytes([127, 127, 1, 255]))]
    refused = [Ntp(), Ntp(stratum=0, identity=b'DENY'), Ntp(stratum=16), Ntp(origin=bytes(8)), Ntp(identity=b'LOCL'),
               Ntp(stratum=0, identity=b'RATE')]
    dated = [Ntp(skew_ns=AHEAD_DAYS * DAY_NS) for _ in range(3)]
    own_table = (('#leap_file: /usr/share/zoneinfo/leap-seconds.list', 'leap_file: leaps'),)
    past = (('#not_before: 2026-01-01', 'not_before: 2026-01-01'),)  # by default the day of the build, which may be today
    list_of = [(absent, [silent], ()), (hung, [mute], ()), (hostile, [rough], ()), (cold_dates, [old, late], ()), (cold_leap, [coloured], ()),
               (weeks, [rolled], ()), (future, [ahead], ()), (no_fix, [dark], ()), (steps, [spoofed], ()), (yesterday, replayed, past),
               (apart, pair, ()), (disagree, trio, ()), (all_but_one, loyal, ()), (expiry, expiring, own_table),
               (leap_files, renewed, own_table), (other_date, dated, own_table), (ntp_servers, servers, ()), (ntp_refused, refused, ())]
    wanted = sys.argv[1:]
    for do, sources, more in list_of:
        if not wanted or do.__name__ in wanted:
            yield do, Node(work, do.__name__, *sources, more=more)


def guarded(do, node):
    try:
        do(node)
    except Exception:  # pylint: disable=broad-except
        check(False, f'{node.name}: {traceback.format_exc()}')


def watch(nodes, over):
    while not over.is_set():
        for node in nodes:
            node.look()
        time.sleep(0.1)


def main():
    with tempfile.TemporaryDirectory() as work:
        all_of = list(days(work))
        nodes = [node for _, node in all_of]
        over = threading.Event()
        watcher = threading.Thread(target=watch, args=(nodes, over))
        try:
            for node in nodes:
                if node.name == 'other_date':
                    table_to_come(leap_file(node))
                else:
                    table(leap_file(node), ntp_s(86400 * 30) if node.name == 'leap_files' else ntp_s(60))  # of those that are told of it
                for source in node.sources:
                    source.start()
                node.start()
            watcher.start()
            actors = [threading.Thread(target=guarded, args=pair) for pair in all_of]
            for actor in actors:
                actor.start()
            for actor in actors:
                actor.join()
        finally:
            over.set()
            for node in nodes:
                for source in node.sources:
                    source.end()
                node.stop()
        said = {node.name: node.taid.said() for node in nodes}
        for node in nodes:
            if any(node.name in what for what in failures):
                print(f'---- {node.name}\n{said[node.name]}')
            check(node.read > 0 and node.false == 0, f'{node.name}: {node.false} of {node.known} intervals are false: {node.worst}')
            check(node.stepped == 0, f'{node.name}: stepped {node.stepped} times: {node.worst}')
    conclude()


main()
