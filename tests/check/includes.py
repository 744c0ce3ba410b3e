#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Include directions, by resolved includes.

Every #include of every C file is resolved as the compiler does it (quoted: beside the file; then the top folder, then
sdk/include) and the edge from folder to folder is looked up in LAYERS. What resolves to nothing inside the tree is a
system header: pure folders may use the few of PURE_SYSTEM, other folders the C, POSIX and Linux ones plus the
libraries of THIRD_PARTY, each of which may be included by one file per top-level folder only.

Usage: includes.py [ROOT]   prints one line per broken rule; exit 1 when there is one."""
import os
import re
import sys

PURE_SYSTEM = {'stddef.h', 'stdint.h', 'stdbool.h', 'stdarg.h', 'stdalign.h', 'stdatomic.h', 'limits.h', 'string.h',
               'inttypes.h'}

THIRD_PARTY = {
    'OpenSSL': r'openssl/', 'libevent': r'event2/|ev(ent|http|util|dns|rpc)\.h$', 'SQLite': r'sqlite3',
    'jansson': r'jansson', 'libyaml': r'yaml\.h$', 'libcurl': r'curl/', 'libgps': r'gps\.h$',
    'libseccomp': r'seccomp\.h$', 'libsystemd': r'systemd/', 'check': r'check\.h$', 'skalibs': r'skalibs/',
}
SYSTEM = re.compile(r'(sys|linux|netinet|arpa|net|asm|bits)/[a-z0-9_/-]+\.h$')
SYSTEM_FLAT = set('''assert complex ctype dirent dlfcn endian errno fcntl fenv float fnmatch ftw getopt glob grp ifaddrs
inttypes iso646 langinfo libgen limits locale malloc math netdb poll pthread pwd sched semaphore setjmp signal spawn
stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string strings sysexits syslog termios threads
time tgmath uchar ucontext unistd utime wchar wctype byteswap err error'''.split())

ALL_PURE_SDK = ['sdk/base', 'sdk/time', 'sdk/sync', 'sdk/proof']
SDK = ALL_PURE_SDK + ['sdk/io', 'sdk']

# (folder pattern, folders it may include besides itself and the public headers). The first match counts.
LAYERS = [
    (r'sdk/include(/.*)?$', []),
    (r'sdk/base$', []),
    (r'sdk/time$', ['sdk/base']),
    (r'sdk/sync$', ['sdk/base', 'sdk/time']),
    (r'sdk/proof$', ['sdk/base', 'sdk/time']),
    (r'sdk/io$', ALL_PURE_SDK),
    (r'sdk$', ALL_PURE_SDK + ['sdk/io']),
    (r'client/core$', ALL_PURE_SDK),
    (r'client/io$', SDK + ['client/core']),
    (r'server/clock/core$', ALL_PURE_SDK + ['client/core']),
    (r'server/[a-z]+/core$', ALL_PURE_SDK),
    (r'server/clock(/io)?$', SDK + ['server', 'server/clock', 'server/clock/core', 'server/clock/io', 'client/io',
                                    'client/core']),
    (r'server/(?P<process>[a-z]+)(/io)?$', SDK + ['server', 'server/{process}', 'server/{process}/core',
                                                  'server/{process}/io']),
    (r'server$', SDK + [r'server/[a-z]+', r'server/[a-z]+/io']),
    (r'leapseconds$', []),
    (r'tools(/.*)?$', ['tools(/.*)?']),
    (r'docs/examples$', []),
    (r'tests(/.*)?$', ['.*']),
]
# One process asks another only through these: (including folder, header).
VERBS = [(r'server/stamp(/io)?$', r'server/sign/sign\.h$')]

PURE = re.compile(r'(sdk/(include(/.*)?|base|time|sync|proof)|client/core|server/[a-z]+/core)$')
NO_THIRD_PARTY = re.compile(r'docs/examples$')
INCLUDE = re.compile(r'^\s*#\s*include\b\s*(.*)$')


def c_files(root):
    for folder, dirs, files in os.walk(root):
        rel = os.path.relpath(folder, root)
        dirs[:] = sorted(d for d in dirs if not d.startswith('.') and not d.startswith('build') and d not in (
            'fixtures', 'autom4te.cache', '_build'))
        for name in sorted(files):
            if name.endswith(('.c', '.h')) and not (rel == '.' and name == 'config.h'):
                yield os.path.normpath(os.path.join(rel, name))


def includes(path):
    with open(path, encoding='utf-8') as f:
        for number, line in enumerate(f, 1):
            found = INCLUDE.match(line)
            if found:
                yield number, found.group(1)


def resolve(root, path, quoted, name):
    places = [os.path.dirname(path)] if quoted else []
    for place in places + ['', 'sdk/include']:
        candidate = os.path.normpath(os.path.join(place, name))
        if os.path.isfile(os.path.join(root, candidate)):
            return candidate
    return None


def allowed(folder, target):
    target_folder = os.path.dirname(target)
    if target_folder == folder or re.match(r'sdk/include(/.*)?$', target_folder):
        return True
    if any(re.match(a, folder) and re.match(b, target) for a, b in VERBS):
        return True
    for pattern, targets in LAYERS:
        found = re.match(pattern, folder)
        if found:
            names = found.groupdict()
            return any(re.fullmatch(t.format(**names) if names else t, target_folder) for t in targets)
    return False


def third_party(name):
    for library, pattern in THIRD_PARTY.items():
        if re.match(pattern, name):
            return library
    return None


def check(root):
    broken, users, seen = [], {}, 0
    for path in c_files(root):
        folder = os.path.dirname(path)
        seen += 1
        for number, rest in includes(os.path.join(root, path)):
            where = f'{path}:{number}'
            found = re.match(r'(["<])([^">]+)[">]', rest)
            if not found:
                broken.append(f'{where}: an include that is not a plain name: {rest}')
                continue
            quoted, name = found.group(1) == '"', found.group(2)
            target = resolve(root, path, quoted, name)
            if target:
                if not allowed(folder, target):
                    broken.append(f'{where}: {folder} may not include {target}')
                continue
            if quoted and name == 'config.h' and not PURE.match(folder):
                continue
            if quoted:
                broken.append(f'{where}: "{name}" is not in the tree')
            elif PURE.match(folder):
                if name not in PURE_SYSTEM:
                    broken.append(f'{where}: pure folder {folder} may not include <{name}>')
            elif third_party(name):
                library = third_party(name)
                if NO_THIRD_PARTY.match(folder):
                    broken.append(f'{where}: {folder} may not include {library}')
                if not folder.startswith('tests'):
                    users.setdefault((folder.split('/')[0], library), set()).add(path)
            elif not (SYSTEM.match(name) or name.removesuffix('.h') in SYSTEM_FLAT):
                broken.append(f'{where}: <{name}> is neither of the system nor in the list of libraries')
    for (top, library), paths in sorted(users.items()):
        if len(paths) > 1:
            broken.append(f'{top}: {library} is included in more than one place: {", ".join(sorted(paths))}')
    return seen, broken


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.environ.get('top_srcdir', '.')
    seen, broken = check(root)
    for line in broken:
        print(line)
    if not seen:
        print(f'no C file found under {root}')
        return 1
    print(f'{seen} files looked at, {len(broken)} rules broken')
    return 1 if broken else 0


if __name__ == '__main__':
    sys.exit(main())
