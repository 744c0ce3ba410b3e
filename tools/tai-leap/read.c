/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tai-leap/read.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char before_1972[] =
    "before 1972 UTC was no whole number of seconds from TAI, so this is not converted";

__attribute__((format(printf, 3, 4))) static enum tai_err fail(struct tai_error *error, enum tai_err code,
                                                               const char *format, ...)
{
    va_list list;
    va_start(list, format);
    error->code = code;
    vsnprintf(error->text, sizeof error->text, format, list);
    va_end(list);
    return code;
}

/* Words for a conversion that failed; `unknown` for TAI_ERR_UNKNOWN. */
static enum tai_err explain(struct tai_error *error, enum tai_err code, const char *unknown)
{
    if (code == TAI_ERR_UNKNOWN)
        return fail(error, code, "%s", unknown);
    if (code == TAI_ERR_RANGE)
        return fail(error, code, "only instants from 1677 to 2262 can be expressed");
    return fail(error, code, "it cannot be converted (%s)", taistamp_err_name(code));
}

/* "[-]digits[.one to nine digits]" as whole seconds rounded down and nanoseconds after that. */
static bool read_decimal(const char *text, bool may_have_fraction, int64_t *ret_s, int32_t *ret_ns)
{
    bool negative = *text == '-';
    const char *p = text + (negative ? 1 : 0);
    uint64_t limit = (uint64_t)INT64_MAX, v = 0;
    int32_t ns = 0, unit = 1000000000;
    if (*p < '0' || *p > '9')
        return false;
    for (; *p >= '0' && *p <= '9'; p++) {
        uint64_t digit = (uint64_t)(*p - '0');
        if (v > (limit - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    if (*p == '.' && may_have_fraction) {
        for (p++; *p >= '0' && *p <= '9' && unit > 1; p++) {
            unit /= 10;
            ns += (*p - '0') * unit;
        }
        if (unit == 1000000000)
            return false;
    }
    if (*p != 0)
        return false;
    *ret_s = negative ? -(int64_t)v - (ns > 0 ? 1 : 0) : (int64_t)v;
    *ret_ns = negative && ns > 0 ? 1000000000 - ns : ns;
    return true;
}

/* Exactly `n` hex digits, n <= 16. */
static bool read_hex(const char *text, size_t n, uint64_t *ret_v)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        static const char digits[] = "0123456789abcdef";
        char c = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] - 'A' + 'a') : text[i];
        const char *at = c == 0 ? NULL : strchr(digits, c);
        if (at == NULL)
            return false;
        v = v << 4 | (uint64_t)(at - digits);
    }
    *ret_v = v;
    return true;
}

static enum tai_err read_posix(const char *text, const taistamp_leaps *leaps, struct instant *ret_instant,
                               struct tai_error *error)
{
    int64_t s, back_s;
    int32_t ns, back_ns;
    tai_t t;
    enum taistamp_utc_status status;
    if (!read_decimal(text, true, &s, &ns))
        return fail(error, TAI_ERR_FORMAT, "POSIX seconds are a number with at most nine decimals");
    enum tai_err err = taistamp_time_from_posix(leaps, s, &t, &status);
    if (err == TAI_OK)
        err = taistamp_time_add(t, (tai_span_t){ns}, &t);
    if (err == TAI_OK)
        err = taistamp_time_to_posix(leaps, t, &back_s, &back_ns, &status);
    if (err != TAI_OK)
        return explain(error, err, before_1972);
    *ret_instant = (struct instant){.t = t};
    if (back_s != s)
        ret_instant->remark = "a negative leap second removed this POSIX second; this is its successor";
    return TAI_OK;
}

