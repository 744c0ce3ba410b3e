#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The include check must see what it is for: in fixtures/includes every line marked "bad" is reported, no other is."""
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import includes  # noqa: E402

root = os.path.join(HERE, 'fixtures', 'includes')
expected, total = set(), 0
for path in includes.c_files(root):
    with open(os.path.join(root, path), encoding='utf-8') as f:
        for number, line in enumerate(f, 1):
            if 'bad:' in line:
                expected.add(f'{path}:{number}')
_, broken = includes.check(root)
# The rule about one place per library is reported by folder, not by line.
reported = {':'.join(b.split(':')[:2]) for b in broken if not b.startswith('sdk: ')}
single = [b for b in broken if b.startswith('sdk: OpenSSL') and 'two.c' in b]
expected = {e for e in expected if 'two.c' not in e}
for missed in sorted(expected - reported):
    print(f'not seen: {missed}')
for wrong in sorted(reported - expected):
    print(f'seen without reason: {wrong}')
if not single:
    print('not seen: OpenSSL in two places')
print(f'{len(expected) + 1} broken rules in the fixture')
sys.exit(0 if expected == reported and single else 1)
