#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes logs of receivers that never were, for gpsfake: NMEA 0183 and u-blox UBX, each sentence with its checksum.

Usage: gps_logs.py nmea|ubx FILE [--start POSIX-SECOND] [--seconds N] [--leap SECONDS] [--lose FROM:TO]

NMEA says no count of leap seconds; UBX says --leap (GPS-UTC, default 18) in NAV-TIMEGPS. With --lose there is no fix in those
seconds of the log. A second of an NMEA log is NMEA_SENTENCES sentences, of a UBX log UBX_PACKETS packets."""
import argparse
import struct
import time

GPS_EPOCH = 315964800
NMEA_SENTENCES, UBX_PACKETS = 7, 4
LAT, LON, HEIGHT = 48.1234567, 11.5678901, 519.5
# constellation as u-blox counts, satellite, C/N0, elevation, azimuth, used
SKY = [(0, 2, 44, 61, 88, 1), (0, 5, 41, 47, 210, 1), (0, 13, 38, 33, 140, 1), (0, 15, 47, 78, 12, 1), (0, 24, 35, 22, 301, 1),
       (0, 29, 0, 9, 45, 0), (6, 4, 39, 41, 171, 1), (6, 11, 36, 28, 255, 1), (2, 7, 43, 52, 66, 1), (2, 30, 40, 37, 320, 1)]


def sentence(body):
    total = 0
    for c in body.encode():
        total ^= c
    return f'${body}*{total:02X}\r\n'.encode()


def degrees(value, width, positive, negative):
    whole = int(abs(value))
    return f'{whole:0{width}d}{(abs(value) - whole) * 60:07.4f},{positive if value >= 0 else negative}'


def views(talker, constellation, offset):
    mine = [s for s in SKY if s[0] == constellation]
    parts = [mine[i:i + 4] for i in range(0, len(mine), 4)]
    for i, part in enumerate(parts):
        cells = ','.join(f'{s[1] + offset:02d},{s[3]:02d},{s[4]:03d},{s[2] or ""}' for s in part)
        yield sentence(f'{talker}GSV,{len(parts)},{i + 1},{len(mine):02d},{cells}')


def nmea_second(utc_s, fix):
    t = time.gmtime(utc_s)
    clock, date = time.strftime('%H%M%S.00', t), time.strftime('%d%m%y', t)
    place = f'{degrees(LAT, 2, "N", "S")},{degrees(LON, 3, "E", "W")}' if fix else ',,,'
    used = ','.join(f'{s[1]:02d}' for s in SKY if s[0] == 0 and s[5])
    yield sentence(f'GPRMC,{clock},{"A" if fix else "V"},{place},0.00,0.00,{date},,,{"A" if fix else "N"}')
    yield sentence(f'GPGGA,{clock},{place},{1 if fix else 0},{9 if fix else 0:02d},0.9,{HEIGHT},M,47.0,M,,')
    yield sentence(f'GPGSA,A,{3 if fix else 1},{used},,,,,,,,1.6,0.9,1.3')
    yield from views('GP', 0, 0)
    yield from views('GL', 6, 64)
    yield sentence(time.strftime('GPZDA,%H%M%S.00,%d,%m,%Y,00,00', t))


def packet(group, number, payload):
    body = bytes([group, number]) + struct.pack('<H', len(payload)) + payload
    a = b = 0
    for byte in body:
        a = (a + byte) & 255
        b = (b + a) & 255
    return b'\xb5\x62' + body + bytes([a, b])


def ubx_second(utc_s, fix, leap):
    gps_s = utc_s - GPS_EPOCH + leap
    week, tow_ms = gps_s // 604800, gps_s % 604800 * 1000
    t = time.gmtime(utc_s)
    used = sum(s[5] for s in SKY) if fix else 0
    yield packet(0x01, 0x20, struct.pack('<IiHbBI', tow_ms, 0, week, leap, 7, 30))  # NAV-TIMEGPS
    yield packet(0x01, 0x07, struct.pack(  # NAV-PVT
        '<IHBBBBBBIiBBBBiiiiIIiiiiiIIHH4xih2x', tow_ms, t.tm_year, t.tm_mon, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, 7, 30, 0,
        3 if fix else 0, 1 if fix else 0, 0, used, round(LON * 1e7), round(LAT * 1e7), round(HEIGHT * 1000) + 47000,
        round(HEIGHT * 1000), 1500, 2500, 0, 0, 0, 0, 0, 100, 18000, 160, 0, 0, 0))
    yield packet(0x01, 0x04, struct.pack('<I7H', tow_ms, 190, 160, 90, 130, 90, 60, 70))  # NAV-DOP
    cells = b''.join(struct.pack('<BBBbhhI', s[0], s[1], s[2], s[3], s[4], 0, (0x1F if s[5] and fix else 0x14)) for s in SKY)
    yield packet(0x01, 0x35, struct.pack('<IBBH', tow_ms, 1, len(SKY), 0) + cells)  # NAV-SAT


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('form', choices=('nmea', 'ubx'))
    parser.add_argument('file')
    parser.add_argument('--start', type=int, default=1781000000)
    parser.add_argument('--seconds', type=int, default=20)
    parser.add_argument('--leap', type=int, default=18)
    parser.add_argument('--lose', default='0:0')
    o = parser.parse_args()
    lose_from, lose_to = map(int, o.lose.split(':'))
    with open(o.file, 'wb') as log:
        for i in range(o.seconds):
            fix = not lose_from <= i < lose_to
            second = nmea_second(o.start + i, fix) if o.form == 'nmea' else ubx_second(o.start + i, fix, o.leap)
            parts = list(second)
            assert len(parts) == (NMEA_SENTENCES if o.form == 'nmea' else UBX_PACKETS), len(parts)
            log.write(b''.join(parts))


if __name__ == '__main__':
    main()
