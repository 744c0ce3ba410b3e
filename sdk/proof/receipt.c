/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/proof/receipt.h"

#include <string.h>

#include "sdk/base/error.h"
#include "sdk/base/text.h"
#include "sdk/proof/merkle.h"
#include "sdk/proof/words.h"

static const char proof_version[] = "c2sp.org/tlog-proof@v1";
static const char extra_version[] = "taistamp.extra/v1";

static enum tai_err malformed(struct tai_error *error, const char *text)
{
    return error_set(error, TAI_ERR_FORMAT, text);
}

static bool kind_has_salt(enum taistamp_kind kind)
{
    return kind == TAISTAMP_COMMITMENT || kind == TAISTAMP_BATCH;
}

/* Which lines a form has: a server does not know what a salt hides. */
static bool form_has_digest(enum receipt_form form, enum taistamp_kind kind)
{
    return form == RECEIPT_FULL || !kind_has_salt(kind);
}

static bool form_has_salt(enum receipt_form form, enum taistamp_kind kind)
{
    return form == RECEIPT_FULL && kind_has_salt(kind);
}

static bool form_has_batch(enum receipt_form form, enum taistamp_kind kind)
{
    return form == RECEIPT_FULL && kind == TAISTAMP_BATCH;
}

/* ---- Reading the extra ---- */

/* A line is taken off `l` only if it begins with `word`. */
static bool take_field(struct lines *l, const char *word, struct bytes *ret_field)
{
    struct lines ahead = *l;
    struct bytes line;
    if (!lines_next(&ahead, &line) || !line_field(line, word, ret_field))
        return false;
    *l = ahead;
    return true;
}

static enum tai_err name_read(struct lines *l, struct receipt *r, struct tai_error *error)
{
    struct bytes f;
    r->name_len = 0;
    if (!take_field(l, "name", &f))
        return TAI_OK;
    size_t len;
    if (!percent_decode(f, r->name, sizeof r->name, &len) || len == 0 || memchr(r->name, '/', len) != NULL ||
        memchr(r->name, 0, len) != NULL)
        return malformed(error, "the receipt's name line is not a percent-encoded base name");
    r->name_len = len;
    return TAI_OK;
}

/* All lines that begin with `word` and hold a hash each. */
static enum tai_err path_read(struct lines *l, const char *word, struct hash path[LIMIT_PATH_HASHES],
                              size_t *ret_n, struct tai_error *error)
{
    struct bytes f;
    size_t n = 0;
    for (; take_field(l, word, &f); n++)
        if (n == LIMIT_PATH_HASHES || !base64_decode_exact(f, path[n].b, sizeof path[n].b))
            return malformed(error, "a path line of the receipt's extra part is malformed or too many");
    *ret_n = n;
    return TAI_OK;
}

static enum tai_err batch_read(struct lines *l, struct receipt *r, struct tai_error *error)
{
    struct bytes f, index, size;
    if (!take_field(l, "batch", &f) || !bytes_split(f, ' ', &index, &size) ||
        !text_read_u64(index, MERKLE_SIZE_MAX, &r->batch_index) ||
        !text_read_u64(size, MERKLE_SIZE_MAX, &r->batch_size))
        return malformed(error, "the receipt's batch line is missing or malformed");
    return path_read(l, "path", r->batch_path, &r->batch_path_n, error);
}

static enum tai_err closed_read(struct lines *l, struct receipt *r, struct tai_error *error)
{
    struct bytes f;
    r->has_closed = take_field(l, "closed", &f);
    r->closed_size = 0;
    r->closed_path_n = 0;
    if (!r->has_closed)
        return TAI_OK;
    if (!text_read_u64(f, MERKLE_SIZE_MAX, &r->closed_size))
        return malformed(error, "the receipt's closed line is malformed");
    return path_read(l, "closed-path", r->closed_path, &r->closed_path_n, error);
}

