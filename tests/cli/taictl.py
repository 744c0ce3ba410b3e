#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""taictl as a user types it: against a socket that answers as it is told to, whatever that is, and against a real clock."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import BUILD, TAID, Taid, check, conclude  # noqa: E402
from solo import cluster_of_one  # noqa: E402

TAICTL = os.path.join(BUILD, 'taictl')
ALPHA, BETA = {'id': 1, 'name': 'alpha'}, {'id': 2, 'name': 'beta'}
TRACKING = {
    'v': 1, 'state': 'following', 'status': 'single-reference', 'source': 'quorum',
    'tai': {'earliest_ns': '1800000000123456789', 'latest_ns': '1800000000123664789'}, 'half_width_ns': '104000',
    'budget': {'upstream_ns': '12000', 'path_ns': '90000', 'stamps_ns': '1000', 'age_ns': '500', 'slew_ns': '500'},
    'rate_ps_per_s': 12003000, 'skew_ps_per_s': 0, 'growth_ppb': 1500, 'system_ns': '-2500', 'system_rate_ps_per_s': -310,
    'term': 3, 'master': ALPHA, 'deputy': BETA, 'reference': None,
    'leap': {'tai_utc_s': 37, 'next_tai_utc_s': 37, 'next_ns': None, 'expires_ns': '1900000000000000000',
             'announced': {'differ': 0}},
    'timeline': '0123456789abcdef', 'timeline_changes': 0, 'hlc': {'ns': '1800000000123456789', 'count': 2},
    'corrections': {'accepted': 9, 'suspect': 1, 'rejected': 2}}
NO_TIME = dict(TRACKING, state='starting', status='unknown', source=None, tai=None, half_width_ns=None, budget=None,
               rate_ps_per_s=None, skew_ps_per_s=None, growth_ppb=None, system_ns=None, system_rate_ps_per_s=None, leap=None)
SERVER = {
    'node': ALPHA, 'server': True, 'reachable': True, 'address': '192.0.2.11:4470', 'verdict': 'suspect',
    'reason': 'odd', 'reason_ns': '80000', 'offset_ns': '-1500', 'half_width_ns': '110000', 'sigma_ns': '800',
    'delay_ns': '210000', 'last_delay_ns': '215000', 'rate_ps_per_s': -1200000, 'skew_ps_per_s': 3100,
    'wander_ps_per_s': 1830, 'window_ns': '64000000000', 'samples': 64, 'poll_ns': '1000000000', 'age_ns': '500000000',
    'sent': 70, 'received': 69, 'lost': 1, 'bad': 2, 'reference': {'kind': 'gps', 'group': 0, 'half_width_ns': '100',
                                                                  'rate_ps_per_s': 0}, 'weighs': True}
CLIENT = dict(SERVER, node={'id': 77, 'name': None}, server=False, reachable=False, address=None, verdict='new', reason=None,
              reason_ns=None, offset_ns=None, half_width_ns=None, sigma_ns=None, delay_ns=None, last_delay_ns=None,
              rate_ps_per_s=None, skew_ps_per_s=None, wander_ps_per_s=None, samples=0, age_ns=None, reference=None)
CLUSTER = {
    'v': 1, 'self': BETA, 'master': ALPHA, 'deputy': BETA, 'term': 3, 'epoch': 1, 'two_servers': False,
    'lease': {'valid': False, 'left_ns': '0'}, 'cluster': '478a486c49a5fa90',
    'nodes': {'servers': 5, 'servers_up': 4, 'clients': 20, 'clients_up': 19},
    'faults': {'f_vote': 1, 'quorum': 4, 'references': 3, 'f_ref': 1, 'margin': 0, 'accusations': 0}}
OSCILLATOR = {
    'v': 1, 'class': 'tcxo', 'declared_ppb': 5000, 'floor_ppb': 100, 'temperature_mk': 315150,
    'learnt': {'seconds': 86400, 'rate_ps_per_s': 12003000, 'rate_sigma_ps_per_s': 6600, 'wander_fs_per_s': 1000000,
               'ageing_fs_per_s_day': -2000, 'ageing_sigma_fs_per_s_day': 3000000, 'coefficient_fs_per_s_k': 10100000,
               'coefficient_sigma_fs_per_s_k': 400000},
    'holdover': {'held_ns': '720000000000', 'half_width_ns': '7500', 'growth_ppb': 150,
                 'forecast': [{'after_s': 3600, 'half_width_ns': '1130000'}, {'after_s': 86400, 'half_width_ns': None}]},
    'allan': [{'tau_s': 1 << i, 'deviation_fs_per_s': 1000000000 >> i, 'differences': 1000 >> i} for i in range(8)]}
