/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/oracle.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "client/core/peer.h"
#include "sdk/base/bug.h"
#include "sdk/time/page.h"
#include "tests/sim/oracle_progress.h"
#include "tests/sim/scenario.h"
#include "tests/sim/traitor.h"

/* A reading is a whole number of nanoseconds, and so is what follows from it. */
#define ROUNDING_NS      INT64_C(2)
#define STEP_ALLOWED_NS  INT64_C(8)
#define WAKES_PER_SECOND 60000

void oracle_start(struct oracle *oracle, struct world *world)
{
    *oracle = (struct oracle){.world = world};
    oracle->nodes = calloc(world->nodes_count, sizeof *oracle->nodes);
    BUG_UNLESS(oracle->nodes != NULL);
}

void oracle_end(struct oracle *oracle)
{
    free(oracle->nodes);
    oracle->nodes = NULL;
}

bool oracle_found(const struct oracle *oracle)
{
    return oracle->found;
}

void oracle_fail(struct world *world, const struct world_node *node, const char *format, ...)
{
    struct oracle *oracle = world->oracle;
    if (oracle->found || node->plan.traitor != TRAITOR_NONE)
        return;
    oracle->found = true;
    size_t at = (size_t)snprintf(oracle->what, ORACLE_WHAT,
                                 "at %.6f s, node %u: ", (double)(world->now_ns - WORLD_START_NS) * 1e-9,
                                 node->index + 1);
    va_list args;
    va_start(args, format);
    vsnprintf(oracle->what + at, ORACLE_WHAT - at, format, args);
    va_end(args);
    world_trace(world, "FOUND %s", oracle->what);
}

static bool honest(const struct world_node *node)
{
    return node->plan.traitor == TRAITOR_NONE;
}

static bool absolute(enum taistamp_status status)
{
    return status == TAISTAMP_STATUS_SYNCHRONISED || status == TAISTAMP_STATUS_SINGLE_REFERENCE ||
           status == TAISTAMP_STATUS_ASSUMED;
}

/* The line at a raw reading. Long double, to be independent of the arithmetic under test. */
static int64_t line_at(const struct sync_line *line, int64_t raw, int64_t *ret_half_width_ns)
{
    int64_t age = raw - line->raw.ns;
    long double gained = (long double)age * (long double)line->rate_ps_per_s * 1e-12L;
    long double grown = (long double)(age < 0 ? -age : age) * (long double)line->growth.ppb * 1e-9L;
    long double half = (long double)line->half_width.ns + grown;
    *ret_half_width_ns = half > 9e18L ? INT64_MAX : (int64_t)ceill(half);
    return line->tai.ns + age + (int64_t)floorl(gained);
}

/* Whether a reader would take the page for disrupted. */
static bool disrupted(struct world *world, struct world_node *node, int64_t raw)
{
    const struct world_page *page = &node->page;
    int64_t relation = machine_realtime(&node->machine, world->now_ns) - raw;
    int64_t moved = relation - page->realtime_minus_raw_ns;
    int64_t age = raw - page->line.raw.ns;
    return llabs(moved) > PAGE_DISRUPTED_NS + llabs(age) / PAGE_DISRUPTED_AGE_DIV;
}

bool oracle_read(struct world *world, struct world_node *node, tai_t *ret_tai, int64_t *ret_half_width_ns)
{
    const struct sync_line *line = &node->page.line;
    if (!node->page.written || !page_status_has_interval(line->status) || node->machine.stands)
        return false;
    int64_t raw = machine_raw(&node->machine, world->now_ns);
    if (raw > line->expires.ns || disrupted(world, node, raw))
        return false;
    ret_tai->ns = line_at(line, raw, ret_half_width_ns);
    return true;
}

/* ---- Promise 1 ---- */

/* How far off its interval may be besides, where the scenario lets a spoofed receiver be believed. */
static int64_t lie_ns(const struct world *world, const struct world_node *node)
{
    int64_t most = 0;
    for (uint32_t i = 0; i < world->servers_count; i++) {
        const struct world_reference *r = &world->nodes[i].plan.reference;
        enum scenario_lie by = world->scenario->lie_believed;
        if (r->lie_ns > most && (by == LIE_OF_ALL || (by == LIE_OF_OWNER && node->index == i)))
            most = r->lie_ns;
    }
    return most;
}

