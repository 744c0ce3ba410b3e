#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No bound, no stamp; TAI in the log strictly increases, whatever is done to the clock; and a newer leap table is taken up: through HTTP,
with the real processes, the clock being set by libfaketime."""
import base64
import calendar
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fakes import NTP_TO_POSIX_S, table  # noqa: E402
from rig import BUILD, Taid, check, conclude, home, run, skip, text  # noqa: E402

SUBJECT = '%064x'
number = 0


def fetch(url, body=None):
    """(status, text)"""
    request = urllib.request.Request(url, data=body, headers={'Content-Type': 'application/json'} if body else {})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def post(taid):
    global number  # pylint: disable=global-statement
    number += 1
    body = json.dumps({'kind': 'commitment', 'subject': 'sha256:' + SUBJECT % number})
    return fetch(taid.url + '/v1/stamps', body.encode())


def refused(taid, code, what):
    size = fetch(taid.url + '/checkpoint')[1].split('\n')[1]
    status, answer = post(taid)
    check(status == 503 and json.loads(answer)['code'] == code, f'{what}: {status} {answer}, not {code}')
    check(fetch(taid.url + '/checkpoint')[1].split('\n')[1] == size, f'{what}: a refused stamp is in the log')


def entry(receipt):
    """(index, t, words of the entry)"""
    extra = base64.b64decode(re.search(r'^extra (\S+)$', receipt, re.MULTILINE)[1]).decode()
    words = extra.split('\n\n', 1)[1]
    return int(re.search(r'^index (\d+)$', receipt, re.MULTILINE)[1]), int(re.search(r'^tai (\d+)', words, re.MULTILINE)[1]), words


def stamped(taid, times, what):
    status, receipt = post(taid)
    check(status == 201, f'{what}: {status} {receipt}')
    if status == 201:
        index, t, _ = entry(receipt)
        check(index == len(times), f'{what}: index {index} after {len(times)} entries')
        check(not times or t > times[-1], f'{what}: TAI {t} is not after {times[-1:]}')
        times.append(t)


def clock(taid):
    return json.loads(fetch(taid.url + '/v1/time')[1])['status']


def await_clock(taid, wanted, what):
    for _ in range(600):
        if clock(taid) == wanted:
            return
        time.sleep(0.1)
    check(False, f'{what}: the clock is {clock(taid)}, not {wanted}')


def no_bound(work):
    """Without a daemon that keeps the clock, and without the operator's word."""
    environment = home(work)
    taid = Taid(os.path.join(work, 'bare'))
    photo = os.path.join(work, 'photo.jpg')
    with open(photo, 'w', encoding='utf-8') as file:
        file.write('a photo')
    taid.start()
    try:
        if clock(taid) == 'single-reference':
            skip('taid_clock', "chronyd or ntpd keeps this machine's clock, so there is a bound")
        check(clock(taid) == 'unknown', f'without any bound the clock is {clock(taid)}')
        refused(taid, 'clock_no_bound', 'no bound')
        check(fetch(taid.url + '/healthz')[0] == 503, 'healthy without a bound')
        reading = json.loads(fetch(taid.url + '/v1/time')[1])
        check(reading['earliest'] is None and reading['latest'] is None, f'an interval without a bound: {reading}')
        run(environment, 'trust', taid.url, '--fingerprint', taid.fingerprint)
        done = run(environment, photo)
        check(done.returncode == 4 and 'clock_no_bound' in text(done), f'tai-stamp without a bound: {text(done)}')
        check(not os.path.exists(photo + '.tai'), 'a receipt without a bound')
        # The server's leap-second table, as another machine takes it over.
        table = os.path.join(os.path.dirname(photo), 'state', 'leap-seconds.list')
        taken = subprocess.run([os.path.join(BUILD, 'tai-leap'), 'update', taid.url], capture_output=True,
                               env={**os.environ, 'TAISTAMP_LEAP_FILE': table}, check=False)
        check(taken.returncode in (0, 3) and os.path.exists(table), f'no table from the server: {taken.stderr}')
        # The operator's word makes a bound, and every entry says so; taken back, it is gone.
        taid.configure(('#assume_error_ms: 500', 'assume_error_ms: 500'))
        taid.reload()
        await_clock(taid, 'assumed', 'after SIGHUP')
        done = run(environment, 'flush')
        check(done.returncode == 0, f'what was queued is not stamped: {text(done)}')
        with open(photo + '.tai', encoding='utf-8') as file:
            words = entry(file.read())[2]
        check(re.search(r'\bassumed\b', words), f'the entry does not say that its bound is assumed: {words}')
        taid.configure(('assume_error_ms: 500', '#assume_error_ms: 500'))
        taid.reload()
        await_clock(taid, 'unknown', 'after SIGHUP back')
        refused(taid, 'clock_no_bound', 'no bound again')
    finally:
        taid.stop()


