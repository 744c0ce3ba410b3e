/* SPDX-License-Identifier: Apache-2.0 */
/* Reading leap-seconds.list: one pass over the lines, collecting the digits that its hash covers. */
#include <string.h>

#include "sdk/base/error.h"
#include "sdk/base/text.h"
#include "sdk/time/arith.h"
#include "sdk/time/civil.h"
#include "sdk/time/leap.h"
#include "sdk/time/ntp.h"

/* 2262-01-01, the last year that fits tai_t whole. */
#define FILE_POSIX_MAX_S INT64_C(9214646400)
/* 1972-01-01, when TAI-UTC became the whole number 10. */
#define FIRST_POSIX_S INT64_C(63072000)

enum {
    FIRST_TAI_UTC_S = 10,
    TAI_UTC_MAX_S = 9999, /* FORMATS: four digits */
    LINE_DIGITS = 16,     /* at most 11 of the second and 4 of the offset */
    HASH_WORDS = 5
};

struct reader {
    struct leap_table table;
    uint8_t digits[(LIMIT_LEAPS + 2) * LINE_DIGITS]; /* what the hash covers */
    struct out covered;
    uint8_t hash[LEAP_SHA1_LEN];
    bool has_updated, has_expires, has_hash;
    uint64_t line_number;
    struct tai_error *error;
};