/* Decimal seconds, or one of the two hex forms. */
static enum tai_err read_ntp(const char *text, const taistamp_leaps *leaps, tai_t pivot,
                             struct instant *ret_instant, struct tai_error *error)
{
    uint64_t high, low;
    int64_t s;
    int32_t ns;
    tai_t t;
    enum taistamp_utc_status status;
    enum tai_err err;
    size_t len = strlen(text);
    /* A number whose 8 + 8 digits are all decimal reads as the hex form, which is how NTP tools print
     * timestamps. */
    if (len == 17 && text[8] == '.' && read_hex(text, 8, &high) && read_hex(text + 9, 8, &low)) {
        uint64_t timestamp = high << 32 | low;
        err = taistamp_time_from_ntp(leaps, timestamp, pivot, &t, &status);
        if (timestamp == 0)
            return fail(error, err, "the NTP timestamp of all zeroes means that the time is not known");
    } else if (len == 32 && read_hex(text, 16, &high) && read_hex(text + 16, 16, &low)) {
        err = taistamp_time_from_ntp_date(leaps, (struct tai_ntp_date){(int64_t)high, low}, &t, &status);
    } else if (read_decimal(text, true, &s, &ns)) {
        err = taistamp_time_from_ntp_date(leaps, (struct tai_ntp_date){s, 0}, &t, &status);
        if (err == TAI_OK)
            err = taistamp_time_add(t, (tai_span_t){ns}, &t);
    } else {
        return fail(error, TAI_ERR_FORMAT,
                    "an NTP time is seconds since 1900, or hex: HHHHHHHH.HHHHHHHH or 32 digits");
    }
    if (err != TAI_OK)
        return explain(error, err, before_1972);
    *ret_instant = (struct instant){.t = t};
    return TAI_OK;
}

/* The interval of taid's page. False when there is none or nothing vouches for it. */
static bool read_page(struct instant *ret_instant)
{
    taistamp_clock *clock;
    struct taistamp_reading r;
    tai_span_t width;
    if (taistamp_clock_open(NULL, &clock, NULL) != TAI_OK)
        return false;
    bool good = taistamp_clock_read(clock, &r) == TAI_OK;
    taistamp_clock_close(clock);
    if (!good || (r.status != TAISTAMP_STATUS_SYNCHRONISED && r.status != TAISTAMP_STATUS_SINGLE_REFERENCE &&
                  r.status != TAISTAMP_STATUS_ASSUMED))
        return false;
    if (taistamp_time_sub(r.tai.latest, r.tai.earliest, &width) != TAI_OK)
        return false;
    *ret_instant =
        (struct instant){.measured = true, .bounded = true, .source = taistamp_status_name(r.status)};
    ret_instant->half_width.ns = width.ns / 2 + width.ns % 2;
    return taistamp_time_add(r.tai.earliest, (tai_span_t){width.ns / 2}, &ret_instant->t) == TAI_OK;
}

enum tai_err read_now(const taistamp_leaps *leaps, struct instant *ret_instant, struct tai_error *error)
{
    struct timespec now;
    tai_t t;
    enum taistamp_utc_status status;
    if (read_page(ret_instant))
        return TAI_OK;
    clock_gettime(CLOCK_REALTIME, &now);
    enum tai_err err = taistamp_time_from_posix(leaps, now.tv_sec, &t, &status);
    if (err == TAI_OK)
        err = taistamp_time_add(t, (tai_span_t){now.tv_nsec}, &t);
    if (err != TAI_OK)
        return explain(error, err, "this system's clock stands before 1972");
    *ret_instant = (struct instant){.t = t,
                                    .measured = true,
                                    .source = "system-clock",
                                    .remark = "read from this system's clock, whose error is not known here"};
    return TAI_OK;
}

static bool is_number(const char *text)
{
    const char *p = text + (*text == '-' ? 1 : 0);
    return *p != 0 && strspn(p, "0123456789.") == strlen(p);
}

enum tai_err read_item(const struct item *item, const taistamp_leaps *leaps, tai_t pivot,
                       struct instant *ret_instant, struct tai_error *error)
{
    int64_t whole;
    int32_t none;
    tai_t t;
    enum tai_err err;
    switch (item->kind) {
    case ITEM_POSIX:
        return read_posix(item->text, leaps, ret_instant, error);
    case ITEM_NTP:
        return read_ntp(item->text, leaps, pivot, ret_instant, error);
    case ITEM_NS:
        if (!read_decimal(item->text, false, &whole, &none))
            return fail(error, TAI_ERR_FORMAT, "nanoseconds are a whole number between -2^63 and 2^63");
        *ret_instant = (struct instant){.t = {whole}};
        return TAI_OK;
    case ITEM_TEXT:
        break;
    }
    if (strcmp(item->text, "now") == 0)
        return read_now(leaps, ret_instant, error);
    if (is_number(item->text))
        return fail(error, TAI_ERR_FORMAT, "a bare number could be anything: say --posix, --ntp or --ns");
    err = taistamp_time_parse(item->text, leaps, &t, error);
    if (err == TAI_OK)
        *ret_instant = (struct instant){.t = t};
    return err;
}
