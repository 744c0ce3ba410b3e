/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/io/cluster.h"

#include <stdlib.h>
#include <string.h>

#include "client/core/peer.h"
#include "client/io/host.h"
#include "client/io/members.h"
#include "client/io/rivals.h"
#include "sdk/base/error.h"
#include "sdk/io/file.h"
#include "sdk/io/log.h"
#include "sdk/io/sync_settings.h"
#include "sdk/sync/oscillator.h"
#include "server/clock/core/anchor.h"
#include "server/clock/core/election.h"
#include "server/clock/core/node.h"
#include "server/clock/io/references_json.h"
#include "server/clock/io/serve.h"

enum { STATE_MODE = 0700, PPB_PER_PPM = 1000 };

struct cluster_process {
    const struct taid_config *config;
    struct members members;
    struct engine_settings engine;
    struct node *node;
    struct peer *peers;
    struct anchor anchor;             /* reference: system-clock */
    struct host_engine view;          /* the node, to be asked */
    struct reference_set *references; /* NULL: none */
    struct serve serve;
    struct host *host;
    char *vote_path, *hlc_path;
    int ready_fd;
};

/* ---- What the host asks for ---- */

static void step(void *engine, const struct engine_event *event, struct engine_actions *ret_actions)
{
    node_step(engine, event, ret_actions);
}

static void tracking(const void *engine, tai_mono_t raw, struct view_tracking *ret_view)
{
    node_tracking(engine, raw, ret_view);
}

static size_t sources(const void *engine, tai_mono_t raw, struct view_source *ret_views, size_t cap)
{
    return node_sources(engine, raw, ret_views, cap);
}

static void cluster(const void *engine, tai_mono_t raw, struct view_cluster *ret_view)
{
    node_cluster(engine, raw, ret_view);
}

static const char *name(void *ctx, sync_node_t node)
{
    const struct cluster_process *p = ctx;
    return members_name(&p->members, node);
}

/* Others follow what was published until now. */
static void give_out(struct cluster_process *p, const struct engine_now *now, const struct sync_leap *leap)
{
    struct view_tracking t;
    node_tracking(p->node, now->raw, &t);
    if (t.state != VIEW_STARTING)
        (void)serve_second(&p->serve, now, &t.line, leap);
}

static bool second(void *ctx, const struct engine_now *now, const struct sync_leap *leap,
                   struct sync_reference *ret_reference)
{
    struct cluster_process *p = ctx;
    give_out(p, now, leap);
    if (p->references != NULL)
        return reference_set_second(p->references, now, leap, ret_reference);
    return p->config->sync.reference == SYNC_DRIVER_SYSTEM_CLOCK &&
           anchor_read(&p->anchor, now, leap, ret_reference);
}

static bool opened(void *ctx, struct host *host)
{
    struct cluster_process *p = ctx;
    struct tai_error error;
    p->host = host;
    enum tai_err err = serve_open(p->config, &p->serve, &error);
    if (err == TAI_OK && p->references != NULL)
        err = reference_set_open(p->references, host, &error);
    if (err != TAI_OK)
        log_error("clock: %s", error.text);
    return err == TAI_OK;
}

static void closed(void *ctx)
{
    struct cluster_process *p = ctx;
    if (p->references != NULL)
        reference_set_close(p->references);
    serve_close(&p->serve);
    p->host = NULL;
}

static void make(void *ctx, tai_mono_t raw, struct page_make *ret_make)
{
    struct cluster_process *p = ctx;
    if (p->references != NULL)
        reference_set_make(p->references, raw, ret_make);
}

static bool oscillator(void *ctx, struct view_oscillator *ret_view)
{
    struct cluster_process *p = ctx;
    if (p->references == NULL)
        return false;
    reference_set_oscillator(p->references, ret_view);
    return true;
}

static struct json_t *answer(void *ctx, const char *verb)
{
    struct cluster_process *p = ctx;
    struct engine_now now;
    bool all = strcmp(verb, "references") == 0;
    if (p->references == NULL || p->host == NULL || (!all && strcmp(verb, "gps") != 0))
        return NULL;
    host_now(p->host, &now);
    return all ? references_json(p->references, now.raw) : references_gps_json(p->references, now.raw);
}

static const char *election(void *ctx, int64_t value, bool *ret_alarming)
{
    (void)ctx;
    enum election_report report = (enum election_report)value;
    *ret_alarming = report == ELECTION_REPORT_MEMORY_LOST || report == ELECTION_REPORT_MEMORY_LEARNT ||
                    report == ELECTION_REPORT_DEPOSED || report == ELECTION_REPORT_RIVAL ||
                    report == ELECTION_REPORT_STATIC_MASTER || report == ELECTION_REPORT_STATIC_STANDBY;
    return election_report_text(report);
}

static void ready(void *ctx)
{
    struct cluster_process *p = ctx;
    if (p->ready_fd < 0)
        return;
    verbs_ready(p->ready_fd, NULL);
    p->ready_fd = -1;
}

static void reload(void *ctx)
{
    (void)ctx;
    log_notice("clock: the cluster's settings are read at the start: restart taid to change them");
}

/* ---- Putting it together ---- */

