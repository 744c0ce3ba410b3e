/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/tai-leap/show.h"

/* An instant in every form. Empty strings where it has none. */
struct forms {
    char tai[TAISTAMP_TIME_TEXT];
    char utc[TAISTAMP_TIME_TEXT];
    char tai64n[TAISTAMP_TIME_TEXT];
    char posix[40];
    char ntp[40];
    struct tai_ntp_date ntp_date;
    enum taistamp_utc_status status;
    int32_t tai_utc_s;
    bool second_60;
};

static struct forms forms_make(tai_t t, const taistamp_leaps *leaps)
{
    struct forms f = {.status = TAISTAMP_UTC_UNKNOWN};
    enum taistamp_utc_status status;
    int64_t posix_s;
    int32_t ns;
    uint64_t ntp;
    unsigned digits = t.ns % 1000000000 == 0 ? 0 : 9;
    f.status = taistamp_leaps_offset(leaps, t, &f.tai_utc_s);
    if (taistamp_time_print(t, TAISTAMP_TAI, digits, leaps, f.tai, NULL) != TAI_OK)
        f.tai[0] = 0;
    taistamp_time_print_tai64n(t, f.tai64n);
    if (taistamp_time_print(t, TAISTAMP_UTC, digits, leaps, f.utc, NULL) != TAI_OK)
        f.utc[0] = 0;
    f.second_60 = strlen(f.utc) > 19 && memcmp(f.utc + 17, "60", 2) == 0;
    if (taistamp_time_to_posix(leaps, t, &posix_s, &ns, &status) == TAI_OK)
        snprintf(f.posix, sizeof f.posix, ns == 0 ? "%" PRId64 : "%" PRId64 ".%09" PRId32, posix_s, ns);
    if (taistamp_time_to_ntp(leaps, t, &ntp, &status) == TAI_OK &&
        taistamp_time_to_ntp_date(leaps, t, &f.ntp_date, &status) == TAI_OK)
        snprintf(f.ntp, sizeof f.ntp, "%08" PRIx64 ".%08" PRIx64, ntp >> 32, ntp & UINT32_MAX);
    return f;
}

/* A length of time as people read it; two significant digits more than its unit. */
static void span_print(int64_t ns, char *out, size_t cap)
{
    static const struct {
        int64_t unit;
        const char *name;
    } row[] = {{1000000000, "s"}, {1000000, "ms"}, {1000, "us"}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (ns >= row[i].unit) {
            /* Rounded up, so that a bound stays true. */
            int64_t thousandth = row[i].unit / 1000, parts = ns / thousandth + (ns % thousandth != 0 ? 1 : 0);
            snprintf(out, cap, "%" PRId64 ".%03" PRId64 " %s", parts / 1000, parts % 1000, row[i].name);
            return;
        }
    snprintf(out, cap, "%" PRId64 " ns", ns);
}

static bool show_one(const struct forms *f, tai_t t, enum form form)
{
    const char *text = form == FORM_TAI      ? f->tai
                       : form == FORM_UTC    ? f->utc
                       : form == FORM_TAI64N ? f->tai64n
                       : form == FORM_POSIX  ? f->posix
                                             : f->ntp;
    if (form == FORM_NS)
        return printf("%" PRId64 "\n", t.ns) > 0;
    return text[0] != 0 && printf("%s\n", text) > 0;
}

static void show_utc(const struct forms *f)
{
    if (f->status == TAISTAMP_UTC_UNKNOWN) {
        printf("  UTC      not known: before 1972 it was no whole number of seconds from TAI\n");
        return;
    }
    printf("  UTC      %s%s\n", f->utc, f->second_60 ? "  (an inserted leap second)" : "");
    printf("  TAI-UTC  %" PRId32 " s%s\n", f->tai_utc_s,
           f->status == TAISTAMP_UTC_EXPIRED ? "  (doubtful: after the table's expiry)" : "");
    printf("  POSIX    %s%s\n", f->posix,
           f->second_60 ? "  (the number of the second after; POSIX has none for 60)" : "");
    printf("  NTP      %s  (era %" PRId64 ", %" PRId64 " s since 1900)\n", f->ntp, f->ntp_date.seconds >> 32,
           f->ntp_date.seconds);
}

bool show_instant(const char *input, const struct instant *i, enum form form, const taistamp_leaps *leaps,
                  bool quiet)
{
    struct forms f = forms_make(i->t, leaps);
    if (form != FORM_ALL)
        return show_one(&f, i->t, form);
    char width[40] = "error not known";
    if (i->bounded)
        span_print(i->half_width.ns, width, sizeof width);
    printf("%s\n", input);
    printf("  TAI      %s%s%s%s\n", f.tai, i->measured ? (i->bounded ? "  ± " : "  (") : "",
           i->measured ? width : "", i->measured && !i->bounded ? ")" : "");
    show_utc(&f);
    printf("  TAI64N   %s\n", f.tai64n);
    printf("  ns       %" PRId64 "  (since 1970-01-01T00:00:00 TAI)\n", i->t.ns);
    if (i->remark != NULL && !quiet)
        printf("  Note     %s\n", i->remark);
    return true;
}

static void set_text(json_t *object, const char *key, const char *text)
{
    (void)json_object_set_new(object, key, text[0] != 0 ? json_string(text) : json_null());
}

json_t *show_instant_json(const char *input, const struct instant *i, const taistamp_leaps *leaps)
{
    static const char *const status[] = {
        [TAISTAMP_UTC_OK] = "ok", [TAISTAMP_UTC_EXPIRED] = "expired", [TAISTAMP_UTC_UNKNOWN] = "unknown"};
    struct forms f = forms_make(i->t, leaps);
    json_t *o = json_object();
    set_text(o, "input", input);
    (void)json_object_set_new(o, "tai_ns", json_decimal(i->t.ns));
    set_text(o, "tai", f.tai);
    set_text(o, "utc", f.utc);
    set_text(o, "utc_status", status[f.status]);
    (void)json_object_set_new(o, "tai_utc_s",
                              f.status == TAISTAMP_UTC_UNKNOWN ? json_null() : json_integer(f.tai_utc_s));
    (void)json_object_set_new(o, "second_60", json_boolean(f.second_60));
    set_text(o, "tai64n", f.tai64n);
    set_text(o, "posix", f.posix);
    set_text(o, "ntp", f.ntp);
    (void)json_object_set_new(o, "ntp_era",
                              f.ntp[0] == 0 ? json_null() : json_integer(f.ntp_date.seconds >> 32));
    if (i->measured) {
        set_text(o, "source", i->source);
        (void)json_object_set_new(o, "half_width_ns",
                                  i->bounded ? json_decimal(i->half_width.ns) : json_null());
    }
    if (i->remark != NULL)
        set_text(o, "note", i->remark);
    return o;
}
