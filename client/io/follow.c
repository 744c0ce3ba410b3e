/* SPDX-License-Identifier: Apache-2.0 */
#include "client/io/follow.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/core/follower.h"
#include "client/core/peer.h"
#include "client/io/host.h"
#include "client/io/members.h"
#include "client/io/rivals.h"
#include "sdk/base/error.h"
#include "sdk/io/log.h"
#include "sdk/io/page.h"
#include "sdk/io/sync_settings.h"

enum { PPB_PER_PPM = 1000, NS_PER_MS_INT = 1000000 };

struct follow {
    const struct client_config *config;
    const struct client_options *options;
    struct members members;
    struct engine_settings engine;
    struct follower *follower;
    struct peer *peers;
    char *hlc_path;   /* of the hybrid clock's record */
    int64_t until_ns; /* CLOCK_MONOTONIC; --once gives up; 0: never */
    bool has_time;
};

static void step(void *engine, const struct engine_event *event, struct engine_actions *ret_actions)
{
    follower_step(engine, event, ret_actions);
}

static void tracking(const void *engine, tai_mono_t raw, struct view_tracking *ret_view)
{
    follower_tracking(engine, raw, ret_view);
}

static size_t sources(const void *engine, tai_mono_t raw, struct view_source *ret_views, size_t cap)
{
    return follower_sources(engine, raw, ret_views, cap);
}

static void cluster(const void *engine, tai_mono_t raw, struct view_cluster *ret_view)
{
    follower_cluster(engine, raw, ret_view);
}

static const char *name(void *ctx, sync_node_t node)
{
    const struct follow *f = ctx;
    return members_name(&f->members, node);
}

static void published(void *ctx)
{
    struct follow *f = ctx;
    f->has_time = true;
}

static int64_t monotonic_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool done(void *ctx)
{
    const struct follow *f = ctx;
    return f->options->once && (f->has_time || (f->until_ns != 0 && monotonic_ns() >= f->until_ns));
}

static void reload(void *ctx)
{
    (void)ctx;
    log_notice("settings are read at the start: restart tai-client to change them");
}

/* ---- Putting it together ---- */

static enum tai_err make_follower(struct follow *f, struct tai_error *error)
{
    const struct client_config *c = f->config;
    f->engine = (struct engine_settings){
        .oscillator = (uint8_t)c->oscillator,
        .rate_bound = {(int32_t)c->rate_bound_ppm * PPB_PER_PPM},
        .mode = c->mode == SYNC_MODE_SYSTEM ? ENGINE_MODE_SYSTEM : ENGINE_MODE_PAGE,
        .peer_poll_ns = c->peer_poll_ns,
        .heartbeat_ns = SYNC_HEARTBEAT_NS,
        .lease_ns = SYNC_LEASE_NS,
        .timeout_ns_min = SYNC_ELECTION_NS_MIN,
        .timeout_ns_max = SYNC_ELECTION_NS_MAX,
        .step_threshold_ns = c->step_threshold_ns,
    };
    enum tai_err err = members_settings(&f->members, &f->engine, error);
    if (err != TAI_OK)
        return err;
    f->follower = calloc(1, follower_size());
    f->peers = calloc(f->members.count + 1, peer_size());
    f->hlc_path = client_config_kept(c, "hlc");
    if (f->follower == NULL || f->peers == NULL || f->hlc_path == NULL)
        return error_set(error, TAI_ERR_MEMORY, "out of memory");
    follower_init(f->follower, &f->engine, f->peers);
    return TAI_OK;
}

static enum tai_err prepare(struct follow *f, struct host_settings *host, struct tai_error *error)
{
    const struct client_config *c = f->config;
    enum tai_err err = c->mode == SYNC_MODE_SYSTEM ? rivals_none("/proc", error) : TAI_OK;
    if (err == TAI_OK)
        err = members_open(c->cluster, c->node_key, c->node, MEMBERSHIP_CLIENT, &f->members, error);
    if (err == TAI_OK)
        err = make_follower(f, error);
    if (err == TAI_OK)
        err = members_udp(&f->members, c->listen, c->listen_count, 0, &host->udp, error);
    return err;
}

/* The line that --once published, for the person or script that waited for it. */
static int print_once(const struct follow *f)
{
    struct page_clocks now;
    struct view_tracking t;
    char text[TAISTAMP_TIME_TEXT];
    page_clocks_read(true, &now);
    follower_tracking(f->follower, now.raw, &t);
    host_see_system_clock(&t);
    tai_t middle = {t.now.earliest.ns + (t.now.latest.ns - t.now.earliest.ns) / 2};
    if (taistamp_time_print(middle, TAISTAMP_TAI, 6, NULL, text, NULL) != TAI_OK)
        return CLIENT_EXIT_FAILED;
    printf("%s \xc2\xb1 %" PRId64 ".%03" PRId64 " \xc2\xb5s, %s", text, t.half_width_ns / 1000,
           t.half_width_ns % 1000, taistamp_status_name(t.line.status));
    if (t.has_system)
        printf("; the system clock is %" PRId64 " ns %s", t.system_ns < 0 ? -t.system_ns : t.system_ns,
               t.system_ns < 0 ? "ahead" : "behind");
    putchar('\n');
    return fflush(stdout) == 0 ? CLIENT_EXIT_OK : CLIENT_EXIT_FAILED;
}

static int run(struct follow *f, const struct host_settings *host)
{
    if (f->options->once && f->options->timeout_ms > 0)
        f->until_ns = monotonic_ns() + f->options->timeout_ms * NS_PER_MS_INT;
    int code = host_run(host);
    if (!f->options->once || code != CLIENT_EXIT_OK)
        return code;
    if (f->has_time)
        return print_once(f);
    log_error("no time within %" PRId64
              " s: no server of the cluster answers, or none is trusted yet (taictl sources tells)",
              f->options->timeout_ms / 1000);
    return CLIENT_EXIT_FAILED;
}

int follow_run(const struct client_config *config, const struct client_options *options)
{
    struct tai_error error;
    struct follow f = {.config = config, .options = options};
    struct host_settings host = {
        .engine = {NULL, step, tracking, sources, cluster},
        .steer = config->mode == SYNC_MODE_SYSTEM,
        .page = config->page,
        .control = config->control,
        .leap_file = config->leap_file,
        .assume_error_ns = -1,
        .ctx = &f,
        .name = name,
        .reload = reload,
        .published = published,
        .done = done,
    };
    enum tai_err err = prepare(&f, &host, &error);
    int code = CLIENT_EXIT_REFUSED;
    if (err == TAI_OK) {
        host.engine.engine = f.follower;
        host.self = f.engine.self;
        host.records[0] = (struct host_record){ENGINE_RECORD_HLC, f.hlc_path};
        host.records[1] = (struct host_record){ENGINE_RECORD_DRIFT, config->drift_file};
        host.records_count = 2;
        log_notice("%s of the cluster %s; servers: %zu", f.members.membership.self->name,
                   f.members.membership.cluster->name, f.members.membership.cluster->servers_count);
        code = run(&f, &host);
    } else {
        log_error("%s", error.text);
        code = err == TAI_ERR_IO || err == TAI_ERR_MEMORY ? CLIENT_EXIT_FAILED : CLIENT_EXIT_REFUSED;
    }
    members_close(&f.members);
    free(f.follower);
    free(f.peers);
    free(f.hlc_path);
    return code;
}
