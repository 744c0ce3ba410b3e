#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the documents name exists: every file, function and type in backticks of ARCHITECTURE.md, README.md and
CONTRIBUTING.md; every test in docs/TESTING.md; every section that a document points to; a man page for every program that
is installed."""
import glob
import os
import re
import sys

DOCUMENTS = ['ARCHITECTURE.md', 'README.md', 'CONTRIBUTING.md']
EXTENSION = re.compile(r'\.(c|h|md|mk|ac|am|py|sh|list|yaml|conf|map|in)$')
# Files that exist only where a server or client has run, or after a build.
MADE = {'taid.yaml', 'trust.yaml', 'Makefile', 'configure', 'bench.json', 'config.h', 'log.db'}
# In docs/TESTING.md, beside tests: what a server says.
REASONS = {'clock_no_bound'}
TOP = r'(sdk|server|client|tools|leapseconds|tests|docs|packaging)'


def source_text(top):
    text = []
    for folder in ('sdk', 'server', 'client', 'tools', 'tests', 'docs'):
        for path in glob.glob(os.path.join(top, folder, '**', '*.[ch]'), recursive=True):
            with open(path, encoding='utf-8') as f:
                text.append(f.read())
    return '\n'.join(text)


def file_exists(top, token):
    token = token.rstrip('/')
    if glob.glob(os.path.join(top, token)):
        return True
    # "stamp.c" names a file by its base name where that is unique enough for a reader: anywhere in the tree.
    return '/' not in token and bool(glob.glob(os.path.join(top, '**', token), recursive=True))


def check_token(top, token, source):
    """None, or what is wrong with this word of a document."""
    if re.fullmatch(r'[a-z][a-z0-9_]*\(\)', token):
        name = token[:-2]
        if not re.search(r'^[A-Za-z_][^;\n]*\b' + name + r'\([^;]*$', source, re.MULTILINE):
            return f'no function {token} is defined'
    elif re.fullmatch(r'(struct |enum )?(tai|taistamp)_[a-z0-9_]+', token) or re.fullmatch(
            r'[a-z][a-z0-9]*(_[a-z0-9]+)+', token):
        if not re.search(r'\b' + token.split()[-1] + r'\b', source):
            return f'no {token} in the sources'
    elif re.match(TOP + r'/', token) or re.fullmatch(r'[A-Za-z0-9_./*-]+', token) and EXTENSION.search(token):
        if ' ' not in token and '<' not in token and os.path.basename(token) not in MADE \
                and not token.startswith('/') and not file_exists(top, token):
            return f'no file {token}'
    return None


def check_documents(top):
    broken, seen, source = [], 0, source_text(top)
    for name in DOCUMENTS:
        path = os.path.join(top, name)
        if not os.path.exists(path):
            broken.append(f'no {name}')
            continue
        with open(path, encoding='utf-8') as f:
            text = f.read()
        prose = re.sub(r'```.*?```', lambda m: '\n' * m.group(0).count('\n'), text, flags=re.DOTALL)
        for number, line in enumerate(prose.split('\n'), 1):
            for token in re.findall(r'`([^`]+)`', line):
                seen += 1
                wrong = check_token(top, token.strip(), source)
                if wrong:
                    broken.append(f'{name}:{number}: {wrong}')
            for target in re.findall(r'\]\(([^)#]+)[^)]*\)', line):
                if '://' not in target and not file_exists(top, target):
                    broken.append(f'{name}:{number}: link to {target}, which does not exist')
    return seen, broken


def check_tests(top):
    """Every test that docs/TESTING.md lets a promise or a bad day rest on is a file, or a function of a test."""
    files = [f for f in glob.glob(os.path.join(top, 'tests', '**', '*'), recursive=True) if os.path.isfile(f)]
    known = {os.path.splitext(os.path.basename(f))[0] for f in files}
    for path in files:
        if path.endswith(('.c', '.py')):
            with open(path, encoding='utf-8') as f:
                known.update(re.findall(r'^(?:START_TEST\(|def )(\w+)[()]', f.read(), re.MULTILINE))
    with open(os.path.join(top, 'docs/TESTING.md'), encoding='utf-8') as f:
        promises = f.read().split('## Promises', 1)[1]
    cells = [row.split(' | ')[1] for row in promises.split('\n') if row.startswith('| ') and row.count(' | ') == 2]
    words = [word for cell in cells for word in re.findall(r'\b[a-z0-9]+(?:_[a-z0-9]+)+\b', cell)]
    broken = [f'docs/TESTING.md: no test {word}' for word in words if word not in known and word not in REASONS]
    return len(words), broken


def check_manuals(top):
    broken = []
    for program in os.environ.get('INSTALLED_COMMANDS', '').split():
        name = os.path.basename(program)
        if not glob.glob(os.path.join(top, 'docs', 'man', name + '.[1-8]')):
            broken.append(f'{name} is installed without a man page in docs/man')
    return broken


def main():
    top = os.environ.get('top_srcdir', '.')
    seen, broken = check_documents(top)
    more, wrong = check_tests(top)
    seen += more
    broken += wrong + check_manuals(top)
    for line in broken:
        print(line)
    print(f'{seen} names looked up, {len(broken)} wrong')
    return 1 if broken else 0


if __name__ == '__main__':
    sys.exit(main())
