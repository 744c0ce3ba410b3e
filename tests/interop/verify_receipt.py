#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Verifies a receipt without any code of taistamp: Python's standard library and the openssl command.

    verify_receipt.py POLICY RECEIPT FILE

Written from docs/FORMATS.md alone, as a second implementation would be; it covers policies with one log and no
witnesses. Prints t, h, clock, index and size as JSON and exits 0, or says what is wrong and exits 1.
"""
import base64
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import urllib.parse

HASHES = {"sha256": "sha256", "sha384": "sha384", "sha512": "sha512",
          "sha3-256": "sha3_256", "sha3-384": "sha3_384", "sha3-512": "sha3_512"}
# SubjectPublicKeyInfo of an Ed25519 key is this prefix and the 32 key bytes (RFC 8410).
SPKI_ED25519 = bytes.fromhex("302a300506032b6570032100")


class Rejected(Exception):
    pass


def need(condition, why):
    if not condition:
        raise Rejected(why)


def b64(text, length=None):
    raw = base64.b64decode(text, validate=True)
    need(base64.b64encode(raw).decode() == text, "base64 is not canonical")
    need(length is None or len(raw) == length, "base64 has the wrong length")
    return raw


def number(text):
    need(re.fullmatch(r"0|[1-9][0-9]*", text), f"not a canonical number: {text!r}")
    return int(text)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root_from_path(leaf, index, size, path):
    """RFC 9162 section 2.1.3.2 (the same proofs as RFC 6962 section 2.1.1)."""
    need(index < size, "index beyond the tree")
    fn, sn, node = index, size - 1, leaf
    for sibling in path:
        need(sn != 0, "audit path too long")
        if fn & 1 or fn == sn:
            node = sha256(b"\x01", sibling, node)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = sha256(b"\x01", node, sibling)
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0, "audit path too short")
    return node


def read_policy(text):
    keys, quorum = {}, None
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "log":
            name, key_id, key = words[1].split("+", 2)
            raw = b64(key)
            need(raw[0] == 1 and len(raw) == 33, "log key is not Ed25519")
            need(sha256(name.encode(), b"\n", raw)[:4].hex() == key_id, "key id does not fit the key")
            keys[name] = (bytes.fromhex(key_id), raw[1:])
        elif words[0] == "quorum":
            quorum = words[1]
        else:
            raise Rejected(f"this verifier does not know policy line {words[0]!r}")
    need(quorum == "none", "this verifier knows 'quorum none' only")
    return keys


def signature_holds(key, signature, message):
    with tempfile.NamedTemporaryFile() as k, tempfile.NamedTemporaryFile() as s, tempfile.NamedTemporaryFile() as m:
        for f, data in ((k, SPKI_ED25519 + key), (s, signature), (m, message)):
            f.write(data)
            f.flush()
        run = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", k.name,
                              "-rawin", "-in", m.name, "-sigfile", s.name], capture_output=True, check=False)
    return run.returncode == 0


def read_extra(extra):
    head, _, entry = extra.partition(b"\n\n")
    lines = head.decode().split("\n")
    need(lines.pop(0) == "taistamp.extra/v1", "unknown extra")
    fields = {"path": []}
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "path":
            fields["path"].append(b64(rest, 32))
        else:
            need(word in ("name", "digest", "salt", "batch") and word not in fields, f"unexpected line {word!r}")
            fields[word] = rest
    if "name" in fields:
        check_name(fields["name"])
    return fields, entry


def check_name(encoded):
    need(re.fullmatch(r"([A-Za-z0-9._~-]|%[0-9A-F]{2})+", encoded), "the name is not percent-encoded")
    name = urllib.parse.unquote_to_bytes(encoded)
    need(urllib.parse.quote(name, safe="") == encoded, "the name's percent-encoding is not canonical")
    need(b"/" not in name and b"\0" not in name, "slash or NUL in the name")


def read_entry(text):
    lines = text.split("\n")
    need(len(lines) == 8 and lines[0] == "taistamp.entry/v1" and lines[7] == "", "an entry has seven lines")
    words = {}
    for line, word in zip(lines[1:], ("issuer", "kind", "subject", "tai", "tai-utc", "clock")):
        need(line.startswith(word + " "), f"expected the line {word}")
        words[word] = line[len(word) + 1:]
    t, h = (number(w) for w in words["tai"].split(" "))
    need(0 < t and h < t and t + h < 2**63, "t and h out of range")
    need(words["tai-utc"] == "unknown" or number(words["tai-utc"]) <= 9999, "tai-utc out of range")
    need(words["clock"] in ("gps", "upstream", "quorum", "system", "assumed"), "unknown clock")
    return words


def check_subject(fields, kind, subject, file_digest):
    algorithm, _, hex_digest = fields["digest"].partition(":")
    need(file_digest(algorithm).hex() == hex_digest, "the file was changed")
    if kind == "digest":
        need(subject == fields["digest"], "the entry is about another digest")
        return
    node = sha256(b"taistamp.commit/v1\n", algorithm.encode(), b"\n", b64(fields["salt"], 32), bytes.fromhex(hex_digest))
    if kind == "batch":
        index, size = (number(w) for w in fields["batch"].split(" "))
        root = root_from_path(sha256(b"\x00", node), index, size, fields["path"])
        node = sha256(b"taistamp.batch/v1\n", size.to_bytes(8, "big"), root)
    need(kind in ("commitment", "batch"), f"unexpected kind {kind!r}")
    need(subject == "sha256:" + node.hex(), "the commitment does not lead to the entry's subject")


def verify(policy_text, receipt, file_digest):
    keys = read_policy(policy_text)
    top, _, checkpoint = receipt.partition("\n\n")
    lines = top.split("\n")
    need(lines[0] == "c2sp.org/tlog-proof@v1" and lines[1].startswith("extra ") and lines[2].startswith("index "),
         "not a receipt")
    fields, entry = read_extra(b64(lines[1][6:]))
    index, path = number(lines[2][6:]), [b64(line, 32) for line in lines[3:]]
    body, _, signatures = checkpoint.partition("\n\n")
    body += "\n"
    origin, size_text, root_text = body.split("\n")[:3]
    size, root = number(size_text), b64(root_text, 32)
    need(body == f"{origin}\n{size_text}\n{root_text}\n", "checkpoint of other than three lines")
    need(origin in keys, "unknown log")
    key_id, key = keys[origin]
    signed = False
    for line in signatures.splitlines():
        dash, name, signature = line.split(" ")
        raw = b64(signature)
        need(len(raw) > 4, "a signature without a signature")
        if dash == "\u2014" and name == origin and raw[:4] == key_id:
            need(signature_holds(key, raw[4:], body.encode()), "the log's signature does not verify")
            signed = True
    need(signed, "not signed by the log")
    need(root_from_path(sha256(b"\x00", entry), index, size, path) == root, "the entry is not in the signed tree")
    words = read_entry(entry.decode())
    need(words["issuer"] == origin, "the entry is another log's")
    check_subject(fields, words["kind"], words["subject"], file_digest)
    t, h = words["tai"].split(" ")
    return {"t": t, "h": h, "clock": words["clock"], "index": index, "size": size}


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)

    def file_digest(algorithm):
        with open(sys.argv[3], "rb") as f:
            return hashlib.file_digest(f, HASHES[algorithm]).digest()

    try:
        with open(sys.argv[1], encoding="utf-8") as p, open(sys.argv[2], encoding="utf-8", newline="") as r:
            print(json.dumps(verify(p.read(), r.read(), file_digest)))
    except (Rejected, ValueError, KeyError) as why:
        print(f"rejected: {why}")
        sys.exit(1)


if __name__ == "__main__":
    main()
