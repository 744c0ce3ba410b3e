/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stamp/io/api_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/time/arith.h"
#include "server/json.h"

static bool has_bound(const struct taistamp_reading *r)
{
    return r->status == TAISTAMP_STATUS_SYNCHRONISED || r->status == TAISTAMP_STATUS_SINGLE_REFERENCE ||
           r->status == TAISTAMP_STATUS_ASSUMED;
}

/* Half of latest - earliest, rounded up; the ends are of one sign and era, so nothing overflows. */
static int64_t half_width_ns(const struct taistamp_reading *r)
{
    int64_t width = r->tai.latest.ns - r->tai.earliest.ns;
    return width / 2 + width % 2;
}

const char *api_unhealthy(const struct api_view *v)
{
    if (v->log.failed)
        return "the log could not be written and is about to verify itself";
    if (v->stopping)
        return "the server is stopping";
    if (v->clock.status == TAISTAMP_STATUS_RELATIVE)
        return "the clock has no bound: the cluster's time is relative, no server has a reference";
    if (!has_bound(&v->clock))
        return "the clock has no bound";
    if (half_width_ns(&v->clock) > v->max_error_ns)
        return "the clock is too uncertain";
    if (v->log.size > 0 && v->log.last_tai.ns >= v->clock.tai.latest.ns)
        return "the clock is behind the log";
    return NULL;
}

/* Nanoseconds exceed what JSON numbers carry safely, so they are decimal strings. */
static json_t *ns_text(int64_t ns)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRId64, ns);
    return json_string(text);
}

static json_t *instant_text(tai_t t, enum taistamp_scale scale, const taistamp_leaps *leaps)
{
    char text[TAISTAMP_TIME_TEXT];
    if (taistamp_time_print(t, scale, 9, leaps, text, NULL) != TAI_OK)
        return json_null();
    return json_string(text);
}

static const char *utc_word(enum taistamp_utc_status utc)
{
    switch (utc) {
    case TAISTAMP_UTC_OK:
        return "ok";
    case TAISTAMP_UTC_EXPIRED:
        return "expired";
    case TAISTAMP_UTC_UNKNOWN:
    default:
        return "unknown";
    }
}

/* `text` is what json_dumps made, or NULL; a line feed at its end suits terminals. */
static char *with_newline(json_t *doc)
{
    char *text = doc != NULL ? json_dumps(doc, JSON_INDENT(2)) : NULL;
    json_decref(doc);
    if (text == NULL)
        return NULL;
    size_t n = strlen(text);
    char *longer = realloc(text, n + 2);
    if (longer == NULL) {
        free(text);
        return NULL;
    }
    longer[n] = '\n';
    longer[n + 1] = '\0';
    return longer;
}

/* What part this server plays; null where there is no cluster. */
static json_t *cluster_json(const struct clock_line *l)
{
    const struct page_cluster *c = &l->cluster;
    if (c->role == PAGE_ROLE_NONE)
        return json_null();
    return json_pack("{s:s, s:o, s:o, s:o, s:i, s:i}", "role", page_role_name(c->role), "master",
                     l->master != 0 ? json_integer((json_int_t)l->master) : json_null(), "term",
                     ns_text((int64_t)l->term), "fault_margin",
                     c->has_margin ? json_integer(c->margin) : json_null(), "servers", (int)c->servers,
                     "servers_up", (int)c->servers_up);
}

/* The age of the parts that the page has, so that they add up to the half-width that is said beside them. */
static int64_t age_ns(const struct api_view *v)
{
    const struct page_make *m = &v->line.make;
    if (!has_bound(&v->clock))
        return m->age_ns;
    int64_t age = half_width_ns(&v->clock) - m->upstream_ns - m->path_ns - m->stamps_ns - m->slew_ns;
    return age > m->age_ns ? age : m->age_ns;
}

