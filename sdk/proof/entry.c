/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/proof/entry.h"

#include "sdk/base/bug.h"
#include "sdk/base/error.h"
#include "sdk/base/limits.h"
#include "sdk/base/text.h"
#include "sdk/proof/note.h"
#include "sdk/proof/words.h"

enum { TAI_UTC_MAX = 9999, ORIGIN_HEX = 16 };

static const char entry_version[] = "taistamp.entry/v1";

bool origin_valid(struct bytes origin)
{
    static const char middle[] = "/taistamp/";
    struct bytes host, rest, id;
    uint8_t drawn[ORIGIN_HEX / 2];
    if (!note_name_valid(origin) || !bytes_split(origin, '/', &host, &rest) || host.len == 0)
        return false;
    id = bytes_of(host.data + host.len, origin.len - host.len);
    return bytes_strip_prefix(&id, middle) && hex_decode(id, drawn, sizeof drawn);
}

bool entry_kind_takes(enum taistamp_kind kind, enum taistamp_algorithm algorithm)
{
    return kind == TAISTAMP_DIGEST || kind == TAISTAMP_TOKEN || algorithm == TAISTAMP_SHA256;
}

static bool times_read(struct bytes field, struct entry *e)
{
    struct bytes t_text, h_text;
    uint64_t t, h;
    if (!bytes_split(field, ' ', &t_text, &h_text) || !text_read_u64(t_text, INT64_MAX, &t) ||
        !text_read_u64(h_text, INT64_MAX, &h) || t == 0 || h >= t || h > (uint64_t)INT64_MAX - t)
        return false;
    e->t.ns = (int64_t)t;
    e->h.ns = (int64_t)h;
    return true;
}

static bool tai_utc_read(struct bytes field, struct entry *e)
{
    uint64_t s = 0;
    e->tai_utc_known = !bytes_equal_str(field, "unknown");
    if (e->tai_utc_known && !text_read_u64(field, TAI_UTC_MAX, &s))
        return false;
    e->tai_utc_s = (int32_t)s;
    return true;
}

/* Line `number` (1 to 7) of an entry. */
static bool line_read(int number, struct bytes line, struct entry *e)
{
    struct bytes f;
    switch (number) {
    case 1:
        return bytes_equal_str(line, entry_version);
    case 2:
        e->issuer = bytes_of(line.data, 0);
        return line_field(line, "issuer", &e->issuer) && note_name_valid(e->issuer);
    case 3:
        return line_field(line, "kind", &f) && kind_parse(f, &e->kind);
    case 4:
        return line_field(line, "subject", &f) && digest_parse(f, &e->subject) &&
               entry_kind_takes(e->kind, e->subject.algorithm);
    case 5:
        return line_field(line, "tai", &f) && times_read(f, e);
    case 6:
        return line_field(line, "tai-utc", &f) && tai_utc_read(f, e);
    default:
        return line_field(line, "clock", &f) && clock_source_parse(f, &e->clock);
    }
}

enum tai_err entry_parse(struct bytes text, struct entry *ret_entry, struct tai_error *error)
{
    static const char *const complaints[] = {
        "entry line 1 is not \"taistamp.entry/v1\"",
        "entry line 2 is not \"issuer\" and a log's name",
        "entry line 3 is not \"kind\" and a known kind",
        "entry line 4 is not \"subject\" and a digest of an algorithm that the kind takes",
        "entry line 5 is not \"tai\" with an instant and a half-width in range",
        "entry line 6 is not \"tai-utc\" with seconds up to 9999 or \"unknown\"",
        "entry line 7 is not \"clock\" and a known source of time",
    };
    if (text.len > LIMIT_ENTRY)
        return error_set(error, TAI_ERR_FORMAT, "the entry is longer than any entry");
    struct entry e = {.issuer = {NULL, 0}};
    struct lines l = {text};
    for (int i = 0; i < (int)(sizeof complaints / sizeof *complaints); i++) {
        struct bytes line;
        if (!lines_next(&l, &line) || !line_read(i + 1, line, &e))
            return error_set(error, TAI_ERR_FORMAT, complaints[i]);
    }
    if (l.rest.len > 0)
        return error_set(error, TAI_ERR_FORMAT, "the entry has more than its seven lines");
    *ret_entry = e;
    return TAI_OK;
}

void entry_emit(struct out *o, const struct entry *e)
{
    BUG_UNLESS(note_name_valid(e->issuer) && entry_kind_takes(e->kind, e->subject.algorithm));
    BUG_UNLESS(e->t.ns > 0 && e->h.ns >= 0 && e->h.ns < e->t.ns && e->h.ns <= INT64_MAX - e->t.ns);
    BUG_UNLESS(!e->tai_utc_known || (e->tai_utc_s >= 0 && e->tai_utc_s <= TAI_UTC_MAX));
    out_str(o, entry_version);
    out_str(o, "\nissuer ");
    out_bytes(o, e->issuer);
    out_str(o, "\nkind ");
    out_str(o, taistamp_kind_name(e->kind));
    out_str(o, "\nsubject ");
    digest_emit(o, &e->subject);
    out_str(o, "\ntai ");
    out_i64(o, e->t.ns);
    out_char(o, ' ');
    out_i64(o, e->h.ns);
    out_str(o, "\ntai-utc ");
    if (e->tai_utc_known)
        out_i64(o, e->tai_utc_s);
    else
        out_str(o, "unknown");
    out_str(o, "\nclock ");
    out_str(o, taistamp_clock_name(e->clock));
    out_char(o, '\n');
}
