#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Your file is yours, and the proof needs nobody.

Every byte that tai-stamp sends goes through a relay and is searched for the file's name, folder, digest, salt and
content; strace sees how files are opened. Then the server is gone, and verify may not even try the network; with
--policy it may not look at the home folder either."""
import base64
import hashlib
import itertools
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import TAI_STAMP, BUILD, Taid, check, conclude, home, run, skip, text  # noqa: E402

NETWORK = {'socket', 'socketpair', 'connect', 'bind', 'listen', 'accept', 'accept4', 'sendto', 'sendmsg', 'sendmmsg',
           'recvfrom', 'recvmsg', 'recvmmsg', 'getsockopt', 'setsockopt', 'shutdown', 'io_uring_setup'}
CHANGES = {'unlink', 'unlinkat', 'truncate', 'chmod', 'fchmodat', 'chown', 'lchown', 'fchownat', 'utime', 'utimes',
           'utimensat', 'futimesat', 'setxattr', 'lsetxattr', 'removexattr', 'lremovexattr', 'link', 'linkat', 'mknod',
           'mknodat'}


class Tap:
    """Passes TCP on to the server and keeps what the client sends."""

    def __init__(self, url):
        host, port = url.removeprefix('http://').rsplit(':', 1)
        self.server = (host, int(port))
        self.sent = bytearray()
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.url = f'http://127.0.0.1:{self.listener.getsockname()[1]}'
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            client, _ = self.listener.accept()
            upstream = socket.create_connection(self.server)
            threading.Thread(target=self.pump, args=(client, upstream, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(upstream, client, False), daemon=True).start()

    def pump(self, source, sink, keep):
        try:
            while data := source.recv(65536):
                if keep:
                    self.sent += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def take(self):
        sent, self.sent = bytes(self.sent), bytearray()
        return sent


def spellings(secret):
    """The ways in which bytes are written."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    for shift in range(3):  # base64 from any of the three places where it may have begun
        whole = base64.b64encode(b'\0' * shift + secret)
        inner = whole[4 if shift else 0:len(whole) // 4 * 4 - 4]
        yield inner
        yield inner.translate(bytes.maketrans(b'+/', b'-_'))


def traced(environment, *arguments):
    """Runs tai-stamp under strace: exit code, words, and the calls as (name, line)."""
    with tempfile.NamedTemporaryFile('r', encoding='utf-8', errors='replace') as trace:
        environment = dict(environment)
        # The leak checker is a debugger itself.
        environment['ASAN_OPTIONS'] = environment.get('ASAN_OPTIONS', '') + ':detect_leaks=0'
        done = subprocess.run(['strace', '-f', '-qq', '-s', '4096', '-y', '-o', trace.name,
                               '-e', 'trace=%file,%network,%desc,io_uring_setup', TAI_STAMP, *arguments],
                              capture_output=True, env=environment, timeout=120, check=False)
        calls = []
        for line in trace:
            found = re.match(r'\d+ +([a-z0-9_]+)\(', line)
            if found and found[1] == 'execve' and line.rstrip().endswith(' = 0'):
                calls = []  # in a build folder tai-stamp is a script of libtool's, which starts the program at last
            elif found:
                calls.append((found[1], line.rstrip()))
    return done, calls


def home_paths(calls, environment):
    """Calls that name something at home, or use it; not what is read out of a file (ASan reads its environment)."""
    places = [mark + environment['HOME'] for mark in '"<']
    return [line for call, line in calls if any(place in line for place in places)]


def secret_of(environment):
    with open(os.path.join(environment['XDG_CONFIG_HOME'], 'taistamp/secret'), 'rb') as file:
        return file.read()


def salt_of(receipt):
    with open(receipt, encoding='utf-8') as file:
        extra = re.search(r'^extra (\S+)$', file.read(), re.MULTILINE)[1]
    return base64.b64decode(re.search(rb'^salt (\S+)$', base64.b64decode(extra), re.MULTILINE)[1])


def search(sent, secrets, what):
    for name, secret in secrets:
        for spelling in spellings(secret):
            check(len(spelling) < 6 or spelling not in sent, f'{what}: the {name} leaves the machine')


def what_leaves(work, environment, tap):
    folder = os.path.join(work, 'Confidential wedding')
    os.mkdir(folder)
    sets = [['bride and groom.jpg'], [f'guest number {i}.jpg' for i in range(5)]]
    subjects = set()
    for names in sets:
        paths = [os.path.join(folder, name) for name in names]
        for path in paths:
            with open(path, 'wb') as file:
                file.write(b'\xff\xd8\xff\xe0' + os.urandom(5000))
        for again, extra in enumerate(([], ['--force'], ['--algorithm', 'sha512', '--force'])):
            tap.take()
            done = run(environment, 'stamp', '--server', tap.url, *extra, *paths)
            sent = tap.take()
            what = f'{len(names)} files, time {again}'
            check(done.returncode == 0, f'{what}: {text(done)}')
            secrets = [('folder', b'Confidential'), ('user', environment['HOME'].encode()),
                       ('secret', secret_of(environment))]
            for name, path in zip(names, paths):
                with open(path, 'rb') as file:
                    content = file.read()
                secrets += [('name', name.encode()), ('name', name.split('.')[0].encode()), ('content', content[:32]),
                            ('content', content[-32:]), ('salt', salt_of(path + '.tai'))]
                for algorithm in ('sha256', 'sha384', 'sha512', 'sha3_256', 'md5', 'sha1'):
                    secrets.append((algorithm, hashlib.new(algorithm, content).digest()))
            search(sent, secrets, what)
            posts = re.findall(rb'POST /v1/stamps HTTP/1\.1\r\n.*?\r\n\r\n(\{"kind":"(\w+)","subject":"sha256:([0-9a-f]{64})"\})',
                               sent, re.DOTALL)
            check(len(posts) == 1 and sent.count(b'POST') == 1 and sent.endswith(posts[0][0] if posts else b'?'),
                  f'{what}: not exactly one request: {sent}')
            kind = b'commitment' if len(names) == 1 else b'batch'
            check(posts and posts[0][1] == kind, f'{what}: not a {kind.decode()}')
            subjects.add(posts[0][2] if posts else again)
    check(len(subjects) == 6, 'two stamps of a file can be linked by their commitment')
    return [os.path.join(folder, name) for name in itertools.chain(*sets)]


def only_read(work, environment, tap):
    path = os.path.join(work, 'only-read.jpg')
    shutil.copyfile(TAI_STAMP, path)
    os.chmod(path, 0o640)
    os.utime(path, ns=(10**18, 10**18 + 123456789))
    before = os.stat(path)
    for command in (['stamp', '--server', tap.url], ['stamp', '--force', '--server', tap.url], ['verify']):
        done, calls = traced(environment, *command, path)
        check(done.returncode == 0, f'{command}: {text(done)}')
        opened = 0
        for call, line in calls:
            if f'"{path}"' not in line:
                continue
            if call in ('open', 'openat', 'openat2', 'creat'):
                opened += 1
                check('O_RDONLY' in line and not re.search('O_(WRONLY|RDWR|CREAT|TRUNC|APPEND)', line),
                      f'{command[0]}: {line}')
            check(call not in CHANGES, f'{command[0]}: {line}')
            check(call not in ('rename', 'renameat', 'renameat2'), f'{command[0]}: {line}')
        check(opened > 0, f'{command[0]}: strace did not see the file opened')
        for call, line in calls:
            check(f'<{path}>' not in line or call not in ('write', 'pwrite64', 'ftruncate', 'fchmod', 'fallocate'),
                  f'{command[0]}: {line}')
    after = os.stat(path)
    # The access time is the mount's affair: setting it back would be writing to the photo.
    for field in ('st_mtime_ns', 'st_ctime_ns', 'st_mode', 'st_ino', 'st_size', 'st_nlink', 'st_uid', 'st_gid'):
        check(getattr(before, field) == getattr(after, field), f'{field} of the file changed')


def needs_nobody(work, environment, policy, paths):
    """The server is stopped by now."""
    far = dict(environment, http_proxy='http://127.0.0.1:9', https_proxy='http://127.0.0.1:9')
    for command in (['verify'], ['verify', '--json'], ['info'], ['verify', '--policy', policy]):
        arguments = [path + '.tai' for path in paths] if command == ['info'] else paths
        done, calls = traced(far, *command, *arguments)
        check(done.returncode == 0, f'{command}: {text(done)}')
        used = [line for call, line in calls if call in NETWORK]
        check(not used, f'{command}: uses the network: {used[:3]}')
        looked = home_paths(calls, environment)
        if '--policy' in command:
            check(not looked, f'{command}: looks at the home folder: {looked[:3]}')
        elif 'verify' in command:
            check(looked, f'{command}: strace does not see what lies at home')
    trust = os.path.join(work, 'trust.yaml')
    with open(trust, 'w', encoding='utf-8') as file:
        file.write('max_lag_s: 600\n')
    done, calls = traced(far, 'verify', '--policy', policy, '--trust', trust, '--receipt', paths[0] + '.tai', paths[0])
    check(done.returncode == 0, f'everything named: {text(done)}')
    looked = home_paths(calls, environment)
    check(not looked, f'everything named: looks at the home folder: {looked[:3]}')


def library_has_no_network():
    """libtaistamp cannot even call it; what can is libtaistamp-net."""
    for name in ('libtaistamp.so', 'libtaistamp.a'):
        path = os.path.join(BUILD, '.libs', name)
        if not os.path.exists(path):
            continue
        listing = subprocess.run(['nm', '--undefined-only'] + (['-D'] if name.endswith('.so') else []) + [path],
                                 capture_output=True, text=True, check=True).stdout
        wanted = {word.split('@')[0] for word in listing.split()} & (NETWORK | {'getaddrinfo', 'gethostbyname'})
        check(not wanted, f'{name} calls {wanted}')
        return
    check(False, 'no libtaistamp was found')


def main():
    if shutil.which('strace') is None:
        skip('stamp_private', 'strace is not installed')
    if subprocess.run(['strace', '-qq', '-o', '/dev/null', 'true'], capture_output=True, check=False).returncode != 0:
        skip('stamp_private', 'strace may not trace here')
    with tempfile.TemporaryDirectory() as work:
        environment = home(work)
        taid = Taid(os.path.join(work, 'server'), '--assume-error-ms', '50')
        try:
            taid.start()
            tap = Tap(taid.url)
            done = run(environment, 'trust', tap.url, '--fingerprint', taid.fingerprint)
            check(done.returncode == 0, f'trust: {text(done)}')
            paths = what_leaves(work, environment, tap)
            only_read(work, environment, tap)
        finally:
            taid.stop()
        needs_nobody(work, environment, taid.policy, paths)
        library_has_no_network()
    conclude()


main()