/* Where the half-width comes from; null where the page's writer does not say. */
static json_t *make_json(const struct api_view *v)
{
    const struct page_make *m = &v->line.make;
    if (!m->said)
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "upstream", ns_text(m->upstream_ns), "path",
                     ns_text(m->path_ns), "stamps", ns_text(m->stamps_ns), "age", ns_text(age_ns(v)), "slew",
                     ns_text(m->slew_ns));
}

/* This server's own sources of time; null where it has none, or nothing to say by them. */
static json_t *reference_json(const struct clock_line *l)
{
    const struct page_make *m = &l->make;
    if (!m->said || !m->has_reference)
        return json_null();
    return json_pack("{s:s, s:i, s:o}", "kind", taistamp_clock_name(m->kind), "count", (int)m->references,
                     "holdover_ns", m->holdover_ns < 0 ? json_null() : ns_text(m->holdover_ns));
}

static json_t *clock_json(const struct api_view *v)
{
    const struct taistamp_reading *r = &v->clock;
    json_t *o = json_object();
    const bool bound = has_bound(r);
    json_object_set_new(o, "status", json_string(taistamp_status_name(r->status)));
    json_object_set_new(o, "source", bound ? json_string(taistamp_clock_name(r->source)) : json_null());
    json_object_set_new(o, "earliest", bound ? ns_text(r->tai.earliest.ns) : json_null());
    json_object_set_new(o, "latest", bound ? ns_text(r->tai.latest.ns) : json_null());
    json_object_set_new(o, "half_width_ns", bound ? ns_text(half_width_ns(r)) : json_null());
    json_object_set_new(o, "half_width_of_ns", bound ? make_json(v) : json_null());
    json_object_set_new(o, "reference", reference_json(&v->line));
    json_object_set_new(o, "cluster", cluster_json(&v->line));
    return o;
}

char *api_time_json(const struct api_view *v)
{
    const struct taistamp_reading *r = &v->clock;
    const bool bound = has_bound(r);
    json_t *o = clock_json(v);
    static const struct {
        const char *name;
        bool latest;
        enum taistamp_scale scale;
    } texts[] = {{"earliest_tai", false, TAISTAMP_TAI},
                 {"latest_tai", true, TAISTAMP_TAI},
                 {"earliest_utc", false, TAISTAMP_UTC},
                 {"latest_utc", true, TAISTAMP_UTC}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        tai_t t = texts[i].latest ? r->tai.latest : r->tai.earliest;
        json_object_set_new(o, texts[i].name,
                            bound ? instant_text(t, texts[i].scale, v->leaps) : json_null());
    }
    json_object_set_new(o, "tai_utc_s",
                        r->utc != TAISTAMP_UTC_UNKNOWN ? json_integer(r->tai_utc_s) : json_null());
    json_object_set_new(o, "utc_status", json_string(utc_word(r->utc)));
    json_object_set_new(o, "leap_table_expires",
                        v->leaps != NULL
                            ? instant_text(taistamp_leaps_expires(v->leaps), TAISTAMP_UTC, v->leaps)
                            : json_null());
    return with_newline(o);
}

