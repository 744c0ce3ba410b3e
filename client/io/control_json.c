/* SPDX-License-Identifier: Apache-2.0 */
#include "client/io/control_json.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/core/guard.h"
#include "sdk/time/page.h"

const char *control_state_name(enum view_state state)
{
    switch (state) {
    case VIEW_STARTING:
        return "starting";
    case VIEW_FOLLOWING:
        return "following";
    case VIEW_FALLBACK:
        return "fallback";
    case VIEW_FREE:
        return "free-running";
    case VIEW_MASTER:
        return "master";
    case VIEW_ALONE:
        return "alone";
    }
    return "unknown";
}

const char *control_verdict_name(enum view_verdict verdict)
{
    switch (verdict) {
    case VIEW_ACCEPT:
        return "accept";
    case VIEW_SUSPECT:
        return "suspect";
    case VIEW_REJECT:
        return "reject";
    case VIEW_SILENT:
        return "silent";
    case VIEW_NEW:
        return "new";
    }
    return "unknown";
}

static json_t *ns(int64_t v)
{
    return v == INT64_MAX ? json_null() : json_sprintf("%" PRId64, v);
}

static json_t *node(const struct control_owner *owner, sync_node_t id)
{
    if (id.id == 0)
        return json_null();
    const char *name = owner->name(owner->ctx, id);
    json_t *text = name == NULL ? json_null() : json_string(name);
    return json_pack("{s:I, s:o}", "id", (json_int_t)id.id, "name", text != NULL ? text : json_null());
}

static json_t *reference(const struct sync_reference *r)
{
    if (!r->present)
        return json_null();
    return json_pack("{s:s, s:i, s:o, s:I}", "kind", taistamp_clock_name((enum taistamp_clock_source)r->kind),
                     "group", (int)r->group, "half_width_ns", ns(r->half_width.ns), "rate_ps_per_s",
                     (json_int_t)r->rate_ps_per_s);
}

static json_t *announced(const struct view_tracking *t)
{
    return t->leap_heard ? json_pack("{s:i}", "differ", (int)t->leap_differs) : json_null();
}

static json_t *leap(const struct view_tracking *t)
{
    const struct sync_leap *l = &t->leap;
    if (l->expires.ns == 0)
        return json_null();
    return json_pack("{s:i, s:i, s:o, s:o, s:o}", "tai_utc_s", (int)l->tai_utc_s, "next_tai_utc_s",
                     (int)l->next_tai_utc_s, "next_ns",
                     l->next.ns == PAGE_NEVER ? json_null() : ns(l->next.ns), "expires_ns", ns(l->expires.ns),
                     "announced", announced(t));
}

static json_t *budget(const struct view_budget *b)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "upstream_ns", ns(b->upstream_ns), "path_ns",
                     ns(b->path_ns), "stamps_ns", ns(b->stamps_ns), "age_ns", ns(b->age_ns), "slew_ns",
                     ns(b->slew_ns));
}

/* Name and count of each verdict that was given. */
static json_t *verdicts(const struct wire_counts *counts)
{
    json_t *o = json_object();
    for (unsigned v = 0; v < WIRE_VERDICTS; v++)
        if (counts->n[v] > 0 && json_object_set_new(o, wire_verdict_name((enum wire_verdict)v),
                                                    json_integer((json_int_t)counts->n[v])) != 0) {
            json_decref(o);
            return NULL;
        }
    return o;
}

static json_t *reasons(const uint32_t counts[GUARD_REASONS])
{
    json_t *o = json_object();
    for (unsigned r = GUARD_FINE + 1; r < GUARD_REASONS; r++)
        if (counts[r] > 0 && json_object_set_new(o, guard_reason_name((enum guard_reason)r),
                                                 json_integer((json_int_t)counts[r])) != 0) {
            json_decref(o);
            return NULL;
        }
    return o;
}

static json_t *rate(bool known, int64_t ps_per_s)
{
    return known ? json_integer((json_int_t)ps_per_s) : json_null();
}

