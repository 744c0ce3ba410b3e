/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a lab machine, which has no vote, believes to be master.
 *
 * Decides: the (term, master) that f_vote + 1 servers name, each in what it says to us itself, so that one of them is honest. Of
 * several the highest term. Refuses: to go back to a lower term while the higher one was named by enough, and to believe
 * names that are older than BELIEF_LIFE_NS.
 *
 * What names: a reply (whom the server follows, in the term of its header), a heartbeat or a correction (the sender itself).
 *
 * Worked number: four servers, f_vote = 1. Server 1 sends a correction in term 9: one name, not enough. Server 3 says in a reply that it
 * follows 1 in term 9: believed.
 *
 * Pure; one thread at a time. */
#ifndef CLIENT_CORE_BELIEF_H
#define CLIENT_CORE_BELIEF_H

#include "sdk/sync/sync.h"

#define BELIEF_LIFE_NS INT64_C(120000000000)

struct belief_name {
    sync_node_t server; /* who says it; 0: free */
    sync_node_t master; /* 0: it follows nobody */
    uint64_t term;
    tai_mono_t at;
};

struct belief {
    struct belief_name names[SYNC_SERVERS_MAX];
    unsigned needed;
    sync_node_t master; /* believed; 0: nobody */
    uint64_t term;
};

void belief_init(struct belief *belief, unsigned servers);
/* `server` says that `master` leads in `term`. True when the belief changed. */
bool belief_named(struct belief *belief, sync_node_t server, sync_node_t master, uint64_t term,
                  tai_mono_t now);

#endif