static void check_absolute(struct world *world, struct world_node *node, tai_t tai, int64_t half,
                           const char *when)
{
    struct figures *figures = &world->oracle->figures;
    int64_t error = tai.ns - world->now_ns;
    bool is_false = llabs(error) > half + lie_ns(world, node) + ROUNDING_NS;
    figures->claims++;
    figures->claims_kept += world->scenario->assumptions;
    histogram_add(&figures->width_ns, (double)half);
    histogram_add(&figures->error_ns, (double)llabs(error));
    histogram_add(&figures->ratio, (double)half / (double)(error == 0 ? 1 : llabs(error)));
    if (!is_false)
        return;
    figures->false_claims++;
    figures->false_kept += world->scenario->assumptions;
    if (world->scenario->assumptions)
        oracle_fail(world, node,
                    "false interval, %s: %s, error %lld ns, half-width %lld ns, line %lld ns old", when,
                    taistamp_status_name(node->page.line.status), (long long)error, (long long)half,
                    (long long)(machine_raw(&node->machine, world->now_ns) - node->page.line.raw.ns));
}

/* A static master is not elected anew after it slept, and nobody else knows its cluster time: it begins another one. */
static bool slept(const struct world *world, sync_node_t master)
{
    return world->servers_count <= 2 && world->nodes[master.id - 1].resumed_ns != 0;
}

static bool same_cluster_time(const struct world *world, const struct world_node *a,
                              const struct world_node *b)
{
    return a != b && honest(b) && b->page.written && b->page.line.status == TAISTAMP_STATUS_RELATIVE &&
           a->page.master.id != 0 && a->page.term == b->page.term && a->page.master.id == b->page.master.id &&
           !slept(world, a->page.master);
}

static void check_relative(struct world *world, struct world_node *node, tai_t tai, int64_t half,
                           const char *when)
{
    /* Of many clients only the servers are compared with: all pairs with a server are seen. */
    for (uint32_t i = 0; i < world->servers_count; i++) {
        struct world_node *other = &world->nodes[i];
        tai_t other_tai;
        int64_t other_half;
        if (!same_cluster_time(world, node, other) || !oracle_read(world, other, &other_tai, &other_half))
            continue;
        int64_t apart = llabs(tai.ns - other_tai.ns);
        world->oracle->figures.claims++;
        world->oracle->figures.claims_kept += world->scenario->assumptions;
        if (other->index + 1 == node->page.master.id)
            histogram_add(&world->oracle->figures.relative_ns, (double)apart);
        if (apart <= half + other_half + 2 * ROUNDING_NS)
            continue;
        if (!honest(&world->nodes[node->page.master.id - 1])) {
            /* Cluster time is what its master says; one that says two things has none. */
            world->oracle->figures.torn++;
            continue;
        }
        world->oracle->figures.false_claims++;
        world->oracle->figures.false_kept += world->scenario->assumptions;
        if (world->scenario->assumptions)
            oracle_fail(world, node,
                        "%s: relative, %lld ns from node %u, half-widths %lld and %lld ns, term %llu", when,
                        (long long)apart, other->index + 1, (long long)half, (long long)other_half,
                        (unsigned long long)node->page.term);
    }
}

static void check(struct world *world, struct world_node *node, const char *when)
{
    tai_t tai;
    int64_t half;
    if (!honest(node) || !oracle_read(world, node, &tai, &half))
        return;
    if (absolute(node->page.line.status))
        check_absolute(world, node, tai, half, when);
    else
        check_relative(world, node, tai, half, when);
}

/* ---- Promise 3 ---- */

static void check_term(struct world *world, struct world_node *node)
{
    struct world_page *page = &node->page;
    if (page->master.id == 0 || page->term == 0 || page->master.id > world->servers_count)
        return;
    struct oracle_term *seen = &world->oracle->terms[page->term % ORACLE_TERMS];
    bool traitor = !honest(&world->nodes[page->master.id - 1]);
    if (seen->term != page->term) {
        if (page->term > seen->term)
            *seen = (struct oracle_term){page->term, page->master.id, node->index + 1};
        return;
    }
    if (seen->master != page->master.id && !traitor && honest(&world->nodes[seen->master - 1]))
        oracle_fail(world, node, "term %llu has two masters: %u, as node %u says, and %u",
                    (unsigned long long)page->term, seen->master, seen->said_by, page->master.id);
}

/* ---- Promise 6 ---- */

