/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/proof/note.h"

#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/base/error.h"
#include "sdk/base/text.h"
#include "sdk/proof/merkle.h"

static const char dash[] = "\xE2\x80\x94 "; /* em dash, space */

bool note_name_valid(struct bytes name)
{
    return name.len > 0 && name.len <= LIMIT_ORIGIN && memchr(name.data, '+', name.len) == NULL &&
           utf8_valid(name) && !utf8_has_control(name) && !utf8_has_space(name);
}

/* ---- Verifier keys ---- */

void vkey_id(const struct crypto *c, struct bytes name, uint8_t type, struct bytes key,
             uint8_t ret_id[NOTE_KEY_ID])
{
    struct bytes parts[] = {name, BYTES_LIT("\n"), bytes_of(&type, 1), key};
    struct hash h = crypto_sha256_parts(c, parts, 4);
    memcpy(ret_id, h.b, NOTE_KEY_ID);
}

static size_t type_key_len(uint8_t type)
{
    switch (type) {
    case NOTE_ED25519:
    case NOTE_COSIGNATURE:
        return ED25519_KEY_LEN;
    case NOTE_COSIGNATURE_MLDSA44:
        return MLDSA44_KEY_LEN;
    default:
        return 0;
    }
}

enum tai_err vkey_parse(const struct crypto *c, struct bytes text, struct vkey *ret_vkey,
                        struct tai_error *error)
{
    struct bytes name, id_text, key_text, rest;
    uint8_t material[1 + NOTE_KEY_MAX], id[NOTE_KEY_ID], wanted[NOTE_KEY_ID];
    size_t len;
    if (!bytes_split(text, '+', &name, &rest) || !bytes_split(rest, '+', &id_text, &key_text))
        return error_set_detail(error, TAI_ERR_FORMAT, "a key is not <name>+<id>+<base64>", text);
    if (!note_name_valid(name) || !hex_decode(id_text, id, sizeof id))
        return error_set_detail(error, TAI_ERR_FORMAT, "a key's name or id is malformed", text);
    if (!base64_decode(key_text, material, sizeof material, &len) || len == 0)
        return error_set_detail(error, TAI_ERR_FORMAT, "a key's last part is not the base64 of a known key",
                                text);
    size_t key_len = type_key_len(material[0]);
    if (key_len == 0)
        return error_set_detail(error, TAI_ERR_UNSUPPORTED, "a key is of an unknown type", text);
    if (len != 1 + key_len)
        return error_set_detail(error, TAI_ERR_FORMAT, "a key has the wrong length for its type", text);
    vkey_id(c, name, material[0], bytes_of(material + 1, key_len), wanted);
    if (memcmp(id, wanted, sizeof id) != 0)
        return error_set_detail(error, TAI_ERR_FORMAT, "a key's id is not that of its name and key", text);
    ret_vkey->name = name;
    ret_vkey->type = material[0];
    memcpy(ret_vkey->id, id, sizeof id);
    ret_vkey->key_len = key_len;
    memcpy(ret_vkey->key, material + 1, key_len);
    return TAI_OK;
}

void vkey_emit(struct out *o, const struct vkey *vkey)
{
    uint8_t material[1 + NOTE_KEY_MAX];
    material[0] = vkey->type;
    memcpy(material + 1, vkey->key, vkey->key_len);
    out_bytes(o, vkey->name);
    out_char(o, '+');
    out_hex(o, bytes_of(vkey->id, sizeof vkey->id));
    out_char(o, '+');
    out_base64(o, bytes_of(material, 1 + vkey->key_len));
}

void vkey_of_ed25519(const struct crypto *c, struct bytes name, enum note_type type,
                     const uint8_t key[ED25519_KEY_LEN], struct vkey *ret_vkey)
{
    BUG_UNLESS(type != NOTE_COSIGNATURE_MLDSA44);
    ret_vkey->name = name;
    ret_vkey->type = (uint8_t)type;
    ret_vkey->key_len = ED25519_KEY_LEN;
    memcpy(ret_vkey->key, key, ED25519_KEY_LEN);
    vkey_id(c, name, ret_vkey->type, bytes_of(key, ED25519_KEY_LEN), ret_vkey->id);
}