char *api_status_json(const struct api_view *v)
{
    const struct stamp_log_stats *l = &v->log;
    const struct guard_stats *g = &v->http.guard;
    const char *why = api_unhealthy(v);
    json_t *log = json_pack(
        "{s:s, s:I, s:o, s:I, s:I, s:I, s:I, s:o}", "origin", l->origin, "size", (json_int_t)l->size,
        "last_tai", l->size > 0 ? ns_text(l->last_tai.ns) : json_null(), "stamps", (json_int_t)l->stamps,
        "commits", (json_int_t)l->commits, "pending", (json_int_t)l->pending, "last_batch",
        (json_int_t)l->last_batch, "last_commit_ns", ns_text(l->last_commit_ns));
    json_t *refused = json_pack(
        "{s:I, s:I, s:I, s:I, s:I}", "clock_no_bound", (json_int_t)l->refused_no_bound, "clock_too_uncertain",
        (json_int_t)l->refused_uncertain, "clock_behind_log", (json_int_t)l->refused_behind, "overloaded",
        (json_int_t)l->refused_overloaded, "malformed", (json_int_t)g->refused);
    json_t *http =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "connections", (json_int_t)g->connections,
                  "accepted", (json_int_t)g->accepted, "evicted", (json_int_t)g->evicted, "idle_closed",
                  (json_int_t)g->idle_closed, "request_timeouts", (json_int_t)g->request_timeouts,
                  "slow_readers", (json_int_t)g->slow_readers, "requests", (json_int_t)v->http.requests);
    json_t *o = json_pack("{s:s, s:I, s:b, s:o, s:o, s:o, s:o, s:o}", "version", taistamp_version(),
                          "uptime_s", (json_int_t)v->uptime_s, "healthy", why == NULL, "reason",
                          why == NULL ? json_null() : json_string(why), "clock", clock_json(v), "log", log,
                          "refused", refused, "http", http);
    return with_newline(o);
}

/* One counter or gauge with its help line. */
static void metric(FILE *f, const char *name, const char *type, const char *help, uint64_t value)
{
    (void)fprintf(f, "# HELP taistamp_%s %s\n# TYPE taistamp_%s %s\ntaistamp_%s %" PRIu64 "\n", name, help,
                  name, type, name, value);
}