json_t *control_json_tracking(const struct control_owner *owner)
{
    struct view_tracking t;
    owner->tracking(owner->ctx, &t);
    bool has = page_status_has_interval(t.line.status);
    json_t *o = json_pack("{s:i, s:s, s:s}", "v", 1, "state", control_state_name(t.state), "status",
                          taistamp_status_name(t.line.status));
    bool absolute = has && t.line.status != TAISTAMP_STATUS_RELATIVE;
    json_t *source = absolute ? json_string(taistamp_clock_name(t.line.source)) : json_null();
    json_t *interval =
        has ? json_pack("{s:o, s:o}", "earliest_ns", ns(t.now.earliest.ns), "latest_ns", ns(t.now.latest.ns))
            : json_null();
    json_t *counts = json_pack("{s:I, s:I, s:I, s:o}", "accepted", (json_int_t)t.corrections_accepted,
                               "suspect", (json_int_t)t.corrections_suspect, "rejected",
                               (json_int_t)t.corrections_rejected, "reasons", reasons(t.reasons));
    json_t *hlc = json_pack("{s:o, s:I}", "ns", ns((int64_t)t.hlc_ns), "count", (json_int_t)t.hlc_count);
    json_t *timeline = json_sprintf("%016" PRIx64, t.timeline);
    if (o == NULL || json_object_set_new(o, "source", source) != 0 ||
        json_object_set_new(o, "tai", interval) != 0 ||
        json_object_set_new(o, "half_width_ns", has ? ns(t.half_width_ns) : json_null()) != 0 ||
        json_object_set_new(o, "budget", has ? budget(&t.budget) : json_null()) != 0 ||
        json_object_set_new(o, "rate_ps_per_s", rate(has, t.rate_ps_per_s)) != 0 ||
        json_object_set_new(o, "skew_ps_per_s", rate(has && t.skew_ps_per_s >= 0, t.skew_ps_per_s)) != 0 ||
        json_object_set_new(o, "growth_ppb", rate(has, t.line.growth.ppb)) != 0 ||
        json_object_set_new(o, "system_ns", t.has_system ? ns(t.system_ns) : json_null()) != 0 ||
        json_object_set_new(o, "system_rate_ps_per_s", rate(t.has_system, t.system_rate_ps_per_s)) != 0 ||
        json_object_set_new(o, "term", json_integer((json_int_t)t.term)) != 0 ||
        json_object_set_new(o, "master", node(owner, t.master)) != 0 ||
        json_object_set_new(o, "deputy", node(owner, t.deputy)) != 0 ||
        json_object_set_new(o, "reference", reference(&t.reference)) != 0 ||
        json_object_set_new(o, "references", json_integer((json_int_t)t.references)) != 0 ||
        json_object_set_new(o, "holdover_ns", ns(t.holdover_ns)) != 0 ||
        json_object_set_new(o, "leap", leap(&t)) != 0 || json_object_set_new(o, "timeline", timeline) != 0 ||
        json_object_set_new(o, "timeline_changes", json_integer((json_int_t)t.timeline_changes)) != 0 ||
        json_object_set_new(o, "hlc", hlc) != 0 || json_object_set_new(o, "corrections", counts) != 0) {
        json_decref(o);
        return NULL;
    }
    return o;
}

json_t *control_json_address(const struct engine_address *a)
{
    char text[INET6_ADDRSTRLEN];
    if (a->family == 4 && inet_ntop(AF_INET, a->bytes, text, sizeof text) != NULL)
        return json_sprintf("%s:%u", text, (unsigned)a->port);
    if (a->family == 6 && inet_ntop(AF_INET6, a->bytes, text, sizeof text) != NULL)
        return json_sprintf("[%s]:%u", text, (unsigned)a->port);
    return json_null();
}