def faketime():
    """The environment that lets a file say what the clock shows; None without libfaketime."""
    try:
        shown = subprocess.run(['faketime', '-f', '+0s', 'env'], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    library = re.search(r'^LD_PRELOAD=(.*)$', shown, re.MULTILINE)
    # The sanitizers' library wants to be the first one; it works as the second one too.
    return library and {'LD_PRELOAD': library[1], 'FAKETIME_NO_CACHE': '1', 'FAKETIME_DONT_FAKE_MONOTONIC': '1',
                        'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0'}


def fake_clock(work):
    """An environment, and what sets the clock in it to so many seconds from the true one."""
    fake = faketime()
    if fake is None:
        skip('taid_clock', 'faketime is not installed')
    said = os.path.join(work, 'offset')

    def set_clock(seconds):
        with open(said + '.new', 'w', encoding='utf-8') as file:
            file.write(f'{seconds:+d}\n')
        os.rename(said + '.new', said)

    fake['FAKETIME_TIMESTAMP_FILE'] = said
    return fake, set_clock


def renewed(work):
    """A newer leap table is in use within the hour, in the stamp process too: nothing is started again."""
    fake, set_clock = fake_clock(work)
    taid = Taid(os.path.join(work, 'renewed'), '--assume-error-ms', '50')
    taid.configure(('#leap_file: /usr/share/zoneinfo/leap-seconds.list', 'leap_file: leaps'))
    path = os.path.join(taid.folder, 'leaps')

    def expires():
        return json.loads(fetch(taid.url + '/v1/time')[1])['leap_table_expires']

    table(path, NTP_TO_POSIX_S + calendar.timegm((2040, 6, 28, 0, 0, 0)))
    set_clock(0)
    taid.start(fake)
    try:
        check(expires() == '2040-06-28T00:00:00.000000000Z', f'at the start the table expires {expires()}')
        _, text_of = table(path, NTP_TO_POSIX_S + calendar.timegm((2040, 12, 28, 0, 0, 0)))
        check(expires() == '2040-06-28T00:00:00.000000000Z', f'within the hour the table expires {expires()}')
        set_clock(3601)
        check(expires() == '2040-12-28T00:00:00.000000000Z', f'an hour later the table expires {expires()}')
        check(fetch(taid.url + '/v1/leap-seconds')[1] == text_of, 'another table is given out than the one in use')
        check(taid.said().count('the stamp process (pid') == 1, f'the stamp process was started again: {taid.said()}')
    finally:
        taid.stop()


def order(work):
    fake, set_clock = fake_clock(work)
    taid = Taid(os.path.join(work, 'order'), '--assume-error-ms', '50')
    times = []
    set_clock(0)
    taid.start(fake)
    try:
        check(clock(taid) == 'assumed', f'the clock is {clock(taid)}')
        stamped(taid, times, 'first')
        stamped(taid, times, 'second')
        # Set back an hour under the running server: not believed at once.
        set_clock(-3600)
        await_clock(taid, 'disrupted', 'set back')
        refused(taid, 'clock_no_bound', 'set back')
        time.sleep(2.5)  # two more samples: readers have a page again that fits the clock
        refused(taid, 'clock_no_bound', 'still set back')
        # A start finds a steady clock, which is an hour slow: the log knows better.
        for kill in (signal.SIGTERM, signal.SIGKILL):
            taid.process.send_signal(kill)
            taid.process.wait()
            taid.start(fake)
            await_clock(taid, 'assumed', 'started an hour back')
            refused(taid, 'clock_behind_log', 'started an hour back')
        # Right again; then an hour fast, which nobody can know; then right, which is behind the log.
        for offset in (0, 3600):
            taid.stop()
            set_clock(offset)
            taid.start(fake)
            await_clock(taid, 'assumed', f'{offset:+d} s')
            stamped(taid, times, f'{offset:+d} s')
        taid.stop()
        set_clock(0)
        taid.start(fake)
        await_clock(taid, 'assumed', 'right after fast')
        refused(taid, 'clock_behind_log', 'right after fast')
        check(len(times) == 4 and times[3] - times[2] > 3500 * 10**9, f'the clock was not set as meant: {times}')
        for index, t in enumerate(times):
            check(entry(fetch(f'{taid.url}/v1/stamps/{index}')[1])[:2] == (index, t), f'entry {index} changed')
    finally:
        taid.stop()


with tempfile.TemporaryDirectory() as folder:
    no_bound(folder)
    renewed(folder)
    order(folder)
conclude()