static enum tai_err fill_engine(struct cluster_process *p, struct tai_error *error)
{
    const struct taid_config *c = p->config;
    p->engine = (struct engine_settings){
        .oscillator = (uint8_t)c->sync.oscillator,
        .rate_bound = {(int32_t)c->sync.rate_bound_ppm * PPB_PER_PPM},
        .mode = c->sync.mode == SYNC_MODE_SYSTEM ? ENGINE_MODE_SYSTEM : ENGINE_MODE_PAGE,
        .poll_ns = c->sync.poll_ns,
        .client_poll_ns_max = c->sync.client_poll_ns_max,
        .peer_poll_ns = c->sync.peer_poll_ns,
        .heartbeat_ns = c->sync.heartbeat_ns,
        .lease_ns = c->sync.lease_ns,
        .timeout_ns_min = c->sync.election_ns_min,
        .timeout_ns_max = c->sync.election_ns_max,
        .step_threshold_ns = c->sync.step_threshold_ns,
    };
    anchor_init(&p->anchor,
                &(struct anchor_settings){c->sync.system_clock_error_ns, p->engine.rate_bound,
                                          oscillator_floor((enum oscillator_class)c->sync.oscillator)});
    return members_settings(&p->members, &p->engine, error);
}

static enum tai_err make_node(struct cluster_process *p, struct tai_error *error)
{
    p->node = calloc(1, node_size());
    p->peers = calloc(p->members.count + 1, peer_size());
    p->vote_path = file_path(p->config->sync.state_dir, "vote");
    p->hlc_path = file_path(p->config->sync.state_dir, "hlc");
    if (p->node == NULL || p->peers == NULL || p->vote_path == NULL || p->hlc_path == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    enum tai_err err = file_make_dirs(&file_posix, p->config->sync.state_dir, STATE_MODE, error);
    if (err != TAI_OK)
        return err;
    err = node_init(p->node, &p->engine, p->peers);
    return err == TAI_OK ? TAI_OK : error_set(error, err, "the settings of the cluster do not fit together");
}

static enum tai_err make_references(struct cluster_process *p, struct tai_error *error)
{
    const struct reference_set_settings settings = {.config = p->config,
                                                    .engine = &p->view,
                                                    .oscillator = p->engine.oscillator,
                                                    .rate_bound = p->engine.rate_bound};
    p->view = (struct host_engine){p->node, step, tracking, sources, cluster};
    return p->config->sync.references_count == 0 ? TAI_OK
                                                 : reference_set_new(&settings, &p->references, error);
}

static enum tai_err prepare(struct cluster_process *p, struct host_settings *host, struct tai_error *error)
{
    const struct taid_config *c = p->config;
    enum tai_err err =
        members_open(c->sync.cluster, c->sync.node_key, c->sync.node, MEMBERSHIP_SERVER, &p->members, error);
    if (err == TAI_OK)
        err = fill_engine(p, error);
    if (err == TAI_OK)
        err = make_node(p, error);
    if (err == TAI_OK)
        err = make_references(p, error);
    if (err == TAI_OK)
        err = members_udp(&p->members, c->sync.listen, c->sync.listen_count,
                          p->members.membership.self->address.port, &host->udp, error);
    if (err == TAI_OK && p->engine.mode == ENGINE_MODE_SYSTEM)
        err = rivals_none("/proc", error);
    return err;
}

static void release(struct cluster_process *p)
{
    members_close(&p->members);
    reference_set_free(p->references);
    free(p->node);
    free(p->peers);
    free(p->vote_path);
    free(p->hlc_path);
}

int clock_cluster_run(const struct taid_config *config, int ready_fd)
{
    struct tai_error error;
    struct cluster_process p = {.config = config, .ready_fd = ready_fd, .serve = {.fd = -1}};
    struct host_settings host = {
        .engine = {NULL, step, tracking, sources, cluster},
        .steer = config->sync.mode == SYNC_MODE_SYSTEM,
        .page = config->clock.page,
        .control = config->sync.control,
        .tracking_log = config->sync.tracking_log,
        .leap_file = config->clock.leap_file,
        .assume_error_ns = config->clock.has_assume_error ? config->clock.assume_error_ns : -1,
        .ctx = &p,
        .name = name,
        .second = second,
        .opened = opened,
        .closed = closed,
        .make = make,
        .oscillator = oscillator,
        .answer = answer,
        .reload = reload,
        .election = election,
        .ready = ready,
    };
    enum tai_err err = prepare(&p, &host, &error);
    if (err != TAI_OK) {
        log_error("clock: %s", error.text);
        release(&p);
        return err == TAI_ERR_IO || err == TAI_ERR_MEMORY || err == TAI_ERR_NO_SPACE ? TAID_EXIT_FAILED
                                                                                     : TAID_EXIT_REFUSED;
    }
    host.engine.engine = p.node;
    host.self = p.engine.self;
    host.records[0] = (struct host_record){ENGINE_RECORD_VOTE, p.vote_path};
    host.records[1] = (struct host_record){ENGINE_RECORD_HLC, p.hlc_path};
    host.records[2] = (struct host_record){ENGINE_RECORD_DRIFT, config->sync.drift_file};
    host.records_count = 3;
    const struct cluster *members = p.members.membership.cluster;
    log_notice("clock: server %s of the cluster %s; servers: %zu, lab machines: %zu",
               p.members.membership.self->name, members->name, members->servers_count,
               members->nodes_count - members->servers_count);
    int code = host_run(&host);
    release(&p);
    return code;
}