static void metric_refusals(FILE *f, const struct api_view *v)
{
    const struct {
        const char *reason;
        uint64_t count;
    } rows[] = {
        {"clock_no_bound", v->log.refused_no_bound}, {"clock_too_uncertain", v->log.refused_uncertain},
        {"clock_behind_log", v->log.refused_behind}, {"overloaded", v->log.refused_overloaded},
        {"malformed", v->http.guard.refused},        {"request_timeout", v->http.guard.request_timeouts},
        {"slow_reader", v->http.guard.slow_readers}, {"evicted", v->http.guard.evicted}};
    (void)fputs("# HELP taistamp_refused_total Requests and connections refused or dropped, by reason.\n"
                "# TYPE taistamp_refused_total counter\n",
                f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        (void)fprintf(f, "taistamp_refused_total{reason=\"%s\"} %" PRIu64 "\n", rows[i].reason,
                      rows[i].count);
}

static void metric_clock(FILE *f, const struct api_view *v)
{
    if (has_bound(&v->clock)) {
        int64_t ns = half_width_ns(&v->clock);
        (void)fprintf(
            f,
            "# HELP taistamp_clock_half_width_seconds Half-width of the clock's interval around TAI.\n"
            "# TYPE taistamp_clock_half_width_seconds gauge\n"
            "taistamp_clock_half_width_seconds %" PRId64 ".%09" PRId64 "\n",
            ns / NS_PER_S, ns % NS_PER_S);
    }
    (void)fputs("# HELP taistamp_clock_status The clock's status: 1 at the one it has, 0 at the others.\n"
                "# TYPE taistamp_clock_status gauge\n",
                f);
    for (int s = TAISTAMP_STATUS_SYNCHRONISED; s <= TAISTAMP_STATUS_EXPIRED; s++)
        (void)fprintf(f, "taistamp_clock_status{status=\"%s\"} %d\n",
                      taistamp_status_name((enum taistamp_status)s), s == (int)v->clock.status);
}

/* As the clock page has it: a server of a cluster says what part it plays. */
static void metric_cluster(FILE *f, const struct clock_line *l)
{
    const struct page_cluster *c = &l->cluster;
    (void)fputs("# HELP taistamp_cluster_role This server's part: 1 at the one it has, 0 at the others.\n"
                "# TYPE taistamp_cluster_role gauge\n",
                f);
    for (int r = PAGE_ROLE_STARTING; r <= PAGE_ROLE_ALONE; r++)
        (void)fprintf(f, "taistamp_cluster_role{role=\"%s\"} %d\n", page_role_name((enum page_role)r),
                      r == (int)c->role);
    metric(f, "cluster_master_id", "gauge", "Number of the master that is followed; 0: none.", l->master);
    metric(f, "cluster_term", "gauge", "Term of that master.", l->term);
    metric(f, "cluster_servers", "gauge", "Servers of the cluster file.", c->servers);
    metric(f, "cluster_servers_up", "gauge", "Servers that answer, this one included.", c->servers_up);
    if (c->has_margin)
        metric(f, "cluster_fault_margin", "gauge",
               "Further faults that the time survives now; at 0 the next one may be too many.", c->margin);
}

static void metric_seconds(FILE *f, const char *name, const char *label, int64_t ns)
{
    (void)fprintf(f, "taistamp_%s%s %" PRId64 ".%09" PRId64 "\n", name, label, ns / NS_PER_S, ns % NS_PER_S);
}

static void metric_make(FILE *f, const struct api_view *v)
{
    const struct page_make *m = &v->line.make;
    (void)fputs("# HELP taistamp_clock_half_width_part_seconds What the half-width is made of.\n"
                "# TYPE taistamp_clock_half_width_part_seconds gauge\n",
                f);
    metric_seconds(f, "clock_half_width_part_seconds", "{part=\"upstream\"}", m->upstream_ns);
    metric_seconds(f, "clock_half_width_part_seconds", "{part=\"path\"}", m->path_ns);
    metric_seconds(f, "clock_half_width_part_seconds", "{part=\"stamps\"}", m->stamps_ns);
    metric_seconds(f, "clock_half_width_part_seconds", "{part=\"age\"}", age_ns(v));
    metric_seconds(f, "clock_half_width_part_seconds", "{part=\"slew\"}", m->slew_ns);
    metric(f, "reference_present", "gauge", "1 when this server vouches for TAI by sources of its own.",
           m->has_reference);
    metric(f, "references", "gauge", "Own sources that count now, correlated ones once.", m->references);
    if (m->leap_heard)
        metric(f, "leap_announcements_differ", "gauge",
               "Own sources that announce other leap seconds than the leap table has.", m->leap_differs);
    if (m->has_reference && m->holdover_ns >= 0) {
        (void)fputs("# HELP taistamp_holdover_seconds Since the last own source counted; 0 while one does.\n"
                    "# TYPE taistamp_holdover_seconds gauge\n",
                    f);
        metric_seconds(f, "holdover_seconds", "", m->holdover_ns);
    }
}

char *api_metrics_text(const struct api_view *v)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    if (f == NULL)
        return NULL;
    const bool bound = has_bound(&v->clock);
    metric(f, "healthy", "gauge", "1 when a stamp would be issued now.", api_unhealthy(v) == NULL);
    metric(f, "log_size", "gauge", "Signed entries of the log.", v->log.size);
    metric(f, "stamps_total", "counter", "Stamps issued since the start.", v->log.stamps);
    metric(f, "commits_total", "counter", "Commits since the start.", v->log.commits);
    metric(f, "pending", "gauge", "Requests waiting for a commit.", v->log.pending);
    metric(f, "last_commit_nanoseconds", "gauge", "Duration of the newest commit.",
           (uint64_t)v->log.last_commit_ns);
    metric(f, "clock_bounded", "gauge", "1 when the clock's error is known.", bound);
    metric_clock(f, v);
    if (bound && v->line.make.said)
        metric_make(f, v);
    if (v->line.cluster.role != PAGE_ROLE_NONE)
        metric_cluster(f, &v->line);
    metric(f, "http_connections", "gauge", "Open connections.", v->http.guard.connections);
    metric(f, "http_accepted_total", "counter", "Connections accepted.", v->http.guard.accepted);
    metric(f, "http_requests_total", "counter", "Well-formed requests.", v->http.requests);
    metric_refusals(f, v);
    bool ok = ferror(f) == 0;
    if (fclose(f) != 0 || !ok) {
        free(text);
        return NULL;
    }
    return text;
}