GPS = {
    'v': 1, 'receivers': [{
        'name': 'roof', 'device': '/dev/ttyS0', 'receiver': 'u-blox', 'connected': True, 'mode': 3, 'pulses': True,
        'verdict': 'suspect', 'why': 'samples outside what is held', 'withheld_for': None, 'tai_utc_s': 37, 'jamming': 12,
        'counts': {'pulses': 60, 'serial': 2, 'withheld': 1, 'bad': 0}, 'time_error_ns': '5000000',
        'serial_delay': {'ns': '120000000', 'spread_ns': '4000000', 'measurements': 31, 'against': 'pulses'},
        'position': {'latitude_ndeg': 48250000000, 'longitude_ndeg': -11512300000, 'altitude_mm': 519500},
        'satellites': {'seen': 2, 'used': 1, 'list': [
            {'constellation': 'Galileo', 'number': 7, 'cn0_ddbhz': 435, 'elevation_deg': 52, 'azimuth_deg': 66, 'used': True},
            {'constellation': 'GPS', 'number': 29, 'cn0_ddbhz': None, 'elevation_deg': None, 'azimuth_deg': None,
             'used': False}]}},
                          {'name': 'cellar', 'device': '', 'receiver': '', 'connected': False, 'mode': 0, 'verdict': 'silent',
                           'why': 'gpsd cannot be reached', 'withheld_for': 'gpsd cannot be reached'}]}
ANSWERS = {'tracking': TRACKING, 'sources': {'v': 1, 'sources': [SERVER, CLIENT]}, 'cluster': CLUSTER, 'oscillator': OSCILLATOR,
           'gps': GPS,
           'makestep': {'v': 1, 'done': True},
           'burst': {'v': 1, 'error': 'permission', 'message': 'only root and the user that the clock runs as may do that'}}


class Fake:
    """A control socket; `answer` maps a verb to an object, to bytes sent as they are, or to None: silence."""

    def __init__(self, path):
        self.path = path
        self.answer = dict(ANSWERS)
        self.asked = []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            one, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(one,), daemon=True).start()

    def serve(self, one):
        with one, one.makefile('rb') as lines:
            for line in lines:
                verb = json.loads(line)['verb']
                self.asked.append(verb)
                answer = self.answer[verb]
                if answer is None:
                    time.sleep(30)
                    return
                if callable(answer):
                    answer = answer()
                if isinstance(answer, bytes):
                    one.sendall(answer)
                    return
                one.sendall(json.dumps(answer).encode() + b'\n')


def taictl(fake, *arguments, timeout=60):
    path = fake.path if isinstance(fake, Fake) else fake
    return subprocess.run([TAICTL, '--control', path, *arguments], capture_output=True, text=True, timeout=timeout,
                          check=False)


def shown(fake, code, what, *arguments):
    done = taictl(fake, *arguments)
    check(done.returncode == code, f'{what}: exit code {done.returncode}, not {code}: {done.stdout}{done.stderr}')
    return done.stdout + done.stderr


def has(text, pattern, what):
    check(re.search(pattern, text, re.MULTILINE), f'{what}: no {pattern!r} in\n{text}')


