#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Checks a signed checkpoint (C2SP signed-note) with openssl and the shell: checkpoint.sh POLICY CHECKPOINT
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
vkey=$(awk '$1 == "log" { print $2; exit }' "$1")
name=${vkey%%+*}
rest=${vkey#*+}
id=${rest%%+*}
# The public key as a DER SubjectPublicKeyInfo: RFC 8410's prefix, then what follows the type byte.
printf '%s' "${rest#*+}" | base64 -d >"$work/typed"
[ "$(head -c 1 "$work/typed" | od -An -tx1 | tr -d ' ')" = 01 ]
{ printf '\060\052\060\005\006\003\053\145\160\003\041\000' && tail -c +2 "$work/typed"; } >"$work/key.der"
# The id is the start of SHA-256(name, line feed, type, key).
have=$({ printf '%s\n' "$name" && cat "$work/typed"; } | openssl dgst -sha256 -binary | head -c 4 | od -An -tx1 | tr -d ' \n')
[ "$have" = "$id" ] || { echo "key id $have, the policy says $id" && exit 1; }
# The text is all before the empty line; the signature line carries id and signature.
sed '/^$/,$d' "$2" >"$work/text"
[ "$(head -n 1 "$work/text")" = "$name" ] || { echo "another origin" && exit 1; }
sed -n '1,/^$/d;p' "$2" | awk -v name="$name" '$2 == name { print $3 }' | base64 -d >"$work/signed"
[ "$(head -c 4 "$work/signed" | od -An -tx1 | tr -d ' \n')" = "$id" ] || { echo "no signature by this key" && exit 1; }
tail -c +5 "$work/signed" >"$work/signature"
openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key.der" -rawin -in "$work/text" -sigfile "$work/signature"
