#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws the true error of one node against time, inside the half-width that it published, as SVG.

usage: plot.py OFFSET-FILE COLUMN TRACKING-LOG OUT.svg [TITLE] [PEER-OFFSET-FILE PEER-COLUMN PEER-NAME]
OFFSET-FILE is clknetsim's -o log (one row a second, one column a node); TRACKING-LOG is taid's clock.tracking_log. The
axis is linear up to 1 us and logarithmic beyond, for the band is a hundred times the error."""
import math
import sys
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 960, 440, 78, 18, 44, 64
INK, BAND, LINE, PEER = '#202428', '#dbe7f5', '#1f5fa8', '#c96a2b'
TICKS = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2]


def squash(seconds):
    """Linear within 1 us, then one unit a decade."""
    us = abs(seconds) * 1e6
    v = us if us <= 1 else 1 + math.log10(us)
    return math.copysign(v, seconds)


def column(path, index):
    with open(path, encoding='ascii') as file:
        return [float(row.split()[index - 1]) for row in file if row.strip()]


def half_widths(path):
    """Half-width in seconds by whole second since the log's first line; the log names its columns in its first line."""
    rows, names = {}, None
    first = None
    with open(path, encoding='ascii') as file:
        for row in file:
            words = row.split()
            if row.startswith('#'):
                names = words[1:]
                continue
            record = dict(zip(names, words))
            at = int(record['realtime_ns']) / 1e9
            first = at if first is None else first
            if record['half_width_ns'] != '-':
                rows[round(at)] = int(record['half_width_ns']) / 1e9
    return rows


def thin(points, bins):
    """Smallest and largest of each bin, so that no spike is lost."""
    size = max(1, len(points) // bins)
    for i in range(0, len(points), size):
        part = points[i:i + size]
        yield part[0][0], min(v for _, v in part), max(v for _, v in part)


def main():
    offset_file, index, tracking, out = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    title = sys.argv[5] if len(sys.argv) > 5 else 'True error inside the published band'
    peer = sys.argv[6:9] if len(sys.argv) > 8 else None
    errors = column(offset_file, index)
    widths = half_widths(tracking)
    base = min(widths) if widths else 0
    seconds = len(errors)
    top = squash(max([max(abs(e) for e in errors[10:])] + list(widths.values()) + [2e-6])) * 1.05
    span_x, span_y = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(t):
        return LEFT + span_x * t / seconds

    def y(v):
        return TOP + span_y / 2 - span_y / 2 * max(-1.0, min(1.0, squash(v) / top))

    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
           f'<text x="{LEFT}" y="26" font-size="16" fill="{INK}">{escape(title)}</text>']
    band = [(t - base, h) for t, h in sorted(widths.items()) if 0 <= t - base <= seconds]
    if band:
        bins = [(t, hi) for t, _, hi in thin(band, 480)]
        outline = ' '.join(f'{x(t):.1f},{y(h):.1f}' for t, h in bins) + ' ' + ' '.join(
            f'{x(t):.1f},{y(-h):.1f}' for t, h in reversed(bins))
        svg.append(f'<polygon points="{outline}" fill="{BAND}"/>')
    for tick in [0.0] + TICKS:
        for v in ({0.0} if tick == 0 else {tick, -tick}):
            if abs(squash(v)) > top:
                continue
            label = '0' if v == 0 else (f'{v * 1e3:g} ms' if abs(v) >= 1e-3 else f'{v * 1e6:g} µs').replace('-', '−')
            svg.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(v):.1f}" y2="{y(v):.1f}" stroke="#c8ccd0" stroke-width="0.7"/>')
            svg.append(f'<text x="{LEFT - 8}" y="{y(v) + 4:.1f}" text-anchor="end" fill="{INK}">{label}</text>')

    def trace(values, colour, width):
        path = []
        for t, low, high in thin(list(enumerate(values)), 900):
            path.append(f'{x(t):.1f},{y(low):.1f} {x(t):.1f},{y(high):.1f}')
        svg.append(f'<polyline points="{" ".join(path)}" fill="none" stroke="{colour}" stroke-width="{width}"/>')

    if peer:
        trace(column(peer[0], int(peer[1])), PEER, 0.7)
    trace(errors, LINE, 0.9)
    hours = seconds / 3600
    step = next(s for s in (0.25, 0.5, 1, 2, 4, 6, 12, 24) if hours / s <= 8)
    k = 0
    while k * step <= hours:
        svg.append(f'<text x="{x(k * step * 3600):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle" fill="{INK}">{k * step:g} h</text>')
        k += 1
    keys = [(LINE, 'true error of the clock'), (BAND, 'published half-width')] + ([(PEER, peer[2])] if peer else [])
    at = LEFT
    for colour, label in keys:
        svg.append(f'<rect x="{at}" y="{HEIGHT - 26}" width="22" height="10" fill="{colour}"/>')
        svg.append(f'<text x="{at + 28}" y="{HEIGHT - 17}" fill="{INK}">{escape(label)}</text>')
        at += 60 + 8 * len(label)
    svg.append('</svg>')
    with open(out, 'w', encoding='utf-8') as file:
        file.write('\n'.join(svg) + '\n')


if __name__ == '__main__':
    main()