/* The new line against the one on the page, now: no step. */
static void check_continuity(struct world *world, struct world_node *node, const struct sync_line *line)
{
    struct sync_line *old = &node->page.line;
    int64_t half, raw = machine_raw(&node->machine, world->now_ns);
    if (!node->page.written || !page_status_has_interval(old->status) ||
        old->timeline.id != line->timeline.id)
        return;
    if (!page_status_has_interval(line->status)) {
        world->oracle->nodes[node->index].voids++;
        world->oracle->figures.voids++;
        world_trace(world, "%u gives its line up: %s", node->index + 1, taistamp_status_name(line->status));
        return;
    }
    /* A new life of the process knows the old line no more. */
    if (node->page.written_ns < node->started_ns || raw > old->expires.ns)
        return;
    int64_t step = line_at(line, raw, &half) - line_at(old, raw, &half);
    /* Cluster time that gets a reference for the first time. */
    if (old->status == TAISTAMP_STATUS_RELATIVE && line->status != TAISTAMP_STATUS_RELATIVE)
        return;
    if (llabs(step) > STEP_ALLOWED_NS)
        oracle_fail(world, node, "its published time steps by %lld ns", (long long)step);
}

void oracle_publish(struct world *world, struct world_node *node, const struct engine_actions *actions)
{
    const struct sync_line *line = &actions->line;
    check(world, node, "before it is replaced");
    if (!honest(node))
        return;
    /* An engine that noticed by itself that its clocks had stood still gives the timeline a name of its own. */
    if (line->timeline.id != machine_timeline(&node->machine) && page_status_has_interval(line->status) &&
        world->oracle->nodes[node->index].renamed != node->life)
        oracle_fail(world, node, "publishes a line of another timeline");
    if (line->half_width.ns < 0 || line->growth.ppb < 0)
        oracle_fail(world, node, "publishes a negative half-width");
    check_continuity(world, node, line);
}

static void trace_line(struct world *world, struct world_node *node)
{
    const struct sync_line *line = &node->page.line;
    int64_t half = 0, raw = machine_raw(&node->machine, world->now_ns);
    int64_t tai = line_at(line, raw, &half);
    world_trace(world,
                "%u publishes %s, off by %.3f us +- %.3f us growing by %.3f ppm, rate %.3f ppm (true %.3f), "
                "node %u, term %llu",
                node->index + 1, taistamp_status_name(line->status), (double)(tai - world->now_ns) * 1e-3,
                (double)half * 1e-3, line->growth.ppb * 1e-3, (double)line->rate_ps_per_s * 1e-6,
                -oscillator_rate(&node->machine.oscillator) * 1e6, node->page.master.id,
                (unsigned long long)node->page.term);
}

void oracle_published(struct world *world, struct world_node *node)
{
    const struct world_page *page = &node->page;
    world->oracle->figures.publications++;
    if (world->trace_lines)
        trace_line(world, node);
    if (!honest(node))
        return;
    check(world, node, "when it was published");
    check_term(world, node);
    if (!page_status_has_interval(page->line.status))
        return;
    /* Just before its end, should nobody replace it. */
    int64_t ends = machine_when(&node->machine, world->now_ns, page->line.expires.ns) - 1000000;
    if (ends > world->now_ns)
        queue_push(&world->queue, ends, QUEUE_EXPIRE, node->index, node->life, (int64_t)page->serial, 0);
}

void oracle_expire(struct world *world, struct world_node *node, uint64_t serial)
{
    if (node->page.serial == serial)
        check(world, node, "just before it expires");
}

void oracle_started(struct world *world, struct world_node *node)
{
    if (node->disk_lost) {
        /* It forgot: nothing that it promised before counts. */
        world->oracle->nodes[node->index].hlc_ns = 0;
        node->disk_lost = false;
    }
}

void oracle_send(struct world *world, struct world_node *node, const struct engine_send *send)
{
    struct oracle_node *seen = &world->oracle->nodes[node->index];
    int64_t l;
    uint32_t c;
    if (!node->port->real || !traitor_hlc(send->bytes, send->len, &l, &c))
        return;
    if (l < seen->hlc_ns || (l == seen->hlc_ns && c <= seen->hlc_count && seen->hlc_ns != 0))
        oracle_fail(world, node, "its HLC goes from %lld.%u to %lld.%u", (long long)seen->hlc_ns,
                    seen->hlc_count, (long long)l, c);
    seen->hlc_ns = l;
    seen->hlc_count = c;
}

/* ---- Manners ---- */

/* A clock that took the leap second for an error would be slewed as hard as can be. */
static bool slews_through_leap(const struct world *world, const struct engine_steer *steering)
{
    int64_t since = world->now_ns - WORLD_START_NS - (int64_t)(world->scenario->leap_s * 1e9);
    return world->scenario->leap_change != 0 && llabs(since) < 5 * WORLD_S &&
           llabs(steering->rate_ps_per_s) > INT64_C(250000000);
}

