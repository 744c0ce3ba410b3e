#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the golden vectors of receipts in this folder, from docs/FORMATS.md, with Python's standard library only.

    make.py [FOLDER]     writes NAME.tai, NAME.file, policies, trust files and cases.json; the same bytes every time

It shares no code with the library: the Merkle tree is the recursion of RFC 6962 section 2.1, Ed25519 that of RFC 8032
section 6. Vectors are frozen once published: a change here may add cases, never alter one.
"""
import base64
import hashlib
import hmac
import json
import os
import sys
import urllib.parse

# ---- Ed25519, RFC 8032 -------------------------------------------------------------------------------------------
P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def point_add(a, b):
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    e = (y1 - x1) * (y2 - x2) % P
    f = (y1 + x1) * (y2 + x2) % P
    g = 2 * t1 * t2 * D % P
    h = 2 * z1 * z2 % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_times(k, a):
    r = (0, 1, 1, 0)
    while k:
        if k & 1:
            r = point_add(r, a)
        a = point_add(a, a)
        k >>= 1
    return r


def base_point():
    y = 4 * pow(5, P - 2, P) % P
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x & 1:
        x = P - x
    return x, y, 1, x * y % P


BASE = base_point()


def point_bytes(a):
    z = pow(a[2], P - 2, P)
    x, y = a[0] * z % P, a[1] * z % P
    return (y | (x & 1) << 255).to_bytes(32, 'little')


def number(*parts):
    return int.from_bytes(hashlib.sha512(b''.join(parts)).digest(), 'little')


class Key:
    """A key with its name and signature type; `seed` is any text."""

    def __init__(self, name, kind, seed):
        self.name, self.kind = name, kind
        h = hashlib.sha512(hashlib.sha256(seed.encode()).digest()).digest()
        self.a = int.from_bytes(h[:32], 'little') & ((1 << 254) - 8) | (1 << 254)
        self.prefix = h[32:]
        self.public = point_bytes(point_times(self.a, BASE))
        self.id = hashlib.sha256(name.encode() + b'\n' + bytes([kind]) + self.public).digest()[:4]
        self.vkey = f'{name}+{self.id.hex()}+{b64(bytes([kind]) + self.public)}'

    def sign(self, message):
        r = number(self.prefix, message) % Q
        r_bytes = point_bytes(point_times(r, BASE))
        k = number(r_bytes, self.public, message) % Q
        return r_bytes + ((r + k * self.a) % Q).to_bytes(32, 'little')

    def line(self, blob):
        return f'— {self.name} {b64(self.id + blob)}\n'

    def note(self, body):
        return self.line(self.sign(body.encode()))

    def cosign(self, body, time_s):
        return self.line(time_s.to_bytes(8, 'big') + self.sign(f'cosignature/v1\ntime {time_s}\n{body}'.encode()))


# ---- The formats ---------------------------------------------------------------------------------------------------
def b64(data):
    return base64.b64encode(data).decode()


def sha256(*parts):
    return hashlib.sha256(b''.join(parts)).digest()


def root(leaves):
    if not leaves:
        return sha256()
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b'\1', root(leaves[:k]), root(leaves[k:]))


def path(i, leaves):
    if len(leaves) == 1:
        return []
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if i < k:
        return path(i, leaves[:k]) + [root(leaves[k:])]
    return path(i - k, leaves[k:]) + [root(leaves[:k])]


def leaf(data):
    return sha256(b'\0', data)


def digest_of(data, algorithm):
    return hashlib.new(algorithm.replace('-', '_'), data).digest()


def salt_of(secret, algorithm, digest, counter):
    return hmac.new(secret, algorithm.encode() + b'\n' + digest + counter.to_bytes(8, 'big'), 'sha256').digest()


def commitment(algorithm, salt, digest):
    return sha256(b'taistamp.commit/v1\n', algorithm.encode(), b'\n', salt, digest)


def entry(kind, subject, t, h, tai_utc='37', clock='gps', issuer=None):
    return (f'taistamp.entry/v1\nissuer {issuer or ORIGIN}\nkind {kind}\nsubject {subject}\ntai {t} {h}\n'
            f'tai-utc {tai_utc}\nclock {clock}\n').encode()


ORIGIN = 'stamp.example/taistamp/00112233445566ff'
LOG = Key(ORIGIN, 1, 'log')
OTHER = Key(ORIGIN, 1, 'another log key')
WITNESSES = [Key(f'witness.example/w{i}', 4, f'witness {i}') for i in range(5)]
STRANGER = Key('stranger.example/w', 4, 'stranger')
SECRET = bytes(range(32))
T0 = 1_750_000_000 * 10**9 + 123456789
S0 = 1_750_000_000 - 37         # the POSIX second in which T0 lies
H0 = 250_000

OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
CASES = []


def write(name, data):
    with open(os.path.join(OUT, name), 'wb') as f:
        f.write(data if isinstance(data, bytes) else data.encode())


class Receipt:
    """All fields of a receipt; `text` puts them together."""

    def __init__(self, data, kind='commitment', algorithm='sha256', name='photo.jpg', t=T0, h=H0, index=0, size=1,
                 counter=0, batch=None, tai_utc='37', clock='gps', issuer=None, origin=None):
        self.data, self.name, self.index, self.size = data, name, index, size
        self.origin = origin or ORIGIN
        digest = digest_of(data, algorithm)
        self.digest = f'{algorithm}:{digest.hex()}'
        self.salt = salt_of(SECRET, algorithm, digest, counter)
        self.batch = None
        c = commitment(algorithm, self.salt, digest)
        if kind == 'commitment':
            subject = 'sha256:' + c.hex()
        elif kind == 'batch':
            i, n = batch
            commitments = [leaf(c if k == i else sha256(b'other', bytes([k]))) for k in range(n)]
            self.batch, self.batch_path = (i, n), path(i, commitments)
            whole = sha256(b'taistamp.batch/v1\n', n.to_bytes(8, 'big'), root(commitments))
            subject = 'sha256:' + whole.hex()
        else:
            subject, self.salt = self.digest, None
        self.entry = entry(kind, subject, t, h, tai_utc, clock, issuer)
        self.closed = None
        self.t, self.h, self.clock = t, h, clock
        self.place(index, size)

    def leaves(self, size):
        return [leaf(self.entry if k == self.index else b'leaf %d' % k) for k in range(size)]

    def place(self, index, size):
        self.index, self.size = index, size
        leaves = self.leaves(size)
        self.path, self.root = path(index, leaves), root(leaves)
        self.sign()

    def body(self):
        return f'{self.origin}\n{self.size}\n{b64(self.root)}\n'

    def sign(self, *lines, log=LOG):
        self.signatures = (log.note(self.body()) if log else '') + ''.join(lines)
        return self

    def cosigned(self, *who):
        return self.sign(*[k.cosign(self.body(), s) for k, s in who])

    def close(self, size):
        leaves = self.leaves(size)
        self.closed = (size, path(self.index, leaves))
        return root(leaves)

    def extra(self):
        e = b'taistamp.extra/v1\n'
        if self.name is not None:
            e += b'name ' + urllib.parse.quote(self.name, safe='').encode() + b'\n'
        e += f'digest {self.digest}\n'.encode()
        if self.salt is not None:
            e += f'salt {b64(self.salt)}\n'.encode()
        if self.batch is not None:
            e += b'batch %d %d\n' % self.batch + b''.join(f'path {b64(p)}\n'.encode() for p in self.batch_path)
        if self.closed is not None:
            e += b'closed %d\n' % self.closed[0]
            e += b''.join(f'closed-path {b64(p)}\n'.encode() for p in self.closed[1])
        return e + b'\n' + self.entry

    def text(self, extra=None):
        return (f'c2sp.org/tlog-proof@v1\nextra {b64(extra or self.extra())}\nindex {self.index}\n'
                + ''.join(b64(p) + '\n' for p in self.path) + '\n' + self.body() + '\n' + self.signatures)


def put(name, receipt, text=None, data=None):
    write(name + '.tai', receipt.text() if text is None else text)
    write(name + '.file', receipt.data if data is None else data)


def good(name, r, policy=None, trust=None, independent=None, void=None, write_it=True):
    if write_it:
        put(name, r)
    case = {'name': name, 'valid': True, 't': str(r.t), 'h': str(r.h), 'clock': r.clock, 'index': r.index, 'size': r.size}
    if policy:
        case['policy'] = policy
    if trust:
        case['trust'] = trust
    if void is not None:
        case['independent_tai'] = None if independent is None else str(independent * 10**9)
        case['claim_void'] = void
    CASES.append(case)


def bad(name, why, verdict, r=None, text=None, policy=None, trust=None, data=None):
    if r is not None:
        put(name, r, text, data)
    case = {'name': name, 'valid': False, 'why': why, 'verdict': verdict}
    if policy:
        case['policy'] = policy
    if trust:
        case['trust'] = trust
    CASES.append(case)


def policies():
    log = f'log {LOG.vkey}\n'
    w = WITNESSES
    three = ''.join(f'witness W{i} {k.vkey}\n' for i, k in enumerate(w[:3]))
    write('policy', log + 'quorum none\n')
    write('policy-other-key', f'log {OTHER.vkey}\nquorum none\n')
    write('policy-two-keys', f'log {OTHER.vkey} https://old.example/\n{log}quorum none\n')
    write('policy-3', log + three + 'group G 2 W0 W1 W2\nquorum G\n')
    write('policy-3-none', log + three + 'quorum none\n')
    write('policy-1', log + f'witness W {w[0].vkey}\nquorum W\n')
    write('policy-nested', '# two operators\n' + log + '\n' + ''.join(
        f'\twitness  W{i}\t{k.vkey} https://witness.example/{i} \n' for i, k in enumerate(w))
        + 'group X 2 W0 W1 W2\ngroup Y any W3 W4\ngroup all all X Y\nquorum all\n')
    mldsa = bytes([6]) + bytes(1312)
    key_id = hashlib.sha256(b'pq.example/w\n' + mldsa).digest()[:4].hex()
    write('policy-mldsa', log + f'witness PQ pq.example/w+{key_id}+{b64(mldsa)}\nquorum PQ\n')
    foreign = Key('sum.example', 1, 'foreign')
    write('policy-foreign', f'log {foreign.vkey}\nquorum none\n')
    broken = {
        'crlf': log + 'quorum none\r\n', 'no-end': log + 'quorum none', 'no-quorum': log,
        'two-quorums': log + 'quorum none\nquorum none\n', 'id': 'log ' + LOG.vkey.replace(LOG.id.hex(), 'deadbeef') + '\nquorum none\n',
        'key-twice': log + log + 'quorum none\n', 'log-is-witness': log + f'witness A {Key("a", 4, "log").vkey}\nquorum A\n',
        'member-twice': log + three + 'group G 1 W0 W0\nquorum G\n',
        'two-groups': log + three + 'group G 1 W0\ngroup H 1 W0\nquorum G\n',
        'k-zero': log + three + 'group G 0 W0\nquorum G\n', 'k-big': log + three + 'group G 2 W0\nquorum G\n',
        'k-padded': log + three + 'group G 01 W0\nquorum G\n', 'none-named': log + f'witness none {w[0].vkey}\nquorum none\n',
        'forward': log + 'quorum W0\n' + three, 'log-type': log.replace(LOG.vkey, w[0].vkey) + 'quorum none\n',
        'witness-type': log + f'witness A {OTHER.vkey}\nquorum A\n', 'empty-group': log + 'group G any\nquorum none\n',
        'words': log + 'quorum none extra\n', 'upper': log.upper() + 'quorum none\n',
    }
    for name, text in broken.items():
        write('policy-bad-' + name, text)
        bad('plain', 'policy: ' + name, 'policy', policy='policy-bad-' + name)


def plain_cases():
    r = Receipt(b'the first photo\n')
    good('plain', r)
    good('plain', r, policy='policy-two-keys', write_it=False)
    bad('plain', 'signed by another key of that log', 'bad_signature', policy='policy-other-key')
    bad('plain', 'a log that the policy does not name', 'unknown_log', policy='policy-foreign')
    bad('plain', 'an ML-DSA-44 witness is asked for', None, policy='policy-mldsa')
    del CASES[-1]['verdict']  # refused with the policy where ML-DSA is not available, for want of a quorum where it is
    for i, a in enumerate(['sha256', 'sha384', 'sha512', 'sha3-256', 'sha3-384', 'sha3-512']):
        good(f'digest-{a}', Receipt(b'digest ' + a.encode(), 'digest', a, index=i, size=6, clock='quorum'))
        good(f'commitment-{a}', Receipt(b'commitment ' + a.encode(), 'commitment', a, index=i + 7, size=100, counter=i,
                                        clock='upstream'))
    good('token', Receipt(b'0\x82 not really DER', 'token', 'sha384', name=None, index=127, size=128))
    good('name-none', Receipt(b'nameless', name=None))
    good('name-odd', Receipt(b'odd name', name=b'a b\n%\xff\xc3\xa9~.jpg'))
    good('name-long', Receipt(b'long name', name='x' * 255))
    good('file-empty', Receipt(b'', 'commitment', 'sha3-512', index=1, size=3))
    good('exact', Receipt(b'h is 0', h=0, tai_utc='unknown', clock='assumed'))
    good('earliest', Receipt(b't is 1', t=1, h=0, tai_utc='0', clock='system'))
    good('latest', Receipt(b't + h is the last', t=2**63 - 2, h=1, tai_utc='9999'))
    good('last-leaf', Receipt(b'lone last leaf', index=256, size=257))
    for i, n in [(0, 1), (0, 2), (1, 2), (4, 5), (2, 5), (63, 100)]:
        good(f'batch-{i}-of-{n}', Receipt(b'batched', 'batch', batch=(i, n), index=5, size=9))


def flip(data, at, bit=1):
    return data[:at] + bytes([data[at] ^ bit]) + data[at + 1:]


def broken_cases():
    data = b'a photo that somebody tampers with\n'

    def new(**k):
        return Receipt(data, **dict({'index': 5, 'size': 9}, **k))
    bad('bad-file', 'the file was changed', 'other_digest', new(), data=data + b'!')
    r = new()
    r.path[1] = flip(r.path[1], 31, 128)
    bad('bad-path-bit', 'a bit of the path', 'not_included', r)
    r = new()
    r.path.append(bytes(32))
    bad('bad-path-long', 'path too long', 'not_included', r)
    r = new()
    r.path.pop()
    bad('bad-path-short', 'path too short', 'not_included', r)
    r = new()
    r.root = flip(r.root, 0)
    bad('bad-root-bit', 'a bit of the root, not signed', 'bad_signature', r)
    r = new()
    r.root = flip(r.root, 0)
    bad('bad-root-signed', 'another root, signed', 'not_included', r.sign())
    r = new()
    r.index = 4
    bad('bad-index', 'wrong index', 'not_included', r)
    r = new()
    r.index = 9
    bad('bad-index-size', 'index is the size', 'not_included', r)
    r = new()
    r.salt = flip(r.salt, 7)
    bad('bad-salt', 'a bit of the salt', 'bad_commitment', r)
    r = new(kind='digest')
    r.digest = 'sha256:' + sha256(b'x').hex()
    bad('bad-digest', 'digest is not the subject', 'bad_commitment', r)
    bad('bad-signature-key', 'another key under the log\'s id', 'bad_signature',
        new().sign(LOG.line(OTHER.sign(new().body().encode())), log=None))
    bad('bad-signature-none', 'only a stranger signed', 'bad_signature',
        new().sign(STRANGER.cosign(new().body(), S0), log=None))
    r = new()
    bad('bad-signature-second', 'good and forged signature by the log', 'bad_signature', r.sign(LOG.line(bytes(64))))
    bad('bad-signature-length', 'a signature of 65 bytes', 'bad_signature',
        new().sign(LOG.line(LOG.sign(new().body().encode()) + b'\0'), log=None))
    r = new(kind='batch', batch=(3, 7))
    r.batch_path[0] = flip(r.batch_path[0], 3)
    bad('bad-batch-path', 'a bit of the batch path', 'bad_batch', r)
    for n in (6, 8):
        r = new(kind='batch', batch=(3, 7))
        r.batch = (3, n)
        bad(f'bad-batch-size-{n}', 'size of the batch', 'bad_batch', r)
    r = new(kind='batch', batch=(3, 7))
    r.batch = (7, 7)
    bad('bad-batch-index', 'index is the size', 'bad_batch', r)
    # The issuer must be the log, by one name, of our form.
    r = Receipt(data, issuer='stamp.example/taistamp/00112233445566fe')
    bad('bad-issuer-other', 'issuer is not the log', 'bad_issuer', r)
    r = Receipt(data, issuer='sum.example', origin='sum.example')
    bad('bad-origin', 'a log of other people\'s leaves', 'bad_issuer', r.sign(log=Key('sum.example', 1, 'foreign')),
        policy='policy-foreign')
    r = new()
    text = r.text()
    for name, why, new_text in [
            ('crlf', 'line ends', text.replace('\n', '\r\n')), ('cut', 'last byte missing', text[:-1]),
            ('longer', 'a byte more', text + '\n'), ('index-zero', 'leading zero', text.replace('index 5', 'index 05')),
            ('version', 'another version', text.replace('proof@v1', 'proof@v2')),
            ('no-extra', 'no extra', text.replace(text.split('\n')[1] + '\n', '')),
            ('base64-space', 'white space', text.replace('extra ', 'extra  ')),
            ('base64-bits', 'trailing bits', text.replace(b64(r.root), b64(r.root)[:-2] + chr(ord(b64(r.root)[-2]) + 1) + '=')),
            ('four-lines', 'checkpoint of four lines', text.replace(b64(r.root) + '\n', b64(r.root) + '\nmore\n')),
            ('hyphen', 'no em dash', text.replace('— ', '- ')),
            ('short', 'signature shorter than its id', text.replace(r.signatures, f'— {ORIGIN} AAAA\n'))]:
        bad('bad-text-' + name, why, 'format', r, text=new_text)
    e = r.extra()
    for name, why, extra in [
            ('version', 'another version', e.replace(b'extra/v1', b'extra/v2')),
            ('order', 'digest before name', b'\n'.join([e.split(b'\n')[i] for i in (0, 2, 1)] + e.split(b'\n')[3:])),
            ('twice', 'digest twice', e.replace(b'salt ', b'digest ' + r.digest.encode() + b'\nsalt ')),
            ('no-salt', 'no salt', b'\n'.join(e.split(b'\n')[:3] + e.split(b'\n')[4:])),
            ('batch', 'batch lines in a commitment', e.replace(b'\n\n', b'\nbatch 0 1\n\n')),
            ('no-empty', 'no empty line', e.replace(b'\n\n', b'\n')), ('unknown', 'unknown line', e.replace(b'\n\n', b'\nx y\n\n')),
            ('name-slash', 'a slash', e.replace(b'photo.jpg', b'a%2Fb')), ('name-nul', 'a NUL', e.replace(b'photo', b'%00')),
            ('name-plain', 'encoded without need', e.replace(b'photo', b'%70hoto')), ('name-empty', 'empty', e.replace(b'photo.jpg', b'')),
            ('closed-path', 'closed-path alone', e.replace(b'\n\n', b'\nclosed-path ' + b64(bytes(32)).encode() + b'\n\n'))]:
        assert extra != e, name
        bad('bad-extra-' + name, why, 'format', r, text=r.text(extra))


def broken_entries():
    digest = sha256(b'x').hex()
    lines = entry('digest', 'sha256:' + digest, T0, H0).decode()
    for name, old, new in [
            ('version', 'entry/v1', 'entry/v2'), ('issuer-plus', ORIGIN, 'a+b'), ('kind', 'kind digest', 'kind hash'),
            ('upper', digest, digest.upper()), ('short', digest, digest[2:]), ('algorithm', 'sha256:', 'sha1:'),
            ('commitment-sha512', 'kind digest\nsubject sha256:' + digest, 'kind commitment\nsubject sha512:' + digest * 2),
            ('t-zero', f'tai {T0}', 'tai 0'), ('t-plus', f'tai {T0}', f'tai +{T0}'), ('h-is-t', str(H0) + '\n', str(T0) + '\n'),
            ('sum', f'tai {T0} {H0}', f'tai {2**63 - 1} 1'), ('two-spaces', f'{T0} {H0}', f'{T0}  {H0}'),
            ('tai-utc', 'tai-utc 37', 'tai-utc 10000'), ('tai-utc-minus', 'tai-utc 37', 'tai-utc -1'), ('clock', 'gps', 'GPS'),
            ('more', 'gps\n', 'gps\nmore\n'), ('space', 'gps', 'gps ')]:
        assert old in lines, name
        r = Receipt(b'x', 'digest')
        r.entry = lines.replace(old, new).encode()
        r.place(0, 1)
        bad('bad-entry-' + name, 'entry: ' + name, 'format', r)


def witness_cases():
    w = WITNESSES
    end = 1_750_000_000 + 1  # TAI second at which POSIX second S0 ends

    def new(*who, **k):
        return Receipt(b'witnessed', index=2, size=7, **k).cosigned(*who)
    three = [(w[0], S0 + 2), (w[1], S0 + 1), (w[2], S0 + 5)]
    r = new(*three)
    good('witnessed', r, 'policy-3', independent=end + 2, void=False)
    good('witnessed', r, 'policy-3', 'trust-f0.yaml', independent=end + 1, void=False, write_it=False)
    good('witnessed', r, 'policy-3', 'trust-f2.yaml', independent=end + 5, void=False, write_it=False)
    good('witnessed', r, 'policy-3', 'trust-f3.yaml', independent=None, void=True, write_it=False)
    good('witnessed', r, 'policy-3', 'trust-lag1.yaml', independent=end + 2, void=True, write_it=False)
    good('witnessed', r, 'policy-1', independent=end + 2, void=False, write_it=False)
    good('witnessed', r, 'policy-3-none', independent=end + 2, void=False, write_it=False)
    good('witnessed', r, independent=None, void=False, write_it=False)
    bad('witnessed', 'nested quorum not met', 'no_quorum', policy='policy-nested')
    good('plain', Receipt(b'the first photo\n'), 'policy-3-none', independent=None, void=True, write_it=False)
    bad('plain', 'no witness', 'no_quorum', policy='policy-1')
    good('witnessed-nested', new((w[0], S0), (w[2], S0 + 3), (w[4], S0 + 9)), 'policy-nested', independent=end + 9, void=False)
    bad('bad-nested', 'one group short', 'no_quorum', new((w[0], S0), (w[3], S0), (w[4], S0)), policy='policy-nested')
    good('witnessed-stranger', new(*three[:2], (STRANGER, 1)), 'policy-3', independent=end + 2, void=False)
    good('witnessed-zero', new((w[0], 0), *three[1:]), 'policy-3', independent=end + 5, void=False)
    good('witnessed-zero-and-time', new((w[0], 0), (w[0], S0), three[1]), 'policy-3', independent=end + 1, void=False)
    good('witnessed-liar', new((w[0], 1), *three[1:]), 'policy-3', independent=end + 1, void=False)
    good('witnessed-liars', new((w[0], 1), (w[1], 2)), 'policy-3', independent=None, void=True)
    good('witnessed-far', new((w[0], 2**63 - 1), (w[1], 2**63 - 1)), 'policy-3', independent=None, void=True)
    good('witnessed-again', new((w[0], S0 + 50), (w[0], S0), three[1]), 'policy-3', independent=end + 1, void=False)
    # T0 + H0 + 60 s lies inside POSIX second S0 + 60: the end of S0 + 59 is inside the lag, that of S0 + 60 is not.
    good('witnessed-lag-in', new((w[0], S0 + 59), (w[1], S0 + 59)), 'policy-3', independent=end + 59, void=False)
    good('witnessed-lag-out', new((w[0], S0 + 60), (w[1], S0 + 60)), 'policy-3', independent=end + 60, void=True)
    exact = 1_750_000_000 * 10**9 - H0
    good('witnessed-lag-exact', new((w[0], S0 + 59), (w[1], S0 + 59), t=exact), 'policy-3', independent=end + 59, void=False)
    good('witnessed-lag-1ns', new((w[0], S0 + 59), (w[1], S0 + 59), t=exact - 1), 'policy-3', independent=end + 59, void=True)
    # Around the leap second of 2016-12-31: POSIX 1483228799 ends after second 60, at TAI 1483228837.
    leap = 1483228800
    t = (leap + 35) * 10**9
    good('witnessed-leap-before', new((w[0], leap - 2), (w[1], leap - 2), t=t, tai_utc='36'), 'policy-3',
         independent=leap + 35, void=False)
    good('witnessed-leap', new((w[0], leap - 1), (w[1], leap - 1), t=t, tai_utc='36'), 'policy-3', independent=leap + 37,
         void=False)
    bad('bad-witness-one', 'one of two', 'no_quorum', new(three[0]), policy='policy-3')
    bad('bad-witness-twice', 'one witness twice', 'no_quorum', new(three[0], (w[0], S0 + 9)), policy='policy-3')
    r = new(*three)
    forged = w[2].line(S0.to_bytes(8, 'big') + bytes(64))
    bad('bad-witness-forged', 'forged beside enough good ones', 'bad_signature',
        r.sign(*[k.cosign(r.body(), s) for k, s in three], forged), policy='policy-3')
    moved = w[1].line((S0 - 9).to_bytes(8, 'big') + w[1].sign(f'cosignature/v1\ntime {S0}\n{r.body()}'.encode()))
    bad('bad-witness-time', 'time outside the signature', 'bad_signature', r.sign(three[0][0].cosign(r.body(), S0), moved),
        policy='policy-3')
    huge = 2**63
    bad('bad-witness-huge', 'a time beyond 2^63 - 1', 'bad_signature',
        r.sign(w[0].cosign(r.body(), S0), w[1].cosign(r.body(), huge)), policy='policy-3')
    other = Receipt(b'another tree', index=2, size=7)
    bad('bad-witness-other', 'cosignature of another tree', 'bad_signature',
        r.sign(w[0].cosign(other.body(), S0), w[1].cosign(r.body(), S0)), policy='policy-3')


def trust_cases():
    for name, text in {'f0': 'f: 0\n', 'f2': 'f: 2\n', 'f3': 'f: 3\n', 'lag1': 'max_lag_s: 1\n', 'empty': '', 'comment': '# all defaults\n',
                       'upstream': 'min_clock: upstream\n', 'quorum': "min_clock: 'quorum' # or better\n", 'tight': 'max_half_width_ns: 249999\n',
                       'fits': 'max_half_width_ns: 250000\n'}.items():
        write(f'trust-{name}.yaml', text)
    good('commitment-sha256', Receipt(b'commitment sha256', index=7, size=100, clock='upstream'), trust='trust-upstream.yaml', write_it=False)
    bad('digest-sha256', 'quorum is below upstream', 'clock_too_weak', trust='trust-upstream.yaml')
    good('digest-sha256', Receipt(b'digest sha256', 'digest', size=6, clock='quorum'), trust='trust-quorum.yaml', write_it=False)
    bad('exact', 'assumed is below quorum', 'clock_too_weak', trust='trust-quorum.yaml')
    plain = Receipt(b'the first photo\n')
    bad('plain', 'too uncertain', 'too_uncertain', trust='trust-tight.yaml')
    for t in ('fits', 'empty', 'comment'):
        good('plain', plain, trust=f'trust-{t}.yaml', write_it=False)
    broken = {'unknown': 'max_lag: 1\n', 'twice': 'f: 1\nf: 1\n', 'tab': 'f:\t1\n', 'sign': 'f: -1\n', 'quoted': 'f: "1"\n', 'octal': 'f: 01\n',
              'word': 'min_clock: GPS\n', 'flow': 'closed: []\n', 'null': 'min_clock:\n', 'no-items': 'closed:\n', 'no-end': 'f: 1',
              'half': f'closed:\n  - origin: {ORIGIN}\n    size: 1\n', 'item-twice': f'closed:\n  - size: 1\n    size: 1\n',
              'separator': '# x\u2028f: 1\n', 'document': '---\nf: 1\n', 'stray': '  f: 1\n', 'crlf': 'f: 1\r\n'}
    for name, text in broken.items():
        write(f'trust-bad-{name}.yaml', text)
        bad('plain', 'trust file: ' + name, 'trust', trust=f'trust-bad-{name}.yaml')


def closed_cases():
    def new(**k):
        return Receipt(b'of a log that has ended', index=11, size=20, **k)
    r = new()
    closing = r.close(37)
    write('trust-closed.yaml', f'# ended\nclosed:\n- origin: other.example/taistamp/0000000000000000\n  size: 1\n  root: "{b64(bytes(32))}"\n'
          f'-   root: {b64(closing)}\n    origin: {ORIGIN}   # this one\n    size: 37\n\nmax_lag_s: 5\n')
    good('closed', r, trust='trust-closed.yaml')
    good('closed', r, write_it=False)
    bad('plain', 'no closed lines', 'not_closed_in', trust='trust-closed.yaml')
    r = new()
    r.close(37)
    r.closed = (36, r.closed[1])
    bad('bad-closed-size', 'another size', 'not_closed_in', r, trust='trust-closed.yaml')
    r = new()
    r.close(37)
    r.closed[1][2] = flip(r.closed[1][2], 0)
    bad('bad-closed-path', 'a bit of the path', 'not_closed_in', r, trust='trust-closed.yaml')
    good('bad-closed-path', r, write_it=False)
    r = new()
    r.close(37)
    r.closed[1].append(bytes(32))
    bad('bad-closed-long', 'path too long', 'not_closed_in', r, trust='trust-closed.yaml')


policies()
plain_cases()
broken_cases()
broken_entries()
witness_cases()
trust_cases()
closed_cases()
about = ('NAME.tai with NAME.file, verified against `policy` (or the case\'s own policy and trust files) and the leap table '
         'of this source tree. `verdict` says what refuses: reading the policy, the trust file or the receipt ("policy", '
         '"trust", "format"), or the verifier\'s verdict. With claim_void the proof holds but the issuer\'s time does not.')
write('cases.json', json.dumps({'about': about, 'cases': CASES}, indent=1) + '\n')