/* The lines between the version and the empty line, which depend on the entry's kind. */
static enum tai_err extra_lines_read(struct lines *l, enum receipt_form form, struct receipt *r,
                                     struct tai_error *error)
{
    enum taistamp_kind kind = r->entry.kind;
    enum tai_err err = TAI_OK;
    struct bytes f;
    r->name_len = 0;
    if (form == RECEIPT_FULL)
        err = name_read(l, r, error);
    if (err != TAI_OK)
        return err;
    r->has_digest = form_has_digest(form, kind);
    if (r->has_digest && !(take_field(l, "digest", &f) && digest_parse(f, &r->digest)))
        return malformed(error, "the receipt's digest line is missing or malformed");
    if (form_has_salt(form, kind) &&
        !(take_field(l, "salt", &f) && base64_decode_exact(f, r->salt.b, sizeof r->salt.b)))
        return malformed(error, "the receipt's salt line is missing or malformed");
    r->batch_index = r->batch_size = 0;
    r->batch_path_n = 0;
    if (form_has_batch(form, kind))
        err = batch_read(l, r, error);
    if (err != TAI_OK)
        return err;
    err = closed_read(l, r, error);
    if (err != TAI_OK)
        return err;
    return l->rest.len == 0 ? TAI_OK
                            : malformed(error, "the receipt's extra part has a line that does not belong");
}

static enum tai_err extra_read(struct bytes extra, enum receipt_form form, struct receipt *r,
                               struct tai_error *error)
{
    /* The entry comes first: its kind says which lines there are. It has no empty line, and nor has what
     * precedes. */
    size_t end = 0;
    while (end + 1 < extra.len && !(extra.data[end] == '\n' && extra.data[end + 1] == '\n'))
        end++;
    if (end + 1 >= extra.len)
        return malformed(error, "the receipt's extra part has no empty line before the entry");
    r->entry_text = bytes_of(extra.data + end + 2, extra.len - end - 2);
    enum tai_err err = entry_parse(r->entry_text, &r->entry, error);
    if (err != TAI_OK)
        return err;
    struct lines l = {bytes_of(extra.data, end + 1)};
    struct bytes version;
    if (!lines_next(&l, &version) || !bytes_equal_str(version, extra_version))
        return malformed(error, "the receipt's extra part does not begin with \"taistamp.extra/v1\"");
    return extra_lines_read(&l, form, r, error);
}

/* ---- Reading the proof ---- */

static enum tai_err audit_path_read(struct lines *l, struct receipt *r, struct tai_error *error)
{
    struct bytes line;
    for (size_t n = 0; lines_next(l, &line); n++) {
        if (line.len == 0) {
            r->path_n = n;
            return TAI_OK;
        }
        if (n == LIMIT_PATH_HASHES || !base64_decode_exact(line, r->path[n].b, sizeof r->path[n].b))
            return malformed(error, "a line of the receipt's audit path is malformed, or there are too many");
    }
    return malformed(error, "the receipt has no empty line after its audit path");
}

enum tai_err receipt_parse(struct bytes text, enum receipt_form form, struct receipt *ret_receipt,
                           struct tai_error *error)
{
    struct receipt *r = ret_receipt;
    struct lines l = {text};
    struct bytes line, f;
    size_t extra_len;
    if (text.len > LIMIT_RECEIPT)
        return error_set(error, TAI_ERR_SPACE, "the receipt is longer than 256 KiB");
    if (!lines_next(&l, &line) || !bytes_equal_str(line, proof_version))
        return malformed(error, "line 1 of the receipt is not \"c2sp.org/tlog-proof@v1\"");
    if (!lines_next(&l, &line) || !line_field(line, "extra", &f) ||
        !base64_decode(f, r->extra, sizeof r->extra, &extra_len))
        return malformed(error, "line 2 of the receipt is not \"extra\" and base64");
    enum tai_err err = extra_read(bytes_of(r->extra, extra_len), form, r, error);
    if (err != TAI_OK)
        return err;
    if (!lines_next(&l, &line) || !line_field(line, "index", &f) ||
        !text_read_u64(f, MERKLE_SIZE_MAX, &r->index))
        return malformed(error, "line 3 of the receipt is not \"index\" and a number");
    err = audit_path_read(&l, r, error);
    if (err != TAI_OK)
        return err;
    err = note_parse(l.rest, &r->note, error);
    if (err != TAI_OK)
        return err;
    return checkpoint_parse(r->note.body, &r->checkpoint, error);
}

