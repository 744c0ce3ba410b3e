#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tai-stamp against a server that lies, stalls, floods or points elsewhere.

A relay stands before a real taid. In its honest mode it passes everything on; in the others it does its worst. Whatever
it does, no receipt is written, the exit code says what happened, and it does not take for ever."""
import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

BUILD = os.environ['top_builddir']
TAI_STAMP = os.environ.get('tai_stamp', os.path.join(BUILD, 'tai-stamp'))
TAID = os.environ.get('taid', os.path.join(BUILD, 'taid'))
failures = []


class Relay(http.server.BaseHTTPRequestHandler):
    """What it does is in the class, because the server makes an object per request."""
    mode = 'honest'
    upstream = ''
    old_answer = b''
    visits = 0

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass

    def answer(self, status, body, kind='text/plain', length=None, extra=()):
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body) if length is None else length))
        for name, value in extra:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def pass_on(self, body=None):
        request = urllib.request.Request(Relay.upstream + self.path, data=body,
                                         headers={'Content-Type': 'application/json'} if body else {})
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.read()

    def do_GET(self):
        Relay.visits += 1
        self.answer(200, self.pass_on())

    def do_POST(self):
        Relay.visits += 1
        body = self.rfile.read(int(self.headers['Content-Length']))
        try:
            getattr(self, 'mode_' + Relay.mode)(body)
        except OSError:
            pass  # the client has had enough
        self.close_connection = True

    def mode_honest(self, body):
        Relay.old_answer = self.pass_on(body)
        self.answer(201, Relay.old_answer)

    def mode_other_subject(self, _body):
        self.answer(201, Relay.old_answer)

    def mode_flipped(self, body):
        answer = bytearray(self.pass_on(body))
        answer[-20] ^= 1
        self.answer(201, bytes(answer))

    def mode_edited_time(self, body):
        """The receipt's first hash of the extra line is another: nothing fits any more."""
        answer = self.pass_on(body)
        self.answer(201, answer.replace(b'\nindex ', b'\nindex 1', 1))

    def mode_garbage(self, _body):
        self.answer(200, os.urandom(1000))

    def mode_empty(self, _body):
        self.answer(200, b'')

    def mode_truncated(self, body):
        answer = self.pass_on(body)
        self.answer(201, answer[:200], length=len(answer))

    def mode_cut(self, body):
        self.answer(201, self.pass_on(body)[:-30])

    def mode_flood(self, _body):
        self.send_response(200)
        self.end_headers()
        for _ in range(10000):
            self.wfile.write(b'x' * 100000)

    def mode_announced_flood(self, _body):
        self.answer(200, b'x' * 1000, length=1 << 40)

    def mode_drip(self, _body):
        self.send_response(200)
        self.end_headers()
        for _ in range(100):
            self.wfile.write(b'x')
            time.sleep(0.2)

    def mode_silence(self, _body):
        time.sleep(20)

    def mode_redirect(self, _body):
        self.answer(307, b'', extra=[('Location', Relay.upstream + '/v1/stamps')])

    def mode_busy(self, _body):
        self.answer(503, json.dumps({'code': 'no_bound', 'detail': 'the clock has no "bound"\x1b[31m now'}).encode(),
                    'application/problem+json')

    def mode_refused(self, _body):
        self.answer(400, b'{"code":"bad_subject","detail":"not like this"}', 'application/problem+json')

    def mode_nothing_here(self, _body):
        self.answer(404, b'nothing here')


# mode: exit code, what must be said, whether the digest is queued
EXPECTED = {
    'other_subject': (1, '', False),
    'flipped': (1, '', False),
    'edited_time': (1, '', False),
    'garbage': (1, '', False),
    'empty': (1, '', False),
    'truncated': (4, 'queued', True),
    'cut': (1, '', False),
    'flood': (1, 'longer than', False),
    'announced_flood': (4, 'queued', True),
    'drip': (4, 'too long', True),
    'silence': (4, 'too long', True),
    'redirect': (1, 'redirects', False),
    'busy': (4, 'no_bound', True),
    'refused': (1, 'not like this', False),
    'nothing_here': (1, 'not a taistamp server', False),
}


def check(condition, what):
    if not condition:
        failures.append(what)
        print('FAIL:', what)


