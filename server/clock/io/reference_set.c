/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/io/reference_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/error.h"
#include "sdk/io/file.h"
#include "sdk/io/log.h"
#include "sdk/sync/line.h"
#include "sdk/time/arith.h"
#include "sdk/time/leap.h"
#include "sdk/time/page.h"
#include "server/clock/core/announcement.h"
#include "server/clock/core/timekeeper_record.h"
#include "server/clock/core/upstreams.h"
#include "server/clock/io/references.h"
#include "server/clock/io/thermometer.h"

/* In the order of enum config_reference_driver. */
static const struct {
    enum refclock_driver driver;
    const struct refclock_driver_ops *ops;
} drivers[] = {
    [CONFIG_REFERENCE_SYSTEM_CLOCK] = {REFCLOCK_SYSTEM_CLOCK, &refclock_system_clock},
    [CONFIG_REFERENCE_KERNEL] = {REFCLOCK_KERNEL, &refclock_kernel},
    [CONFIG_REFERENCE_GPSD] = {REFCLOCK_GPSD, &refclock_gpsd},
    [CONFIG_REFERENCE_NTP] = {REFCLOCK_NTP, &refclock_ntp},
    [CONFIG_REFERENCE_SHM] = {REFCLOCK_SHM, &refclock_shm},
    [CONFIG_REFERENCE_SOCK] = {REFCLOCK_SOCK, &refclock_sock},
    [CONFIG_REFERENCE_PPS] = {REFCLOCK_PPS, &refclock_pps},
};
_Static_assert(sizeof drivers / sizeof drivers[0] == CONFIG_REFERENCE_DRIVERS, "one row for each");
_Static_assert((int)CONFIG_REFERENCES_MAX <= (int)REFCLOCKS_MAX, "the timekeeper has a place for each");
_Static_assert(CONFIG_QUARANTINE_NS == TIMEKEEPER_QUARANTINE_NS,
               "its header tells what its default rests on");

struct source {
    struct refclock_settings settings;
    struct refclock_place place; /* the driver keeps hold of it */
    void *state;                 /* the driver's; NULL: not open */
    bool has_upstream;
    struct refclock_upstream upstream;
    bool has_leap;
    struct refclock_leap leap; /* as it last announced */
    enum announcement announcement;
    struct reference_said said;
};

/* Between writes of what is learnt. */
#define KEEP_NS (3600 * NS_PER_S)
enum { RECORD_MODE = 0600 };

struct reference_set {
    struct reference_set_settings settings;
    struct host *host;
    struct timekeeper *keeper;
    struct refclock_feed feed;
    struct source sources[REFCLOCKS_MAX];
    size_t count;
    struct thermometer thermometer;
    char *record_path;
    int64_t kept_raw_ns; /* of the last write, or of the start */
    bool has_kept;
    struct view_source peers[SYNC_NODES_MAX]; /* too large for a stack */
};

/* ---- The feed ---- */

static void on_sample(void *ctx, const struct refclock_sample *sample)
{
    timekeeper_sample(((struct reference_set *)ctx)->keeper, sample);
}

static void on_leap(void *ctx, const struct refclock_leap *leap)
{
    struct reference_set *set = ctx;
    if (leap->source < set->count) {
        set->sources[leap->source].leap = *leap;
        set->sources[leap->source].has_leap = true;
    }
    timekeeper_leap(set->keeper, leap);
}

static void on_evidence(void *ctx, const struct refclock_evidence *evidence)
{
    timekeeper_show(((struct reference_set *)ctx)->keeper, evidence);
}

static void on_lost(void *ctx, uint8_t source, enum refclock_verdict verdict, const char *why)
{
    struct reference_set *set = ctx;
    if (source < set->count && verdict == REFCLOCK_SILENT)
        set->sources[source].has_leap = false;
    timekeeper_lost(set->keeper, source, verdict, why);
}

