/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clock/core/suspicion.h"

#include <string.h>

#include "sdk/base/bug.h"

static bool is_hard(enum guard_reason reason)
{
    return reason >= GUARD_OUTSIDE_PEERS;
}

void suspicion_init(struct suspicion *s)
{
    memset(s, 0, sizeof *s);
}

static struct suspicion_server *place(struct suspicion *s, sync_node_t node)
{
    for (size_t i = 0; i < SYNC_SERVERS_MAX; i++) {
        if (s->servers[i].node.id == 0)
            s->servers[i].node = node;
        if (s->servers[i].node.id == node.id)
            return &s->servers[i];
    }
    return NULL;
}

const struct suspicion_server *suspicion_of(const struct suspicion *s, sync_node_t node)
{
    for (size_t i = 0; i < SYNC_SERVERS_MAX; i++)
        if (node.id != 0 && s->servers[i].node.id == node.id)
            return &s->servers[i];
    return NULL;
}

/* A verdict falls only when its bucket is empty: what is near the limit does not flap. */
static bool judge(struct suspicion_server *server)
{
    uint8_t before = server->verdict;
    if (server->hard >= SUSPICION_HARD_LIMIT || (before == SUSPICION_FALSE && server->hard > 0))
        server->verdict = SUSPICION_FALSE;
    else if (server->soft >= SUSPICION_SOFT_LIMIT || (before != SUSPICION_TRUSTED && server->soft > 0))
        server->verdict = SUSPICION_SUSPECT;
    else
        server->verdict = SUSPICION_TRUSTED;
    if (server->verdict == SUSPICION_TRUSTED && server->hard == 0 && server->soft == 0) {
        server->reason = GUARD_FINE;
        server->reason_ns = 0;
    }
    return server->verdict != before;
}

bool suspicion_against(struct suspicion *s, sync_node_t node, enum guard_reason reason, int64_t ns)
{
    BUG_UNLESS(reason > GUARD_FINE && reason <= GUARD_FALSE_REFERENCE && node.id != 0);
    struct suspicion_server *server = place(s, node);
    if (server == NULL)
        return false;
    uint8_t *bucket = is_hard(reason) ? &server->hard : &server->soft;
    if (*bucket < SUSPICION_FULL)
        (*bucket)++;
    /* Soft evidence does not hide the hard reason that stands. */
    if (is_hard(reason) || server->hard == 0) {
        server->reason = (uint8_t)reason;
        server->reason_ns = ns;
    }
    return judge(server);
}

bool suspicion_for(struct suspicion *s, sync_node_t node, bool hard)
{
    struct suspicion_server *server = place(s, node);
    if (server == NULL)
        return false;
    uint8_t *bucket = hard ? &server->hard : &server->soft;
    if (*bucket > 0)
        (*bucket)--;
    return judge(server);
}

void suspicion_forget(struct suspicion *s, sync_node_t node)
{
    struct suspicion_server *server = place(s, node);
    if (server == NULL)
        return;
    server->hard = server->soft = 0;
    (void)judge(server);
}

enum suspicion_verdict suspicion_verdict_of(const struct suspicion *s, sync_node_t node)
{
    const struct suspicion_server *server = suspicion_of(s, node);
    return server == NULL ? SUSPICION_TRUSTED : (enum suspicion_verdict)server->verdict;
}

uint16_t suspicion_count(const struct suspicion *s)
{
    uint16_t n = 0;
    for (size_t i = 0; i < SYNC_SERVERS_MAX; i++)
        if (s->servers[i].verdict != SUSPICION_TRUSTED)
            n++;
    return n;
}