void oracle_steered(struct world *world, struct world_node *node, const struct engine_steer *steering)
{
    if (slews_through_leap(world, steering))
        oracle_fail(world, node, "slews by %.1f ppm at a leap second",
                    (double)steering->rate_ps_per_s * 1e-6);
    if (!steering->step)
        return;
    if (node->plan.mode != ENGINE_MODE_SYSTEM)
        oracle_fail(world, node, "steps a clock that is not its");
    if (world->oracle->nodes[node->index].steps++ > 0)
        oracle_fail(world, node, "steps the system clock again, by %lld ns", (long long)steering->step_ns);
}

void oracle_report(struct world *world, struct world_node *node, const struct engine_report *report)
{
    if (report->kind == ENGINE_SAYS_MASTER && honest(node))
        world->oracle->figures.masters++;
    if (report->kind == ENGINE_SAYS_MASTER && honest(node) && report->node.id == node->index + 1 &&
        world->oracle->killed_ns != 0 && world->oracle->new_master_ns == 0)
        world->oracle->new_master_ns = world->now_ns;
    /* After a suspend the clock may be stepped anew. */
    if (report->kind == ENGINE_SAYS_TIMELINE) {
        world->oracle->nodes[node->index].steps = 0;
        world->oracle->nodes[node->index].renamed = node->life;
    }
}

void oracle_step(struct world *world, struct world_node *node, const struct engine_event *event)
{
    struct oracle_node *seen = &world->oracle->nodes[node->index];
    int64_t second = world->now_ns / WORLD_S;
    if (event->kind == ENGINE_START)
        seen->steps = 0;
    if (second != seen->wakes_second) {
        seen->wakes_second = second;
        seen->wakes = 0;
    }
    if (event->kind == ENGINE_TIMER && ++seen->wakes > WAKES_PER_SECOND)
        oracle_fail(world, node, "is woken without end");
}

/* The rate that goes with it, against what both crystals do now: lines are carried by it until the next exchange. */
static void check_rate(struct world *world, struct world_node *node, const struct world_node *other,
                       const struct peer_placement *p)
{
    double truth =
        (1 + oscillator_rate(&other->machine.oscillator)) / (1 + oscillator_rate(&node->machine.oscillator)) -
        1;
    double off_ppb = (double)p->rate_ps_per_s / 1000 - truth * 1e9;
    if (fabs(off_ppb) > (double)p->growth.ppb && world->scenario->assumptions)
        oracle_fail(world, node, "takes the clock of node %u to run %.1f ppb off, growth %d ppb, %u samples",
                    other->index + 1, off_ppb, (int)p->growth.ppb, p->samples);
}

/* What a node measured of another's raw clock, against what that clock shows. */
static void check_placement(struct world *world, struct world_node *node, size_t member)
{
    struct world_node *other = &world->nodes[node->members[member].node.id - 1];
    struct peer_placement p;
    if (!honest(other) || other->engine == NULL || other->machine.stands ||
        other->page.written_ns <= other->resumed_ns ||
        !node->port->placement(node->engine, member, (tai_mono_t){machine_raw(&node->machine, world->now_ns)},
                               &p) ||
        p.remote_timeline.id != other->page.line.timeline.id)
        return;
    int64_t error = p.remote.ns - machine_raw(&other->machine, world->now_ns);
    world->oracle->figures.placements++;
    if (llabs(error) > p.half_width_ns + ROUNDING_NS && world->scenario->assumptions)
        oracle_fail(world, node, "places the clock of node %u %lld ns off, +-%lld ns, %u samples",
                    other->index + 1, (long long)error, (long long)p.half_width_ns, p.samples);
    check_rate(world, node, other, &p);
}

static void check_placements(struct world *world, struct world_node *node)
{
    if (node->port->placement == NULL || node->engine == NULL || node->machine.stands ||
        node->page.written_ns <= node->resumed_ns || node->page.line.timeline.id == 0 || !honest(node))
        return;
    for (size_t i = 0; i < node->settings.members_count && i < SYNC_SERVERS_MAX; i++)
        check_placement(world, node, i);
}

void oracle_sample(struct world *world)
{
    for (uint32_t i = 0; i < world->nodes_count; i++)
        check_placements(world, &world->nodes[i]);
    for (uint32_t i = 0; i < world->nodes_count && !oracle_found(world->oracle); i++)
        check(world, &world->nodes[i], "in its life");
    oracle_leases(world);
    oracle_progress(world);
    oracle_mark_sample(world);
}
