/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tai-stamp/describe.h"

#include <stdlib.h>
#include <string.h>

#include "tools/text.h"

static unsigned digits_for(int64_t h)
{
    return h >= 100000000 ? 3 : h >= 100000 ? 6 : 9;
}

/* "... TAI = ...Z" with `digits` decimals. */
static char *both_scales(tai_t t, unsigned digits, const taistamp_leaps *leaps)
{
    char tai[TAISTAMP_TIME_TEXT], utc[TAISTAMP_TIME_TEXT];
    enum taistamp_utc_status status = TAISTAMP_UTC_UNKNOWN;

    if (taistamp_time_print(t, TAISTAMP_TAI, digits, NULL, tai, NULL) != TAI_OK)
        return text_printf("%lld ns TAI", (long long)t.ns);
    if (leaps == NULL || taistamp_time_print(t, TAISTAMP_UTC, digits, leaps, utc, &status) != TAI_OK)
        return text_printf("%s (UTC unknown: no leap-second table reaches it)", tai);
    return text_printf("%s (UTC %s%s)", tai, utc,
                       status == TAISTAMP_UTC_EXPIRED ? ", doubtful: the leap-second table ends before" : "");
}

char *describe_instant(tai_t t, tai_bound_t h, const taistamp_leaps *leaps)
{
    char width[TEXT_WIDTH_MAX], *both = both_scales(t, digits_for(h.ns), leaps), *text;

    text_width(h.ns, width);
    text = text_printf("%s \xc2\xb1 %s", both, width);
    free(both);
    return text;
}

char *describe_bare(tai_t t, const taistamp_leaps *leaps)
{
    return both_scales(t, t.ns % 1000000000 == 0 ? 0 : 9, leaps);
}

const char *describe_clock(enum taistamp_clock_source clock)
{
    switch (clock) {
    case TAISTAMP_CLOCK_GPS:
        return "a satellite receiver at the server";
    case TAISTAMP_CLOCK_UPSTREAM:
        return "NTP or another external reference";
    case TAISTAMP_CLOCK_QUORUM:
        return "servers of its cluster that have a reference";
    case TAISTAMP_CLOCK_SYSTEM:
        return "the server's system clock, as its time daemon bounds it";
    case TAISTAMP_CLOCK_ASSUMED:
        return "an error that the operator declared, not measured";
    }
    return "unknown";
}

/* "by a clock ...": the source of time as a part of the sentence. */
static const char *by_clock(enum taistamp_clock_source clock)
{
    switch (clock) {
    case TAISTAMP_CLOCK_GPS:
        return "by a clock that a satellite receiver at the server bounds";
    case TAISTAMP_CLOCK_UPSTREAM:
        return "by a clock that NTP or another external reference bounds";
    case TAISTAMP_CLOCK_QUORUM:
        return "by a clock that servers of its cluster with a reference bound";
    case TAISTAMP_CLOCK_SYSTEM:
        return "by the server's system clock, whose error its time daemon reports";
    case TAISTAMP_CLOCK_ASSUMED:
        return "by a clock whose error the operator declared and nobody measured";
    }
    return "by an unknown clock";
}

/* "3 of 4 witnesses ... no later than ... (even if 1 of them lies)". There is an independent time. */
static char *by_witnesses(const struct taistamp_verification *v, const taistamp_leaps *leaps)
{
    char *when = describe_bare(v->independent, leaps), *lie, *text;

    lie = v->liars_tolerated == 0 ? text_copy("if none of them lies")
                                  : text_printf("even if %zu of them %s", v->liars_tolerated,
                                                text_plural(v->liars_tolerated, "lies", "lie"));
    text = text_printf("%zu of %zu %s that it was no later than %s%s (%s)", v->witness_times, v->witnesses,
                       text_plural(v->witness_times, "witnesses confirms", "witnesses confirm"), when,
                       v->independent_doubtful ? ", doubtful: the leap-second table ends before" : "", lie);
    free(lie);
    free(when);
    return text;
}

static char *void_sentence(const char *issuer, const struct taistamp_verification *v, char *witnesses)
{
    if (witnesses != NULL)
        return text_printf(
            "the proof holds, but the time that entry %llu of %s claims is NOT believed, because "
            "its witnesses saw it too late; only their word counts: %s.",
            (unsigned long long)v->index, issuer, witnesses);
    return text_printf(
        "the proof holds, but the time that entry %llu of %s claims is NOT believed, because too "
        "few of the %zu witnesses say when they saw it, so no time can be relied on.",
        (unsigned long long)v->index, issuer, v->witnesses);
}