static enum tai_err fail(const struct reader *r, enum tai_err code, const char *what)
{
    return error_set_line(r->error, code, "leap-second table,", r->line_number, what, bytes_of(NULL, 0));
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* Takes the next word of a line; an empty one at its end. */
static struct bytes take_word(struct bytes *line)
{
    size_t i = 0;
    while (i < line->len && is_blank(line->data[i]))
        i++;
    size_t start = i;
    while (i < line->len && !is_blank(line->data[i]))
        i++;
    struct bytes word = bytes_of(line->data + start, i - start);
    *line = bytes_of(line->data + i, line->len - i);
    return word;
}

/* An NTP second as POSIX, noted among the digits covered. */
static bool read_second(struct reader *r, struct bytes word, int64_t *ret_posix_s)
{
    uint64_t ntp_s;
    if (!text_read_u64(word, (uint64_t)(FILE_POSIX_MAX_S + NTP_TO_POSIX_S), &ntp_s))
        return false;
    out_bytes(&r->covered, word);
    *ret_posix_s = (int64_t)ntp_s - NTP_TO_POSIX_S;
    return true;
}

static enum tai_err read_date(struct reader *r, struct bytes line, bool *seen, int64_t *ret_posix_s)
{
    if (*seen)
        return fail(r, TAI_ERR_FORMAT, "this kind of line may occur only once");
    *seen = true;
    struct bytes word = take_word(&line);
    if (take_word(&line).len != 0 || !read_second(r, word, ret_posix_s))
        return fail(r, TAI_ERR_FORMAT, "one number of seconds since 1900 is expected");
    return TAI_OK;
}

/* Five words of up to eight hex digits. Old NIST files left out leading zeroes. */
static enum tai_err read_hash(struct reader *r, struct bytes line)
{
    if (r->has_hash)
        return fail(r, TAI_ERR_FORMAT, "this kind of line may occur only once");
    r->has_hash = true;
    for (size_t i = 0; i < HASH_WORDS; i++) {
        struct bytes word = take_word(&line);
        uint8_t padded[8] = {'0', '0', '0', '0', '0', '0', '0', '0'};
        if (word.len == 0 || word.len > sizeof padded)
            return fail(r, TAI_ERR_FORMAT, "the hash must be five words of at most eight hex digits");
        memcpy(padded + sizeof padded - word.len, word.data, word.len);
        if (!hex_decode(bytes_of(padded, sizeof padded), r->hash + 4 * i, 4))
            return fail(r, TAI_ERR_FORMAT, "the hash must be of lower-case hex digits");
    }
    return take_word(&line).len == 0 ? TAI_OK : fail(r, TAI_ERR_FORMAT, "text after the hash");
}

/* A leap second comes at the end of a month, one at a time, and the first line is the start of the
 * whole-second UTC. */
static enum tai_err check_line(const struct reader *r, const struct leap_line *l)
{
    size_t n = r->table.count;
    if (n == 0) {
        if (l->posix_s != FIRST_POSIX_S || l->tai_utc_s != FIRST_TAI_UTC_S)
            return fail(r, TAI_ERR_FORMAT, "the first line must be 1972-01-01 with 10 s");
        return TAI_OK;
    }
    struct civil date;
    civil_from_seconds(l->posix_s, &date);
    int32_t step = l->tai_utc_s - r->table.lines[n - 1].tai_utc_s;
    if (l->posix_s <= r->table.lines[n - 1].posix_s)
        return fail(r, TAI_ERR_FORMAT, "the lines are not in ascending order");
    if (l->posix_s % SECONDS_PER_DAY != 0 || date.day != 1)
        return fail(r, TAI_ERR_FORMAT, "a leap second can only precede the first day of a month");
    if (step != 1 && step != -1)
        return fail(r, TAI_ERR_FORMAT, "TAI-UTC changes by other than one second");
    return TAI_OK;
}

static enum tai_err read_line(struct reader *r, struct bytes line)
{
    struct leap_line l;
    uint64_t offset;
    struct bytes second = take_word(&line), tai_utc = take_word(&line), after = take_word(&line);
    if (second.len == 0)
        return TAI_OK;
    if (!read_second(r, second, &l.posix_s) || !text_read_u64(tai_utc, TAI_UTC_MAX_S, &offset) ||
        (after.len > 0 && after.data[0] != '#'))
        return fail(r, TAI_ERR_FORMAT, "seconds since 1900 and TAI-UTC are expected");
    out_bytes(&r->covered, tai_utc);
    l.tai_utc_s = (int32_t)offset;
    if (r->table.count == LIMIT_LEAPS)
        return fail(r, TAI_ERR_SPACE, "more lines than this program takes");
    enum tai_err err = check_line(r, &l);
    if (err == TAI_OK)
        r->table.lines[r->table.count++] = l;
    return err;
}

static enum tai_err read_any(struct reader *r, struct bytes line)
{
    /* Copies that went through other systems end their lines in CR LF. */
    if (line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    if (line.len == 0 || line.data[0] != '#')
        return read_line(r, line);
    if (line.len < 3 || !is_blank(line.data[2]))
        return TAI_OK;
    struct bytes rest = bytes_of(line.data + 2, line.len - 2);
    switch (line.data[1]) {
    case '$':
        return read_date(r, rest, &r->has_updated, &r->table.updated_posix_s);
    case '@':
        return read_date(r, rest, &r->has_expires, &r->table.expires_posix_s);
    case 'h':
        return read_hash(r, rest);
    default:
        return TAI_OK;
    }
}

static enum tai_err check_whole(const struct reader *r, leap_sha1_fn sha1, void *ctx)
{
    uint8_t hash[LEAP_SHA1_LEN];
    if (!r->has_updated)
        return error_set(r->error, TAI_ERR_FORMAT, "leap-second table: no line of its last update (#$)");
    if (!r->has_expires)
        return error_set(r->error, TAI_ERR_FORMAT, "leap-second table: no line of its expiry (#@)");
    if (r->table.count == 0)
        return error_set(r->error, TAI_ERR_FORMAT, "leap-second table: no line of data");
    if (!r->has_hash)
        return error_set(r->error, TAI_ERR_FORMAT,
                         "leap-second table: no hash line (#h); the file is cut short or of another kind");
    if (r->covered.overflow)
        return error_set(r->error, TAI_ERR_SPACE, "leap-second table: too many digits");
    if (!sha1(ctx, out_view(&r->covered), hash))
        return error_set(r->error, TAI_ERR_CRYPTO, "SHA-1 is not available");
    if (memcmp(hash, r->hash, sizeof hash) != 0)
        return error_set(r->error, TAI_ERR_CORRUPT,
                         "leap-second table: the data do not have the hash that the file states");
    return TAI_OK;
}

enum tai_err leap_parse(struct bytes text, leap_sha1_fn sha1, void *ctx, struct leap_table *ret_table,
                        struct tai_error *error)
{
    if (text.len > LIMIT_LEAP_FILE)
        return error_set(error, TAI_ERR_SPACE, "leap-second table: the file is longer than any such table");
    struct reader r = {.error = error};
    r.covered = out_of(r.digits, sizeof r.digits);
    struct lines lines = {text};
    struct bytes line;
    enum tai_err err = TAI_OK;
    while (err == TAI_OK && lines_next(&lines, &line)) {
        r.line_number++;
        err = read_any(&r, line);
    }
    /* A last line without its LF is common in copies; the hash vouches for the rest. */
    if (err == TAI_OK && lines.rest.len > 0) {
        r.line_number++;
        err = read_any(&r, lines.rest);
    }
    if (err == TAI_OK)
        err = check_whole(&r, sha1, ctx);
    if (err == TAI_OK)
        *ret_table = r.table;
    return err;
}
