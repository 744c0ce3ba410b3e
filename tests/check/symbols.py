#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What pure code needs and holds, from its object code.

Undefined symbols of each pure archive may be defined in the archives before it (base, then time, then sync and proof,
then the cores), be mem*/str* of C, tai_bug, or support symbols of the compiler (with the sanitizers': theirs). And no
object may hold writable data: .data, .bss and common symbols are mutable globals (.data.rel.ro is constant data that
holds addresses, written by the loader only).

Usage: symbols.py ARCHIVE...   in the order in which they may use each other; exit 1 when a rule is broken.
With top_srcdir set it also wants every .c file of a pure folder to be in one of the archives."""
import glob
import os
import re
import subprocess
import sys

LIBC = re.compile(r'(mem(cpy|move|set|cmp|chr|rchr|mem)|str(n?len|n?cmp|n?cpy|chr|rchr|spn|cspn|str|pbrk))$')
COMPILER = re.compile(r'(__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__(u?div|u?mod|mul|ashl|ashr|lshr)[a-z]*[0-9]'
                      r'|__(mulo|addvd|popcount)[a-z0-9]*|__(mem|str)[a-z]+_chk)$')
SANITIZER = re.compile(r'__(asan|ubsan|sanitizer|gcov|llvm|odr_asan)_?|_(ubsan|asan)|\.LASAN|__(start|stop)_asan')
BUG = {'tai_bug'}
WRITABLE = re.compile(r'(\.data(?!\.rel\.ro)|\.bss|\.tdata|\.tbss|\*COM\*)')


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True,
                          env={**os.environ, 'LC_ALL': 'C'}).stdout


def archive_path(name):
    """Of libx.la the archive that libtool makes of it."""
    if name.endswith('.la'):
        return os.path.join(os.path.dirname(name), '.libs', os.path.basename(name)[:-3] + '.a')
    return name


def undefined_and_defined(path):
    undefined, defined = {}, set()
    for line in run('nm', '-A', path).splitlines():
        found = re.match(r'.*?:([^:]+):[0-9a-f ]*\s([A-Za-z?]) (\S+)$', line)
        if not found:
            continue
        member, kind, symbol = found.groups()
        if kind in 'Uwv':
            undefined.setdefault(symbol, set()).add(member)
        elif kind.isupper():
            defined.add(symbol)
    return undefined, defined


def writable(path):
    member = '?'
    for line in run('objdump', '-t', path).splitlines():
        if ':     file format' in line:
            member = line.split(':')[0]
            continue
        found = re.match(r'[0-9a-f]{8,16} (.{7}) (\S+)\s+([0-9a-f]+)\s+(?:\.hidden |0x\S+ )*(\S+)$', line)
        if not found:
            continue
        flags, section, size, symbol = found.groups()
        is_section = 'd' in flags
        if is_section or int(size, 16) == 0 or not WRITABLE.match(section) or SANITIZER.match(symbol):
            continue
        yield member, symbol, section


def check(archives):
    broken, known, members = [], set(), set()
    for archive in archives:
        path = archive_path(archive)
        undefined, defined = undefined_and_defined(path)
        members |= set(run('ar', 't', path).split())
        known |= defined
        for symbol, users in sorted(undefined.items()):
            if symbol in known or symbol in BUG or LIBC.match(symbol) or COMPILER.match(symbol) \
                    or SANITIZER.match(symbol):
                continue
            broken.append(f'{archive}: {", ".join(sorted(users))} needs {symbol}')
        for member, symbol, section in writable(path):
            broken.append(f'{archive}: {member} holds {symbol} in {section}: a mutable global')
    return members, broken


def missing_sources(top, members):
    """Pure .c files that are in none of the archives: then nothing here was checked."""
    files = []
    for folder in ('sdk/base', 'sdk/time', 'sdk/sync', 'sdk/proof', 'client/core', 'server/*/core'):
        files += glob.glob(os.path.join(top, folder, '*.c'))
    stems = {re.sub(r'^.*_la-', '', m) for m in members} | members
    return [f for f in sorted(files) if os.path.basename(f)[:-2] + '.o' not in stems
            and os.path.basename(f)[:-2] + '.lo' not in stems]


def main():
    archives = sys.argv[1:] or os.environ.get('PURE_ARCHIVES', '').split()
    if not archives:
        print('no archive named (arguments or PURE_ARCHIVES)')
        return 1
    members, broken = check(archives)
    top = os.environ.get('top_srcdir')
    if top and len(sys.argv) == 1:
        broken += [f'{f} is in none of the archives {" ".join(archives)}' for f in missing_sources(top, members)]
    for line in broken:
        print(line)
    print(f'{len(archives)} archives, {len(members)} objects, {len(broken)} rules broken')
    return 1 if broken else 0


if __name__ == '__main__':
    sys.exit(main())
