/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/time/rfc3339.h"

#include <string.h>

#include "sdk/base/bug.h"
#include "sdk/base/error.h"
#include "sdk/time/arith.h"

/* What a text says, before any table is asked. */
struct parsed {
    struct civil civil;
    enum taistamp_scale scale;
    int64_t east_s; /* the numeric offset: local time minus UTC */
};

static bool take_char(struct bytes *b, char c)
{
    if (b->len == 0 || b->data[0] != (uint8_t)c)
        return false;
    *b = bytes_of(b->data + 1, b->len - 1);
    return true;
}

/* Exactly `n` digits. */
static bool take_digits(struct bytes *b, size_t n, int32_t *ret_v)
{
    int32_t v = 0;
    if (b->len < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = b->data[i];
        if (c < '0' || c > '9')
            return false;
        v = v * 10 + (c - '0');
    }
    *b = bytes_of(b->data + n, b->len - n);
    *ret_v = v;
    return true;
}

static bool take_date_time(struct bytes *b, struct civil *ret_civil)
{
    struct civil c = {0};
    int32_t year;
    if (!take_digits(b, 4, &year) || !take_char(b, '-') || !take_digits(b, 2, &c.month) ||
        !take_char(b, '-') || !take_digits(b, 2, &c.day))
        return false;
    if (!take_char(b, 'T') && !take_char(b, 't') && !take_char(b, ' '))
        return false;
    if (!take_digits(b, 2, &c.hour) || !take_char(b, ':') || !take_digits(b, 2, &c.minute) ||
        !take_char(b, ':') || !take_digits(b, 2, &c.second))
        return false;
    c.year = year;
    *ret_civil = c;
    return true;
}

/* "." and one to nine digits, or nothing. */
static bool take_fraction(struct bytes *b, int32_t *ret_ns)
{
    int32_t ns = 0, unit = (int32_t)NS_PER_S, digit;
    if (!take_char(b, '.'))
        return true;
    while (take_digits(b, 1, &digit)) {
        if (unit == 1)
            return false;
        unit /= 10;
        ns += digit * unit;
    }
    *ret_ns = ns;
    return unit < NS_PER_S;
}

static bool take_scale(struct bytes *b, struct parsed *p)
{
    p->scale = TAISTAMP_UTC;
    p->east_s = 0;
    if (take_char(b, 'Z') || take_char(b, 'z'))
        return true;
    bool east = take_char(b, '+');
    if (east || take_char(b, '-')) {
        int32_t hours, minutes;
        if (!take_digits(b, 2, &hours) || !take_char(b, ':') || !take_digits(b, 2, &minutes) || hours > 23 ||
            minutes > 59)
            return false;
        p->east_s = (hours * 60 + minutes) * (east ? INT64_C(60) : INT64_C(-60));
        return true;
    }
    (void)take_char(b, ' ');
    p->scale = TAISTAMP_TAI;
    return bytes_strip_prefix(b, "TAI");
}

static enum tai_err parse_text(struct bytes text, struct parsed *ret_p, struct tai_error *error)
{
    struct parsed p;
    struct bytes b = text;
    if (!take_date_time(&b, &p.civil))
        return error_set_detail(error, TAI_ERR_FORMAT, "not a time of the form 2017-01-01T00:00:37", text);
    if (!take_fraction(&b, &p.civil.ns))
        return error_set_detail(error, TAI_ERR_FORMAT, "one to nine decimals may follow the seconds", text);
    if (!take_scale(&b, &p) || b.len != 0)
        return error_set_detail(error, TAI_ERR_FORMAT,
                                "a time must end in TAI, Z or an offset such as +01:00", text);
    if (!civil_valid(&p.civil))
        return error_set_detail(error, TAI_ERR_RANGE, "there is no such date or time of day", text);
    *ret_p = p;
    return TAI_OK;
}

static enum tai_err tai_from_seconds(int64_t s, int32_t ns, struct bytes text, tai_t *ret_t,
                                     struct tai_error *error)
{
    if (!arith_join(s, ns, &ret_t->ns))
        return error_set_detail(error, TAI_ERR_RANGE, "only instants from 1677 to 2262 can be expressed",
                                text);
    return TAI_OK;
}

static enum tai_err check_second_60(const struct leap_table *table, int64_t next_posix_s, struct bytes text,
                                    struct tai_error *error)
{
    if (leap_step_at_posix(table, next_posix_s) > 0)
        return TAI_OK;
    if (next_posix_s > table->expires_posix_s)
        return error_set_detail(
            error, TAI_ERR_UNKNOWN,
            "whether there is a second 60 is not known: the leap-second table ends before", text);
    return error_set_detail(error, TAI_ERR_RANGE,
                            "no leap second was inserted there, so there is no second 60", text);
}

