#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The published vectors are what their generator makes: nobody altered one by hand.
set -eu
top=${top_srcdir:-.}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/proof" "$work/sync"
python3 "$top/tests/vectors/proof/make.py" "$work/proof"
diff -r --exclude=make.py --exclude='__pycache__' "$work/proof" "$top/tests/vectors/proof"
python3 "$top/tests/vectors/sync/generate.py" "$work/sync"
diff -r --exclude=generate.py --exclude='__pycache__' "$work/sync" "$top/tests/vectors/sync"
