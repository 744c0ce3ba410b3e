/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the control socket, whatever they say: each gets one line of JSON that begins with the version, and commands
 * nothing where the asker may not. The first byte says whether the asker may. */
#include <stdlib.h>
#include <string.h>

#include "client/io/control.h"
#include "sdk/base/bug.h"

static bool oscillator(void *ctx, struct view_oscillator *ret_view)
{
    (void)ctx;
    *ret_view = (struct view_oscillator){.learnt_s = 7, .holds = true, .allan_count = ALLAN_OCTAVES};
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool commanded;

static void tracking(void *ctx, struct view_tracking *ret_view)
{
    (void)ctx;
    *ret_view = (struct view_tracking){.state = VIEW_FALLBACK, .term = 3, .master = {1}};
}

static size_t sources(void *ctx, struct view_source *ret_views, size_t cap)
{
    (void)ctx;
    BUG_UNLESS(cap >= 1);
    ret_views[0] = (struct view_source){.node = {1}, .server = true, .age_ns = -1};
    return 1;
}

static void cluster(void *ctx, struct view_cluster *ret_view)
{
    (void)ctx;
    *ret_view = (struct view_cluster){.servers = 3, .self = {2}};
}

static const char *command(void *ctx, enum engine_command which)
{
    (void)ctx;
    BUG_UNLESS(which == ENGINE_MAKESTEP || which == ENGINE_BURST);
    commanded = true;
    return NULL;
}

static const char *name(void *ctx, sync_node_t node)
{
    (void)ctx;
    return node.id == 1 ? "alpha" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct control_owner owner = {NULL,    tracking, sources,    cluster,
                                               command, name,     oscillator, NULL};
    if (size == 0 || size > CONTROL_REQUEST_MAX + 1)
        return 0;
    bool privileged = (data[0] & 1) != 0;
    commanded = false;
    char *line = control_answer(&owner, (const char *)data + 1, size - 1, privileged);
    BUG_UNLESS(line != NULL && strncmp(line, "{\"v\":1", 6) == 0);
    size_t len = strlen(line);
    BUG_UNLESS(len > 1 && strchr(line, '\n') == line + len - 1);
    BUG_UNLESS(privileged || !commanded);
    free(line);
    return 0;
}