static json_t *source(const struct control_owner *owner, const struct view_source *s)
{
    const char *why = s->verdict == VIEW_SUSPECT || s->verdict == VIEW_REJECT
                          ? guard_reason_name((enum guard_reason)s->reason)
                          : NULL;
    json_t *o = json_pack("{s:o, s:b, s:b, s:o, s:s, s:s?, s:o}", "node", node(owner, s->node), "server",
                          s->server, "reachable", s->reachable, "address", control_json_address(&s->address),
                          "verdict", control_verdict_name(s->verdict), "reason", why, "reason_ns",
                          why != NULL ? ns(s->reason_ns) : json_null());
    bool measured = s->samples > 0;
    if (o == NULL ||
        json_object_set_new(o, "offset_ns", s->has_offset ? ns(s->offset_ns) : json_null()) != 0 ||
        json_object_set_new(o, "half_width_ns", s->has_half_width ? ns(s->half_width_ns) : json_null()) !=
            0 ||
        json_object_set_new(o, "sigma_ns", measured ? ns(s->sigma_ns) : json_null()) != 0 ||
        json_object_set_new(o, "delay_ns", measured ? ns(s->delay_ns) : json_null()) != 0 ||
        json_object_set_new(o, "last_delay_ns", measured ? ns(s->last_delay_ns) : json_null()) != 0 ||
        json_object_set_new(o, "rate_ps_per_s", rate(measured, s->rate_ps_per_s)) != 0 ||
        json_object_set_new(o, "skew_ps_per_s", rate(measured, s->skew_ps_per_s)) != 0 ||
        json_object_set_new(o, "wander_ps_per_s", rate(measured, s->wander_ps_per_s)) != 0 ||
        json_object_set_new(o, "window_ns", ns(s->window_ns)) != 0 ||
        json_object_set_new(o, "samples", json_integer((json_int_t)s->samples)) != 0 ||
        json_object_set_new(o, "poll_ns", s->poll_ns > 0 ? ns(s->poll_ns) : json_null()) != 0 ||
        json_object_set_new(o, "age_ns", s->age_ns < 0 ? json_null() : ns(s->age_ns)) != 0 ||
        json_object_set_new(o, "sent", json_integer((json_int_t)s->sent)) != 0 ||
        json_object_set_new(o, "received", json_integer((json_int_t)s->received)) != 0 ||
        json_object_set_new(o, "lost", json_integer((json_int_t)s->lost)) != 0 ||
        json_object_set_new(o, "bad", json_integer((json_int_t)s->packets_bad)) != 0 ||
        json_object_set_new(o, "reference", s->has_reference ? reference(&s->reference) : json_null()) != 0 ||
        json_object_set_new(o, "weighs", json_boolean(s->weighs)) != 0) {
        json_decref(o);
        return NULL;
    }
    return o;
}

json_t *control_json_sources(const struct control_owner *owner)
{
    struct view_source *views = calloc(CONTROL_SOURCES_MAX, sizeof *views);
    json_t *list = json_array();
    if (views == NULL || list == NULL) {
        free(views);
        json_decref(list);
        return NULL;
    }
    size_t n = owner->sources(owner->ctx, views, CONTROL_SOURCES_MAX);
    bool whole = true;
    for (size_t i = 0; i < n && whole; i++)
        whole = json_array_append_new(list, source(owner, &views[i])) == 0;
    free(views);
    if (!whole) {
        json_decref(list);
        return NULL;
    }
    return json_pack("{s:i, s:o}", "v", 1, "sources", list);
}

json_t *control_json_cluster(const struct control_owner *owner)
{
    struct view_cluster c;
    owner->cluster(owner->ctx, &c);
    json_t *o = json_pack("{s:i, s:o, s:o, s:o, s:I, s:I, s:b}", "v", 1, "self", node(owner, c.self),
                          "master", node(owner, c.master), "deputy", node(owner, c.deputy), "term",
                          (json_int_t)c.term, "epoch", (json_int_t)c.epoch, "two_servers", c.two_servers);
    json_t *lease = json_pack("{s:b, s:o}", "valid", c.lease_valid, "left_ns", ns(c.lease_left_ns));
    json_t *id = json_sprintf("%016" PRIx64, c.cluster);
    json_t *counts = json_pack("{s:I, s:I, s:I, s:I}", "servers", (json_int_t)c.servers, "servers_up",
                               (json_int_t)c.servers_up, "clients", (json_int_t)c.clients, "clients_up",
                               (json_int_t)c.clients_up);
    json_t *faults =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "f_vote", (json_int_t)c.f_vote, "quorum",
                  (json_int_t)c.quorum, "references", (json_int_t)c.references, "f_ref", (json_int_t)c.f_ref,
                  "margin", (json_int_t)c.margin, "accusations", (json_int_t)c.accusations);
    if (o == NULL || json_object_set_new(o, "lease", lease) != 0 ||
        json_object_set_new(o, "cluster", id) != 0 || json_object_set_new(o, "nodes", counts) != 0 ||
        json_object_set_new(o, "faults", faults) != 0 ||
        json_object_set_new(o, "datagrams", verdicts(&c.datagrams)) != 0) {
        json_decref(o);
        return NULL;
    }
    return o;
}