static enum tai_err tai_from_utc(const struct parsed *p, const struct leap_table *table, struct bytes text,
                                 tai_t *ret_t, struct tai_error *error)
{
    struct civil c = p->civil;
    bool second_60 = c.second == 60;
    if (second_60)
        c.second = 59;
    int64_t posix_s = civil_to_seconds(&c) - p->east_s;
    int32_t offset;
    if (table == NULL)
        return error_set_detail(error, TAI_ERR_UNKNOWN, "UTC cannot be converted without a leap-second table",
                                text);
    if (leap_offset_at_posix(table, posix_s, &offset) == TAISTAMP_UTC_UNKNOWN)
        return error_set_detail(
            error, TAI_ERR_UNKNOWN,
            "UTC before 1972 was no whole number of seconds from TAI and is not converted", text);
    if (second_60) {
        enum tai_err err = check_second_60(table, posix_s + 1, text, error);
        if (err != TAI_OK)
            return err;
    } else if (leap_step_at_posix(table, posix_s + 1) < 0) {
        return error_set_detail(error, TAI_ERR_RANGE, "a negative leap second removed this second", text);
    }
    return tai_from_seconds(posix_s + offset + (second_60 ? 1 : 0), c.ns, text, ret_t, error);
}

enum tai_err rfc3339_parse(struct bytes text, const struct leap_table *table, tai_t *ret_t,
                           struct tai_error *error)
{
    struct parsed p;
    enum tai_err err = parse_text(text, &p, error);
    if (err != TAI_OK)
        return err;
    if (p.scale == TAISTAMP_UTC)
        return tai_from_utc(&p, table, text, ret_t, error);
    if (p.civil.second == 60)
        return error_set_detail(error, TAI_ERR_RANGE, "TAI has no leap seconds, so it has no second 60",
                                text);
    return tai_from_seconds(civil_to_seconds(&p.civil), p.civil.ns, text, ret_t, error);
}

/* `v` in `width` digits, with leading zeroes. */
static void put_digits(struct out *o, int64_t v, unsigned width)
{
    char digits[9];
    BUG_UNLESS(width <= sizeof digits && v >= 0);
    for (unsigned i = width; i > 0; i--) {
        digits[i - 1] = (char)('0' + v % 10);
        v /= 10;
    }
    out_bytes(o, bytes_of(digits, width));
}

static void put_civil(struct out *o, const struct civil *c, unsigned decimals)
{
    put_digits(o, c->year, 4);
    out_char(o, '-');
    put_digits(o, c->month, 2);
    out_char(o, '-');
    put_digits(o, c->day, 2);
    out_char(o, 'T');
    put_digits(o, c->hour, 2);
    out_char(o, ':');
    put_digits(o, c->minute, 2);
    out_char(o, ':');
    put_digits(o, c->second, 2);
    if (decimals == 0)
        return;
    int64_t cut = c->ns;
    for (unsigned i = decimals; i < 9; i++)
        cut /= 10;
    out_char(o, '.');
    put_digits(o, cut, decimals);
}

enum tai_err rfc3339_print(tai_t t, enum taistamp_scale scale, unsigned digits,
                           const struct leap_table *table, char ret_text[TAISTAMP_TIME_TEXT],
                           enum taistamp_utc_status *ret_status)
{
    struct civil c;
    enum taistamp_utc_status status = TAISTAMP_UTC_OK;
    if (digits > 9)
        return TAI_ERR_ARGUMENT;
    if (scale == TAISTAMP_UTC) {
        struct leap_utc utc;
        enum tai_err err = leap_utc_from_tai(table, t, &utc);
        if (err != TAI_OK)
            return err;
        civil_from_seconds(utc.posix_s, &c);
        c.second += utc.second_60 ? 1 : 0;
        c.ns = utc.ns;
        status = utc.status;
    } else {
        int64_t ns;
        civil_from_seconds(arith_div_floor(t.ns, NS_PER_S, &ns), &c);
        c.ns = (int32_t)ns;
    }
    struct out o = out_of(ret_text, TAISTAMP_TIME_TEXT);
    put_civil(&o, &c, digits);
    out_str(&o, scale == TAISTAMP_UTC ? "Z" : " TAI");
    BUG_UNLESS(out_terminate(&o));
    *ret_status = status;
    return TAI_OK;
}
