/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/port_real.h"

#include <stdlib.h>

#include "client/core/follower.h"
#include "client/core/peer.h"
#include "sdk/base/bug.h"
#include "server/clock/core/node.h"

/* An engine and the memory that it borrows. */
struct engine {
    void *core;
    struct peer *peers;
};

static struct engine *engine_new(const struct engine_settings *settings, size_t size)
{
    struct engine *engine = calloc(1, sizeof *engine);
    BUG_UNLESS(engine != NULL);
    engine->core = calloc(1, size);
    engine->peers = calloc(settings->members_count + 1, peer_size());
    BUG_UNLESS(engine->core != NULL && engine->peers != NULL);
    return engine;
}

static void engine_end(void *memory)
{
    struct engine *engine = memory;
    free(engine->peers);
    free(engine->core);
    free(engine);
}

static bool engine_placement(const void *memory, size_t index, tai_mono_t raw,
                             struct peer_placement *placement)
{
    return peer_placement(&((const struct engine *)memory)->peers[index], raw, placement);
}

/* ---- Node ---- */

static void *node_make(const struct engine_settings *settings)
{
    struct engine *engine = engine_new(settings, node_size());
    if (node_init(engine->core, settings, engine->peers) != TAI_OK)
        BUG("the scenario's settings are refused");
    return engine;
}

static void node_do(void *memory, const struct engine_event *event, struct engine_actions *actions)
{
    node_step(((struct engine *)memory)->core, event, actions);
}

static void node_track(const void *memory, tai_mono_t raw, struct view_tracking *view)
{
    node_tracking(((const struct engine *)memory)->core, raw, view);
}

static size_t node_list(const void *memory, tai_mono_t raw, struct view_source *sources, size_t max)
{
    return node_sources(((const struct engine *)memory)->core, raw, sources, max);
}

static void node_group(const void *memory, tai_mono_t raw, struct view_cluster *view)
{
    node_cluster(((const struct engine *)memory)->core, raw, view);
}

const struct port port_node = {"node",     node_make,        node_do,    node_track, node_list,
                               node_group, engine_placement, engine_end, true};

/* ---- Follower ---- */

static void *follower_make(const struct engine_settings *settings)
{
    struct engine *engine = engine_new(settings, follower_size());
    follower_init(engine->core, settings, engine->peers);
    return engine;
}

static void follower_do(void *memory, const struct engine_event *event, struct engine_actions *actions)
{
    follower_step(((struct engine *)memory)->core, event, actions);
}

static void follower_track(const void *memory, tai_mono_t raw, struct view_tracking *view)
{
    follower_tracking(((const struct engine *)memory)->core, raw, view);
}

static size_t follower_list(const void *memory, tai_mono_t raw, struct view_source *sources, size_t max)
{
    return follower_sources(((const struct engine *)memory)->core, raw, sources, max);
}

static void follower_group(const void *memory, tai_mono_t raw, struct view_cluster *view)
{
    follower_cluster(((const struct engine *)memory)->core, raw, view);
}

const struct port port_follower = {"follower",       follower_make, follower_do,
                                   follower_track,   follower_list, follower_group,
                                   engine_placement, engine_end,    true};