def texts(fake):
    said = shown(fake, 0, 'tracking', 'tracking')
    has(said, r'^State +following alpha \(term 3, deputy beta\)$', 'tracking')
    has(said, r'^Status +single-reference: one reference alone vouches for it \(quorum\)$', 'tracking')
    has(said, r'^Time +2027-01-15T08:00:00\.123560 TAI ± 104 µs$', 'tracking')
    has(said, r'^Half-width of +upstream 12(\.0)? µs \+ path 90(\.0)? µs', 'tracking')
    has(said, r'^Rate +\+12\.0 ppm ± 0 ppb against the raw clock$', 'tracking')
    has(said, r'^System clock +2\.50 µs ahead of this time, told to run at -0\.31 ppb$', 'tracking')
    fake.answer['tracking'] = dict(TRACKING, system_ns='1400', system_rate_ps_per_s=0, skew_ps_per_s=None, status='assumed')
    said = shown(fake, 0, 'tracking', 'tracking')
    has(said, r'^System clock +1\.40 µs behind this time$', 'a clock that is behind, and left alone')
    has(said, r'^Rate +\+12\.0 ppm against the raw clock$', 'a rate of which nothing is known')
    has(said, r"^Status +assumed: it rests on an operator's word", 'assumed')
    fake.answer['tracking'] = dict(TRACKING, leap={'tai_utc_s': 37, 'next_tai_utc_s': 36, 'next_ns': '1814400036000000000',
                                                   'expires_ns': '1830000037000000000'})
    said = shown(fake, 0, 'tracking', 'tracking')
    has(said, r'^UTC +TAI-UTC 37 s, 36 s from 2027-07-01 on; the leap-second table holds until 2027-12-28$', 'a leap second that comes')
    fake.answer['tracking'] = dict(TRACKING, leap={'tai_utc_s': 37, 'next_tai_utc_s': 37, 'next_ns': None,
                                                   'expires_ns': '1790000037000000000'})
    said = shown(fake, 0, 'tracking', 'tracking')
    has(said, r'^UTC +TAI-UTC 37 s; DOUBTFUL: the leap-second table expired on 2026-09-21 \(tai-leap update\)$', 'an expired table')
    fake.answer['tracking'] = dict(NO_TIME)
    said = shown(fake, 0, 'tracking', 'tracking')
    has(said, r'^State +starting: no time yet$', 'no time')
    check(not re.search(r'^(Time|Half-width|Rate|System)', said, re.MULTILINE), f'figures where there is no time: {said}')
    fake.answer['tracking'] = TRACKING
    said = shown(fake, 0, 'oscillator', 'oscillator')
    has(said, r'^Oscillator +tcxo: within ± 5\.00 ppm as declared, never held to better than 100 ppb$', 'oscillator')
    has(said, r'^Learnt +over 24 h$', 'oscillator')
    has(said, r'^Rate +\+12\.0 ppm ± 6\.60 ppb', 'oscillator')
    has(said, r'^Wander +1\.0e-09 per root second$', 'oscillator')
    has(said, r'^Ageing +-2\.0e-12 ± 3\.00 ppb a day$', 'oscillator')
    has(said, r'^Temperature +42\.0 °C; \+10\.1 ppb ± 0\.40 ppb per kelvin$', 'oscillator')
    has(said, r'^Holdover +± 7\.5\d* µs now, by the oscillator alone for 12 min$', 'oscillator')
    has(said, r'^ +± 1\.13 ms in 60 min without any source$', 'oscillator')
    has(said, r'^ +given up \(wider than 1 s\) in 24 h without any source$', 'oscillator')
    has(said, r'^ +64 s +1\.56e-08 +15$', 'oscillator')
    fake.answer['oscillator'] = dict(OSCILLATOR, temperature_mk=None, learnt=None, holdover=None, allan=[])
    said = shown(fake, 0, 'oscillator, new', 'oscillator')
    has(said, r'^Learnt +nothing so far \(it takes ten minutes with a source that counts\)$', 'new oscillator')
    has(said, r'^Holdover +nothing to hold', 'new oscillator')
    with tempfile.TemporaryDirectory() as folder:
        picture = os.path.join(folder, 'allan.svg')
        said = shown(fake, 1, 'no picture', 'oscillator', '--svg', picture)
        check('no Allan deviation so far' in said and not os.path.exists(picture), f'picture of nothing: {said}')
        fake.answer['oscillator'] = OSCILLATOR
        check(shown(fake, 0, 'picture', 'oscillator', '--svg', picture) == '', 'a picture says nothing')
        svg = xml.etree.ElementTree.parse(picture).getroot()
        check(len(svg.findall('{http://www.w3.org/2000/svg}circle')) == 8, 'a point for each octave')
        said = shown(fake, 1, 'picture nowhere', 'oscillator', '--svg', os.path.join(folder, 'none', 'a.svg'))
        check('cannot write' in said, f'picture nowhere: {said}')
    shown(fake, 2, '--svg of something else', 'tracking', '--svg', 'x')
    has(shown(fake, 2, 'no such option', 'tracking', '--fly'), '^taictl: unknown or ambiguous option --fly', 'an option refused')
    said = shown(fake, 0, 'sources', 'sources')
    has(said, r'^alpha +-1\.50 µs +110 µs +210 µs +1 s +0\.5 s +suspect: odd by 80(\.0)? µs \[own reference: gps\]$', 'sources')
    has(said, r'^node 77 +- +- +- +1 s +- +new$', 'sources of a client')
    columns = [[m.start() for m in re.finditer(r'(?:(?<=  )|^)\S', line)][1:4] for line in said.splitlines()[:2]]
    check(columns[0] == columns[1], f'columns {columns} in\n{said}')
    said = shown(fake, 0, 'sourcestats', 'sourcestats')
    has(said, r'^alpha +64 +64 s +-1\.20 ppm +3\.10 ppb +1\.83 ppb +800 ns +70 +1/2$', 'sourcestats')
    has(said, r'^node 77 +0 +64 s +- +- +- +- +70 +1/2$', 'sourcestats of a client')
    said = shown(fake, 0, 'cluster', 'cluster')
    has(said, r'^Master +alpha \(term 3\)$', 'cluster')
    has(said, r'^Servers +4 of 5 up; lab machines: 19 of 20 up$', 'cluster')
    has(said, r'^Margin +0 more faults are survived now: the next one may be too many$', 'cluster')
    one = dict(CLUSTER, faults=dict(CLUSTER['faults'], references=1, f_ref=0), nodes=dict(CLUSTER['nodes'], clients=0))
    fake.answer['cluster'] = one
    said = shown(fake, 0, 'cluster', 'cluster')
    has(said, r'^Margin +0 more .*: with fewer than 3 references absolute time hangs on each$', 'one reference')
    has(said, r'^Servers +4 of 5 up$', 'as a lab machine knows it')
    fake.answer['cluster'] = dict(CLUSTER, lease={'valid': True, 'left_ns': None})
    has(shown(fake, 0, 'cluster', 'cluster'), r'^Master +alpha \(term 3\)$', 'a lone server, whose lease never ends')
    fake.answer['cluster'] = CLUSTER
    said = shown(fake, 0, 'gps', 'gps')
    has(said, r'^Receiver +roof \(u-blox, /dev/ttyS0\)$', 'gps')
    has(said, r'^Verdict +suspect: samples outside what is held$', 'gps')
    has(said, r'^Fix +3-D, 48\.2500 N 11\.5123 W, 519 m$', 'gps')
    has(said, r'^Leap seconds +TAI-UTC 37 s by the receiver', 'gps')
    has(said, r'^Serial delay +\+120 ms, spread 4(\.0+)? ms, against pulses$', 'gps')
    has(said, r'^Satellites +2 seen, 1 used$', 'gps')
    has(said, r'^ +Galileo +7 +43\.5 +52 +66 +yes$', 'gps')
    has(said, r'^ +GPS +29 +- +- +- +no$', 'gps')
    has(said, r'^Verdict +silent: gpsd cannot be reached$', 'gps')
    has(said, r'^gpsd +not connected$', 'gps')
    fake.answer['gps'] = {'v': 1, 'receivers': []}
    has(shown(fake, 0, 'no gps', 'gps'), 'no gpsd among the references', 'no gps')
    fake.answer['gps'] = GPS
    has(said, r'^Receiver +roof \(u-blox, /dev/ttyS0\)$', 'gps')
    has(said, r'^Receiver +cellar$', 'gps: a receiver that nothing is known of')
    nobody = dict(fake.answer)
    fake.answer['sources'] = {'v': 1, 'sources': []}
    has(shown(fake, 0, 'no sources', 'sources'), r'^No other nodes .*taictl references$', 'no sources')
    fake.answer['sources'] = nobody['sources']
    has(shown(fake, 0, 'makestep', 'makestep'), 'being set', 'makestep')
    has(shown(fake, 1, 'burst refused', 'burst'), '^taictl: only root and the user', 'burst')
    check(shown(fake, 0, 'quiet', '-q', 'tracking') == '', '-q prints something')


