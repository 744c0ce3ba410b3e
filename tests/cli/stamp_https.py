#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tai-stamp over https: a relay that ends TLS stands before a real taid, with good and with bad certificates.

A wrong authority, another host's name, an expired certificate and a server without TLS each end in an error that says
so; nothing is pinned, stamped or queued. With --ca-file and the right certificate everything works."""
import http.server
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Taid, check, conclude, home, run, skip, text  # noqa: E402


def openssl(folder, *arguments):
    subprocess.run(['openssl', *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE)


def authority(folder, name):
    openssl(folder, 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
            '-subj', '/CN=' + name, '-keyout', name + '.key', '-out', name + '.pem')


def certificate(folder, name, ca, hosts, days='2'):
    """A server certificate; with `days` 0 it has expired a second later."""
    openssl(folder, 'req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=' + name,
            '-keyout', name + '.key', '-out', name + '.csr')
    with open(os.path.join(folder, name + '.ext'), 'w', encoding='ascii') as file:
        file.write('subjectAltName=' + hosts + '\n')
    openssl(folder, 'x509', '-req', '-in', name + '.csr', '-CA', ca + '.pem', '-CAkey', ca + '.key', '-CAcreateserial',
            '-days', days, '-extfile', name + '.ext', '-out', name + '.pem')


class Relay(http.server.BaseHTTPRequestHandler):
    upstream = ''
    posts = 0

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass

    def pass_on(self, body):
        request = urllib.request.Request(Relay.upstream + self.path, data=body,
                                         headers={'Content-Type': 'application/json'} if body else {})
        with urllib.request.urlopen(request, timeout=10) as reply:
            status, answer = reply.status, reply.read()
        self.send_response(status)
        self.send_header('Content-Length', str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def do_GET(self):
        self.pass_on(None)

    def do_POST(self):
        Relay.posts += 1
        self.pass_on(self.rfile.read(int(self.headers['Content-Length'])))


class Quiet(http.server.ThreadingHTTPServer):
    """A client that refuses the certificate hangs up; that is no news."""

    def handle_error(self, request, client_address):
        pass


def serve(folder, name, port=0):
    """Returns the port. The handshake is left to the first read, in the connection's own thread."""
    server = Quiet(('127.0.0.1', port), Relay)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, name + '.pem'), os.path.join(folder, name + '.key'))
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, server.server_address[1]


def silence():
    """A port that accepts and sends what is not TLS."""
    listener = socket.create_server(('127.0.0.1', 0))

    def loop():
        while True:
            connection, _ = listener.accept()
            connection.sendall(b'220 mail.example ready\r\n')
            connection.close()
    threading.Thread(target=loop, daemon=True).start()
    return listener.getsockname()[1]


def main():
    if shutil.which('openssl') is None:
        skip('stamp_https.py', 'there is no openssl command')
    with tempfile.TemporaryDirectory(prefix='taistamp-https.') as work:
        authority(work, 'ca')
        authority(work, 'other')
        certificate(work, 'good', 'ca', 'IP:127.0.0.1,DNS:localhost')
        certificate(work, 'stranger', 'ca', 'DNS:elsewhere.example')
        certificate(work, 'expired', 'ca', 'IP:127.0.0.1', '0')
        time.sleep(1.5)
        taid = Taid(os.path.join(work, 'server'), '--assume-error-ms', '50')
        taid.start()
        Relay.upstream = taid.url
        environment = home(work)
        for name in ('http_proxy', 'https_proxy', 'HTTPS_PROXY', 'SSL_CERT_FILE', 'CURL_CA_BUNDLE'):
            environment.pop(name, None)
        try:
            attack(work, environment, taid)
        finally:
            taid.stop()
    conclude()


def refused(environment, what, code, words, *arguments):
    done = run(environment, *arguments)
    said = text(done)
    check(done.returncode == code, f'{what}: exit code {done.returncode}, not {code}: {said}')
    check(any(word in said for word in words), f'{what}: does not say {words}: {said}')
    check('PINNED KEY' not in said, f'{what}: is told as another key of the log: {said}')


def attack(work, environment, taid):
    ca, other = os.path.join(work, 'ca.pem'), os.path.join(work, 'other.pem')
    server, good = serve(work, 'good')
    stranger, expired = serve(work, 'stranger')[1], serve(work, 'expired')[1]
    pin = ('--fingerprint', taid.fingerprint)
    distrust = ('certificate', )
    refused(environment, 'no authority named', 5, distrust, 'trust', f'https://127.0.0.1:{good}', *pin)
    refused(environment, 'another authority', 5, distrust, 'trust', f'https://127.0.0.1:{good}', '--ca-file', other,
            *pin)
    refused(environment, 'another host', 5, ('host name', 'subject name'), 'trust', f'https://127.0.0.1:{stranger}',
            '--ca-file', ca, *pin)
    refused(environment, 'expired', 5, ('expired', ), 'trust', f'https://127.0.0.1:{expired}', '--ca-file', ca, *pin)
    refused(environment, 'no TLS there', 4, ('TLS', 'SSL', 'wrong version'), 'trust', f'https://127.0.0.1:{silence()}',
            '--ca-file', ca, *pin)
    refused(environment, 'no such file of authorities', 2, ('nowhere.pem', ), 'trust', f'https://127.0.0.1:{good}',
            '--ca-file', os.path.join(work, 'nowhere.pem'), *pin)
    check('Nothing is pinned' in text(run(environment, 'trust', '--list')), 'something was pinned')

    for host in ('localhost', '127.0.0.1'):
        done = run(environment, 'trust', f'https://{host}:{good}', '--ca-file', ca, *pin)
        check(done.returncode == 0, f'{host} with the right certificate: {text(done)}')
    photo = os.path.join(work, 'photo.jpg')
    with open(photo, 'wb') as file:
        file.write(os.urandom(5000))
    url = f'https://127.0.0.1:{good}'
    before = Relay.posts
    refused(environment, 'stamp by another authority', 5, distrust, '--server', url, '--ca-file', other, photo)
    refused(environment, 'stamp without an authority', 5, distrust, '--server', url, photo)
    check(Relay.posts == before, 'something was sent to a server whose certificate is not trusted')
    check(not os.path.exists(photo + '.tai'), 'a receipt without trust')
    check(not os.listdir(os.path.join(work, 'home/data/taistamp/outbox')), 'something was queued')
    done = run(environment, '--server', url, '--ca-file', ca, photo)
    check(done.returncode == 0 and Relay.posts == before + 1, f'stamping over https: {text(done)}')
    done = run(environment, 'verify', photo)
    check(done.returncode == 0 and b'verified' in done.stdout, f'verifying it: {text(done)}')

    # The certificate runs out between two stamps.
    server.shutdown()
    server.server_close()
    serve(work, 'expired', good)
    with open(photo, 'ab') as file:
        file.write(b'more')
    refused(environment, 'expired meanwhile', 5, ('expired', ), '--server', url, '--ca-file', ca, '--force', photo)


main()
