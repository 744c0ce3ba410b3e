#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The published vectors are what their generator makes: nobody altered one by hand.
set -eu
top=${top_srcdir:-.}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 "$top/tests/vectors/proof/make.py" "$work"
diff -r --exclude=make.py --exclude='__pycache__' "$work" "$top/tests/vectors/proof"