def machines(fake):
    for verb, answer in (('tracking', TRACKING), ('sources', ANSWERS['sources']), ('sourcestats', ANSWERS['sources']),
                         ('cluster', CLUSTER), ('gps', GPS), ('oscillator', OSCILLATOR)):
        check(json.loads(shown(fake, 0, verb, '--json', verb)) == answer, f'{verb} --json is not the answer')
    with subprocess.Popen([TAICTL, '-c', fake.path, '-w0.1', '--json', 'tracking'], stdout=subprocess.PIPE, text=True) as watch:
        for _ in range(3):
            check(json.loads(watch.stdout.readline()) == TRACKING, '-w --json: not one object to a line')
        watch.send_signal(signal.SIGINT)
        check(watch.wait(5) == 130, '-w ended by SIGINT')


def waits(fake):
    has(shown(fake, 0, 'waitsync', 'waitsync'), 'half-width 104 µs', 'waitsync')
    said = shown(fake, 1, 'waitsync to 0.1 ms', 'waitsync', '--max-error', '0.1', '--timeout', '0.5')
    has(said, 'not synchronised in time: status single-reference, following, half-width 104 µs', 'waitsync')
    shown(fake, 0, 'waitsync to 0.104 ms', 'waitsync', '--max-error', '0.104', '--timeout', '40')
    fake.answer['tracking'] = dict(TRACKING, status='relative')
    said = shown(fake, 1, 'waitsync on relative', 'waitsync', '-v', '--timeout', '1')
    has(said, r'not synchronised in time: status relative, following: no reference counts yet', 'waitsync on relative')
    check('half-width' not in said, 'waitsync shows a half-width that is not what is waited for')
    check(said.count('waiting:') == 1, 'waitsync -v says the same again')
    shown(fake, 0, 'waitsync --relative', 'waitsync', '--relative', '--timeout', '40')
    count = []
    fake.answer['tracking'] = lambda: count.append(1) or dict(TRACKING, half_width_ns='104000' if len(count) > 2 else '9000000')
    shown(fake, 0, 'waitsync until it is good', 'waitsync', '--max-error', '1', '--timeout', '40')
    check(len(count) == 3, f'waitsync asked {len(count)} times')
    fake.answer['tracking'] = TRACKING