char *describe_verification(const char *subject, const struct taistamp_receipt_info *info,
                            const struct taistamp_verification *v, const taistamp_leaps *leaps)
{
    char *issuer = text_escape(info->issuer), *when, *text;
    char *witnesses = v->has_independent ? by_witnesses(v, leaps) : NULL;

    if (v->verdict == TAISTAMP_CLAIM_VOID) {
        text = void_sentence(issuer, v, witnesses);
    } else {
        when = describe_instant(v->t, v->h, leaps);
        text = text_printf(
            "%s existed no later than %s, %s, says entry %llu of %s, and %s%s.", subject, when,
            by_clock(v->clock), (unsigned long long)v->index, issuer,
            witnesses != NULL ? witnesses : "that rests on this one operator's word",
            v->tai_utc_differs ? " (the server's leap-second table differs from the one used here)" : "");
        free(when);
    }
    free(witnesses);
    free(issuer);
    return text;
}

void describe_text_json(json_t *object, const char *key, const char *text)
{
    json_t *value = json_string(text);

    if (value == NULL) { /* not UTF-8: shown as on a terminal */
        char *shown = text_escape(text);

        value = json_string(shown);
        free(shown);
    }
    json_object_set_new(object, key, value);
}

static void add_instant(json_t *object, const char *tai_key, const char *utc_key, tai_t t,
                        const taistamp_leaps *leaps)
{
    char text[TAISTAMP_TIME_TEXT];

    if (taistamp_time_print(t, TAISTAMP_TAI, 9, NULL, text, NULL) == TAI_OK)
        json_object_set_new(object, tai_key, json_string(text));
    if (leaps != NULL && taistamp_time_print(t, TAISTAMP_UTC, 9, leaps, text, NULL) == TAI_OK)
        json_object_set_new(object, utc_key, json_string(text));
    else
        json_object_set_new(object, utc_key, json_null());
}

void describe_info_json(json_t *object, const struct taistamp_receipt_info *info, const taistamp_leaps *leaps)
{
    char digest[TAISTAMP_DIGEST_TEXT];

    json_object_set_new(object, "issuer", json_string(info->issuer));
    json_object_set_new(object, "kind", json_string(taistamp_kind_name(info->kind)));
    taistamp_digest_print(&info->digest, digest);
    json_object_set_new(object, "digest", json_string(digest));
    json_object_set_new(object, "t", json_decimal(info->t.ns));
    json_object_set_new(object, "h", json_decimal(info->h.ns));
    add_instant(object, "tai", "utc", info->t, leaps);
    json_object_set_new(object, "clock", json_string(taistamp_clock_name(info->clock)));
    json_object_set_new(object, "index", json_integer((json_int_t)info->index));
    json_object_set_new(object, "size", json_integer((json_int_t)info->size));
    if (info->in_batch) {
        json_object_set_new(object, "batch_index", json_integer((json_int_t)info->batch_index));
        json_object_set_new(object, "batch_size", json_integer((json_int_t)info->batch_size));
    }
    if (info->has_closed)
        json_object_set_new(object, "closed_size", json_integer((json_int_t)info->closed_size));
    if (info->name != NULL) {
        char *name = text_escape_n(info->name, info->name_len);

        json_object_set_new(object, "name_hint", json_string(name));
        free(name);
    }
}

void describe_verification_json(json_t *object, const struct taistamp_verification *v,
                                const taistamp_leaps *leaps)
{
    bool holds = v->verdict == TAISTAMP_VALID || v->verdict == TAISTAMP_CLAIM_VOID;

    json_object_set_new(object, "valid", json_boolean(holds));
    json_object_set_new(object, "verdict", json_string(taistamp_verdict_name(v->verdict)));
    json_object_set_new(object, "claim_void", json_boolean(v->verdict == TAISTAMP_CLAIM_VOID));
    if (holds && v->has_independent) {
        json_object_set_new(object, "independent_tai", json_decimal(v->independent.ns));
        add_instant(object, "independent_tai_text", "independent_utc", v->independent, leaps);
    } else {
        json_object_set_new(object, "independent_tai", json_null());
    }
    json_object_set_new(object, "witnesses", json_integer((json_int_t)v->witnesses));
    json_object_set_new(object, "witness_times", json_integer((json_int_t)v->witness_times));
    json_object_set_new(object, "tai_utc_differs", json_boolean(v->tai_utc_differs));
    if (v->reason[0] != '\0')
        describe_text_json(object, "reason", v->reason);
}