def run(environment, *arguments):
    return subprocess.run([TAI_STAMP, *arguments], capture_output=True, env=environment, timeout=60, check=False)


def text(done):
    return (done.stdout + done.stderr).decode('utf-8', 'replace')


def try_mode(mode, work, environment):
    code, words, queued = EXPECTED[mode]
    path = os.path.join(work, mode + '.jpg')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(mode)
    Relay.mode = mode
    start = time.monotonic()
    done = run(environment, 'stamp', '--timeout', '2', path)
    took = time.monotonic() - start
    said = text(done)
    check(done.returncode == code, f'{mode}: exit code {done.returncode}, not {code}: {said}')
    check(words in said, f'{mode}: does not say "{words}": {said}')
    check('\x1b' not in said, f'{mode}: passes on an escape character')
    check(not os.path.exists(path + '.tai'), f'{mode}: a receipt was written')
    check(took < 15, f'{mode}: took {took:.1f} s')
    outbox = os.path.join(environment['XDG_DATA_HOME'], 'taistamp/outbox')
    left = os.listdir(outbox) if os.path.isdir(outbox) else []
    check(bool(left) == queued, f'{mode}: queue is {left}')
    for name in left:
        os.unlink(os.path.join(outbox, name))


def interrupt(work, environment):
    """An interrupt while the server is waited for: nothing is left, nothing is queued."""
    path = os.path.join(work, 'interrupted.jpg')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('interrupted')
    Relay.mode = 'silence'
    visits = Relay.visits
    with subprocess.Popen([TAI_STAMP, path], env=environment, stderr=subprocess.PIPE) as process:
        for _ in range(200):
            if Relay.visits > visits:
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=10)[1].decode()
        check(process.returncode == 130, f'interrupt: exit code {process.returncode}: {said}')
    outbox = os.path.join(environment['XDG_DATA_HOME'], 'taistamp/outbox')
    check(not os.listdir(outbox), 'interrupt: something is queued')
    check(not os.path.exists(path + '.tai'), 'interrupt: a receipt was written')


def start_taid(work):
    folder = os.path.join(work, 'server')
    made = subprocess.run([TAID, 'init', '--json', '--dir', folder, '--listen', '127.0.0.1:0', '--assume-error-ms', '50'],
                          stdout=subprocess.PIPE, check=True)
    log = open(os.path.join(work, 'log'), 'wb')  # pylint: disable=consider-using-with
    daemon = subprocess.Popen([TAID, '--config', os.path.join(folder, 'taid.yaml')],  # pylint: disable=consider-using-with
                              stdout=log, stderr=log)
    listen = os.path.join(folder, 'run/listen')
    for _ in range(400):
        if os.path.exists(listen) and os.path.getsize(listen) > 0:
            break
        time.sleep(0.05)
    with open(listen, encoding='utf-8') as file:
        return daemon, 'http://' + file.read().strip(), json.loads(made.stdout)['fingerprint']


def main():
    with tempfile.TemporaryDirectory() as work:
        daemon, Relay.upstream, fingerprint = start_taid(work)
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Relay)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f'http://127.0.0.1:{server.server_address[1]}'
        with socket.socket() as closed:
            closed.bind(('127.0.0.1', 0))
            proxy = f'http://127.0.0.1:{closed.getsockname()[1]}'  # nobody listens: loopback must not go through it
        environment = dict(os.environ, HOME=work, XDG_DATA_HOME=os.path.join(work, 'data'),
                           XDG_CONFIG_HOME=os.path.join(work, 'config'), http_proxy=proxy, ALL_PROXY=proxy)
        environment.pop('TAISTAMP_SERVER', None)
        try:
            done = run(environment, 'trust', url, '--fingerprint', fingerprint)
            check(done.returncode == 0, f'trust: {text(done)}')
            honest = os.path.join(work, 'honest.jpg')
            with open(honest, 'w', encoding='utf-8') as file:
                file.write('honest')
            done = run(environment, honest)
            check(done.returncode == 0 and os.path.exists(honest + '.tai'), f'honest: {text(done)}')
            for mode in EXPECTED:
                try_mode(mode, work, environment)
            interrupt(work, environment)
        finally:
            daemon.terminate()
            daemon.wait()
            server.shutdown()
    print(f'{len(EXPECTED)} ways to misbehave, {len(failures)} wrong')
    return 1 if failures else 0


sys.exit(main())
