/* SPDX-License-Identifier: Apache-2.0 */
#include "client/core/belief.h"

#include "client/core/fallback.h"

void belief_init(struct belief *b, unsigned servers)
{
    *b = (struct belief){.needed = fallback_faults(servers) + 1};
}

static struct belief_name *place(struct belief *b, sync_node_t server)
{
    struct belief_name *free = NULL;
    for (size_t i = 0; i < SYNC_SERVERS_MAX; i++) {
        if (b->names[i].server.id == server.id)
            return &b->names[i];
        if (b->names[i].server.id == 0 && free == NULL)
            free = &b->names[i];
    }
    return free;
}

static bool fresh(const struct belief_name *name, tai_mono_t now)
{
    return name->server.id != 0 && name->master.id != 0 && now.ns - name->at.ns <= BELIEF_LIFE_NS;
}

static unsigned voices(const struct belief *b, const struct belief_name *wanted, tai_mono_t now)
{
    unsigned n = 0;
    for (size_t i = 0; i < SYNC_SERVERS_MAX; i++) {
        const struct belief_name *name = &b->names[i];
        n += fresh(name, now) && name->master.id == wanted->master.id && name->term == wanted->term;
    }
    return n;
}

bool belief_named(struct belief *b, sync_node_t server, sync_node_t master, uint64_t term, tai_mono_t now)
{
    struct belief_name *name = place(b, server);
    if (name == NULL)
        return false;
    /* Datagrams overtake each other; a server does not go back to a lower term. */
    if (name->server.id != 0 && term < name->term && now.ns - name->at.ns <= BELIEF_LIFE_NS)
        return false;
    *name = (struct belief_name){server, master, term, now};
    if (master.id == 0 || term < b->term || (term == b->term && b->master.id != 0))
        return false;
    if (voices(b, name, now) < b->needed)
        return false;
    b->master = master;
    b->term = term;
    return true;
}