/* ---- Notes ---- */

/* Canonical base64 of more than the key id, whatever its length: signatures of unknown keys may be of any
 * type. */
static bool signature_canonical(struct bytes text, uint8_t ret_id[NOTE_KEY_ID])
{
    enum { SLICE_TEXT = 1024, SLICE = SLICE_TEXT / 4 * 3 };
    uint8_t decoded[SLICE];
    size_t total = 0;
    while (text.len > 0) {
        size_t take = text.len < SLICE_TEXT ? text.len : SLICE_TEXT, len;
        if (!base64_decode(bytes_of(text.data, take), decoded, sizeof decoded, &len))
            return false;
        if (take < text.len && len != SLICE)
            return false; /* padding before the end */
        if (total == 0 && len > NOTE_KEY_ID)
            memcpy(ret_id, decoded, NOTE_KEY_ID);
        total += len;
        text = bytes_of(text.data + take, text.len - take);
    }
    return total > NOTE_KEY_ID;
}

static bool signature_parse(struct bytes line, struct note_signature *s)
{
    return bytes_strip_prefix(&line, dash) && bytes_split(line, ' ', &s->name, &s->base64) &&
           note_name_valid(s->name) && signature_canonical(s->base64, s->id);
}

/* Where the last empty line begins, or 0. */
static size_t last_empty_line(struct bytes text)
{
    for (size_t i = text.len; i >= 2; i--)
        if (text.data[i - 1] == '\n' && text.data[i - 2] == '\n')
            return i - 1;
    return 0;
}

static bool text_clean(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x20 && text.data[i] != '\n')
            return false;
    return utf8_valid(text);
}

enum tai_err note_parse(struct bytes text, struct note *ret_note, struct tai_error *error)
{
    if (!text_clean(text))
        return error_set(error, TAI_ERR_FORMAT, "the checkpoint has control characters or is not UTF-8");
    size_t empty = last_empty_line(text);
    if (empty == 0)
        return error_set(error, TAI_ERR_FORMAT, "the checkpoint has no empty line before its signatures");
    struct lines l = {bytes_of(text.data + empty + 1, text.len - empty - 1)};
    struct bytes line;
    size_t n = 0;
    while (lines_next(&l, &line)) {
        if (n == LIMIT_SIGNATURES)
            return error_set(error, TAI_ERR_SPACE, "the checkpoint has too many signatures");
        if (!signature_parse(line, &ret_note->signatures[n]))
            return error_set(error, TAI_ERR_FORMAT, "a signature line of the checkpoint is malformed");
        n++;
    }
    if (l.rest.len > 0)
        return error_set(error, TAI_ERR_FORMAT, "the checkpoint's last line has no end");
    if (n == 0)
        return error_set(error, TAI_ERR_FORMAT, "the checkpoint has no signature");
    ret_note->text = text;
    ret_note->body = bytes_of(text.data, empty);
    ret_note->n = n;
    return TAI_OK;
}

bool note_signature_by(const struct note_signature *s, const struct vkey *key)
{
    return memcmp(s->id, key->id, NOTE_KEY_ID) == 0 && bytes_equal(s->name, key->name);
}

void note_emit_signature(struct out *o, struct bytes name, const uint8_t id[NOTE_KEY_ID],
                         struct bytes signature)
{
    uint8_t blob[NOTE_KEY_ID + 8 + MLDSA44_SIG_LEN];
    BUG_UNLESS(signature.len > 0 && signature.len <= sizeof blob - NOTE_KEY_ID);
    memcpy(blob, id, NOTE_KEY_ID);
    memcpy(blob + NOTE_KEY_ID, signature.data, signature.len);
    out_str(o, dash);
    out_bytes(o, name);
    out_char(o, ' ');
    out_base64(o, bytes_of(blob, NOTE_KEY_ID + signature.len));
    out_char(o, '\n');
}

/* ---- Checkpoints ---- */

