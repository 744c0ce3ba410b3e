/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tai-stamp/describe.h"

#include <stdlib.h>
#include <string.h>

#include "tools/tai-stamp/text.h"

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

/* Whose word the time is. */
static char *describe_word(const struct taistamp_verification *v, const taistamp_leaps *leaps)
{
    char *when, *text;

    if (v->witnesses == 0)
        return text_copy("No witness has confirmed it: the time rests on one operator's word.");
    if (!v->has_independent)
        return text_printf("Too few of the %zu witnesses say when they saw it, so no time can be relied on.",
                           v->witnesses);
    when = describe_bare(v->independent, leaps);
    text = text_printf(
        "Independently, by the word of %zu of %zu witnesses (%zu may be lying): no later than %s%s.",
        v->witness_times, v->witnesses, v->liars_tolerated, when,
        v->independent_doubtful ? ", doubtful: the leap-second table ends before" : "");
    free(when);
    return text;
}

char *describe_verification(const struct taistamp_receipt_info *info, const struct taistamp_verification *v,
                            const taistamp_leaps *leaps)
{
    char *word = describe_word(v, leaps), *issuer = text_escape(info->issuer), *when, *text;

    if (v->verdict == TAISTAMP_CLAIM_VOID) {
        text = text_printf(
            "the proof holds, but the time that %s claims is NOT believed: its witnesses saw it too "
            "late or do not say when. Log entry %llu. %s",
            issuer, (unsigned long long)v->index, word);
    } else {
        when = describe_instant(v->t, v->h, leaps);
        text = text_printf(
            "existed by %s. Source of time: %s. Log entry %llu of %s. %s%s", when, describe_clock(v->clock),
            (unsigned long long)v->index, issuer, word,
            v->tai_utc_differs ? " (The server's leap-second table differs from the one used here.)" : "");
        free(when);
    }
    free(issuer);
    free(word);
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