/* By what all servers say of themselves so far, with the operator's groups. */
static void group_sources(struct reference_set *set)
{
    struct refclock_upstream upstreams[REFCLOCKS_MAX];
    uint16_t groups[REFCLOCKS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < set->count; i++) {
        groups[i] = set->sources[i].settings.group;
        if (set->sources[i].has_upstream)
            upstreams[n++] = set->sources[i].upstream;
    }
    upstreams_group(upstreams, n, set->count, groups);
    for (size_t i = 0; i < set->count; i++)
        timekeeper_group(set->keeper, (uint8_t)i, groups[i]);
}

static void on_upstream(void *ctx, const struct refclock_upstream *upstream)
{
    struct reference_set *set = ctx;
    if (upstream->source >= set->count)
        return;
    set->sources[upstream->source].upstream = *upstream;
    set->sources[upstream->source].has_upstream = true;
    group_sources(set);
}

static void now_of(void *ctx, struct engine_now *ret_now)
{
    host_now(((struct reference_set *)ctx)->host, ret_now);
}

static bool locate(void *ctx, int64_t realtime_ns, tai_mono_t *ret_raw, int64_t *ret_width_ns)
{
    return host_locate(((struct reference_set *)ctx)->host, realtime_ns, ret_raw, ret_width_ns);
}

static void leap_table(void *ctx, struct sync_leap *ret_leap)
{
    host_leap(((struct reference_set *)ctx)->host, ret_leap);
}

static enum taistamp_utc_status tai_utc_at(void *ctx, int64_t posix_s, int32_t *ret_tai_utc_s)
{
    const struct reference_set *set = ctx;
    struct sync_leap leap;
    host_leap(set->host, &leap);
    return utc_leap_at(host_leaps(set->host), &leap, posix_s, ret_tai_utc_s);
}

static void leaps_at(void *ctx, int64_t posix_s, struct utc_leaps *ret_leaps)
{
    const struct reference_set *set = ctx;
    struct sync_leap leap;
    host_leap(set->host, &leap);
    utc_leaps_at(host_leaps(set->host), &leap, posix_s, ret_leaps);
}

/* The newest line of the table that is not yet to come. */
static bool leap_last(const struct reference_set *set, tai_t *ret_at, int32_t *ret_step_s)
{
    const struct leap_table *table = host_leaps(set->host);
    struct sync_leap leap;
    host_leap(set->host, &leap);
    for (size_t i = table == NULL ? 0 : table->count; i > 1; i--) {
        int32_t step = table->lines[i - 1].tai_utc_s - table->lines[i - 2].tai_utc_s;
        tai_t at = leap_line_from(table, i - 1);
        if (step == 0 || at.ns >= leap.next.ns)
            continue;
        *ret_at = at;
        *ret_step_s = step;
        return true;
    }
    return false;
}

/* By the references; where they say nothing by the cluster, if that is on TAI. */
static bool tai_at(void *ctx, tai_mono_t raw, struct tai_interval *ret_interval)
{
    struct reference_set *set = ctx;
    if (timekeeper_tai_at(set->keeper, raw, ret_interval))
        return true;
    struct view_tracking tracking;
    set->settings.engine->tracking(set->settings.engine->engine, raw, &tracking);
    if (tracking.state == VIEW_STARTING || tracking.line.status > TAISTAMP_STATUS_ASSUMED)
        return false;
    *ret_interval = line_interval(&tracking.line, raw);
    return true;
}

/* ---- Opening ---- */

/* In the order of enum config_reference_kind. */
static const enum taistamp_clock_source kinds[] = {
    [CONFIG_REFERENCE_GPS] = TAISTAMP_CLOCK_GPS,
    [CONFIG_REFERENCE_UPSTREAM] = TAISTAMP_CLOCK_UPSTREAM,
    [CONFIG_REFERENCE_ASSUMED] = TAISTAMP_CLOCK_ASSUMED,
};
_Static_assert(sizeof kinds / sizeof kinds[0] == CONFIG_REFERENCE_KINDS, "one for each");

