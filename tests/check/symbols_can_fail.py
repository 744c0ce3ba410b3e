#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The symbol check must see what it is for: fixtures/symbols/bad.c breaks each rule, good.c breaks none."""
import os
import shlex
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import symbols  # noqa: E402

cc = shlex.split(os.environ.get('CC', 'cc'))
with tempfile.TemporaryDirectory() as folder:
    def archive(name):
        source = os.path.join(HERE, 'fixtures', 'symbols', name + '.c')
        made = os.path.join(folder, name + '.o')
        subprocess.run(cc + ['-std=c17', '-O2', '-fPIC', '-c', source, '-o', made], check=True)
        path = os.path.join(folder, f'lib{name}.a')
        subprocess.run(['ar', 'cr', path, made], check=True)
        return path

    good, bad, later = archive('good'), archive('bad'), archive('later')
    _, of_good = symbols.check([good])
    _, of_bad = symbols.check([bad, later])
wanted = ['needs malloc', 'needs printf', 'needs time', 'needs later_function', 'holds bad_initialised',
          'holds bad_zero', 'holds bad_static', 'holds bad_thread']
missed = [w for w in wanted if not any(w in line for line in of_bad)]
for line in of_good:
    print(f'seen without reason: {line}')
for line in missed:
    print(f'not seen: {line}')
print(f'{len(wanted) - len(missed)} of {len(wanted)} broken rules seen')
sys.exit(1 if of_good or missed else 0)
