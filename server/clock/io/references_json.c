/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/io/references_json.h"

#include <inttypes.h>

#include "client/io/control_json.h"
#include "server/clock/io/gps_report.h"
#include "server/json.h"

static const char *driver_name(enum refclock_driver driver)
{
    static const char *const names[REFCLOCK_DRIVERS] = {
        [REFCLOCK_NONE] = "none",     [REFCLOCK_SYSTEM_CLOCK] = "system-clock",
        [REFCLOCK_KERNEL] = "kernel", [REFCLOCK_GPSD] = "gpsd",
        [REFCLOCK_NTP] = "ntp",       [REFCLOCK_SHM] = "shm",
        [REFCLOCK_SOCK] = "sock",     [REFCLOCK_PPS] = "pps"};
    return (unsigned)driver < REFCLOCK_DRIVERS ? names[driver] : "unknown";
}

static json_t *ns(int64_t v)
{
    return v == INT64_MAX ? json_null() : json_sprintf("%" PRId64, v);
}

static json_t *ns_if(bool known, int64_t v)
{
    return known ? ns(v) : json_null();
}

static json_t *signs(uint8_t bits)
{
    static const struct {
        uint8_t bit;
        const char *name;
    } names[] = {{TIMEKEEPER_MOVED, "moved"},
                 {TIMEKEEPER_UNIFORM, "uniform-signal"},
                 {TIMEKEEPER_DROPPED, "satellites-dropped"},
                 {TIMEKEEPER_JAMMING, "jamming"}};
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if ((bits & names[i].bit) != 0 && json_array_append_new(list, json_string(names[i].name)) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

/* What a network server says of itself; null where the source is none. */
static json_t *upstream(const struct refclock_upstream *u)
{
    if (u == NULL)
        return json_null();
    return json_pack("{s:o, s:i, s:b, s:o, s:o, s:o, s:o, s:o, s:i}", "address",
                     control_json_address(&u->address), "stratum", (int)u->stratum, "authenticated",
                     (int)u->authenticated, "reference_id", json_sprintf("%08" PRIx32, u->reference_id),
                     "root_delay_ns", ns(u->root_delay_ns), "root_dispersion_ns", ns(u->root_dispersion_ns),
                     "delay_ns", ns(u->delay_ns), "poll_ns", ns(u->poll_ns), "reach", (int)u->reach);
}

/* What it announces of leap seconds, beside the leap table; null: nothing. */
static json_t *announces(enum announcement a)
{
    return a == ANNOUNCEMENT_NOTHING ? json_null() : json_string(announcement_words(a));
}

/* Why it has its verdict. */
static const char *why_of(const struct timekeeper_source_view *s)
{
    return s->reason == TIMEKEEPER_DRIVER_SAYS && s->said != NULL ? s->said
                                                                  : timekeeper_reason_words(s->reason);
}

static json_t *source(const struct reference_set *set, const struct timekeeper_source_view *s, uint8_t i)
{
    json_t *o = json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:o, s:o}", "name", s->name, "driver",
                          driver_name(s->driver), "kind", taistamp_clock_name(s->kind), "group",
                          s->group != 0 ? json_integer(s->group) : json_null(), "verdict",
                          gps_report_verdict(s->verdict), "why", why_of(s), "value", ns(s->value),
                          "quarantine_ns", ns(s->quarantine_ns));
    if (o == NULL || json_object_set_new(o, "offset_ns", ns_if(s->speaks, s->offset_ns)) != 0 ||
        json_object_set_new(o, "half_width_ns", ns_if(s->speaks, s->half_width_ns)) != 0 ||
        json_object_set_new(o, "sigma_ns", ns_if(s->speaks, s->sigma_ns)) != 0 ||
        json_object_set_new(o, "rate_ps_per_s",
                            s->speaks ? json_integer((json_int_t)s->rate_ps_per_s) : json_null()) != 0 ||
        json_object_set_new(o, "samples", json_integer((json_int_t)s->samples)) != 0 ||
        json_object_set_new(o, "age_ns", ns_if(s->age_ns >= 0, s->age_ns)) != 0 ||
        json_object_set_new(o, "pulse", json_boolean(s->pulse)) != 0 ||
        json_object_set_new(o, "tai_utc_s", s->has_tai_utc ? json_integer(s->tai_utc_s) : json_null()) != 0 ||
        json_object_set_new(o, "announces", announces(reference_set_announcement(set, i))) != 0 ||
        json_object_set_new(o, "signs", signs(s->evidence)) != 0 ||
        json_object_set_new(o, "taken", json_integer((json_int_t)s->taken)) != 0 ||
        json_object_set_new(o, "refused", json_integer((json_int_t)s->refused)) != 0 ||
        json_object_set_new(o, "upstream", upstream(reference_set_upstream(set, i))) != 0) {
        json_decref(o);
        return NULL;
    }
    return o;
}

static json_t *budget(const struct timekeeper_budget *b)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "source_ns", ns(b->source_ns), "samples_ns",
                     ns(b->samples_ns), "spread_ns", ns(b->spread_ns), "holdover_ns", ns(b->holdover_ns),
                     "doubt_ns", ns(b->doubt_ns));
}

static json_t *own(const struct sync_reference *r)
{
    if (!r->present)
        return json_null();
    return json_pack("{s:s, s:o, s:I, s:i}", "kind", taistamp_clock_name((enum taistamp_clock_source)r->kind),
                     "half_width_ns", ns(r->half_width.ns), "rate_ps_per_s", (json_int_t)r->rate_ps_per_s,
                     "growth_ppb", (int)r->growth.ppb);
}

struct json_t *references_json(const struct reference_set *set, tai_mono_t raw)
{
    struct timekeeper_view v;
    reference_set_view(set, raw, &v);
    json_t *list = json_array();
    for (size_t i = 0; i < v.sources_count; i++)
        if (json_array_append_new(list, source(set, &v.sources[i], (uint8_t)i)) != 0) {
            json_decref(list);
            return NULL;
        }
    return json_pack("{s:i, s:o, s:o, s:i, s:i, s:b, s:o, s:o}", "v", 1, "reference", own(&v.reference),
                     "holdover_ns", ns_if(v.holdover_ns >= 0, v.holdover_ns), "voices", (int)v.voices, "f",
                     (int)v.f, "doubt", (int)v.doubt, "budget", budget(&v.budget), "references", list);
}

struct json_t *references_gps_json(const struct reference_set *set, tai_mono_t raw)
{
    struct timekeeper_view v;
    struct gps_report_item items[REFCLOCKS_MAX];
    size_t count = 0;
    reference_set_view(set, raw, &v);
    for (size_t i = 0; i < v.sources_count; i++) {
        const struct timekeeper_source_view *s = &v.sources[i];
        const struct refclock_evidence *e = reference_set_evidence(set, (uint8_t)i);
        if (e != NULL)
            items[count++] = (struct gps_report_item){
                .name = s->name, .evidence = e, .verdict = s->verdict, .why = why_of(s)};
    }
    return gps_report(items, count);
}
