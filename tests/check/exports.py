#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The two libraries export exactly what the public headers declare: taistamp_net_* in libtaistamp-net, every other
taistamp_* in libtaistamp, nothing else; libtaistamp needs libcrypto and the C library only; neither believes the
environment in a setuid program (getenv); and libtaistamp.3 names every function."""
import glob
import os
import re
import shlex
import subprocess
import sys

SANITIZER_LIBRARY = re.compile(r'lib(asan|ubsan|m|gcc_s|pthread|dl|rt)\.so')


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True,
                          env={**os.environ, 'LC_ALL': 'C'}).stdout


def declared(top, cc):
    """Functions that the headers declare, by the preprocessor's view of <taistamp.h>."""
    include = os.path.join(top, 'sdk', 'include')
    text = run(*cc, '-E', '-P', '-std=c17', '-I' + include, os.path.join(include, 'taistamp.h'))
    text = re.sub(r'__attribute__\s*\(\(.*?\)\)+', '', text)
    return set(re.findall(r'\b(taistamp_[a-z0-9_]+)\s*\((?!\*)[^;{]*\)\s*;', text))


def exported(library):
    names = set()
    for line in run('nm', '-D', '--defined-only', library).splitlines():
        kind, name = line.split()[-2:]
        if kind != 'A':
            names.add(name.split('@')[0])
    return names


def imported(library):
    return {line.split()[-1].split('@')[0] for line in run('nm', '-D', '--undefined-only', library).splitlines()}


def documented(page):
    with open(page, encoding='utf-8') as f:
        return set(re.findall(r'\bFn (taistamp_[a-z0-9_]+)', f.read()))


def needed(library):
    return re.findall(r'NEEDED\s+(\S+)', run('objdump', '-p', library))


def main():
    top, build = os.environ['top_srcdir'], os.environ['top_builddir']
    all_declared = declared(top, shlex.split(os.environ.get('CC', 'cc')))
    net = {n for n in all_declared if n.startswith('taistamp_net_')}
    broken = []
    if len(all_declared) < 20:
        broken.append(f'only {len(all_declared)} declarations found: the headers were not understood')
    for name, wanted in (('libtaistamp', all_declared - net), ('libtaistamp-net', net)):
        path = os.path.join(build, '.libs', name + '.so')
        if not os.path.exists(path):
            broken.append(f'{name}: no {path}')
            continue
        have = exported(path)
        broken += [f'{name} does not export {n}, which a public header declares' for n in sorted(wanted - have)]
        broken += [f'{name} exports {n}, which no public header declares' for n in sorted(have - wanted)]
        if 'getenv' in imported(path):
            broken.append(f'{name} uses getenv: secure_getenv does not let the caller of a setuid program choose')
        print(f'{name}: {len(have)} symbols, needs {" ".join(needed(path))}')
    core = os.path.join(build, '.libs', 'libtaistamp.so')
    if os.path.exists(core):
        extra = [n for n in needed(core) if not re.match(r'lib(crypto|c)\.so', n)]
        if os.environ.get('SANITIZERS'):
            extra = [n for n in extra if not SANITIZER_LIBRARY.match(n)]
        broken += [f'libtaistamp needs {n}: it may need libcrypto and the C library only' for n in extra]
    for path in glob.glob(os.path.join(top, 'sdk', 'include', 'taistamp', '*.h')):
        with open(os.path.join(top, 'sdk', 'include', 'taistamp.h'), encoding='utf-8') as f:
            if f'"taistamp/{os.path.basename(path)}"' not in f.read():
                broken.append(f'taistamp.h does not include {os.path.basename(path)}')
    named = documented(os.path.join(top, 'docs', 'man', 'libtaistamp.3'))
    broken += [f'libtaistamp.3 does not name {n}' for n in sorted(all_declared - named)]
    broken += [f'libtaistamp.3 names {n}, which no public header declares' for n in sorted(named - all_declared)]
    for line in broken:
        print(line)
    return 1 if broken else 0


if __name__ == '__main__':
    sys.exit(main())
