#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Habits that a program can see: no leftover marks of unfinished work, a licence line in every source, no file beyond
600 lines, ARCHITECTURE.md within 300, no tabs or trailing blanks in C."""
import os
import re
import sys

# Written in pieces, so that this file passes its own rule.
MARKS = re.compile(r'\b(' + '|'.join(['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK', 'TB' + 'D',
                                      'place' + 'holder', 'not yet ' + 'implemented']) + r')\b')
SOURCE = ('.c', '.h', '.py', '.sh', '.mk', '.am', '.ac')
TEXT = SOURCE + ('.md', '.yaml', '.in', '.map', '.1', '.3', '.5', '.8')
LINES_MAX, ARCHITECTURE_MAX = 600, 300


def files(top):
    for folder, dirs, names in os.walk(top):
        rel = os.path.relpath(folder, top)
        dirs[:] = sorted(d for d in dirs if not (rel == '.' and (d.startswith('build') or d in (
            '.git', 'm4', 'autom4te.cache', '_build', '_inst'))) and d not in ('corpus', 'vectors', '__pycache__'))
        for name in sorted(names):
            if rel == '.' and name in ('aclocal.m4', 'configure', 'config.h', 'config.h.in', 'Makefile.in',
                                       'config.h.in~', 'configure~'):
                continue
            yield os.path.normpath(os.path.join(rel, name))


def is_script(path):
    try:
        with open(path, 'rb') as f:
            return f.read(2) == b'#!'
    except OSError:
        return False


def check(top):
    broken, seen = [], 0
    for path in files(top):
        full = os.path.join(top, path)
        script = is_script(full)
        if not (path.endswith(TEXT) or script):
            continue
        seen += 1
        with open(full, encoding='utf-8', errors='replace') as f:
            lines = f.read().split('\n')
        limit = ARCHITECTURE_MAX if path == 'ARCHITECTURE.md' else LINES_MAX
        if len(lines) - 1 > limit:
            broken.append(f'{path}: {len(lines) - 1} lines, {limit} is the ceiling')
        for number, line in enumerate(lines, 1):
            if MARKS.search(line):
                broken.append(f'{path}:{number}: {line.strip()[:80]}')
            if path.endswith(('.c', '.h')) and ('\t' in line or line != line.rstrip()):
                broken.append(f'{path}:{number}: tab or trailing blank')
        if path.endswith(('.c', '.h', '.py')) and not any('SPDX-License-Identifier: Apache-2.0' in line
                                                          for line in lines[:3]):
            broken.append(f'{path}: no SPDX line')
    return seen, broken


def main():
    seen, broken = check(os.environ.get('top_srcdir', '.'))
    for line in broken:
        print(line)
    print(f'{seen} files looked at, {len(broken)} remarks')
    return 1 if broken or not seen else 0


if __name__ == '__main__':
    sys.exit(main())