def bad_days(fake, work):
    nowhere = os.path.join(work, 'nowhere')
    has(shown(nowhere, 4, 'nobody', 'tracking'), 'no such control socket; is taid or tai-client running', 'nobody')
    dead = os.path.join(work, 'dead')
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
        one.bind(dead)
    has(shown(dead, 4, 'left behind', 'tracking'), 'nobody answers there', 'left behind')
    shown(nowhere, 1, 'waitsync for nobody', 'waitsync', '--timeout', '0.3')
    for answer, words in ((b'', 'hung up'), (b'{"v":1', 'hung up'), (b'rubbish\n', 'does not know'), (b'[1]\n', 'does not know'),
                          (b'{"v":2}\n', 'are both of one version'), (b'\xff\xfe\n', 'does not know'),
                          (b'{"v":1,"v":1}\n', 'does not know')):
        fake.answer['tracking'] = answer
        has(shown(fake, 4, f'answer {answer}', 'tracking'), words, f'answer {answer}')
    for answer in ({'v': 1}, {'v': 1, 'tai': 7, 'half_width_ns': 'x', 'rate_ps_per_s': 'y', 'master': [], 'budget': None}):
        fake.answer.update(tracking=answer, sources=answer, cluster=answer, oscillator=answer)
        for verb in ('tracking', 'sources', 'sourcestats', 'cluster', 'oscillator'):
            shown(fake, 0, f'{verb} of {answer}', verb)
    fake.answer['tracking'] = None
    began = time.monotonic()
    has(shown(fake, 4, 'hung', 'tracking'), 'no answer within 5 s', 'hung')
    check(time.monotonic() - began < 25, 'a hung server holds taictl')
    fake.answer.update(ANSWERS)


def usage(fake):
    for words in ([], ['what'], ['tracking', 'more'], ['--max-error', 'x', 'waitsync'], ['-w0x', 'tracking'], ['--timeout']):
        shown(fake, 2, f'usage {words}', *words)


def real(work):
    """One server, which elects itself."""
    taid = cluster_of_one(Taid(os.path.join(work, 'one')), [], ('#reference: system-clock', 'reference: system-clock'),
                          ('#system_clock_error_us: 1000', 'system_clock_error_us: 2000'))
    control = os.path.join(taid.folder, 'run/control')
    with subprocess.Popen([TAID, 'clock', '--config', os.path.join(taid.folder, 'taid.yaml')], stderr=subprocess.PIPE) as clock:
        try:
            has(shown(control, 0, 'real waitsync', 'waitsync', '--max-error', '10', '--timeout', '40'), 'half-width 2', 'real')
            answer = json.loads(shown(control, 0, 'real tracking', '--json', 'tracking'))
            check(answer['state'] == 'alone' and answer['source'] == 'assumed', f'real tracking: {answer}')
            check(abs(int(answer['system_ns'])) < 1_000_000, f'system clock {answer["system_ns"]} ns from a line made of it')
            has(shown(control, 0, 'real tracking', 'tracking'), r'^Reference +own: assumed ± 2\.\d+ ms$', 'real')
            has(shown(control, 0, 'real cluster', 'cluster'), r'^Master +solo \(term 1\)', 'real')
            shown(control, 0, 'real sources', 'sources')
            shown(control, 0, 'real burst', 'burst')
        finally:
            clock.terminate()
            clock.wait(20)
    check(not os.path.exists(control), 'the control socket stays behind')


with tempfile.TemporaryDirectory() as folder:
    socket_there = Fake(os.path.join(folder, 'control'))
    texts(socket_there)
    machines(socket_there)
    waits(socket_there)
    bad_days(socket_there, folder)
    usage(socket_there)
    real(folder)
conclude()