/* ---- Writing ---- */

static void emit_field(struct out *o, const char *word, struct bytes value)
{
    out_str(o, word);
    out_char(o, ' ');
    out_base64(o, value);
    out_char(o, '\n');
}

static void emit_extra_lines(struct out *o, enum receipt_form form, const struct receipt *r)
{
    if (form == RECEIPT_FULL && r->name_len > 0) {
        out_str(o, "name ");
        percent_encode(bytes_of(r->name, r->name_len), o);
        out_char(o, '\n');
    }
    if (form_has_digest(form, r->entry.kind)) {
        out_str(o, "digest ");
        digest_emit(o, &r->digest);
        out_char(o, '\n');
    }
    if (form_has_salt(form, r->entry.kind))
        emit_field(o, "salt", hash_bytes(&r->salt));
    if (form_has_batch(form, r->entry.kind)) {
        out_str(o, "batch ");
        out_u64(o, r->batch_index);
        out_char(o, ' ');
        out_u64(o, r->batch_size);
        out_char(o, '\n');
        for (size_t i = 0; i < r->batch_path_n; i++)
            emit_field(o, "path", hash_bytes(&r->batch_path[i]));
    }
    if (r->has_closed) {
        out_str(o, "closed ");
        out_u64(o, r->closed_size);
        out_char(o, '\n');
        for (size_t i = 0; i < r->closed_path_n; i++)
            emit_field(o, "closed-path", hash_bytes(&r->closed_path[i]));
    }
}

/* What follows the extra line. */
static void emit_proof(struct out *o, uint64_t index, const struct hash *path, size_t n,
                       struct bytes checkpoint)
{
    out_str(o, "index ");
    out_u64(o, index);
    out_char(o, '\n');
    for (size_t i = 0; i < n; i++) {
        out_base64(o, hash_bytes(&path[i]));
        out_char(o, '\n');
    }
    out_char(o, '\n');
    out_bytes(o, checkpoint);
}

static void emit_all(struct out *o, const struct out *extra, uint64_t index, const struct hash *path,
                     size_t n, struct bytes checkpoint)
{
    size_t before = o->len;
    o->overflow = o->overflow || extra->overflow;
    out_str(o, proof_version);
    out_str(o, "\nextra ");
    out_base64(o, out_view(extra));
    out_char(o, '\n');
    emit_proof(o, index, path, n, checkpoint);
    if (o->len - before > LIMIT_RECEIPT)
        o->overflow = true;
}

void receipt_emit(struct out *o, enum receipt_form form, const struct receipt *r)
{
    uint8_t text[RECEIPT_EXTRA_MAX];
    struct out extra = out_of(text, sizeof text);
    out_str(&extra, extra_version);
    out_char(&extra, '\n');
    emit_extra_lines(&extra, form, r);
    out_char(&extra, '\n');
    out_bytes(&extra, r->entry_text);
    emit_all(o, &extra, r->index, r->path, r->path_n, r->note.text);
}

void receipt_emit_bare(struct out *o, struct bytes entry_text, const struct taistamp_digest *digest,
                       uint64_t index, const struct hash *path, size_t n, struct bytes checkpoint)
{
    uint8_t text[LIMIT_ENTRY + 256];
    struct out extra = out_of(text, sizeof text);
    out_str(&extra, extra_version);
    out_char(&extra, '\n');
    if (digest != NULL) {
        out_str(&extra, "digest ");
        digest_emit(&extra, digest);
        out_char(&extra, '\n');
    }
    out_char(&extra, '\n');
    out_bytes(&extra, entry_text);
    emit_all(o, &extra, index, path, n, checkpoint);
}
