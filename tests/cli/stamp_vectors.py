#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every case of a cases.json gets its stated answer from `tai-stamp verify --json`, by exit code and by value.

Runs on the vectors that ship, and on any other folder named in TAISTAMP_VECTORS (colons between them)."""
import json
import os
import subprocess
import sys
import tempfile

SOURCE = os.environ['top_srcdir']
TAI_STAMP = os.environ.get('tai_stamp', os.path.join(os.environ['top_builddir'], 'tai-stamp'))


def folders():
    yield os.path.join(SOURCE, 'tests/vectors/proof')
    beside = os.path.join(SOURCE, '../shared/data/vectors')
    if os.path.exists(os.path.join(beside, 'cases.json')):
        yield beside
    yield from filter(None, os.environ.get('TAISTAMP_VECTORS', '').split(':'))


def answer(folder, case, home):
    command = [TAI_STAMP, 'verify', '--json', '--policy', os.path.join(folder, case.get('policy', 'policy'))]
    if 'trust' in case:
        command += ['--trust', os.path.join(folder, case['trust'])]
    command += ['--receipt', os.path.join(folder, case['name'] + '.tai'), os.path.join(folder, case['name'] + '.file')]
    environment = dict(os.environ, HOME=home)
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def wrong(case, done):
    """What differs from the stated answer, or None."""
    believed = case['valid'] and not case.get('claim_void', False)
    if done.returncode != (0 if believed else 1):
        return f'exit code {done.returncode}'
    said = json.loads(done.stdout)
    if said['valid'] is not case['valid']:
        return f"valid is {said['valid']}"
    if not case['valid']:
        return None
    for key in ('t', 'h', 'clock', 'index', 'size', 'independent_tai', 'claim_void'):
        if key in case and said[key] != case[key]:
            return f'{key} is {said[key]}'
    return None


def main():
    count = failures = 0
    with tempfile.TemporaryDirectory() as home:
        for folder in folders():
            with open(os.path.join(folder, 'cases.json'), encoding='utf-8') as file:
                cases = json.load(file)['cases']
            for case in cases:
                done = answer(folder, case, home)
                fault = wrong(case, done)
                count += 1
                if fault:
                    failures += 1
                    print(f'FAIL {folder}: {case}: {fault}\n  {done.stdout}{done.stderr}')
        if os.listdir(home):
            failures += 1
            print(f'FAIL: with --policy something was written at home: {os.listdir(home)}')
    print(f'{count} cases, {failures} wrong')
    return 1 if failures or count < 20 else 0


sys.exit(main())