static void fill_source(const struct config_reference *from, struct refclock_settings *to)
{
    *to = (struct refclock_settings){
        .driver = drivers[from->driver].driver,
        .kind = kinds[from->kind],
        .group = (uint16_t)from->group,
        .accuracy_ns = from->accuracy_ns,
        .delay_ns = from->delay_ns,
        .serial_delay_ns = from->serial_delay_ns,
        .serial_accuracy_ns = from->serial_accuracy_ns,
        .poll_ns = from->poll_ns,
        .pulses = from->pulses_only,
        .weeks_from_s = from->weeks_from_posix_s,
        .surveyed = from->surveyed,
    };
    snprintf(to->name, sizeof to->name, "%s", from->name);
}

static enum tai_err make_keeper(struct reference_set *set, struct tai_error *error)
{
    const struct taid_config *c = set->settings.config;
    struct timekeeper_settings keeper = {.sources_count = set->count,
                                         .oscillator = set->settings.oscillator,
                                         .rate_bound = set->settings.rate_bound,
                                         .quarantine_ns = c->sync.quarantine_ns};
    for (size_t i = 0; i < set->count; i++) {
        fill_source(&c->sync.references[i], &set->sources[i].settings);
        keeper.sources[i] = set->sources[i].settings;
    }
    if (!arith_join(c->sync.not_before_posix_s, 0, &keeper.not_before.ns))
        return error_set(error, TAI_ERR_RANGE, "sync.not_before is out of range");
    set->keeper = calloc(1, timekeeper_size());
    if (set->keeper == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    enum tai_err err = timekeeper_init(set->keeper, &keeper);
    return err == TAI_OK ? TAI_OK
                         : error_set(error, err,
                                     "sync.references: settings that do not fit together, or a "
                                     "sync.not_before outside 1980 to 2170");
}

/* ---- What is kept over a restart ---- */

/* One that cannot be read is left alone and said; what was learnt is then learnt again. */
static enum tai_err recall(struct reference_set *set, struct tai_error *error)
{
    struct tai_error why;
    struct timekeeper_memory memory;
    char *text = NULL;
    size_t len = 0;
    set->record_path = file_path(set->settings.config->sync.state_dir, "references");
    if (set->record_path == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    enum tai_err err = file_read(&file_posix, set->record_path, TIMEKEEPER_RECORD_LEN_MAX, &text, &len, &why);
    if (err == TAI_OK && timekeeper_record_parse(bytes_of(text, len), &memory))
        timekeeper_recall(set->keeper, &memory);
    else if (err == TAI_OK)
        log_warning("clock: %s is no record of references; it will be written anew", set->record_path);
    else if (err != TAI_ERR_NOT_FOUND)
        log_warning("clock: what was learnt of the references cannot be read: %s", why.text);
    free(text);
    return TAI_OK;
}

static void keep(struct reference_set *set)
{
    struct timekeeper_memory memory;
    struct tai_error error;
    char text[TIMEKEEPER_RECORD_LEN_MAX];
    struct out out = out_of(text, sizeof text);
    if (!timekeeper_remember(set->keeper, &memory))
        return;
    timekeeper_record_print(&memory, &out);
    if (file_write(&file_posix, set->record_path, RECORD_MODE, FILE_REPLACE, out_view(&out), &error) !=
        TAI_OK)
        log_warning("clock: what was learnt of the references cannot be kept: %s", error.text);
}

enum tai_err reference_set_new(const struct reference_set_settings *settings, struct reference_set **ret_set,
                               struct tai_error *error)
{
    struct reference_set *set = calloc(1, sizeof *set);
    if (set == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    set->settings = *settings;
    set->count = settings->config->sync.references_count;
    set->feed = (struct refclock_feed){.ctx = set,
                                       .sample = on_sample,
                                       .leap = on_leap,
                                       .evidence = on_evidence,
                                       .lost = on_lost,
                                       .now = now_of,
                                       .locate = locate,
                                       .leap_table = leap_table,
                                       .tai_utc_at = tai_utc_at,
                                       .leaps_at = leaps_at,
                                       .upstream = on_upstream,
                                       .tai_at = tai_at};
    enum tai_err err = make_keeper(set, error);
    if (err == TAI_OK)
        err = recall(set, error);
    if (err != TAI_OK) {
        reference_set_free(set);
        return err;
    }
    *ret_set = set;
    return TAI_OK;
}

void reference_set_free(struct reference_set *set)
{
    if (set == NULL)
        return;
    free(set->keeper);
    free(set->record_path);
    free(set);
}

/* What the configuration says of it. */
static struct refclock_place place_of(const struct config_reference *c)
{
    return (struct refclock_place){
        .address = c->driver == CONFIG_REFERENCE_NTP ? c->server : c->address,
        .device = c->driver == CONFIG_REFERENCE_SOCK ? c->path : c->device,
        .key_file = c->key_file,
        .key_id = c->key_id,
        .unit = c->unit,
    };
}

static enum tai_err refuse(enum tai_err err, const char *name, const struct tai_error *reason,
                           struct tai_error *error)
{
    char head[64];
    snprintf(head, sizeof head, "reference %s", name);
    return error_set_detail(error, err, head, bytes_of_str(reason->text));
}

enum tai_err reference_set_check(const struct taid_config *config, struct tai_error *error)
{
    for (size_t i = 0; i < config->sync.references_count; i++) {
        const struct config_reference *c = &config->sync.references[i];
        const struct refclock_driver_ops *ops = drivers[c->driver].ops;
        struct refclock_settings settings = {.driver = drivers[c->driver].driver};
        struct refclock_place place = place_of(c);
        struct tai_error reason;
        snprintf(settings.name, sizeof settings.name, "%s", c->name);
        place.settings = &settings;
        enum tai_err err = ops->check == NULL ? TAI_OK : ops->check(&place, &reason);
        if (err != TAI_OK)
            return refuse(err, c->name, &reason, error);
    }
    return TAI_OK;
}

static enum tai_err open_source(struct reference_set *set, size_t i, struct tai_error *error)
{
    const struct config_reference *c = &set->settings.config->sync.references[i];
    struct refclock_place *place = &set->sources[i].place;
    *place = place_of(c);
    place->base = host_base(set->host);
    place->settings = &set->sources[i].settings;
    place->source = (uint8_t)i;
    place->feed = &set->feed;
    return drivers[c->driver].ops->open(&set->sources[i].place, &set->sources[i].state, error);
}

enum tai_err reference_set_open(struct reference_set *set, struct host *host, struct tai_error *error)
{
    set->host = host;
    thermometer_open(THERMOMETER_CLASS, &set->thermometer);
    if (set->thermometer.path[0] != 0)
        log_notice("clock: temperature next to the oscillator: %s", set->thermometer.name);
    for (size_t i = 0; i < set->count; i++) {
        struct tai_error reason;
        enum tai_err err = open_source(set, i, &reason);
        if (err != TAI_OK)
            return refuse(err, set->sources[i].settings.name, &reason, error);
    }
    return TAI_OK;
}

void reference_set_close(struct reference_set *set)
{
    keep(set);
    for (size_t i = 0; i < set->count; i++) {
        if (set->sources[i].state != NULL)
            drivers[set->settings.config->sync.references[i].driver].ops->close(set->sources[i].state);
        set->sources[i].state = NULL;
    }
}

/* ---- Once a second ---- */

static void ask_peers(struct reference_set *set, tai_mono_t raw)
{
    struct timekeeper_peers peers;
    size_t n = set->settings.engine->sources(set->settings.engine->engine, raw, set->peers, SYNC_NODES_MAX);
    timekeeper_peers_of(set->peers, n, raw, &peers);
    timekeeper_peers(set->keeper, &peers);
}

/* What each source announces, beside the leap table as it is now. */
static void compare_announcements(struct reference_set *set, tai_mono_t raw)
{
    struct tai_interval known;
    struct utc_leaps leaps;
    bool has_tai = tai_at(set, raw, &known);
    tai_t tai = has_tai ? interval_midpoint(known) : (tai_t){0};
    host_leap(set->host, &leaps.table);
    leaps.has_last = leap_last(set, &leaps.last, &leaps.last_step_s);
    for (size_t i = 0; i < set->count; i++) {
        struct source *s = &set->sources[i];
        enum announcement before = s->announcement;
        s->announcement =
            s->has_leap ? announcement_judge(&s->leap, &leaps, has_tai ? &tai : NULL) : ANNOUNCEMENT_NOTHING;
        /* Of another count the timekeeper tells. */
        if (s->announcement != before && announcement_differs(s->announcement) &&
            s->announcement != ANNOUNCEMENT_COUNT)
            log_warning("clock: reference %s %s", s->settings.name, announcement_words(s->announcement));
    }
}

static void say(struct reference_set *set, const struct timekeeper_reports *reports, tai_mono_t raw)
{
    if (reports->count == 0)
        return;
    struct timekeeper_view view;
    timekeeper_view(set->keeper, raw, &view);
    for (uint32_t i = 0; i < reports->count; i++) {
        const struct timekeeper_source_view *source = &view.sources[reports->items[i].source];
        if (reference_report_is_news(reports, i, &set->sources[reports->items[i].source].said))
            reference_report_log(&reports->items[i], source->name, source->said);
    }
}

bool reference_set_second(struct reference_set *set, const struct engine_now *now,
                          const struct sync_leap *leap, struct sync_reference *ret_reference)
{
    struct timekeeper_reports reports = {.count = 0};
    timekeeper_leap_table(set->keeper, leap);
    timekeeper_temperature(set->keeper, thermometer_read(&set->thermometer));
    ask_peers(set, now->raw);
    for (size_t i = 0; i < set->count; i++) {
        const struct refclock_driver_ops *ops = drivers[set->settings.config->sync.references[i].driver].ops;
        if (set->sources[i].state != NULL && ops->second != NULL)
            ops->second(set->sources[i].state, now);
    }
    /* A driver may have read the clocks anew: time does not go back. */
    struct engine_now last;
    host_now(set->host, &last);
    timekeeper_second(set->keeper, &last, ret_reference, &reports);
    say(set, &reports, last.raw);
    compare_announcements(set, last.raw);
    if (!set->has_kept || last.raw.ns - set->kept_raw_ns >= KEEP_NS || last.raw.ns < set->kept_raw_ns) {
        if (set->has_kept)
            keep(set);
        set->has_kept = true;
        set->kept_raw_ns = last.raw.ns;
    }
    return true;
}

/* ---- What it shows ---- */

enum announcement reference_set_announcement(const struct reference_set *set, uint8_t source)
{
    return source < set->count ? set->sources[source].announcement : ANNOUNCEMENT_NOTHING;
}

void reference_set_make(const struct reference_set *set, tai_mono_t raw, struct page_make *ret_make)
{
    struct timekeeper_view v;
    timekeeper_view(set->keeper, raw, &v);
    ret_make->references = (uint8_t)(v.voices < PAGE_COUNT_MAX ? v.voices : PAGE_COUNT_MAX);
    ret_make->holdover_ns = v.holdover_ns;
    for (size_t i = 0; i < set->count; i++) {
        ret_make->leap_heard = ret_make->leap_heard || set->sources[i].announcement != ANNOUNCEMENT_NOTHING;
        ret_make->leap_differs =
            (uint8_t)(ret_make->leap_differs + (announcement_differs(set->sources[i].announcement) ? 1 : 0));
    }
}

void reference_set_view(const struct reference_set *set, tai_mono_t raw, struct timekeeper_view *ret_view)
{
    timekeeper_view(set->keeper, raw, ret_view);
}

void reference_set_oscillator(const struct reference_set *set, struct view_oscillator *ret_view)
{
    timekeeper_oscillator(set->keeper, ret_view);
}

const struct refclock_evidence *reference_set_evidence(const struct reference_set *set, uint8_t source)
{
    return timekeeper_evidence_of(set->keeper, source);
}

const struct refclock_upstream *reference_set_upstream(const struct reference_set *set, uint8_t source)
{
    return source < set->count && set->sources[source].has_upstream ? &set->sources[source].upstream : NULL;
}