enum tai_err checkpoint_parse(struct bytes body, struct checkpoint *ret_checkpoint, struct tai_error *error)
{
    struct lines l = {body};
    struct bytes origin, size, root;
    struct checkpoint p;
    if (!lines_next(&l, &origin) || !lines_next(&l, &size) || !lines_next(&l, &root) || l.rest.len > 0)
        return error_set(error, TAI_ERR_FORMAT, "the checkpoint is not of exactly three lines");
    if (!note_name_valid(origin))
        return error_set(error, TAI_ERR_FORMAT, "the checkpoint's first line is not a log's name");
    if (!text_read_u64(size, MERKLE_SIZE_MAX, &p.size))
        return error_set(error, TAI_ERR_FORMAT, "the checkpoint's second line is not a size");
    if (!base64_decode_exact(root, p.root.b, sizeof p.root.b))
        return error_set(error, TAI_ERR_FORMAT, "the checkpoint's third line is not a root hash");
    p.origin = origin;
    *ret_checkpoint = p;
    return TAI_OK;
}

void checkpoint_emit(struct out *o, const struct checkpoint *p)
{
    out_bytes(o, p->origin);
    out_char(o, '\n');
    out_u64(o, p->size);
    out_char(o, '\n');
    out_base64(o, hash_bytes(&p->root));
    out_char(o, '\n');
}

void cosignature_emit_message(struct out *o, uint64_t time_s, struct bytes body)
{
    out_str(o, "cosignature/v1\ntime ");
    out_u64(o, time_s);
    out_char(o, '\n');
    out_bytes(o, body);
}

static bool cosignature_verify(const struct crypto *c, const struct vkey *key, const uint8_t *sig,
                               uint64_t time_s, struct bytes body)
{
    uint8_t message[64 + CHECKPOINT_BODY_MAX];
    struct out o = out_of(message, sizeof message);
    cosignature_emit_message(&o, time_s, body);
    return !o.overflow && c->ed25519_verify(c->ctx, key->key, sig, out_view(&o));
}

/* The structure cosigned_message of tlog-cosignature, for a whole tree: start 0, end its size. */
static bool mldsa44_verify(const struct crypto *c, const struct vkey *key, const uint8_t *sig,
                           uint64_t time_s, const struct checkpoint *p)
{
    uint8_t message[12 + 1 + LIMIT_ORIGIN + 8 + 1 + LIMIT_ORIGIN + 8 + 8 + SHA256_LEN];
    struct out o = out_of(message, sizeof message);
    out_bytes(&o, bytes_of("subtree/v1\n", 12)); /* with its NUL */
    out_char(&o, (char)(uint8_t)key->name.len);
    out_bytes(&o, key->name);
    out_be64(&o, time_s);
    out_char(&o, (char)(uint8_t)p->origin.len);
    out_bytes(&o, p->origin);
    out_be64(&o, 0);
    out_be64(&o, p->size);
    out_bytes(&o, hash_bytes(&p->root));
    return !o.overflow && c->mldsa44_verify != NULL && c->mldsa44_verify(c->ctx, key->key, sig, out_view(&o));
}

bool note_signature_verify(const struct crypto *c, const struct note_signature *s, const struct vkey *key,
                           struct bytes body, const struct checkpoint *checkpoint, uint64_t *ret_time_s)
{
    uint8_t blob[NOTE_KEY_ID + 8 + MLDSA44_SIG_LEN];
    size_t len;
    if (!base64_decode(s->base64, blob, sizeof blob, &len) || len < NOTE_KEY_ID + 8)
        return false;
    const uint8_t *sig = blob + NOTE_KEY_ID;
    len -= NOTE_KEY_ID;
    if (key->type == NOTE_ED25519) {
        if (len != ED25519_SIG_LEN || !c->ed25519_verify(c->ctx, key->key, sig, body))
            return false;
        *ret_time_s = 0;
        return true;
    }
    uint64_t time_s = be64_read(sig);
    if (time_s > INT64_MAX)
        return false;
    sig += 8;
    len -= 8;
    bool ok = key->type == NOTE_COSIGNATURE
                  ? len == ED25519_SIG_LEN && cosignature_verify(c, key, sig, time_s, body)
                  : len == MLDSA44_SIG_LEN && mldsa44_verify(c, key, sig, time_s, checkpoint);
    if (ok)
        *ret_time_s = time_s;
    return ok;
}
