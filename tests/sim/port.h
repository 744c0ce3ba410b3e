/* SPDX-License-Identifier: Apache-2.0 */
/* How the world speaks with an engine, whichever it is: the node of a server, the follower of a lab machine, or the toy
 * that the simulator is tested with. */
#ifndef TESTS_SIM_PORT_H
#define TESTS_SIM_PORT_H

#include "client/core/engine.h"
#include "client/core/view.h"

struct peer_placement;

struct port {
    const char *name;
    /* Memory and start; the settings are borrowed for the engine's life. */
    void *(*make)(const struct engine_settings *settings);
    void (*step)(void *engine, const struct engine_event *event, struct engine_actions *ret_actions);
    void (*tracking)(const void *engine, tai_mono_t raw, struct view_tracking *ret_tracking);
    size_t (*sources)(const void *engine, tai_mono_t raw, struct view_source *ret_sources, size_t max);
    void (*cluster)(const void *engine, tai_mono_t raw, struct view_cluster *ret_cluster);
    /* Where the raw timeline of member `index` lies on its own, as measured; NULL or false: nothing to say. */
    bool (*placement)(const void *engine, size_t index, tai_mono_t raw, struct peer_placement *ret_placement);
    void (*end)(void *engine);
    bool real; /* speaks the wire protocol */
};

extern const struct port port_toy;

#endif
