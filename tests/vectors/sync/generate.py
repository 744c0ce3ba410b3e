#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The golden vectors of docs/PROTOCOL.md, written from that text and not with the code that they test.

Usage: generate.py FOLDER   writes FOLDER/TYPE.bin, one good datagram of each type, and FOLDER/rejected.txt, a line
"NAME VERDICT HEX" for each datagram that must be refused; FOLDER/nonces.txt, lines "USE PEER COUNTER HEX". Key and
secret are the 32 bytes 0x40 to 0x5f."""
import hashlib
import hmac
import os
import struct
import sys

KEY = bytes(range(0x40, 0x60))
OTHER_KEY = bytes(range(0x41, 0x61))
TYPES = {'hello': 1, 'hello_reply': 2, 'poll': 3, 'reply': 4, 'follow_up': 5, 'correction': 6, 'heartbeat': 7,
         'heartbeat_ack': 8, 'pre_vote': 9, 'pre_vote_reply': 10, 'vote': 11, 'vote_reply': 12, 'accusation': 13,
         'certificate': 14, 'goodbye': 15}
BODY_AT, CODE = 72, 32
UNBOUNDED = 2**63 - 1
INSTANT_MAX = 8 * 10**18


def run(first, n):
    return bytes((first + i) % 256 for i in range(n))


def zeroes(n):
    return bytes(n)


def u8(v):
    return struct.pack('>B', v)


def u16(v):
    return struct.pack('>H', v)


def u32(v):
    return struct.pack('>I', v)


def u64(v):
    return struct.pack('>Q', v)


def i32(v):
    return struct.pack('>i', v)


def i64(v):
    return struct.pack('>q', v)


LINE = (u64(0x1112131415161718) + i64(50000000001) + i64(1700000037000000002) + i64(20003) + i64(-12000004)
        + i64(110000000006) + i32(50005) + u8(1) + u8(2) + zeroes(10))
REFERENCE = (u8(1) + u8(3) + u16(0x0a0b) + i32(15013) + i64(49000000010) + i64(1700000036000000011) + i64(UNBOUNDED)
             + i64(777000012))
LEAP = i32(37) + i32(38) + i64(1798761637000000000) + i64(1800000037000000000)
STAMPS = u64(0x2122232425262728) + u64(0x1112131415161718) + i64(50000100007) + i64(50000200008) + i64(309)


def vote(handover):
    return (u32(7) + u32(0x01020304) + u64(19) + u64(17) + u8(handover) + zeroes(7)
            + u64(0x6162636465666768) + run(0x60, 32)
            + run(0x80, 64))


def vote_reply(granted, reason):
    return (u32(7) + u8(granted) + u8(reason) + zeroes(2) + u64(19) + u64(18)
            + u64(0x6162636465666768) + zeroes(8) + run(0x60, 32)
            + run(0x80, 64))


BODIES = {
    'hello': u64(0x3132333435363738) + u64(0) + u32(5) + u32(0) + u8(2) + zeroes(39),
    'hello_reply': u64(0x4142434445464748) + u64(0x3132333435363738) + u32(6) + u32(4) + u8(1) + zeroes(39),
    'poll': u64(0x2122232425262728) + u32(3) + u32(16000) + zeroes(328),
    'reply': (STAMPS + LINE + REFERENCE + LEAP + i64(-3000014) + u32(50015) + u32(0xf1f2f3f4) + u32(2 | 4)
              + u16(0x0102) + u8(3) + u8(2) + zeroes(8)),
    'follow_up': STAMPS,
    'correction': LINE + u64(0x5152535455565758) + LEAP + u32(9) + u32(1000) + zeroes(8),
    'heartbeat': i64(-2) + u32(2500) + u32(9) + u32(0x01020304) + zeroes(20) + run(0x20, 32),
    'heartbeat_ack': i64(-2) + u32(0x01020305) + u8(0) + u8(4) + zeroes(10),
    'pre_vote': vote(0),
    'pre_vote_reply': vote_reply(0, 3),
    'vote': vote(1),
    'vote_reply': vote_reply(1, 0),
    'accusation': (u32(8) + u8(4) + zeroes(3) + u64(18) + i64(-5000016) + i64(20017) + i64(30018) + zeroes(24)
                   + run(0x80, 64)),
    'certificate': (u64(19) + u32(5) + u32(7) + u8(3) + zeroes(7) + run(0x60, 32)
                    + u32(2) + run(0x10, 64) + u32(5) + run(0x20, 64) + u32(8) + run(0x30, 64) + zeroes(8 * 68)),
    'goodbye': u32(9) + u8(3) + zeroes(11),
}


def header(name, length):
    return (b'TAI' + u8(1) + u8(TYPES[name]) + u8(0) + u16(length) + u64(0xc1c2c3c4c5c6c7c8) + u32(7) + u32(0xd1d2d3d4)
            + u64(0xa1a2a3a4a5a6a7a8) + u64(0 if name == 'hello' else 0xb1b2b3b4b5b6b7b8) + u64(18)
            + u64(0x0000000100000002) + i64(1700000037123456789) + u32(42) + u32(5))


def sealed(covered, key=KEY):
    return covered + hmac.new(key, covered, hashlib.sha256).digest()


def good(name):
    body = BODIES[name]
    return sealed(header(name, BODY_AT + len(body) + CODE) + body)


def put(name, at, field, key=KEY):
    """The good datagram with a field overwritten, and a right code again."""
    covered = bytearray(good(name)[:-CODE])
    covered[at:at + len(field)] = field
    return sealed(bytes(covered), key)


def flipped(datagram, at):
    changed = bytearray(datagram)
    changed[at] ^= 0x10
    return bytes(changed)


# Fields of the header that are out of range: what, where, bytes.
BAD_HEADERS = [
    ('flags', 5, u8(1)), ('no_sender', 16, u32(0)), ('no_receiver', 20, u32(0)), ('reflected', 20, u32(7)),
    ('no_sender_session', 24, u64(0)), ('no_receiver_session', 32, u64(0)), ('sequence_0', 48, u64(0)),
    ('hlc_negative', 56, i64(-1)), ('hlc_beyond', 56, i64(INSTANT_MAX + 1)),
]

# The same of bodies, offsets within the body.
LINE_RULES = [
    ('raw_negative', 8, i64(-1)), ('raw_beyond', 8, i64(INSTANT_MAX + 1)), ('tai_beyond', 16, i64(INSTANT_MAX + 1)),
    ('tai_below', 16, i64(-INSTANT_MAX - 1)), ('width_negative', 24, i64(-1)), ('width_between', 24, i64(10**18 + 1)),
    ('rate_beyond', 32, i64(10**9 + 1)), ('rate_below', 32, i64(-10**9 - 1)), ('expires_negative', 40, i64(-1)),
    ('growth_negative', 48, i32(-1)), ('growth_beyond', 48, i32(10**6 + 1)), ('status_beyond', 52, u8(6)),
    ('source_beyond', 53, u8(5)), ('line_reserved_first', 54, u8(1)), ('line_reserved_last', 63, u8(1)),
    ('no_line_timeline', 0, u64(0)),
]
LEAP_RULES = [('tai_utc_beyond', 0, i32(1001)), ('next_tai_utc_below', 4, i32(-1001)),
              ('next_beyond', 8, i64(INSTANT_MAX + 1)), ('leap_expires_below', 16, i64(-INSTANT_MAX - 1))]
STAMPS_RULES = [('no_nonce', 0, u64(0)), ('no_timeline', 8, u64(0)), ('t2_negative', 16, i64(-1)),
                ('t3_beyond', 24, i64(INSTANT_MAX + 1)), ('stamp_width_negative', 32, i64(-1)),
                ('stamp_width_beyond', 32, i64(10**9 + 1))]


def at(offset, rules):
    return [(what, offset + where, field) for what, where, field in rules]


VOTE_RULES = [('no_candidate', 0, u32(0)), ('no_term', 8, u64(0)), ('handover_2', 24, u8(2)),
              ('reserved_first', 25, u8(1)), ('reserved_last', 31, u8(1))]
VOTE_REPLY_RULES = [('no_candidate', 0, u32(0)), ('granted_2', 4, u8(2)), ('reason_beyond', 5, u8(9)),
                    ('reserved_6', 6, u8(1)), ('no_term', 8, u64(0)), ('reserved_first', 32, u8(1)),
                    ('reserved_last', 39, u8(1))]
BAD_BODIES = {
    'hello': [('no_nonce', 0, u64(0)), ('echo', 8, u64(1)), ('role_0', 24, u8(0)), ('role_3', 24, u8(3)),
              ('reserved_first', 25, u8(1)), ('reserved_last', 63, u8(1))],
    'hello_reply': [('no_echo', 8, u64(0)), ('role_0', 24, u8(0)), ('reserved_first', 25, u8(1)),
                    ('reserved_last', 63, u8(1))],
    'poll': [('no_nonce', 0, u64(0)), ('flags_4', 8, u32(4)), ('reserved_first', 16, u8(1)),
             ('reserved_last', 343, u8(1))],
    'reply': (STAMPS_RULES + at(40, LINE_RULES)
              + [('present_2', 104, u8(2)), ('absent_not_empty', 104, u8(0)), ('kind_beyond', 105, u8(5)),
                 ('reference_growth_negative', 108, i32(-1)), ('reference_raw_negative', 112, i64(-1)),
                 ('reference_width_negative', 128, i64(-1)), ('reference_rate_beyond', 136, i64(10**9 + 1))]
              + at(144, LEAP_RULES)
              + [('frequency_beyond', 168, i64(10**9 + 1)), ('rho_beyond', 176, u32(10**6 + 1)),
                 ('flags_1', 184, u32(1)), ('oscillator_16', 190, u8(16)), ('state_4', 191, u8(4)),
                 ('reserved_first', 192, u8(1)), ('reserved_last', 199, u8(1))]),
    'follow_up': STAMPS_RULES,
    'correction': (LINE_RULES + [('number_0', 64, u64(0))] + at(72, LEAP_RULES)
                   + [('reserved_first', 104, u8(1)), ('reserved_last', 111, u8(1))]),
    'heartbeat': [('lease_0', 8, u32(0)), ('reserved_first', 20, u8(1)), ('reserved_last', 39, u8(1))],
    'heartbeat_ack': [('granted_2', 12, u8(2)), ('granted_with_reason', 12, u8(1)), ('reason_beyond', 13, u8(9)),
                      ('refused_without', 13, u8(0)), ('reserved_first', 14, u8(1)), ('reserved_last', 23, u8(1))],
    'pre_vote': VOTE_RULES,
    'vote': VOTE_RULES,
    'pre_vote_reply': VOTE_REPLY_RULES + [('granted_with_reason', 4, u8(1))],
    'vote_reply': VOTE_REPLY_RULES + [('granted_with_reason', 5, u8(1)), ('refused_without', 4, u8(0))],
    'accusation': [('no_accused', 0, u32(0)), ('reason_0', 4, u8(0)), ('reason_6', 4, u8(6)), ('reserved_5', 5, u8(1)),
                   ('no_term', 8, u64(0)), ('offset_beyond', 16, i64(INSTANT_MAX + 1)),
                   ('measured_negative', 24, i64(-1)), ('claimed_between', 32, i64(10**18 + 1)),
                   ('reserved_first', 40, u8(1)), ('reserved_last', 63, u8(1))],
    'certificate': [('no_term', 0, u64(0)), ('no_master', 12, u32(0)), ('count_0', 16, u8(0)), ('count_12', 16, u8(12)),
                    ('count_2', 16, u8(2)), ('count_4', 16, u8(4)), ('reserved_first', 17, u8(1)),
                    ('voter_twice', 56 + 68, u32(2)), ('voters_fall', 56 + 136, u32(4)),
                    ('voter_past_count', 56 + 3 * 68, u32(9)), ('signature_past_count', 56 + 11 * 68 - 1, u8(1))],
    'goodbye': [('reason_0', 4, u8(0)), ('reason_8', 4, u8(8)), ('reserved_first', 5, u8(1)),
                ('reserved_last', 15, u8(1))],
}


def rejected():
    for name in TYPES:
        datagram = good(name)
        end = len(datagram)
        yield f'{name}_flipped_term', 'forged', flipped(datagram, 40)
        yield f'{name}_flipped_body', 'forged', flipped(datagram, BODY_AT)
        yield f'{name}_flipped_body_end', 'forged', flipped(datagram, end - CODE - 1)
        yield f'{name}_flipped_code', 'forged', flipped(datagram, end - CODE)
        yield f'{name}_flipped_code_end', 'forged', flipped(datagram, end - 1)
        yield f'{name}_other_key', 'forged', put(name, 0, b'', OTHER_KEY)
        yield f'{name}_magic', 'magic', put(name, 0, b'tai')
        yield f'{name}_version_2', 'other_version', put(name, 3, u8(2))
        yield f'{name}_type_0', 'other_type', put(name, 4, u8(0))
        yield f'{name}_type_16', 'other_type', put(name, 4, u8(16))
        yield f'{name}_length_less', 'length', put(name, 6, u16(end - 1))
        yield f'{name}_as_another', 'length', put(name, 4, u8(TYPES['poll' if name != 'poll' else 'reply']))
        yield f'{name}_without_last_byte', 'length', datagram[:-1]
        yield f'{name}_with_one_byte_more', 'long' if end + 1 > 908 else 'length', datagram + b'\0'
        yield f'{name}_header_and_code_less_one', 'short', datagram[:BODY_AT + CODE - 1]
        for what, where, field in BAD_HEADERS if name in ('hello', 'goodbye') else []:
            if name == 'hello' and what == 'no_receiver_session':
                what, field = 'receiver_session', u64(1)
            yield f'{name}_{what}', 'malformed', put(name, where, field)
        for what, where, field in BAD_BODIES[name]:
            yield f'{name}_{what}', 'malformed', put(name, BODY_AT + where, field)
    yield 'nothing', 'short', b''
    yield 'longest_ip', 'long', zeroes(1232)


def nonce(secret, use, peer, counter):
    return hmac.new(secret, b'taistamp.nonce/v1\n' + u8(use) + u32(peer) + u64(counter), hashlib.sha256).digest()[:8]


def main():
    folder = sys.argv[1]
    for name in TYPES:
        with open(os.path.join(folder, name + '.bin'), 'wb') as f:
            f.write(good(name))
    with open(os.path.join(folder, 'rejected.txt'), 'w', encoding='ascii') as f:
        for name, verdict, datagram in rejected():
            f.write(f'{name} {verdict} {datagram.hex() or "-"}\n')
    with open(os.path.join(folder, 'nonces.txt'), 'w', encoding='ascii') as f:
        for use, peer, counter in (1, 7, 0), (1, 7, 1), (2, 7, 1), (3, 0xd1d2d3d4, 2**64 - 1):
            f.write(f'{use} {peer} {counter} {nonce(KEY, use, peer, counter).hex()}\n')


if __name__ == '__main__':
    main()
